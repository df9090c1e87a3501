//! SQL of keeping house: bounded deletes over all brands, each of rows that nobody else is taking.

use chrono::{DateTime, Utc};

use crate::postgres::{Error, PgConnection};

/// The most rows that one statement deletes, so that none holds its locks for long.
pub const BATCH_ROWS: u64 = 1_000;

/// Deletes questions to authenticators that could be answered until `before`. Returns how many.
pub async fn delete_passkey_challenges(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from passkey_challenge where ctid in
            (select ctid from passkey_challenge where expires_at < $1 limit 1000
             for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes events that were not stored and came before `before`. Returns how many.
pub async fn delete_rejects(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from reject where ctid in
            (select ctid from reject where received_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes access tokens that ended before `before`. Returns how many.
pub async fn delete_access_tokens(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from access_token where ctid in
            (select ctid from access_token where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes authorization codes that ended before `before`. Returns how many.
pub async fn delete_codes(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from authorization_code where ctid in
            (select ctid from authorization_code where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes what applications could renew until `before`, with its tokens. Returns how many families.
pub async fn delete_refresh_families(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from refresh_family where ctid in
            (select ctid from refresh_family where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes sign-ins that ended before `before`, with their attempts. Returns how many.
pub async fn delete_flows(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from flow where ctid in
            (select ctid from flow where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes windows that had to end before `before`. Returns how many.
pub async fn delete_handoffs(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from handoff where ctid in
            (select ctid from handoff where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes links to preferences that ended before `before`. Returns how many.
pub async fn delete_preference_links(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from preference_link where ctid in
            (select ctid from preference_link
             where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes facts written before `before`. Returns how many.
pub async fn delete_facts(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from outbox where ctid in
            (select ctid from outbox where created_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes set-up links that ended before `before`. Returns how many.
pub async fn delete_invitations(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from staff_invitation where ctid in
            (select ctid from staff_invitation where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes marks of ID tokens that expired before `before`, and are refused for that from then on.
/// Returns how many.
pub async fn delete_spent_id_tokens(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from spent_id_token where ctid in
            (select ctid from spent_id_token where expires_at < $1 limit 1000
             for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes mails queued before `before`. Returns how many.
pub async fn delete_mails(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from mail where ctid in
            (select ctid from mail where created_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes counters of tries, the last of which was before `before`. Returns how many.
pub async fn delete_attempt_counters(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from attempt_counter where ctid in
            (select ctid from attempt_counter where last_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes pushed authorization requests that ended before `before`. Returns how many.
pub async fn delete_pushed_requests(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from pushed_request where ctid in
            (select ctid from pushed_request where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes questions for consent that ended before `before`. Returns how many.
pub async fn delete_consent_requests(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from consent_request where ctid in
            (select ctid from consent_request where expires_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes news of sign-outs that is from before `before`. Returns how many.
pub async fn delete_logout_deliveries(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from logout_delivery where ctid in
            (select ctid from logout_delivery where created_at < $1 limit 1000 for update skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes which applications got tokens in sessions that expired before `before`. Returns how many.
pub async fn delete_session_reach(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from session_application where ctid in
            (select held.ctid from session_application held
             join session s using (brand_id, session_id)
             where s.expires_at < $1 limit 1000 for update of held skip locked)",
        before,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
