//! What a customer can do on their own page.

use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde_json::json;

use super::desk::customer;
use super::me::{Customer, TERMS, back};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::http::page_error::PageError;
use crate::http::signed_in::note_end;
use crate::kernel::id::{ConsentId, SessionId};
use crate::oidc::Params;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile::{self, Consent};
use crate::session;

/// Where a decision on this page is recorded as made.
const SURFACE: &str = "on this page";

/// Ends another browser's session. One of somebody else is as if it were not there.
pub(super) async fn end_one(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Path(session_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let session_id: SessionId = session_id.parse().map_err(|_| PageError::not_found())?;
    let own = &customer.session;
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let (brand_id, profile_id) = (own.brand_id, own.profile_id);
        let ended =
            session::store::end_session_of(conn, brand_id, profile_id, session_id, now).await?;
        if !ended {
            return Err(PageError::not_found());
        }
        note_end(conn, &app, own, session_id.to_string()).await?;
        Ok(())
    })
    .await?;
    Ok(back(&customer, "session"))
}

/// Ends every other browser's session.
pub(super) async fn end_others(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let own = &customer.session;
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let kept = Some(own.session_id);
        let ended =
            session::store::end_other_sessions(conn, own.brand_id, own.profile_id, kept, now)
                .await?;
        if ended > 0 {
            note_end(conn, &app, own, "others".to_owned()).await?;
        }
        Ok::<_, PageError>(())
    })
    .await?;
    Ok(back(&customer, "others"))
}

/// Grants or withdraws a purpose that was decided on before.
pub(super) async fn decide(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Path(purpose): Path<String>,
    RawQuery(query): RawQuery,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let form = Params::parse(&String::from_utf8_lossy(&form));
    let granted = match form.get("decision") {
        Ok(Some("grant")) => true,
        Ok(Some("withdraw")) => false,
        Ok(_) | Err(_) => {
            return Err(PageError::new(
                StatusCode::BAD_REQUEST,
                "Nothing was changed",
                "The request did not say what to change. Go back and use the button.",
            ));
        }
    };
    let customer = customer(&app, &jar, query).await?;
    postgres::tx(&app.pool, async |conn| {
        record(conn, &app, &customer, &purpose, granted).await
    })
    .await?;
    Ok(back(&customer, "consent"))
}

/// Writes the decision, and tells those who follow.
async fn record(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
    purpose: &str,
    granted: bool,
) -> Result<(), PageError> {
    let own = &customer.session;
    let (brand_id, profile_id) = (own.brand_id, own.profile_id);
    let held = profile::store::list_consents(conn, brand_id, profile_id).await?;
    let before = held
        .into_iter()
        .find(|consent| consent.purpose == purpose && purpose != TERMS)
        .ok_or_else(PageError::not_found)?;
    if before.granted == granted {
        return Ok(());
    }
    let at = app.clock.now();
    let consent = Consent {
        consent_id: ConsentId::new(at, &app.entropy),
        purpose: before.purpose,
        granted,
        text_version: before.text_version,
        surface: SURFACE.to_owned(),
        proof: json!({ "session": own.session_id }),
        decided_at: at,
    };
    profile::store::insert_consent(conn, brand_id, profile_id, &consent).await?;
    let detail = json!({ "purpose": purpose, "granted": granted });
    let entry = audit::Entry {
        actor: Actor::Customer(profile_id),
        action: "consent.decided",
        subject: consent.consent_id.to_string(),
        detail: detail.clone(),
        at,
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
    let fact = Fact {
        kind: "consent.decided",
        profile_id: Some(profile_id),
        payload: detail,
        at,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await?;
    Ok(())
}
