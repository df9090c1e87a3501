//! What happens around every handler.
//!
//! Owns request ids, logging, security headers, run-to-completion, the refusal of cross-site writes
//! and the one place where errors become bodies. Start with [`around`].

mod completion;
mod cross_site;
mod headers;
mod request;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

use super::problem::Problem;
use super::speech;
use crate::app::SharedApp;

/// Wraps every route.
pub(super) fn around(router: Router<SharedApp>, app: &SharedApp) -> Router<SharedApp> {
    router
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem::internal(&std::io::Error::other(
                "a handler panicked",
            )))
        }))
        .layer(from_fn(completion::run_to_completion))
        .layer(from_fn(headers::secure))
        .layer(from_fn_with_state(app.clone(), request::identify))
}

/// Wraps the routes that people's browsers use: their policy, and no writes from other sites.
pub(super) fn around_pages(router: Router<SharedApp>, app: &SharedApp) -> Router<SharedApp> {
    router
        .layer(from_fn_with_state(app.clone(), cross_site::refuse))
        .layer(from_fn_with_state(app.clone(), speech::keep))
        .layer(from_fn(headers::page_policy))
}
