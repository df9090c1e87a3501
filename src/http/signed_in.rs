//! Who is signed in: from a cookie to a session in force, and its end.

use axum_extra::extract::CookieJar;
use serde_json::json;
use url::form_urlencoded;

use super::cookie;
use super::page_error::PageError;
use crate::app::App;
use crate::application::{self, Application};
use crate::audit::{self, Actor};
use crate::brand::{self, Brand};
use crate::kernel::id::BrandId;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::session::{self, Session};

/// The browser's session with this brand, if it has one in force.
pub(super) async fn find_session(
    conn: &mut PgConnection,
    app: &App,
    jar: &CookieJar,
    brand: &Brand,
) -> Result<Option<Session>, postgres::Error> {
    let name = cookie::Name::Session(&brand.slug);
    let Some(token) = cookie::read(jar, &app.config, name) else {
        return Ok(None);
    };
    let now = app.clock.now();
    let found = session::store::find_session_by_token(conn, brand.brand_id, &token, now).await?;
    if let Some(session) = &found {
        session::store::touch_session(conn, session.brand_id, session.session_id, now).await?;
    }
    Ok(found)
}

/// Refuses what asks for a person who proved lately who they are, and sends anybody else to prove it
/// again (S40); they come back to `back`, a path under `/me`.
pub(super) fn require_fresh(
    app: &App,
    brand: &Brand,
    session: &Session,
    back: &str,
) -> Result<(), PageError> {
    if session.is_fresh(app.clock.now()) {
        return Ok(());
    }
    let back: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    let slug = &brand.slug;
    let path = format!("/login?brand={slug}&reauth=1&return={back}");
    Err(PageError::first_at(path))
}

/// The application with this client id, and its brand.
pub(super) async fn find_client(
    conn: &mut PgConnection,
    client_id: &str,
) -> Result<Option<(Brand, Application)>, postgres::Error> {
    let Some(slug) = application::brand_slug_of(client_id) else {
        return Ok(None);
    };
    let Some(brand) = brand::store::find_brand_by_slug(conn, slug).await? else {
        return Ok(None);
    };
    let found =
        application::store::find_application_by_client_id(conn, brand.brand_id, client_id).await?;
    Ok(found.map(|application| (brand, application)))
}

/// Ends a session by its owner's wish. Its access tokens die with it.
pub(super) async fn end_session(app: &App, session: &Session) -> Result<(), postgres::Error> {
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let brand_id = session.brand_id;
        let ended = session::store::end_session(conn, brand_id, session.session_id, now).await?;
        if ended {
            note_end(conn, app, session, session.session_id.to_string()).await?;
        }
        Ok(())
    })
    .await
}

/// Writes down that the owner of `session` ended `subject`, a session or `others`.
pub(super) async fn note_end(
    conn: &mut PgConnection,
    app: &App,
    session: &Session,
    subject: String,
) -> Result<(), postgres::Error> {
    let at = app.clock.now();
    let brand_id: BrandId = session.brand_id;
    let entry = audit::Entry {
        actor: Actor::Customer(session.profile_id),
        action: "session.ended",
        subject: subject.clone(),
        detail: json!({}),
        at,
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
    let fact = Fact {
        kind: "session.ended",
        profile_id: Some(session.profile_id),
        payload: json!({ "session": subject }),
        at,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await
}
