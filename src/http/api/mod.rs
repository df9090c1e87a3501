//! The API for brands' servers: JSON in, JSON out, secret keys only.
//!
//! Owns its routes, who may call them, and the shape of its answers. Never decides anything about a
//! customer: the domains are asked. Start with [`routes`], then [`Caller`], by which every handler
//! is bound to the brand of the key and to a scope that the key must have.

mod account;
mod caller;
mod contact;
mod disputes;
mod events;
mod explanation;
mod layers;
mod lookup;
mod page;
mod preview;
mod profile;
mod referrals;
mod rules;
mod standing;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Path};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};

use super::problem::Problem;
use super::tracking::Gate;
use crate::app::SharedApp;
use crate::insight::{self, Customer};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::PgConnection;
use crate::projection;

use caller::Caller;

/// The routes.
pub(super) fn routes(gate: &Arc<Gate>) -> Router<SharedApp> {
    Router::new()
        .route("/api/v1/events", post(events::receive))
        .route("/api/v1/profiles", get(lookup::list))
        .route("/api/v1/profiles/{id}", get(profile::show))
        .route("/api/v1/profiles/{id}/standing", get(standing::show))
        .route(
            "/api/v1/profiles/{id}/explanation",
            get(explanation::standing),
        )
        .route("/api/v1/profiles/{id}/transitions", get(standing::list))
        .route("/api/v1/profiles/{id}/layers", get(layers::show))
        .route("/api/v1/profiles/{id}/layer-transitions", get(layers::list))
        .route("/api/v1/profiles/{id}/merge", post(account::merge))
        .route("/api/v1/profiles/{id}/unmerge", post(account::unmerge))
        .route("/api/v1/profiles/{id}/erase", post(account::erase))
        .route("/api/v1/rules", get(rules::show))
        .route(
            "/api/v1/rules/preview",
            get(preview::latest).post(preview::start),
        )
        .route("/api/v1/rules/preview/{id}", get(preview::show))
        .route("/api/v1/rules/publish", post(rules::publish))
        .route("/api/v1/rules/{version}/take-back", post(rules::take_back))
        .route(
            "/api/v1/profiles/{id}/transitions/{transition_id}",
            get(explanation::transition),
        )
        .route("/api/v1/profiles/{id}/contact", get(contact::decide))
        .route(
            "/api/v1/profiles/{id}/contact/preferences",
            get(contact::preferences).put(contact::replace),
        )
        .route(
            "/api/v1/profiles/{id}/contact/preferences/link",
            post(contact::make_link),
        )
        .route("/api/v1/contact/keep-in-touch", get(contact::keep_in_touch))
        .route("/api/v1/profiles/{id}/referrals", get(referrals::show))
        .route("/api/v1/disputes", get(disputes::list))
        .route("/api/v1/profiles/{id}/value", get(value::show))
        .layer(Extension(Arc::clone(gate)))
        .layer(map_response(challenge))
}

/// Says how to authenticate, where that was what was missing (RFC 9110 §11.6.1).
async fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static(r#"Bearer realm="befriend""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

/// The customer that a path names; nothing that tells whether another brand has them.
async fn customer(
    conn: &mut PgConnection,
    brand_id: BrandId,
    Path(id): &Path<String>,
) -> Result<Customer, Problem> {
    let nobody = || Problem::not_found("profile");
    let id: ProfileId = id.parse().map_err(|_| nobody())?;
    insight::find_customer(conn, brand_id, id)
        .await?
        .ok_or_else(nobody)
}

impl From<projection::Error> for Problem {
    fn from(error: projection::Error) -> Self {
        match error {
            projection::Error::Database(error) => error.into(),
            projection::Error::RuleSet { .. } | projection::Error::Broken(_) => {
                Self::internal(&error)
            }
        }
    }
}
