//! Signing in and signing up, as browsers see it.
//!
//! Owns `/login` and everything under it, the providers' callbacks, `/consent` and `/link`. Never decides who somebody is
//! (that is [`crate::flow`]) and never keeps a database connection while a provider is asked. Start
//! with [`pages`], then [`start`].

mod by_app;
mod callback;
mod consent;
mod letter;
pub(super) mod limits;
mod link;
mod mail_link;
mod mailbox;
mod parts;
mod passkey;
mod passkey_sign_up;
mod password;
mod refusal;
mod reset;
mod round_trip;
mod second_factor;
mod settled;
mod start;
mod trial;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use super::cors;
use crate::app::SharedApp;

/// An ID token and a little beside it.
const BODY_BYTES_MAX: usize = 32 * 1024;

pub(super) use parts::{
    browser as browser_secret, browser_or_new, language, linking_button, open_flow, user_agent,
};
pub(super) use passkey::relying_party;
pub(super) use passkey_sign_up::take_made;
pub(super) use password::{hash_new, offers, password_hint, prove};
pub(super) use refusal::refused;
pub(super) use reset::note_change;
pub(super) use trial::begin as begin_trial;

/// The routes of our own pages.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/login", get(start::show))
        .route("/login/passkey", post(passkey::sign_in))
        .route("/login/passkey/options", post(passkey::options))
        .route(
            "/login/passkey/new",
            get(passkey_sign_up::show).post(passkey_sign_up::answer),
        )
        .route("/login/passkey/new/options", post(passkey_sign_up::options))
        .route(
            "/login/second-factor",
            get(second_factor::show).post(second_factor::take),
        )
        .route("/login/email", get(mailbox::show).post(mailbox::ask))
        .route("/login/email/again", post(mailbox::ask_again))
        .route("/login/email/code", post(mailbox::take_code))
        .route(
            "/login/mail/{link}",
            get(mail_link::open_link).post(mail_link::use_link),
        )
        .route(
            "/login/password",
            get(password::show).post(password::sign_in),
        )
        .route(
            "/login/sign-up",
            get(password::show_sign_up).post(password::sign_up),
        )
        .route("/login/reset", get(reset::show).post(reset::ask))
        .route("/login/reset/code", post(reset::by_code))
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

/// What apps call, and one-tap prompts on brands' own pages: open to every origin, since no cookie is
/// read (S11).
pub(super) fn machines() -> Router<SharedApp> {
    Router::new()
        .route("/v1/sign-in/id-token", post(by_app::hand_over))
        .route("/v1/sign-in/id-token/answer", post(by_app::answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(cors::open_to_all))
}
