//! The sample shop's own little server: a brand's back end as its developers would write it.
//!
//! Owns nothing of Befriend's. It is a router of its own, for a listener of its own, and knows
//! Befriend only by its public endpoints and a secret key: it proves ID tokens by the published key
//! set, tells of orders and complaints, and asks where a customer stands. Never touches the database
//! or [`crate::app`]. Start with [`router`].

mod befriend;
mod counter;
mod files;
mod goods;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use url::Url;

use crate::kernel::{Clock, Entropy, Secret};
use befriend::Befriend;

/// An order is a few lines of text.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What the shop is told about Befriend.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// Befriend's issuer, as browsers reach it and tokens name it.
    pub issuer: String,
    /// Where this server reaches Befriend, if not at the issuer (behind a container's port, say).
    pub service_url: Option<Url>,
    /// The shop's client id.
    pub client_id: String,
    /// The shop's secret key.
    pub secret_key: Secret,
}

/// What the shop's handlers share.
struct Shop {
    befriend: Befriend,
    entropy: Entropy,
}

/// Why the shop cannot open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The issuer is not a URL.
    #[error("the shop was given an issuer that is not a URL")]
    Issuer(#[from] url::ParseError),
    /// The issuer cannot stand in a header.
    #[error("the shop was given an issuer that no header can hold")]
    Header(#[from] axum::http::header::InvalidHeaderValue),
}

/// The whole shop.
pub fn router(settings: ShopSettings, clock: Clock, entropy: Entropy) -> Result<Router, ShopError> {
    let policy = HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self' {issuer}; connect-src 'self' {issuer}; \
         style-src 'self'; img-src 'self' data: https:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        issuer = settings.issuer
    ))?;
    let files = files::routes(&settings);
    let shop = Arc::new(Shop {
        befriend: Befriend::new(settings, clock)?,
        entropy,
    });
    Ok(Router::new()
        .route("/order", post(counter::order))
        .route("/complaint", post(counter::complain))
        .route("/standing", get(counter::standing))
        .with_state(shop)
        .merge(files)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(move |request: Request<_>, next: Next| {
            let policy = policy.clone();
            async move {
                let mut response = next.run(request).await;
                let headers = response.headers_mut();
                headers.insert(CONTENT_SECURITY_POLICY, policy);
                headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                response
            }
        })))
}
