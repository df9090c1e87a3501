//! The built-in test provider, as the web sees it.
//!
//! Owns its routes and its page "pick who you are". What it says stands in
//! [`crate::federation::built_in`]. Never answers for a connection of another provider. Start with
//! [`authorize`].

mod authorize;
mod endpoints;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

/// The route that people see.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new().route(
        "/test-provider/authorize",
        get(authorize::show).post(authorize::choose),
    )
}

/// The routes that programs call.
pub(super) fn machines() -> Router<SharedApp> {
    Router::new()
        .route(
            "/test-provider/.well-known/openid-configuration",
            get(endpoints::metadata),
        )
        .route("/test-provider/jwks", get(endpoints::jwks))
        .route("/test-provider/token", post(endpoints::token))
        .route("/test-provider/userinfo", get(endpoints::userinfo))
}
