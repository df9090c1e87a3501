//! SQL of what events change about profiles. Only what differs is written, so that a busy profile is
//! not one hot row.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Traits;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// The most addresses that events add to a profile.
const EMAILS_MAX: i64 = 10;
/// The largest set of traits a profile takes, in bytes as stored.
const TRAITS_SIZE_MAX: i32 = 64 * 1024;

/// A profile that events make.
#[derive(Clone, Debug)]
pub(super) struct NewProfile {
    pub(super) profile_id: ProfileId,
    /// Since when somebody stands behind it; `None` makes it anonymous.
    pub(super) known_since: Option<DateTime<Utc>>,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) encounter: Value,
}

/// Writes new profiles.
pub(super) async fn insert_profiles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[NewProfile],
    created_at: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<_> = profiles.iter().map(|p| p.profile_id.uuid()).collect();
    let known: Vec<_> = profiles.iter().map(|p| p.known_since).collect();
    let seen: Vec<_> = profiles.iter().map(|p| p.last_seen_at).collect();
    let encounters: Vec<_> = profiles.iter().map(|p| p.encounter.to_string()).collect();
    sqlx::query!(
        "insert into profile (brand_id, profile_id, status, first_encounter, known_since, created_at,
                              last_seen_at)
         select $1, p.profile_id, case when p.known is null then 'anonymous' else 'active' end,
                p.encounter::jsonb, p.known, $6, p.seen
         from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[])
              as p (profile_id, known, seen, encounter)",
        brand_id.uuid(),
        &ids,
        &known as &[Option<DateTime<Utc>>],
        &seen,
        &encounters,
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a set of events says about a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    pub(super) profile_id: ProfileId,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) known_since: Option<DateTime<Utc>>,
}

/// What is known of when a profile was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) known_since: Option<DateTime<Utc>>,
}

impl Sighting {
    /// Whether it tells something new, as [`list_outdated`] has it.
    pub(super) fn is_news_to(&self, seen: &Seen) -> bool {
        let is_known_anew = match (self.known_since, seen.known_since) {
            (Some(one), Some(other)) => one < other,
            (Some(_), None) => true,
            (None, _) => false,
        };
        is_known_anew || self.last_seen_at > seen.last_seen_at + TimeDelta::minutes(1)
    }
}

/// Those of `sightings` that tell something new: seen over a minute later, known, or known earlier.
pub(super) async fn list_outdated(
    conn: &mut PgConnection,
    brand_id: BrandId,
    sightings: &[Sighting],
) -> Result<Vec<ProfileId>, Error> {
    let (ids, seen, known) = columns(sightings);
    let ids = sqlx::query_scalar!(
        r#"select s.profile_id as "profile_id!: ProfileId"
           from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) as s (profile_id, seen, known)
                cross join lateral (
                    select last_seen_at, known_since from profile
                    where brand_id = $1 and profile_id = s.profile_id offset 0) p
           where s.seen > p.last_seen_at + interval '1 minute'
              or s.known < p.known_since or (s.known is not null and p.known_since is null)"#,
        brand_id.uuid(),
        &ids,
        &seen,
        &known as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

type Columns = (
    Vec<uuid::Uuid>,
    Vec<DateTime<Utc>>,
    Vec<Option<DateTime<Utc>>>,
);

fn columns(sightings: &[Sighting]) -> Columns {
    (
        sightings.iter().map(|s| s.profile_id.uuid()).collect(),
        sightings.iter().map(|s| s.last_seen_at).collect(),
        sightings.iter().map(|s| s.known_since).collect(),
    )
}

/// A profile as it stands under lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) profile_id: ProfileId,
    /// Whether it may be absorbed.
    pub(super) is_anonymous: bool,
    pub(super) merged_into: Option<ProfileId>,
}

/// Locks profiles in one order, so that two commits never wait for each other.
pub(super) async fn lock_profiles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    ids: &[ProfileId],
) -> Result<Vec<Locked>, Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let locked = sqlx::query_as!(
        Locked,
        r#"select profile_id as "profile_id: ProfileId",
                  status = 'anonymous' as "is_anonymous!", merged_into as "merged_into: ProfileId"
           from profile where brand_id = $1 and profile_id = any($2)
           order by profile_id for no key update"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(locked)
}

