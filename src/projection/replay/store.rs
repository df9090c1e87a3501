//! SQL of replays: their parts, and whom they have noted.

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
         delete from replay_note where brand_id = $1 and replay_id = $2",
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
    pub(super) number: i32,
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
        r#"select part as number, done_until as "done_until: ProfileId", ends_with as "ends_with: ProfileId"
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

/// Somebody who does not stand where they should.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub(super) profile_id: ProfileId,
    /// Whether that was seen; otherwise they were in other hands, and it is to be looked at again.
    pub(super) is_certain: bool,
}

/// Notes people, in place of earlier notes about the same.
pub(super) async fn upsert_notes(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    notes: &[Note],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = notes.iter().map(|one| one.profile_id.uuid()).collect();
    let certain: Vec<bool> = notes.iter().map(|one| one.is_certain).collect();
    sqlx::query!(
        "insert into replay_note (brand_id, replay_id, profile_id, is_certain)
         select $1, $2, w.* from unnest($3::uuid[], $4::bool[]) as w
         on conflict on constraint replay_note_pkey do update set
             is_certain = excluded.is_certain",
        brand_id.uuid(),
        replay_id.uuid(),
        &ids,
        &certain,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what was noted about these people.
pub(super) async fn delete_notes(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    profile_ids: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from replay_note
         where brand_id = $1 and replay_id = $2 and profile_id = any($3)",
        brand_id.uuid(),
        replay_id.uuid(),
        profile_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next people who are to be looked at again, by profile.
pub(super) async fn list_uncertain(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"select profile_id as "profile_id: ProfileId" from replay_note
           where brand_id = $1 and replay_id = $2 and profile_id > $3 and not is_certain
           order by profile_id limit $4"#,
        brand_id.uuid(),
        replay_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// The next people who were noted, by profile.
pub(super) async fn list_notes(
    conn: &mut PgConnection,
    brand_id: BrandId,
    replay_id: ReplayId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<Note>, Error> {
    let notes = sqlx::query_as!(
        Note,
        r#"select profile_id as "profile_id: ProfileId", is_certain from replay_note
           where brand_id = $1 and replay_id = $2 and profile_id > $3
           order by profile_id limit $4"#,
        brand_id.uuid(),
        replay_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(notes)
}

/// Lets the present transaction take as long as it takes: a swap is one.
pub(super) async fn take_time(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::raw_sql("set local statement_timeout = 0; set local lock_timeout = '60s'")
        .execute(conn)
        .await?;
    Ok(())
}
