//! What the handlers of a customer's own page have in common: who asks, and what a change is made with.

use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;

use super::me::{Customer, find_customer};
use crate::account::{self, erasure, merge, unlink};
use crate::app::App;
use crate::audit::Actor;
use crate::brand::Brand;
use crate::http::page_error::PageError;
use crate::mail::Post;
use crate::oidc::Params;
use crate::postgres;
use crate::view::language::Language;
use axum::http::StatusCode;

/// Who asks.
pub(super) async fn customer(
    app: &App,
    jar: &CookieJar,
    query: Option<String>,
) -> Result<Customer, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    find_customer(&mut conn, app, jar, &params).await
}

/// A change that `actor` makes now. Mail that tells of it is in the language of their browser.
pub(in crate::http) fn change<'a>(
    app: &'a App,
    brand: &'a Brand,
    actor: Actor,
    headers: &HeaderMap,
) -> account::Change<'a> {
    account::Change {
        brand,
        actor,
        at: app.clock.now(),
        post: post(app, headers),
        issuer: app.config.issuer(),
    }
}

/// What mail is written with, in the language of this browser.
pub(in crate::http) fn post<'a>(app: &'a App, headers: &HeaderMap) -> Post<'a> {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language: Language::from_accept_language(accepted.unwrap_or_default()),
    }
}

impl From<unlink::Error> for PageError {
    fn from(error: unlink::Error) -> Self {
        match error {
            unlink::Error::Unknown => Self::not_found(),
            unlink::Error::LastWay => Self::new(
                StatusCode::CONFLICT,
                "That is your only way in",
                "Nothing was unlinked. Link another account first, so that you can still sign in.",
            ),
            unlink::Error::Postgres(error) => error.into(),
        }
    }
}

impl From<merge::Error> for PageError {
    fn from(error: merge::Error) -> Self {
        match error {
            merge::Error::Same => Self::new(
                StatusCode::CONFLICT,
                "That is one and the same account",
                "There is nothing to join.",
            ),
            merge::Error::NotActive => Self::new(
                StatusCode::CONFLICT,
                "These two cannot become one",
                "One of them is not there any more, or is shut. Nothing was changed.",
            ),
            merge::Error::Erasing => Self::new(
                StatusCode::CONFLICT,
                "One of these accounts is going to be deleted",
                "Nothing was joined. Keep that account first, then try again.",
            ),
            merge::Error::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "That cannot be taken apart any more",
                "It was done already, or more than 30 days have passed.",
            ),
            merge::Error::LastWay => Self::new(
                StatusCode::CONFLICT,
                "You would have no way in",
                "Nothing was taken apart. Link another account first, so that you can still sign in.",
            ),
            merge::Error::NoReason => Self::new(
                StatusCode::BAD_REQUEST,
                "Say why",
                "A reason of at most 500 characters is needed. Nothing was changed.",
            ),
            merge::Error::Postgres(error) => error.into(),
        }
    }
}

impl From<erasure::Error> for PageError {
    fn from(error: erasure::Error) -> Self {
        match error {
            erasure::Error::NotActive => Self::not_found(),
            erasure::Error::TooOften => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "That was asked for too often today",
                "Nothing was changed. Try again tomorrow.",
            ),
            erasure::Error::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "There is nothing to take back",
                "It was taken back already, or the account is deleted.",
            ),
            erasure::Error::Postgres(error) => error.into(),
        }
    }
}
