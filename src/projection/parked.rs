//! What could not be projected and was set apart, for people to see and to try again.

use chrono::{DateTime, Utc};

use super::queue_store;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Somebody whose stored events could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Whose events.
    pub profile_id: ProfileId,
    /// What went wrong the last time.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was set apart.
    pub parked_at: DateTime<Utc>,
}

/// Who is set apart, the latest first.
pub async fn list_parked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<Parked>, Error> {
    queue_store::list_parked(conn, brand_id, limit).await
}

/// Puts what was set apart for somebody back into the queue, as if it had never been tried. Returns
/// how many arrivals that were; 0 when nothing is set apart for them.
pub async fn retry_parked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<u64, Error> {
    queue_store::update_unparked(conn, brand_id, profile_id).await
}
