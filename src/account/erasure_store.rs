//! SQL of wishes to be forgotten.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::erasure::Erasure;
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, ErasureId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// The erasure that waits for its day, if there is one.
pub(super) async fn find_under_way(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Option<Erasure>, Error> {
    let erasure = sqlx::query_as!(
        Erasure,
        r#"select erasure_id as "erasure_id: ErasureId", profile_id as "profile_id: ProfileId",
                  requested_at, due_at
           from erasure
           where brand_id = $1 and profile_id = $2 and undone_at is null and done_at is null"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(erasure)
}

/// The erasure that a link stands for, if it can still be taken back.
pub(super) async fn find_by_undo(
    conn: &mut PgConnection,
    brand_id: BrandId,
    undo: &Secret,
) -> Result<Option<Erasure>, Error> {
    let erasure = sqlx::query_as!(
        Erasure,
        r#"select erasure_id as "erasure_id: ErasureId", profile_id as "profile_id: ProfileId",
                  requested_at, due_at
           from erasure
           where brand_id = $1 and undo_hash = $2 and undone_at is null and done_at is null"#,
        brand_id.uuid(),
        undo.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(erasure)
}

/// How many erasures this profile has asked for since an instant.
pub(super) async fn count_since(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    since: DateTime<Utc>,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from erasure
           where brand_id = $1 and profile_id = $2 and requested_at > $3"#,
        brand_id.uuid(),
        profile_id.uuid(),
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Writes down a wish that can be taken back by whoever holds `undo`.
pub(super) async fn insert_erasure(
    conn: &mut PgConnection,
    brand_id: BrandId,
    erasure: &Erasure,
    actor_kind: &str,
    undo: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into erasure (brand_id, erasure_id, profile_id, actor_kind, requested_at, due_at,
                              undo_hash)
         values ($1, $2, $3, $4, $5, $6, $7)",
        brand_id.uuid(),
        erasure.erasure_id.uuid(),
        erasure.profile_id.uuid(),
        actor_kind,
        erasure.requested_at,
        erasure.due_at,
        undo.hash().to_vec(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a wish back. Returns whether there was one to take back.
pub(super) async fn update_undone(
    conn: &mut PgConnection,
    brand_id: BrandId,
    erasure_id: ErasureId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update erasure set undone_at = $3, undo_hash = null
         where brand_id = $1 and erasure_id = $2 and undone_at is null and done_at is null",
        brand_id.uuid(),
        erasure_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A wish whose day has come, of whatever brand, after those given; kept from others until the
/// transaction ends.
pub(super) async fn claim_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    failed: &[Uuid],
) -> Result<Option<(BrandId, ErasureId, ProfileId)>, Error> {
    let row = sqlx::query!(
        r#"select brand_id as "brand_id: BrandId", erasure_id as "erasure_id: ErasureId",
                  profile_id as "profile_id: ProfileId"
           from erasure
           where due_at <= $1 and undone_at is null and done_at is null and erasure_id <> all($2)
           order by due_at limit 1 for update skip locked"#,
        now,
        failed,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.brand_id, row.erasure_id, row.profile_id)))
}

/// Marks a wish as fulfilled, for these profiles.
pub(super) async fn update_done(
    conn: &mut PgConnection,
    brand_id: BrandId,
    erasure_id: ErasureId,
    profiles: &[Uuid],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update erasure set done_at = $4, profiles = $3, undo_hash = null
         where brand_id = $1 and erasure_id = $2",
        brand_id.uuid(),
        erasure_id.uuid(),
        profiles,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Profiles that were erased before an instant, and have not been looked at since; kept from others
/// until the transaction ends.
pub(super) async fn claim_unswept(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<Option<(BrandId, ErasureId, Vec<Uuid>)>, Error> {
    let row = sqlx::query!(
        r#"select brand_id as "brand_id: BrandId", erasure_id as "erasure_id: ErasureId", profiles
           from erasure where done_at < $1 and swept_at is null
           order by done_at limit 1 for update skip locked"#,
        before,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.brand_id, row.erasure_id, row.profiles)))
}

/// Marks that they were looked at.
pub(super) async fn update_swept(
    conn: &mut PgConnection,
    brand_id: BrandId,
    erasure_id: ErasureId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update erasure set swept_at = $3 where brand_id = $1 and erasure_id = $2",
        brand_id.uuid(),
        erasure_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
