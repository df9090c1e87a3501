//! SQL of the browsers by which somebody has signed in.

use chrono::{DateTime, Utc};

use crate::kernel::Secret;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Whether any browser of a profile is known, and whether this one is.
pub(super) async fn find_known(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    device: &Secret,
) -> Result<(bool, bool), Error> {
    let row = sqlx::query!(
        r#"select count(*) > 0 as "any!", coalesce(bool_or(device_hash = $3), false) as "this!"
           from known_device where brand_id = $1 and profile_id = $2"#,
        brand_id.uuid(),
        profile_id.uuid(),
        device.hash().to_vec(),
    )
    .fetch_one(conn)
    .await?;
    Ok((row.any, row.this))
}

/// Notes that a profile signed in by this browser.
pub(super) async fn upsert_device(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    device: &Secret,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into known_device (brand_id, profile_id, device_hash, first_seen_at, last_seen_at)
         values ($1, $2, $3, $4, $4)
         on conflict on constraint known_device_pkey do update
         set last_seen_at = greatest(known_device.last_seen_at, excluded.last_seen_at)",
        brand_id.uuid(),
        profile_id.uuid(),
        device.hash().to_vec(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
