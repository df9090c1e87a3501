//! SQL that finds who must be judged again because something changed for them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Whoever claims one of these codes.
pub(super) async fn list_claimants(
    conn: &mut PgConnection,
    brand_id: BrandId,
    codes: &[String],
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct coalesce(p.merged_into, p.profile_id) as "person!: ProfileId"
           from referral_claim c join profile p on p.brand_id = $1 and p.profile_id = c.profile_id
           where c.brand_id = $1 and c.code = any($2)"#,
        brand_id.uuid(),
        codes,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// Whoever waits for a user id that one of these profiles has come to carry.
pub(super) async fn list_waiting_for(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct coalesce(p.merged_into, p.profile_id) as "person!: ProfileId"
           from unnest($2::uuid[]) as w(profile_id)
                cross join lateral (
                    select alias from alias
                    where brand_id = $1 and profile_id = w.profile_id and kind = 'user' offset 0) a
                join referral_claim c on c.brand_id = $1 and c.referrer_user_id = a.alias
                     and c.refusal = 'unknown'
                join profile p on p.brand_id = $1 and p.profile_id = c.profile_id"#,
        brand_id.uuid(),
        profiles,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// Whoever is said to have been brought by one of these profiles.
pub(super) async fn list_brought_by(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referrers: &[Uuid],
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct coalesce(p.merged_into, p.profile_id) as "person!: ProfileId"
           from referral_claim c join profile p on p.brand_id = $1 and p.profile_id = c.profile_id
           where c.brand_id = $1 and c.referrer_id = any($2)"#,
        brand_id.uuid(),
        referrers,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// Whoever carries one of these marks and was brought by somebody who carries it too.
pub(super) async fn list_sharing(
    conn: &mut PgConnection,
    brand_id: BrandId,
    kinds: &[String],
    hashes: &[String],
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct coalesce(me.merged_into, me.profile_id) as "person!: ProfileId"
           from unnest($2::text[], $3::text[]) as w(kind, hash)
                join referral_mark mine on mine.brand_id = $1 and mine.kind = w.kind
                     and mine.hash = w.hash
                join profile me on me.brand_id = $1 and me.profile_id = mine.profile_id
                join referral_claim c on c.brand_id = $1 and c.refusal is null
                     and c.referee_id = coalesce(me.merged_into, me.profile_id)
                join profile other on other.brand_id = $1
                     and (other.profile_id = c.referrer_id or other.merged_into = c.referrer_id)
                join referral_mark theirs on theirs.brand_id = $1 and theirs.kind = w.kind
                     and theirs.hash = w.hash and theirs.profile_id = other.profile_id"#,
        brand_id.uuid(),
        kinds,
        hashes,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// Whoever is up to two generations below these people: their chains lead through them.
pub(super) async fn list_below(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &[Uuid],
) -> Result<Vec<ProfileId>, Error> {
    let found = sqlx::query_scalar!(
        r#"with children as (
               select referee_id from referral_claim
               where brand_id = $1 and referrer_id = any($2)
           )
           select referee_id as "person!: ProfileId" from children
           union
           select c.referee_id from referral_claim c
           where c.brand_id = $1 and c.referrer_id in (select referee_id from children)"#,
        brand_id.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(found)
}

/// Whoever comes later on the same UTC day from the same referrer, where the day's number decides.
pub(super) async fn list_later_that_day(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referrers: &[Uuid],
    days: &[NaiveDate],
    after: &[DateTime<Utc>],
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct c.referee_id as "person!: ProfileId"
           from unnest($2::uuid[], $3::date[], $4::timestamptz[]) as w(referrer, day, after)
                join referral_claim c on c.brand_id = $1 and c.referrer_id = w.referrer
                     and c.claimed_at >= w.after
                     and c.claimed_at < (w.day + 1)::timestamp at time zone 'UTC'
           where c.refusal is null or c.refusal = 'day_cap'"#,
        brand_id.uuid(),
        referrers,
        days,
        after,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}
