//! Everything that speaks HTTP.
//!
//! Owns routes, extraction, status codes, cookies, headers. Never decides anything: a handler
//! extracts, parses to a domain type, makes one call and shapes the reply. Start with [`router`].

mod account;
mod address;
mod api;
mod complaints;
mod contacting;
pub mod cookie;
mod cors;
mod dashboard;
mod embed;
mod errors;
mod extract;
mod health;
mod login;
mod middleware;
mod oidc;
mod page;
pub mod page_error;
mod preferences;
pub mod problem;
mod schemas;
pub mod shop;
mod signed_in;
mod speech;
mod test_provider;
mod tracking;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};

use crate::app::SharedApp;

/// The whole service.
pub fn router(app: SharedApp) -> Router {
    let gate = tracking::Gate::shared();
    let pages = Router::new()
        .merge(account::pages())
        .merge(oidc::pages())
        .merge(login::pages())
        .merge(test_provider::pages())
        .merge(dashboard::routes())
        .merge(preferences::pages())
        .merge(errors::pages());
    let machines = Router::new()
        .merge(health::routes())
        .merge(api::routes(&gate))
        .merge(schemas::routes())
        .merge(oidc::machines())
        .merge(embed::machines())
        .merge(preferences::machines())
        .merge(login::from_providers())
        .merge(login::machines())
        .merge(test_provider::machines())
        .merge(tracking::routes(&gate));
    let all = machines
        .merge(middleware::around_pages(pages, &app))
        .fallback(nothing_here);
    middleware::around(all, &app).with_state(app)
}

/// An address that is none of ours.
async fn nothing_here(headers: HeaderMap) -> Response {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|kinds| kinds.contains("text/html")) {
        page_error::PageError::not_found().into_response()
    } else {
        problem::Problem::not_found("address").into_response()
    }
}
