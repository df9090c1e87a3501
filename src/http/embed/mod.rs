//! What browsers load: the sign-in element and its configuration, the pages' own files, and each
//! brand's colours.
//!
//! Owns how these are cached and who may read them. Never reads a cookie. Start with [`machines`].

mod config;
mod files;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;

use super::cors;
use crate::app::SharedApp;

/// The routes.
pub(super) fn machines() -> Router<SharedApp> {
    Router::new()
        .route("/embed.js", get(files::element))
        .route("/embed-popup.js", get(files::popup))
        .route("/v1/embed/config", get(config::show))
        .layer(from_fn(cors::open_to_all))
        .route("/assets/{file}", get(files::asset))
        .route("/brand/{file}", get(files::brand_css))
        .route("/logo/{brand}/{file}", get(files::logo))
}
