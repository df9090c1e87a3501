//! SQL of the counters of tries.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::rule::{Count, FORGOTTEN_AFTER, Rule, TRY};
use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// The counters that there are, of those named.
pub async fn list_counts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    keys: &[Vec<u8>],
) -> Result<HashMap<Vec<u8>, Count>, Error> {
    let rows = sqlx::query!(
        "select key, level, last_at from attempt_counter where brand_id = $1 and key = any($2)",
        brand_id.uuid(),
        keys,
    )
    .fetch_all(conn)
    .await?;
    let counts = rows.into_iter().map(|row| {
        let count = Count {
            level: row.level,
            last: row.last_at,
        };
        (row.key, count)
    });
    Ok(counts.collect())
}

/// Counts one try in vain in each counter, as [`Rule::after_failure`] does.
pub async fn add_tries(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mut counters: Vec<([u8; 32], Rule)>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // In one order for all, so that no two wait for each other.
    counters.sort_unstable_by_key(|(key, _)| *key);
    let keys: Vec<Vec<u8>> = counters.iter().map(|(key, _)| key.to_vec()).collect();
    let drained: Vec<i64> = counters
        .iter()
        .map(|(_, rule)| rule.drained_per_second())
        .collect();
    sqlx::query!(
        "insert into attempt_counter as kept (brand_id, key, level, last_at)
         select $1, key, $5, $4 from unnest($2::bytea[]) as key order by key
         on conflict (brand_id, key) do update set
            last_at = greatest(kept.last_at, $4),
            level = $5 + case
                when $4 - kept.last_at >= make_interval(secs => $6) then 0
                else greatest(0, kept.level
                    - greatest(0, floor(extract(epoch from $4 - kept.last_at)))::bigint
                    * ($3::bigint[])[array_position($2::bytea[], kept.key)])
                end",
        brand_id.uuid(),
        &keys,
        &drained,
        now,
        TRY,
        seconds(FORGOTTEN_AFTER),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Wipes counters out.
pub async fn delete_counts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    keys: &[Vec<u8>],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from attempt_counter where brand_id = $1 and key = any($2)",
        brand_id.uuid(),
        keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.as_seconds_f64()
}
