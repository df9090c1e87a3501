//! What people allow applications: asked once, kept, and taken back whenever they like.
//!
//! A brand's own applications are not asked about; those that the brand marked as somebody else's
//! are. Withdrawing takes effect at once: what was given for the grant opens nothing any more (A110).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::authorize::Authorization;
use super::consent_store::{self, Waiting};
use super::{Scope, exchange, refresh_store, store};
use crate::application::Application;
use crate::audit::{self, Actor};
use crate::kernel::id::{ApplicationId, ConsentRequestId};
use crate::kernel::{Entropy, Secret};
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::session::Session;

/// How long a request waits for yes or no.
pub const REQUEST_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Keeps `authorization`, which `session` answers, until its person has decided. Returns where the
/// decision is asked for.
pub async fn ask(
    conn: &mut PgConnection,
    application_id: ApplicationId,
    session: &Session,
    authorization: &Authorization,
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<ConsentRequestId, postgres::Error> {
    let id = ConsentRequestId::new(now, entropy);
    let waiting = Waiting {
        consent_request_id: id,
        application_id,
        request: serde_json::to_value(authorization).expect("a request is plain data"),
    };
    let times = (now, now + REQUEST_LIFE);
    consent_store::insert_request(conn, session, &waiting, times).await?;
    Ok(id)
}

/// The request that waits for a decision of `session`'s person, with whom it is for.
pub async fn find_waiting(
    conn: &mut PgConnection,
    session: &Session,
    id: ConsentRequestId,
    now: DateTime<Utc>,
) -> Result<Option<(ApplicationId, Authorization)>, postgres::Error> {
    let waiting = consent_store::find_request(conn, session, id, now).await?;
    Ok(waiting.and_then(|waiting| {
        let authorization = serde_json::from_value(waiting.request).ok()?;
        Some((waiting.application_id, authorization))
    }))
}

/// What the person of `session` allows `application`, if anything.
pub async fn find_grant(
    conn: &mut PgConnection,
    session: &Session,
    application_id: ApplicationId,
) -> Result<Option<Scope>, postgres::Error> {
    let text = consent_store::find_scope(conn, session, application_id).await?;
    Ok(text.as_deref().and_then(Scope::parse))
}

/// The person says yes: the grant is kept, and a code returned. None if the request was decided
/// meanwhile. Call within a transaction.
pub async fn allow(
    conn: &mut PgConnection,
    (application, session): (&Application, &Session),
    (id, authorization): (ConsentRequestId, &Authorization),
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<Option<Secret>, postgres::Error> {
    if !consent_store::mark_decided(conn, session, id, now).await? {
        return Ok(None);
    }
    let application_id = application.application_id;
    let held = find_grant(conn, session, application_id).await?;
    let scope = held.unwrap_or_default().with(authorization.scope);
    consent_store::upsert_grant(conn, session, application_id, &scope.to_string(), now).await?;
    let told = (application, "application.allowed", Some(scope));
    record(conn, session, told, (now, entropy)).await?;
    let code =
        exchange::issue_code(conn, application_id, session, authorization, (now, entropy)).await?;
    Ok(Some(code))
}

/// The person says no. Returns whether the request still waited. Call within a transaction.
pub async fn deny(
    conn: &mut PgConnection,
    (application, session): (&Application, &Session),
    id: ConsentRequestId,
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<bool, postgres::Error> {
    let decided = consent_store::mark_decided(conn, session, id, now).await?;
    if decided {
        let told = (application, "application.denied", None);
        record(conn, session, told, (now, entropy)).await?;
    }
    Ok(decided)
}

/// The person takes back what they allowed `application`, and with it all that it was given. Returns
/// whether there was anything. Call within a transaction.
pub async fn withdraw(
    conn: &mut PgConnection,
    (application, session): (&Application, &Session),
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<bool, postgres::Error> {
    let of = (
        session.brand_id,
        session.profile_id,
        application.application_id,
    );
    if !consent_store::delete_grant(conn, of).await? {
        return Ok(false);
    }
    store::revoke_of_application(conn, of, now).await?;
    refresh_store::revoke_families_of_application(conn, of, now).await?;
    let told = (application, "application.withdrawn", None);
    record(conn, session, told, (now, entropy)).await?;
    Ok(true)
}

async fn record(
    conn: &mut PgConnection,
    session: &Session,
    (application, action, scope): (&Application, &'static str, Option<Scope>),
    (at, entropy): (DateTime<Utc>, &Entropy),
) -> Result<(), postgres::Error> {
    let detail = json!({
        "client_id": application.client_id,
        "scope": scope.map(|scope| scope.to_string()),
    });
    let entry = audit::Entry {
        actor: Actor::Customer(session.profile_id),
        action,
        subject: application.application_id.to_string(),
        detail: detail.clone(),
        at,
    };
    audit::store::insert_entry(conn, session.brand_id, entropy, entry).await?;
    let fact = Fact {
        kind: action,
        profile_id: Some(session.profile_id),
        payload: detail,
        at,
    };
    outbox::insert_fact(conn, session.brand_id, entropy, fact).await
}