/// Writes what sightings tell.
pub(super) async fn update_sightings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    sightings: &[Sighting],
) -> Result<(), Error> {
    let (ids, seen, known) = columns(sightings);
    sqlx::query!(
        "update profile set
             last_seen_at = greatest(last_seen_at, s.seen),
             known_since = least(known_since, s.known),
             status = case when status = 'anonymous' and s.known is not null
                           then 'active' else status end
         from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) as s (profile_id, seen, known)
         where profile.brand_id = $1 and profile.profile_id = s.profile_id",
        brand_id.uuid(),
        &ids,
        &seen,
        &known as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What one identify says of a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) profile_id: ProfileId,
    pub(super) traits: &'a Traits,
    pub(super) at: DateTime<Utc>,
    /// Whether it may overwrite what the profile shows, or only fill its gaps.
    pub(super) overwrites: bool,
    /// Whether only an anonymous profile takes it: nobody proved who speaks.
    pub(super) is_hearsay: bool,
}

/// The positions of those in `said` that would change their profile. One that repeats what is known
/// counts as a change once an hour, so that its time is known too.
pub(super) async fn list_news(
    conn: &mut PgConnection,
    brand_id: BrandId,
    said: &[Said<'_>],
) -> Result<Vec<i64>, Error> {
    let ids: Vec<_> = said.iter().map(|said| said.profile_id.uuid()).collect();
    let documents: Vec<_> = said
        .iter()
        .map(|said| said.traits.document.as_str())
        .collect();
    let times: Vec<_> = said.iter().map(|said| said.at).collect();
    let hearsay: Vec<_> = said.iter().map(|said| said.is_hearsay).collect();
    let positions = sqlx::query_scalar!(
        r#"select s.position - 1 as "position!"
           from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::bool[])
                with ordinality as s (profile_id, document, at, hearsay, position)
                cross join lateral (
                    select status, traits, traits_at from profile
                    where brand_id = $1 and profile_id = s.profile_id offset 0) p
           where (p.status = 'anonymous' or not s.hearsay)
             and (p.traits_at is null or s.at > p.traits_at + interval '1 hour'
                  or p.traits || s.document::jsonb <> p.traits)"#,
        brand_id.uuid(),
        &ids,
        &documents as &[&str],
        &times,
        &hearsay,
    )
    .fetch_all(conn)
    .await?;
    Ok(positions)
}

