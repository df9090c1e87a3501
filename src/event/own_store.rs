//! SQL of interactions that Befriend itself sees: signing in, linking, agreeing.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// An interaction that Befriend itself saw.
#[derive(Clone, Copy, Debug)]
pub struct OwnEvent<'a> {
    /// Unique within the brand.
    pub message_id: &'a str,
    /// Whose.
    pub profile_id: ProfileId,
    /// Its name, as in `Signed Up`.
    pub name: &'a str,
    /// As a tracking call would have sent it.
    pub payload: &'a Value,
    /// SHA-256 of the payload.
    pub payload_hash: [u8; 32],
    /// When.
    pub at: DateTime<Utc>,
}

/// Writes an interaction and queues its profile to be folded.
pub async fn insert_own_event(
    conn: &mut PgConnection,
    brand_id: BrandId,
    event: OwnEvent<'_>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into event (brand_id, message_id, profile_id, kind, name, trusted, identifies,
                            event_time, received_at, payload, payload_hash)
         values ($1, $2, $3, 'track', $4, true, true, $5, $5, $6, $7)",
        brand_id.uuid(),
        event.message_id,
        event.profile_id.uuid(),
        event.name,
        event.at,
        event.payload,
        event.payload_hash.as_slice(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into projection_queue (brand_id, profile_id, since, queued_at)
         values ($1, $2, $3, $3)",
        brand_id.uuid(),
        event.profile_id.uuid(),
        event.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
