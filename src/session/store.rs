//! SQL of customers' sessions.

use chrono::{DateTime, Utc};

use super::{Listed, Method, SESSION_IDLE_MAX, SESSION_LIFE, Session, TOUCH_INTERVAL_MIN};
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, ConnectionId, ProfileId, SessionId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// Writes a new session; `token` goes into the browser's cookie and is not stored.
pub async fn insert_session(
    conn: &mut PgConnection,
    session: &Session,
    token: &Secret,
    user_agent: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into session (brand_id, session_id, profile_id, connection_id, token_hash,
                              user_agent, authenticated_at, created_at, last_seen_at, expires_at,
                              method, second_factor_at)
         values ($1, $2, $3, $4, $5, left($6, 300), $7, $8, $8, $9, $10, $11)",
        session.brand_id.uuid(),
        session.session_id.uuid(),
        session.profile_id.uuid(),
        session.connection_id.map(ConnectionId::uuid),
        token.hash().to_vec(),
        user_agent,
        session.authenticated_at,
        session.created_at,
        session.created_at + SESSION_LIFE,
        session.method.as_str(),
        session.second_factor_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session that `token` opens, if it is in force and its profile is active.
pub async fn find_session_by_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Session>, Error> {
    let row = sqlx::query!(
        r#"select s.brand_id as "brand_id: BrandId", s.session_id as "session_id: SessionId",
                  s.profile_id as "profile_id: ProfileId",
                  s.connection_id as "connection_id: ConnectionId",
                  s.method, s.authenticated_at, s.second_factor_at, s.created_at
           from session s join profile p using (brand_id, profile_id)
           where s.brand_id = $1 and s.token_hash = $2 and s.ended_at is null
             and s.expires_at > $3 and s.last_seen_at > $4 and p.status = 'active'"#,
        brand_id.uuid(),
        token.hash().to_vec(),
        now,
        now - SESSION_IDLE_MAX,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let method = Method::parse(&row.method)
        .ok_or_else(|| Inconsistency::new("session", row.session_id, "unknown method"))?;
    Ok(Some(Session {
        brand_id: row.brand_id,
        session_id: row.session_id,
        profile_id: row.profile_id,
        connection_id: row.connection_id,
        method,
        authenticated_at: row.authenticated_at,
        second_factor_at: row.second_factor_at,
        created_at: row.created_at,
    }))
}

/// Notes that the person proved anew who they are, and gives the session a new token: the old one
/// opens nothing any more (S39). What hangs on the session stays.
pub async fn renew_session(
    conn: &mut PgConnection,
    session: &Session,
    token: &Secret,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update session set token_hash = $3, connection_id = $4, method = $5,
                authenticated_at = $6, last_seen_at = $6,
                second_factor_at = coalesce($7, second_factor_at)
         where brand_id = $1 and session_id = $2 and profile_id = $8 and ended_at is null",
        session.brand_id.uuid(),
        session.session_id.uuid(),
        token.hash().to_vec(),
        session.connection_id.map(ConnectionId::uuid),
        session.method.as_str(),
        session.authenticated_at,
        session.second_factor_at,
        session.profile_id.uuid(),
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "session", session.session_id)?;
    Ok(())
}

/// Ends a session. Returns whether it was in force.
pub async fn end_session(
    conn: &mut PgConnection,
    brand_id: BrandId,
    session_id: SessionId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update session set ended_at = $3
         where brand_id = $1 and session_id = $2 and ended_at is null",
        brand_id.uuid(),
        session_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the session was used, unless that was noted a moment ago.
pub async fn touch_session(
    conn: &mut PgConnection,
    brand_id: BrandId,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update session set last_seen_at = $3
         where brand_id = $1 and session_id = $2 and last_seen_at < $4",
        brand_id.uuid(),
        session_id.uuid(),
        now,
        now - TOUCH_INTERVAL_MIN,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The profile's sessions in force, the one last used first; at most `limit`.
pub async fn list_sessions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let sessions = sqlx::query_as!(
        Listed,
        r#"select session_id as "session_id: SessionId", user_agent, created_at, last_seen_at
           from session
           where brand_id = $1 and profile_id = $2 and ended_at is null and expires_at > $3
             and last_seen_at > $4
           order by last_seen_at desc, session_id desc limit $5"#,
        brand_id.uuid(),
        profile_id.uuid(),
        now,
        now - SESSION_IDLE_MAX,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(sessions)
}

/// Ends a session of this profile only. Returns whether it was in force.
pub async fn end_session_of(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    session_id: SessionId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update session set ended_at = $4
         where brand_id = $1 and profile_id = $2 and session_id = $3 and ended_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        session_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of the profile but `kept`. Returns how many that were.
pub async fn end_other_sessions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    kept: Option<SessionId>,
    at: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update session set ended_at = $4
         where brand_id = $1 and profile_id = $2 and session_id is distinct from $3
           and ended_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        kept.map(SessionId::uuid),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
