//! SQL of the ids of people who were forgotten: as keyed hashes, which tell nobody who they were.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::kernel::HashKey;
use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// What is stored in place of an alias of this kind.
pub(super) fn hash_of(key: &HashKey, brand_id: BrandId, kind: &str, alias: &str) -> [u8; 32] {
    key.hash(&[&brand_id.to_string(), kind, alias])
}

/// Has events refused that name one of these aliases (each with its kind) and happened until `at`.
pub async fn insert_suppressed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    key: &HashKey,
    aliases: &[(String, String)],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let hashes: Vec<Vec<u8>> = aliases
        .iter()
        .map(|(kind, alias)| hash_of(key, brand_id, kind, alias).to_vec())
        .collect();
    sqlx::query!(
        "insert into suppression (brand_id, hash, erased_at)
         select distinct $1::uuid, h.hash, $3::timestamptz from unnest($2::bytea[]) as h (hash)
         on conflict on constraint suppression_pkey do update
         set erased_at = greatest(suppression.erased_at, excluded.erased_at)",
        brand_id.uuid(),
        &hashes,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of `hashes`, those of people who were forgotten, and when.
pub(super) async fn list_suppressed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    hashes: &[Vec<u8>],
) -> Result<HashMap<Vec<u8>, DateTime<Utc>>, Error> {
    let rows = sqlx::query!(
        "select hash, erased_at from suppression where brand_id = $1 and hash = any($2)",
        brand_id.uuid(),
        hashes,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.hash, row.erased_at))
        .collect())
}
