//! SQL of the ways in that a brand offers.

use chrono::{DateTime, Utc};

use super::ways::Ways;
use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// The brand's settings; the defaults if it has chosen none.
pub async fn find_ways(conn: &mut PgConnection, brand_id: BrandId) -> Result<Ways, Error> {
    let found = sqlx::query_as!(
        Ways,
        "select passwords from way_setting where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or_default())
}

/// Writes the brand's settings.
pub async fn upsert_ways(
    conn: &mut PgConnection,
    brand_id: BrandId,
    ways: Ways,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into way_setting (brand_id, passwords, updated_at) values ($1, $2, $3)
         on conflict on constraint way_setting_pkey do update
         set passwords = excluded.passwords, updated_at = excluded.updated_at",
        brand_id.uuid(),
        ways.passwords,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
