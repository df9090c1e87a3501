//! SQL of answers that wait for the page that opened a window.

use chrono::{DateTime, Utc};

use crate::kernel::Secret;
use crate::kernel::id::{ApplicationId, BrandId, HandoffId};
use crate::postgres::{Error, PgConnection};

/// A window that was opened.
#[derive(Clone, Debug)]
pub struct NewHandoff<'a> {
    /// Its id.
    pub handoff_id: HandoffId,
    /// Whose page opened it.
    pub application_id: ApplicationId,
    /// That page's origin.
    pub origin: &'a str,
    /// SHA-256 of that page's secret.
    pub secret_hash: Vec<u8>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when an answer may come.
    pub expires_at: DateTime<Utc>,
}

/// Who asks for an answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of which application the page is.
    pub application_id: ApplicationId,
    /// What only that page knows.
    pub secret: &'a Secret,
    /// The page's origin.
    pub origin: &'a str,
    /// How old the answer may be.
    pub since: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Writes a window that was opened. Returns whether its secret is a new one.
pub async fn insert_handoff(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: &NewHandoff<'_>,
    ticket: &Secret,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into handoff (brand_id, handoff_id, application_id, origin, secret_hash,
                              ticket_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (brand_id, secret_hash) do nothing",
        brand_id.uuid(),
        new.handoff_id.uuid(),
        new.application_id.uuid(),
        new.origin,
        new.secret_hash,
        ticket.hash().to_vec(),
        new.created_at,
        new.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The window with this ticket, if it still waits for its answer.
pub async fn find_open_handoff(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    secret_hash: &[u8],
    ticket: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<HandoffId>, Error> {
    let found = sqlx::query_scalar!(
        r#"select handoff_id as "handoff_id: HandoffId" from handoff
           where brand_id = $1 and application_id = $2 and secret_hash = $3 and ticket_hash = $4
             and answered_at is null and expires_at > $5"#,
        brand_id.uuid(),
        application_id.uuid(),
        secret_hash,
        ticket.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// Keeps an answer. Returns whether none was kept before.
pub async fn update_answer(
    conn: &mut PgConnection,
    brand_id: BrandId,
    handoff_id: HandoffId,
    answer: &[u8],
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update handoff set answer = $3, answered_at = $4
         where brand_id = $1 and handoff_id = $2 and answered_at is null",
        brand_id.uuid(),
        handoff_id.uuid(),
        answer,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an answer out and forgets it: of any number who ask at once, to one.
pub async fn claim_answer(
    conn: &mut PgConnection,
    brand_id: BrandId,
    asked: Asked<'_>,
) -> Result<Option<(HandoffId, Vec<u8>)>, Error> {
    let found = sqlx::query!(
        r#"with waiting as (
               select handoff_id, answer from handoff
               where brand_id = $1 and application_id = $2 and secret_hash = $3 and origin = $4
                 and answered_at > $5 and claimed_at is null
               for update
           )
           update handoff h set claimed_at = $6, answer = null
           from waiting
           where h.brand_id = $1 and h.handoff_id = waiting.handoff_id
           returning h.handoff_id as "handoff_id: HandoffId", waiting.answer as "answer!""#,
        brand_id.uuid(),
        asked.application_id.uuid(),
        asked.secret.hash().to_vec(),
        asked.origin,
        asked.since,
        asked.at,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.handoff_id, row.answer)))
}
