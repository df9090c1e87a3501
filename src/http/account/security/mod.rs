//! `/me/security`: passkeys, the authenticator app, recovery codes, and browsers that are trusted.
//!
//! Owns these pages. Every change asks for a person who proved lately who they are (S40, A64), is
//! bound to their own session, and is told by mail. Start with [`overview`].

mod authenticator;
mod overview;
mod passkeys;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use serde_json::Value;

use super::me::{Customer, find_customer};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::http::page_error::PageError;
use crate::http::signed_in::require_fresh;
use crate::kernel::EmailAddress;
use crate::mail::{self, Mail, Message, Post};
use crate::oidc::Params;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::view::language::Language;

pub(in crate::http) use passkeys::creation_options;

/// How long a note of something that happened is worth sending.
const NOTE_LIFE: TimeDelta = TimeDelta::days(2);

/// The routes.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/me/security", get(overview::show))
        .route("/me/security/passkeys", post(passkeys::add))
        .route("/me/security/passkeys/new", get(passkeys::show_new))
        .route("/me/security/passkeys/options", post(passkeys::options))
        .route("/me/security/passkeys/{id}/name", post(passkeys::rename))
        .route("/me/security/passkeys/{id}/remove", post(passkeys::remove))
        .route(
            "/me/security/app",
            get(authenticator::show).post(authenticator::turn_on),
        )
        .route("/me/security/app/remove", post(authenticator::turn_off))
        .route(
            "/me/security/recovery-codes",
            post(authenticator::new_codes),
        )
        .route("/me/security/browsers/{id}/remove", post(overview::forget))
}

/// Who asks.
async fn customer(
    app: &App,
    jar: &CookieJar,
    query: Option<String>,
) -> Result<Customer, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    find_customer(&mut conn, app, jar, &params).await
}

/// Who asks, if they proved lately who they are; else they do that first and come back to `back`, a
/// path under `/me/security`.
async fn fresh_customer(
    app: &App,
    jar: &CookieJar,
    query: Option<String>,
    back: &str,
) -> Result<Customer, PageError> {
    let customer = customer(app, jar, query).await?;
    let Customer { brand, session } = &customer;
    let back = format!("/me/security{back}?brand={}", brand.slug);
    require_fresh(app, brand, session, &back)?;
    Ok(customer)
}

/// The overview, which says what was done.
fn home(customer: &Customer, done: Option<&str>) -> String {
    let slug = &customer.brand.slug;
    match done {
        Some(done) => format!("/me/security?brand={slug}&done={done}"),
        None => format!("/me/security?brand={slug}"),
    }
}

/// Writes down what was changed, tells followers, and tells its owner by mail if an address of
/// theirs is proven.
async fn note(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
    (action, detail): (&'static str, Value),
    (message, headers): (Message, &HeaderMap),
) -> Result<(), postgres::Error> {
    let now = app.clock.now();
    let session = &customer.session;
    let (brand_id, profile_id) = (session.brand_id, session.profile_id);
    let entry = audit::Entry {
        actor: Actor::Customer(profile_id),
        action,
        subject: profile_id.to_string(),
        detail: detail.clone(),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
    let fact = Fact {
        kind: action,
        profile_id: Some(profile_id),
        payload: detail,
        at: now,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await?;
    let emails = profile::store::list_emails(conn, brand_id, profile_id).await?;
    let mut proven = emails.iter().filter(|email| email.verified_at.is_some());
    let Some(to) = proven.find_map(|email| EmailAddress::parse(&email.address).ok()) else {
        return Ok(());
    };
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language: Language::from_accept_language(accepted.unwrap_or_default()),
    };
    let mail = Mail {
        to: &to,
        profile_id: Some(profile_id),
        message,
        at: now,
        expires_at: now + NOTE_LIFE,
    };
    mail::queue(conn, brand_id, &post, mail).await
}
