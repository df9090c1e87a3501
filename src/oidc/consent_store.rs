//! SQL of requests that wait for consent, and of what was allowed.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::{ApplicationId, BrandId, ConsentRequestId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::session::Session;

/// A request that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its id.
    pub consent_request_id: ConsentRequestId,
    /// Who asks.
    pub application_id: ApplicationId,
    /// The authorization request.
    pub request: Value,
}

/// What somebody allows an application.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Which.
    pub application_id: ApplicationId,
    /// Its name for people.
    pub name: String,
    /// What is allowed, as stored.
    pub scope: String,
    /// Since when it has been allowed just this.
    pub updated_at: DateTime<Utc>,
}

/// Whose grant of what.
pub type Of = (BrandId, ProfileId, ApplicationId);

/// Writes a request that waits for the person of `session`.
pub async fn insert_request(
    conn: &mut PgConnection,
    session: &Session,
    waiting: &Waiting,
    (created_at, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query!(
        "insert into consent_request
            (brand_id, consent_request_id, application_id, session_id, request, created_at,
             expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        session.brand_id.uuid(),
        waiting.consent_request_id.uuid(),
        waiting.application_id.uuid(),
        session.session_id.uuid(),
        waiting.request,
        created_at,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A request of this very session that still waits.
pub async fn find_request(
    conn: &mut PgConnection,
    session: &Session,
    id: ConsentRequestId,
    now: DateTime<Utc>,
) -> Result<Option<Waiting>, Error> {
    let waiting = sqlx::query_as!(
        Waiting,
        r#"select consent_request_id as "consent_request_id: ConsentRequestId",
                  application_id as "application_id: ApplicationId", request
           from consent_request
           where brand_id = $1 and consent_request_id = $2 and session_id = $3
             and decided_at is null and expires_at > $4"#,
        session.brand_id.uuid(),
        id.uuid(),
        session.session_id.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(waiting)
}

/// Notes that a request was decided. Returns whether it still waited.
pub async fn mark_decided(
    conn: &mut PgConnection,
    session: &Session,
    id: ConsentRequestId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update consent_request set decided_at = $4
         where brand_id = $1 and consent_request_id = $2 and session_id = $3
           and decided_at is null and expires_at > $4",
        session.brand_id.uuid(),
        id.uuid(),
        session.session_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the person of `session` allows an application, as stored.
pub async fn find_scope(
    conn: &mut PgConnection,
    session: &Session,
    application_id: ApplicationId,
) -> Result<Option<String>, Error> {
    let scope = sqlx::query_scalar!(
        "select scope from application_grant
         where brand_id = $1 and profile_id = $2 and application_id = $3",
        session.brand_id.uuid(),
        session.profile_id.uuid(),
        application_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(scope)
}

/// Writes what the person of `session` allows an application from now on.
pub async fn upsert_grant(
    conn: &mut PgConnection,
    session: &Session,
    application_id: ApplicationId,
    scope: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into application_grant
            (brand_id, profile_id, application_id, scope, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)
         on conflict on constraint application_grant_pkey
         do update set scope = excluded.scope, updated_at = excluded.updated_at",
        session.brand_id.uuid(),
        session.profile_id.uuid(),
        application_id.uuid(),
        scope,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets a grant. Returns whether there was one.
pub async fn delete_grant(
    conn: &mut PgConnection,
    (brand_id, profile_id, application_id): Of,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "delete from application_grant
         where brand_id = $1 and profile_id = $2 and application_id = $3",
        brand_id.uuid(),
        profile_id.uuid(),
        application_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What somebody allows applications, by their names.
pub async fn list_grants(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Granted>, Error> {
    let grants = sqlx::query_as!(
        Granted,
        r#"select g.application_id as "application_id: ApplicationId", a.name, g.scope,
                  g.updated_at
           from application_grant g join application a using (brand_id, application_id)
           where g.brand_id = $1 and g.profile_id = $2
           order by a.name, g.application_id
           limit 200"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(grants)
}
