//! SQL of the queue: claiming, giving back, parking. Claims span brands; everything else is bound.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::parked::Parked;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// A claimed row: this profile has something new.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) brand_id: BrandId,
    pub(super) queue_id: i64,
    pub(super) profile_id: ProfileId,
    /// The earliest event time among what is new.
    pub(super) since: DateTime<Utc>,
    /// Whether something beside the events has changed, so that everything must be folded.
    pub(super) anew: bool,
    /// When it arrived.
    pub(super) queued_at: DateTime<Utc>,
}

/// Has the rest of the transaction find rows one by one, by their indexes. It touches few rows of
/// large tables; a plan that reads a brand from end to end is only ever chosen because the server has
/// not counted it yet, or, of the queue, because it does not see that nearly all of it is done with.
pub(super) async fn prefer_indexes(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query!(
        "select set_config('enable_bitmapscan', 'off', true) as bitmap,
                set_config('enable_seqscan', 'off', true) as seq,
                set_config('enable_hashjoin', 'off', true) as hash,
                set_config('enable_mergejoin', 'off', true) as merge"
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Claims rows that never failed, oldest first, for as long as the transaction lasts. Rows that
/// another worker holds are passed over.
pub(super) async fn claim_fresh(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query_as!(
        Claimed,
        r#"select brand_id as "brand_id: BrandId", queue_id, profile_id as "profile_id: ProfileId",
                  since, anew, queued_at
           from projection_queue
           where parked_at is null and attempts = 0
           order by queue_id limit $1
           for update skip locked"#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Claims one row that failed before.
pub(super) async fn claim_failed(conn: &mut PgConnection) -> Result<Option<Claimed>, Error> {
    let row = sqlx::query_as!(
        Claimed,
        r#"select brand_id as "brand_id: BrandId", queue_id, profile_id as "profile_id: ProfileId",
                  since, anew, queued_at
           from projection_queue
           where parked_at is null and attempts > 0
           order by attempts, queue_id limit 1
           for update skip locked"#,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Claims these very rows, as far as they are still there and free.
pub(super) async fn claim_rows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    queue_ids: &[i64],
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query_as!(
        Claimed,
        r#"select brand_id as "brand_id: BrandId", queue_id, profile_id as "profile_id: ProfileId",
                  since, anew, queued_at
           from projection_queue
           where brand_id = $1 and queue_id = any($2) and parked_at is null
           order by queue_id
           for update skip locked"#,
        brand_id.uuid(),
        queue_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Claims what was parked for these profiles: whoever succeeds now takes it along.
pub(super) async fn claim_parked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query_as!(
        Claimed,
        r#"select brand_id as "brand_id: BrandId", queue_id, profile_id as "profile_id: ProfileId",
                  since, anew, queued_at
           from projection_queue
           where brand_id = $1 and profile_id = any($2) and parked_at is not null
           for update skip locked"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Removes rows that are done.
pub(super) async fn delete_rows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    queue_ids: &[i64],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from projection_queue where brand_id = $1 and queue_id = any($2)",
        brand_id.uuid(),
        queue_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a failure of these rows; parks those that have failed `attempts_max` times.
pub(super) async fn update_failed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    queue_ids: &[i64],
    reason: &str,
    attempts_max: i32,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let parked = sqlx::query!(
        "update projection_queue
         set attempts = attempts + 1, last_error = $3,
             parked_at = case when attempts + 1 >= $4 then $5::timestamptz end
         where brand_id = $1 and queue_id = any($2) and parked_at is null
         returning parked_at",
        brand_id.uuid(),
        queue_ids,
        reason,
        attempts_max,
        now,
    )
    .fetch_all(conn)
    .await?;
    let parked = parked.iter().filter(|row| row.parked_at.is_some()).count();
    Ok(u64::try_from(parked).unwrap_or(u64::MAX))
}

/// Parks a profile that failed without a row of its own.
pub(super) async fn insert_parked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    reason: &str,
    attempts: i32,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into projection_queue
            (brand_id, profile_id, since, attempts, parked_at, last_error, queued_at)
         values ($1, $2, $3, $4, $3, $5, $3)",
        brand_id.uuid(),
        profile_id.uuid(),
        now,
        attempts,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Queues profiles for which something beside their events has changed.
pub(super) async fn insert_rows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    anew: &[bool],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into projection_queue (brand_id, since, queued_at, profile_id, anew)
         select $1, $2, $2, w.* from unnest($3::uuid[], $4::bool[]) as w",
        brand_id.uuid(),
        now,
        profile_ids,
        anew,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these profiles have something waiting or parked.
pub(super) async fn list_waiting(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<ProfileId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"select distinct profile_id as "profile_id: ProfileId" from projection_queue
           where brand_id = $1 and profile_id = any($2)"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// Which of these profiles wait to be folded, and whether each is parked: what is parked waits for
/// something new to happen.
pub(super) async fn list_unfolded(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<(ProfileId, bool)>, Error> {
    let rows = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId",
                  bool_and(parked_at is not null) as "is_parked!"
           from projection_queue
           where brand_id = $1 and profile_id = any($2)
           group by profile_id"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.is_parked))
        .collect())
}

/// Takes, for this transaction, the locks that are free, and says which. A lock belongs to a
/// profile: whoever holds it is the only one to fold it.
pub(super) async fn try_locks(conn: &mut PgConnection, keys: &[i64]) -> Result<Vec<i64>, Error> {
    let taken = sqlx::query_scalar!(
        r#"select key as "key!" from unnest($1::bigint[]) as key
           where pg_try_advisory_xact_lock(key)"#,
        keys,
    )
    .fetch_all(conn)
    .await?;
    Ok(taken)
}

/// The space of lock numbers that belongs to whole brands; profiles have another.
const BRAND_LOCKS: i32 = 0x6272_6e64;

/// The lock of a brand. Two that share a number only wait for each other.
fn brand_lock(brand_id: BrandId) -> i32 {
    let bytes = *brand_id.uuid().as_bytes();
    i32::from_be_bytes(*bytes.last_chunk().expect("a UUID has 16 bytes"))
}

/// Keeps, for this transaction, a replay from taking effect. False if one is about to: then nothing
/// of the brand may be brought up to date in this transaction.
///
/// Has the rest of the transaction planned anew, too: a plan that was made when the tables were as
/// good as empty reads them from end to end, and would be kept until the server next counts rows.
pub(super) async fn try_share_brand(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<bool, Error> {
    let row = sqlx::query!(
        r#"select pg_try_advisory_xact_lock_shared($1, $2) as "shared!",
                  set_config('plan_cache_mode', 'force_custom_plan', true)"#,
        BRAND_LOCKS,
        brand_lock(brand_id),
    )
    .fetch_one(conn)
    .await?;
    Ok(row.shared)
}

/// Has a brand to itself for this transaction; waits for those who share it.
pub(super) async fn seize_brand(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    sqlx::query!(
        "select pg_advisory_xact_lock($1, $2), set_config('plan_cache_mode', 'force_custom_plan', true)",
        BRAND_LOCKS,
        brand_lock(brand_id),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// How many rows wait, of every brand; what is parked does not wait.
pub(super) async fn count_waiting(conn: &mut PgConnection) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from projection_queue where parked_at is null"#,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Who is parked, the latest first: one row for each profile.
pub(super) async fn list_parked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<Parked>, Error> {
    let rows = sqlx::query_as!(
        Parked,
        r#"select profile_id as "profile_id: ProfileId",
                  coalesce(last_error, '') as "reason!", attempts, parked_at as "parked_at!"
           from (select distinct on (profile_id) profile_id, last_error, attempts, parked_at
                 from projection_queue
                 where brand_id = $1 and parked_at is not null
                 order by profile_id, parked_at desc) as latest
           order by parked_at desc, profile_id limit $2"#,
        brand_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Puts what is parked for a profile back into the queue. Returns how many rows that were.
pub(super) async fn update_unparked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update projection_queue set parked_at = null, attempts = 0, last_error = null
         where brand_id = $1 and profile_id = $2 and parked_at is not null",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
