//! SQL of replays: their parts, and what they keep aside.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId, ReplayId};
use crate::postgres::{Error, PgConnection};

/// A replay under way.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    pub(super) replay_id: ReplayId,
    pub(super) basis: String,
    /// People done.
    pub(super) done: i64,
}

/// The replay of a brand that has begun and not ended.
pub(super) async fn find_under_way(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<UnderWay>, Error> {
    let found = sqlx::query_as!(
        UnderWay,
        r#"select replay_id as "replay_id: ReplayId", basis,
                  (select coalesce(sum(p.people), 0)::bigint from replay_part p
                   where p.brand_id = r.brand_id and p.replay_id = r.replay_id) as "done!"
           from replay r where brand_id = $1 and finished_at is null"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// Begins a replay, unless one is under way.
pub(super) async fn insert_replay(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    basis: &str,
    people: i64,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into replay (brand_id, replay_id, basis, people, started_at)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        brand_id.uuid(),
        replay_id.uuid(),
        basis,
        people,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Divides the brand's profiles into `parts` ranges of much the same size. The last range has no
/// end, so that nobody who comes in the meantime falls between.
pub(super) async fn insert_parts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    parts: i32,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "with share as (
             select profile_id, ntile($3) over (order by profile_id) as part
             from profile where brand_id = $1
         ), ranges as (
             select part, (array_agg(profile_id order by profile_id desc))[1] as ends_with
             from share group by part
         )
         insert into replay_part (brand_id, replay_id, part, done_until, ends_with, updated_at)
         select $1, $2, part,
                coalesce(lag(ends_with) over (order by part), '00000000-0000-0000-0000-000000000000'),
                case when lead(part) over (order by part) is null
                     then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else ends_with end, $4
         from ranges",
        brand_id.uuid(),
        replay_id.uuid(),
        parts,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a replay up: what it has found is forgotten.
pub(super) async fn abandon(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    clear(conn, brand_id, replay_id).await?;
    finish(conn, brand_id, replay_id, None, now).await
}

/// Removes what a replay needed while it was under way.
pub(super) async fn clear(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<(), Error> {
    sqlx::query!(
        "with parts as (delete from replay_part where brand_id = $1 and replay_id = $2)
         delete from replay_shadow where brand_id = $1 and replay_id = $2",
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a replay, with what it came to.
pub(super) async fn finish(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    result: Option<Value>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update replay set finished_at = $4, result = $3 where brand_id = $1 and replay_id = $2",
        brand_id.uuid(),
        replay_id.uuid(),
        result,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds a replay that is under way and in nobody's hands, until the transaction ends.
pub(super) async fn claim_replay(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<bool, Error> {
    let held = sqlx::query!(
        "select replay_id from replay
         where brand_id = $1 and replay_id = $2 and finished_at is null
         for update skip locked",
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(held.is_some())
}

/// Whether a replay is still under way; what it came to, if it came to an end.
pub(super) async fn find_end(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<Option<Option<Value>>, Error> {
    let row = sqlx::query!(
        "select result from replay
         where brand_id = $1 and replay_id = $2 and finished_at is not null",
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.result))
}

/// A part that is held.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) part: i32,
    pub(super) done_until: ProfileId,
    pub(super) ends_with: ProfileId,
}

/// Holds a part that is not done and in nobody's hands, until the transaction ends.
pub(super) async fn claim_part(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<Option<Part>, Error> {
    let part = sqlx::query_as!(
        Part,
        r#"select part, done_until as "done_until: ProfileId", ends_with as "ends_with: ProfileId"
           from replay_part
           where brand_id = $1 and replay_id = $2 and not is_done
           order by part limit 1
           for update skip locked"#,
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(part)
}

/// How many parts are not done, whoever has them in hand.
pub(super) async fn count_open_parts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<i64, Error> {
    let open = sqlx::query_scalar!(
        r#"select count(*) as "count!" from replay_part
           where brand_id = $1 and replay_id = $2 and not is_done"#,
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(open)
}

/// What a page of people added to its part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The last profile of the page; none when the part has no more.
    pub(super) until: Option<ProfileId>,
    pub(super) people: i64,
    pub(super) events: i64,
    pub(super) projected: i64,
}

/// Takes a part on by a page, or marks it as done.
pub(super) async fn advance_part(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    part: i32,
    by: Progress,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update replay_part set
             done_until = coalesce($4, ends_with), is_done = $4::uuid is null,
             people = people + $5, events = events + $6, projected = projected + $7,
             updated_at = $8
         where brand_id = $1 and replay_id = $2 and part = $3",
        brand_id.uuid(),
        replay_id.uuid(),
        part,
        by.until.map(ProfileId::uuid),
        by.people,
        by.events,
        by.projected,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// People, events, and people projected, over all parts.
pub(super) async fn sum_parts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
) -> Result<(i64, i64, i64), Error> {
    let sums = sqlx::query!(
        r#"select coalesce(sum(people), 0)::bigint as "people!",
                  coalesce(sum(events), 0)::bigint as "events!",
                  coalesce(sum(projected), 0)::bigint as "projected!"
           from replay_part where brand_id = $1 and replay_id = $2"#,
        brand_id.uuid(),
        replay_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok((sums.people, sums.events, sums.projected))
}

/// The versions of these standings. A version differs after every write.
pub(super) async fn list_versions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<(ProfileId, String)>, Error> {
    let rows = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId", xmin::text as "version!"
           from standing where brand_id = $1 and profile_id = any($2)"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.version))
        .collect())
}

/// What was found of one person, to be kept aside.
#[derive(Clone, Debug)]
pub(super) struct Shadow {
    pub(super) profile_id: ProfileId,
    /// The version of the standing it was compared with; none where there was none.
    pub(super) seen: Option<String>,
    /// As text; none for somebody to be looked at again.
    pub(super) found: Option<String>,
}

/// Keeps findings aside, in place of earlier ones about the same people.
pub(super) async fn upsert_shadows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    shadows: &[Shadow],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = shadows.iter().map(|one| one.profile_id.uuid()).collect();
    let seen: Vec<Option<&str>> = shadows.iter().map(|one| one.seen.as_deref()).collect();
    let found: Vec<Option<&str>> = shadows.iter().map(|one| one.found.as_deref()).collect();
    sqlx::query!(
        "insert into replay_shadow (brand_id, replay_id, profile_id, seen, found)
         select $1, $2, w.* from unnest($3::uuid[], $4::text[], $5::text[]) as w
         on conflict on constraint replay_shadow_pkey do update set
             seen = excluded.seen, found = excluded.found",
        brand_id.uuid(),
        replay_id.uuid(),
        &ids,
        &seen as &[Option<&str>],
        &found as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what was found about these people.
pub(super) async fn delete_shadows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    profile_ids: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from replay_shadow
         where brand_id = $1 and replay_id = $2 and profile_id = any($3)",
        brand_id.uuid(),
        replay_id.uuid(),
        profile_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// People of whom something else is stored by now than what they were compared with, or who are to
/// be looked at again.
pub(super) async fn list_moved_on(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"select w.profile_id as "profile_id: ProfileId"
           from replay_shadow w
           left join standing s on s.brand_id = w.brand_id and s.profile_id = w.profile_id
           where w.brand_id = $1 and w.replay_id = $2 and w.profile_id > $3
             and (w.found is null or w.seen is distinct from s.xmin::text)
           order by w.profile_id limit $4"#,
        brand_id.uuid(),
        replay_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// The next findings, by profile.
pub(super) async fn list_shadows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<(ProfileId, String)>, Error> {
    let rows = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId", found as "found!"
           from replay_shadow
           where brand_id = $1 and replay_id = $2 and profile_id > $3 and found is not null
           order by profile_id limit $4"#,
        brand_id.uuid(),
        replay_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.found))
        .collect())
}

/// Lets the present transaction take as long as it takes: a swap is one.
pub(super) async fn take_time(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::raw_sql("set local statement_timeout = 0; set local lock_timeout = '60s'")
        .execute(conn)
        .await?;
    Ok(())
}
