//! SQL that reads what profiles consist of and what happened to them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// One of the profiles that make up a person: the person's own, or one that was merged into it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The person's own profile.
    pub(super) current_id: ProfileId,
    /// This profile.
    pub(super) profile_id: ProfileId,
    pub(super) status: String,
    pub(super) known_since: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
}

/// An event as the fold needs it.
#[derive(Clone, Debug)]
pub(super) struct StoredEvent {
    /// The subject it came with.
    pub(super) profile_id: ProfileId,
    pub(super) message_id: String,
    /// Empty unless it is a track event: only those name what happened.
    pub(super) name: String,
    pub(super) trusted: bool,
    pub(super) identifies: bool,
    pub(super) at: DateTime<Utc>,
    /// Only of events that are read closely: see [`ReadClosely`].
    pub(super) properties: Option<Value>,
}

/// Of which events the properties are loaded. Of all others nobody looks at them, so that reading
/// them would be most of the work and change nothing.
#[derive(Clone, Debug)]
pub(super) struct ReadClosely {
    /// Those of these names.
    pub(super) names: Vec<String>,
    /// And those that have one of these properties.
    pub(super) marks: Vec<String>,
}

/// Everybody behind these profiles: for each, the profile it now is and all that were merged into
/// that.
pub(super) async fn list_members(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<Member>, Error> {
    let members = sqlx::query_as!(
        Member,
        r#"with present as (
               select distinct coalesce(p.merged_into, p.profile_id) as profile_id
               from unnest($2::uuid[]) as w(profile_id) cross join lateral (
                   select profile_id, merged_into from profile
                   where brand_id = $1 and profile_id = w.profile_id offset 0) p
           )
           select c.profile_id as "current_id!: ProfileId", m.profile_id as "profile_id!: ProfileId",
                  m.status as "status!", m.known_since, m.created_at as "created_at!"
           from present c cross join lateral (
               select * from profile where brand_id = $1 and profile_id = c.profile_id offset 0) m
           union all
           select c.profile_id, m.profile_id, m.status, m.known_since, m.created_at
           from present c cross join lateral (
               select * from profile where brand_id = $1 and merged_into = c.profile_id offset 0) m"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(members)
}

/// How many events each of these profiles has up to its instant in `untils`, that included; all,
/// where that is none.
pub(super) async fn count_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    untils: &[Option<DateTime<Utc>>],
) -> Result<Vec<(ProfileId, i64)>, Error> {
    let rows = sqlx::query!(
        r#"select w.profile_id as "profile_id!: ProfileId",
                  (select count(*) from event e
                   where e.brand_id = $1 and e.profile_id = w.profile_id
                     and e.event_time <= coalesce(w.until, 'infinity')) as "events!"
           from unnest($2::uuid[], $3::timestamptz[]) as w(profile_id, until)"#,
        brand_id.uuid(),
        profile_ids,
        untils as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.events))
        .collect())
}

/// The events of each profile in `profile_ids` later than its place in `afters` (all, where that is
/// none) and not later than `until`. In no particular order; with the properties of those events
/// alone that are read closely.
pub(super) async fn list_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    afters: &[Option<DateTime<Utc>>],
    until: Option<DateTime<Utc>>,
    closely: &ReadClosely,
) -> Result<Vec<StoredEvent>, Error> {
    let events = sqlx::query_as!(
        StoredEvent,
        // By person, each by the index: left to choose, the server reads all of a brand that it has
        // not counted yet.
        r#"select w.profile_id as "profile_id!: ProfileId", e.message_id as "message_id!",
                  case when e.kind = 'track' then e.name else '' end as "name!",
                  e.trusted as "trusted!", e.identifies as "identifies!", e.event_time as "at!",
                  case when e.name = any($5) or e.payload -> 'properties' ?| $6
                       then e.payload -> 'properties' end as properties
           from unnest($2::uuid[], $3::timestamptz[]) as w(profile_id, after) cross join lateral (
               select * from event
               where brand_id = $1 and profile_id = w.profile_id
                 and event_time > coalesce(w.after, '-infinity')
                 and event_time <= coalesce($4::timestamptz, 'infinity')
               offset 0) e"#,
        brand_id.uuid(),
        profile_ids,
        afters as &[Option<DateTime<Utc>>],
        until,
        &closely.names,
        &closely.marks,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// The next page of people of a brand, by profile id: merged and erased profiles are none.
pub(super) async fn list_people(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"select profile_id as "profile_id: ProfileId" from profile
           where brand_id = $1 and profile_id > $2 and status not in ('merged', 'erased')
           order by profile_id limit $3"#,
        brand_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// Before all profiles, and after them.
pub(super) const FIRST: ProfileId = ProfileId::from_uuid(Uuid::nil());
pub(super) const LAST: ProfileId = ProfileId::from_uuid(Uuid::max());

/// People of a brand after one profile and up to another, by profile id, with how many events each
/// has, as far as that is known at little cost. Merged and erased profiles are none.
pub(super) async fn list_people_by_size(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: ProfileId,
    until: ProfileId,
    limit: i64,
) -> Result<Vec<(ProfileId, i64)>, Error> {
    let rows = sqlx::query!(
        r#"select p.profile_id as "profile_id: ProfileId",
                  coalesce((select s.events_folded from standing s
                            where s.brand_id = p.brand_id and s.profile_id = p.profile_id),
                           (select count(*) from event e
                            where e.brand_id = p.brand_id and e.profile_id = p.profile_id))
                      as "events!"
           from profile p
           where p.brand_id = $1 and p.profile_id > $2 and p.profile_id <= $3
             and p.status not in ('merged', 'erased')
           order by p.profile_id limit $4"#,
        brand_id.uuid(),
        after.uuid(),
        until.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.events))
        .collect())
}

/// How many people a brand has.
pub(super) async fn count_people(conn: &mut PgConnection, brand_id: BrandId) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from profile
           where brand_id = $1 and status not in ('merged', 'erased')"#,
        brand_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Makes the present transaction see one state of the database throughout, planned for as large as
/// that is.
pub(super) async fn see_one_state(conn: &mut PgConnection) -> Result<(), Error> {
    let sql = "set transaction isolation level repeatable read, read only;
               set local plan_cache_mode = force_custom_plan";
    sqlx::raw_sql(sql).execute(conn).await?;
    Ok(())
}
