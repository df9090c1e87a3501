//! Signing in and signing up, as browsers see it.
//!
//! Owns `/login`, the providers' callbacks, `/consent` and `/link`. Never decides who somebody is
//! (that is [`crate::flow`]) and never keeps a database connection while a provider is asked. Start
//! with [`pages`], then [`start`].

mod callback;
mod consent;
mod link;
mod parts;
mod refusal;
mod round_trip;
mod settled;
mod start;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub(super) use parts::{
    browser as browser_secret, browser_or_new, linking_button, open_flow, user_agent,
};
pub(super) use refusal::refused;

/// The routes of our own pages.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/login", get(start::show))
        .route("/login/{flow}/{connection}", post(round_trip::begin))
        .route("/login/link/{brand}/{connection}", post(link::begin))
        .route("/login/callback/{brand}/{connection}", get(callback::take))
        .route("/consent", get(consent::show).post(consent::answer))
        .route("/link", get(link::show).post(link::go_on))
}

/// The routes that providers post to from their own sites. What comes there is believed only with
/// the state and the cookie that the GET of the same path checks.
pub(super) fn from_providers() -> Router<SharedApp> {
    Router::new().route(
        "/login/callback/{brand}/{connection}",
        post(callback::from_form),
    )
}
