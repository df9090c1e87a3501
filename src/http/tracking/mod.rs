//! The Segment HTTP tracking API, as unmodified SDKs speak it, and `CloudEvents` beside it.
//!
//! Owns the routes, how a key and a body are taken from a request, and the answers in the form that
//! SDKs act on: exactly 200 once events are stored, JSON with `success`, `code` and `message`
//! otherwise. Never judges an event (that is `event::validate`) and never answers before the commit.
//! Start with [`receive`], then [`admit`].

mod admit;
mod answer;
mod auth;
mod body;
mod cloud;
mod cors;
mod pixel;
mod prove;
mod receive;
mod screen;
mod start_up;

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;

use crate::app::SharedApp;
use crate::event::Kind;

pub(in crate::http) use admit::sender;
pub(in crate::http) use answer::{Refusal, shown};
use receive::Shape;
pub(in crate::http) use screen::screen;

/// How many requests may store events whole, each in a transaction of its own, at once.
const WHOLE_MAX: usize = 4;

/// The code of what a visitor sent beyond their quota.
const VISITOR_QUOTA: &str = "visitor_quota";

/// What the routes of events share: keys looked up just now, room for bodies, and places for those
/// who store events whole.
pub(super) struct Gate {
    keys: auth::Keys,
    room: body::Room,
    pub(super) whole: Semaphore,
}

impl Gate {
    /// One gate for all routes of a process.
    pub(super) fn shared() -> Arc<Self> {
        Arc::new(Self {
            keys: auth::Keys::default(),
            room: body::Room::default(),
            whole: Semaphore::new(WHOLE_MAX),
        })
    }
}

/// The routes.
pub(super) fn routes(gate: &Arc<Gate>) -> Router<SharedApp> {
    let mut router = Router::new().route("/beacon/v1/batch", taking(Shape::Beacon));
    for path in ["/v1/batch", "/v1/b", "/v1/import"] {
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
        .route("/v1/m", post(async || answer::nothing_kept()))
        .route("/v1/cloudevents", post(cloud::receive))
        .route("/pixel/v1/track", get(pixel::track))
        .route("/pixel/v1/page", get(pixel::page))
        .route("/v1/projects/{write_key}/settings", get(start_up::settings))
        .route("/sourceConfig", get(start_up::source_config))
        .route("/sourceConfig/", get(start_up::source_config))
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .layer(Extension(Arc::clone(gate)))
        .layer(from_fn(cors::allow))
}

fn taking(shape: Shape) -> MethodRouter<SharedApp> {
    post(receive::receive).layer(Extension(shape))
}