/// Adds traits to profiles, at most one set to each: the latest by event time wins, an earlier one
/// fills gaps.
pub(super) async fn update_traits(
    conn: &mut PgConnection,
    brand_id: BrandId,
    said: &[Said<'_>],
) -> Result<(), Error> {
    fn texts<'a>(
        said: &[Said<'a>],
        of: impl Fn(&'a Traits) -> &'a Option<String>,
    ) -> Vec<Option<&'a str>> {
        said.iter().map(|said| of(said.traits).as_deref()).collect()
    }
    let ids: Vec<_> = said.iter().map(|said| said.profile_id.uuid()).collect();
    let documents: Vec<_> = said
        .iter()
        .map(|said| said.traits.document.as_str())
        .collect();
    let times: Vec<_> = said.iter().map(|said| said.at).collect();
    let overwrites: Vec<_> = said.iter().map(|said| said.overwrites).collect();
    let hearsay: Vec<_> = said.iter().map(|said| said.is_hearsay).collect();
    sqlx::query!(
        "with said as (
             select s.*, p.traits as old_traits,
                    s.overwrites and (p.traits_at is null or s.at >= p.traits_at) as wins
             from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::bool[], $6::bool[],
                         $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
                  as s (profile_id, document, at, overwrites, hearsay, display_name, given_name,
                        family_name, picture_url, locale)
                  join profile p on p.brand_id = $1 and p.profile_id = s.profile_id
             where (p.status = 'anonymous' or not s.hearsay)
         ), next as (
             select profile_id, at, wins, display_name, given_name, family_name, picture_url, locale,
                    case when wins then old_traits || document::jsonb
                         else document::jsonb || old_traits end as traits
             from said
         )
         update profile p set
             traits = n.traits,
             traits_at = greatest(p.traits_at, n.at),
             display_name = case when n.wins then coalesce(n.display_name, p.display_name)
                                 else coalesce(p.display_name, n.display_name) end,
             given_name = case when n.wins then coalesce(n.given_name, p.given_name)
                               else coalesce(p.given_name, n.given_name) end,
             family_name = case when n.wins then coalesce(n.family_name, p.family_name)
                                else coalesce(p.family_name, n.family_name) end,
             picture_url = case when n.wins then coalesce(n.picture_url, p.picture_url)
                                else coalesce(p.picture_url, n.picture_url) end,
             locale = case when n.wins then coalesce(n.locale, p.locale)
                           else coalesce(p.locale, n.locale) end
         from next n
         where p.brand_id = $1 and p.profile_id = n.profile_id
           and pg_column_size(n.traits) <= $12",
        brand_id.uuid(),
        &ids,
        &documents as &[&str],
        &times,
        &overwrites,
        &hearsay,
        &texts(said, |t| &t.display_name) as &[Option<&str>],
        &texts(said, |t| &t.given_name) as &[Option<&str>],
        &texts(said, |t| &t.family_name) as &[Option<&str>],
        &texts(said, |t| &t.picture_url) as &[Option<&str>],
        &texts(said, |t| &t.locale) as &[Option<&str>],
        TRAITS_SIZE_MAX,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds addresses to profiles, unproven, unless a profile has enough of them.
pub(super) async fn insert_emails(
    conn: &mut PgConnection,
    brand_id: BrandId,
    addresses: &[(ProfileId, &str)],
    created_at: DateTime<Utc>,
) -> Result<(), Error> {
    let (ids, texts): (Vec<_>, Vec<_>) = addresses.iter().map(|(id, a)| (id.uuid(), *a)).unzip();
    sqlx::query!(
        "insert into profile_email (brand_id, profile_id, address, source, created_at)
         select $1, e.profile_id, e.address, 'events', $4
         from unnest($2::uuid[], $3::text[]) as e (profile_id, address)
         where (select count(*) from profile_email known
                where known.brand_id = $1 and known.profile_id = e.profile_id) < $5
         on conflict on constraint profile_email_pkey do nothing",
        brand_id.uuid(),
        &ids,
        &texts as &[&str],
        created_at,
        EMAILS_MAX,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many profiles each of `ids` has absorbed, where that is any.
pub(super) async fn count_absorbed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    ids: &[ProfileId],
) -> Result<Vec<(ProfileId, i64)>, Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select merged_into as "merged_into!: ProfileId", count(*) as "absorbed!"
           from profile where brand_id = $1 and merged_into = any($2) group by merged_into"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.merged_into, row.absorbed))
        .collect())
}

/// Joins each first profile, and what was joined into it before, into the second: chains stay at
/// one. The second keeps the earlier meeting if it had none of its own.
pub(super) async fn merge_profiles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    pairs: &[(ProfileId, ProfileId)],
) -> Result<(), Error> {
    let (from, into): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (a.uuid(), b.uuid())).unzip();
    sqlx::query!(
        "update profile set first_encounter = m.first_encounter
         from (select distinct on (pair.target) pair.target, s.first_encounter
               from unnest($2::uuid[], $3::uuid[]) as pair (source, target)
                    join profile s on s.brand_id = $1 and s.profile_id = pair.source
               where s.first_encounter <> '{}'
               order by pair.target, s.created_at, s.profile_id) m
         where profile.brand_id = $1 and profile.profile_id = m.target
           and profile.first_encounter = '{}'",
        brand_id.uuid(),
        &from,
        &into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update profile set merged_into = m.target
         from unnest($2::uuid[], $3::uuid[]) as m (source, target)
         where profile.brand_id = $1 and profile.merged_into = m.source",
        brand_id.uuid(),
        &from,
        &into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update profile set status = 'merged', merged_into = m.target
         from unnest($2::uuid[], $3::uuid[]) as m (source, target)
         where profile.brand_id = $1 and profile.profile_id = m.source",
        brand_id.uuid(),
        &from,
        &into,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the first event of each of `ids` happened.
pub(super) async fn list_first_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    ids: &[ProfileId],
) -> Result<Vec<(ProfileId, DateTime<Utc>)>, Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select wanted.profile_id as "profile_id!: ProfileId", first.event_time
           from unnest($2::uuid[]) as wanted (profile_id)
                cross join lateral (
                    select event_time from event e
                    where e.brand_id = $1 and e.profile_id = wanted.profile_id
                    order by e.event_time limit 1) first"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.event_time))
        .collect())
}
