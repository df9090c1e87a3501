//! SQL of the names that a brand's acts have.

use chrono::{DateTime, Utc};

use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// The names that a brand is known to use, and whether a secret key was the first to send each.
pub(super) async fn list_known(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<(String, bool)>, Error> {
    let rows = sqlx::query!(
        "select name, trusted from event_name where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, row.trusted))
        .collect())
}

/// Writes names that are new.
pub(super) async fn insert_names(
    conn: &mut PgConnection,
    brand_id: BrandId,
    names: &[String],
    trusted: bool,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into event_name (brand_id, name, trusted, first_seen_at)
         select $1, n, $3, $4 from unnest($2::text[]) as n
         on conflict on constraint event_name_pkey do nothing",
        brand_id.uuid(),
        names,
        trusted,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
