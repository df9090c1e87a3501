//! The OpenID Connect endpoints.
//!
//! Owns status codes, headers and error bodies of the protocol. Never decides: the rules are in
//! [`crate::oidc`]. The authorization and logout endpoints are pages that browsers visit; the rest
//! is for programs and open to every origin (S11). Start with [`authorize`].

mod authorize;
mod client_form;
mod consent;
mod handoff;
mod inspect;
mod logout;
mod metadata;
mod par;
mod refusal;
mod standing;
mod token;
mod userinfo;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use super::cors;
use crate::app::SharedApp;

/// A request here is a few parameters.
const BODY_BYTES_MAX: usize = 32 * 1024;

/// What browsers visit.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/oauth/authorize", get(authorize::authorize))
        .route("/oauth/authorize/resume", get(authorize::resume))
        .route("/oauth/authorize/cancel", get(authorize::cancel))
        .route("/oauth/consent", get(consent::ask).post(consent::decide))
        .route("/oauth/logout", get(logout::logout))
        .route("/logout", get(logout::ask).post(logout::sign_out))
}

/// What programs call, and forms that other sites may send here: those carry no cookie of ours and
/// are turned into visits.
pub(super) fn machines() -> Router<SharedApp> {
    let open = Router::new()
        .route("/oauth/token", post(token::token))
        .route(
            "/oauth/userinfo",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route("/oauth/par", post(par::push))
        .route("/oauth/revoke", post(inspect::revoke))
        .route("/oauth/introspect", post(inspect::introspect))
        .route("/oauth/jwks", get(metadata::jwks))
        .route("/.well-known/openid-configuration", get(metadata::document))
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::document),
        )
        .layer(from_fn(cors::open_to_all));
    Router::new()
        .route("/oauth/authorize", post(authorize::from_form))
        .route("/v1/embed/handoff", post(handoff::claim))
        .route("/oauth/logout", post(logout::from_form))
        .merge(open)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
