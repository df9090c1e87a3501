//! The Segment HTTP tracking API, as unmodified SDKs speak it.
//!
//! Owns the routes, how a key and a body are taken from a request, and the answers in the form that
//! SDKs act on: exactly 200 once events are stored, JSON with `success`, `code` and `message`
//! otherwise. Never judges an event (that is `event::validate`) and never answers before the commit.
//! Start with [`receive`].

mod answer;
mod auth;
mod body;
mod cors;
mod pixel;
mod prove;
mod receive;
mod start_up;

use std::sync::Arc;

use axum::extract::Extension;
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::app::SharedApp;
use crate::event::Kind;

use receive::Shape;

/// What the routes share: keys looked up just now, and room for bodies.
#[derive(Default)]
struct Gate {
    keys: auth::Keys,
    room: body::Room,
}

/// The routes.
pub(super) fn routes() -> Router<SharedApp> {
    let mut router = Router::new();
    for path in ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"] {
        router = router.route(path, taking(Shape::Batch));
    }
    for kind in Kind::ALL {
        let name = kind.as_str();
        router = router
            .route(&format!("/v1/{name}"), taking(Shape::Single(kind)))
            .route(&format!("/v1/{}", &name[..1]), taking(Shape::Single(kind)));
    }
    router
        .route("/v1/merge", taking(Shape::Single(Kind::Alias)))
        // What an SDK counts about itself is of no use here.
        .route("/v1/m", post(async || Json(json!({ "success": true }))))
        .route("/pixel/v1/track", get(pixel::track))
        .route("/pixel/v1/page", get(pixel::page))
        .route("/v1/projects/{write_key}/settings", get(start_up::settings))
        .route("/sourceConfig", get(start_up::source_config))
        .route("/sourceConfig/", get(start_up::source_config))
        .layer(Extension(Arc::new(Gate::default())))
        .layer(from_fn(cors::allow))
}

fn taking(shape: Shape) -> MethodRouter<SharedApp> {
    post(receive::receive).layer(Extension(shape))
}
