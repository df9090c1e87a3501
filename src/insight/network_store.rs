//! SQL of who brought whom, for its readers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::referral::roles::Reach;

/// One person having brought another.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// Who brought.
    pub referrer_id: ProfileId,
    /// Who came.
    pub referee_id: ProfileId,
    /// When they came.
    pub at: DateTime<Utc>,
    /// By what way, as the sender called it; may be empty.
    pub channel: String,
    /// The code that was passed on.
    pub code: Option<String>,
    /// The event that passed it on.
    pub link_message_id: Option<String>,
    /// When they became a customer.
    pub converted_at: Option<DateTime<Utc>>,
    /// When that was taken back.
    pub clawed_back_at: Option<DateTime<Utc>>,
}

/// A claim that was refused and should be looked at.
#[derive(Clone, Debug)]
pub struct RefusedClaim {
    /// Who came.
    pub referee_id: ProfileId,
    /// Who is said to have brought them.
    pub referrer_id: Option<ProfileId>,
    /// When they came.
    pub at: DateTime<Utc>,
    /// The code, if one was named.
    pub code: Option<String>,
    /// Why it was refused: see [`crate::referral::Refusal`].
    pub refusal: String,
}

/// Somebody who brought others.
#[derive(Clone, Debug)]
pub struct TopReferrer {
    /// Who.
    pub profile_id: ProfileId,
    /// People brought in person who became customers, without those taken back.
    pub converted: i64,
    /// Each of them and of those whom they brought, halved with each hop.
    pub reach: f64,
}

/// Somebody in a family.
#[derive(Clone, Debug)]
pub struct Relative {
    /// Who.
    pub profile_id: ProfileId,
    /// Who brought them; none for the head of the family.
    pub parent_id: Option<ProfileId>,
    /// Generations below the head.
    pub depth: i32,
    /// When they came; none for the head.
    pub came_at: Option<DateTime<Utc>>,
    /// When they became a customer.
    pub converted_at: Option<DateTime<Utc>>,
    /// When that was taken back.
    pub clawed_back_at: Option<DateTime<Utc>>,
}

/// Generations of a family that are looked through.
const DEPTH_MAX: i32 = 12;

/// Who brought this person.
pub async fn find_introduction(
    conn: &mut PgConnection,
    brand_id: BrandId,
    person: ProfileId,
) -> Result<Option<Introduction>, Error> {
    let found = sqlx::query_as!(
        Introduction,
        r#"select c.referrer_id as "referrer_id!: ProfileId", c.referee_id as "referee_id: ProfileId",
                  c.claimed_at as at, c.channel, c.code, c.link_message_id,
                  t.converted_at as "converted_at?", t.clawed_back_at as "clawed_back_at?"
           from referral_claim c
                left join referral_credit t on t.brand_id = $1 and t.referee_id = c.referee_id
                     and t.hop = 1
           where c.brand_id = $1 and c.referee_id = $2 and c.refusal is null
           order by c.claimed_at limit 1"#,
        brand_id.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// Whom this person brought, latest first.
pub async fn list_introductions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    person: ProfileId,
    limit: i64,
) -> Result<Vec<Introduction>, Error> {
    let found = sqlx::query_as!(
        Introduction,
        r#"select c.referrer_id as "referrer_id!: ProfileId", c.referee_id as "referee_id: ProfileId",
                  c.claimed_at as at, c.channel, c.code, c.link_message_id,
                  t.converted_at as "converted_at?", t.clawed_back_at as "clawed_back_at?"
           from referral_claim c
                left join referral_credit t on t.brand_id = $1 and t.referee_id = c.referee_id
                     and t.hop = 1
           where c.brand_id = $1 and c.referrer_id = $2 and c.refusal is null
           order by c.claimed_at desc, c.message_id limit $3"#,
        brand_id.uuid(),
        person.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(found)
}

/// How far this person's word has carried.
pub async fn find_reach(
    conn: &mut PgConnection,
    brand_id: BrandId,
    person: ProfileId,
    hop_factor: f64,
) -> Result<Reach, Error> {
    let row = sqlx::query!(
        r#"select count(*) filter (where hop = 1) as "converted!",
                  count(*) as "converted_below!",
                  coalesce(max(hop), 0::smallint) as "generations!",
                  coalesce(sum(power($3::float8, hop - 1)), 0) as "credit!",
                  coalesce(sum(power($3::float8, hop - 1))
                           >= (select influence_floor from referral_figures where brand_id = $1),
                           false) as "is_top!"
           from referral_credit
           where brand_id = $1 and referrer_id = $2 and clawed_back_at is null"#,
        brand_id.uuid(),
        person.uuid(),
        hop_factor,
    )
    .fetch_one(conn)
    .await?;
    Ok(Reach {
        converted: u32::try_from(row.converted).unwrap_or(u32::MAX),
        converted_below: u32::try_from(row.converted_below).unwrap_or(u32::MAX),
        generations: u8::try_from(row.generations).unwrap_or(u8::MAX),
        credit: row.credit,
        is_top: row.is_top,
    })
}

/// The latest events of a person under these names: what they were called, and the message, the
/// time, whether they are believed, and the properties.
pub async fn list_events_named(
    conn: &mut PgConnection,
    brand_id: BrandId,
    person: ProfileId,
    names: &[String],
    limit: i64,
) -> Result<Vec<NamedEvent>, Error> {
    let events = sqlx::query_as!(
        NamedEvent,
        r#"select e.name, e.message_id, e.event_time as at, e.trusted,
                  e.payload -> 'properties' as properties
           from event e
           where e.brand_id = $1 and e.kind = 'track' and e.name = any($3)
             and e.profile_id in (select p.profile_id from profile p
                                  where p.brand_id = $1
                                    and (p.profile_id = $2 or p.merged_into = $2))
           order by e.event_time desc, e.message_id desc limit $4"#,
        brand_id.uuid(),
        person.uuid(),
        names,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// An event by its name.
#[derive(Clone, Debug)]
pub struct NamedEvent {
    /// Its name.
    pub name: String,
    /// Its id.
    pub message_id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whether a holder of a secret key said it.
    pub trusted: bool,
    /// Its properties.
    pub properties: Option<Value>,
}

/// Those whose word carries farthest, farthest first.
pub async fn list_top_referrers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    hop_factor: f64,
    limit: i64,
) -> Result<Vec<TopReferrer>, Error> {
    let top = sqlx::query_as!(
        TopReferrer,
        r#"select referrer_id as "profile_id: ProfileId",
                  count(*) filter (where hop = 1) as "converted!",
                  sum(power($2::float8, hop - 1)) as "reach!"
           from referral_credit
           where brand_id = $1 and clawed_back_at is null
           group by referrer_id order by 3 desc, referrer_id limit $3"#,
        brand_id.uuid(),
        hop_factor,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(top)
}

/// A person and those they brought, and those whom these brought, level by level.
pub async fn list_family(
    conn: &mut PgConnection,
    brand_id: BrandId,
    head: ProfileId,
    limit: i64,
) -> Result<Vec<Relative>, Error> {
    let family = sqlx::query_as!(
        Relative,
        r#"with recursive family as (
               select $2::uuid as profile_id, null::uuid as parent_id, 0 as depth,
                      null::timestamptz as came_at
               union all
               select c.referee_id, c.referrer_id, f.depth + 1, c.claimed_at
               from family f
               join referral_claim c on c.brand_id = $1 and c.referrer_id = f.profile_id
                    and c.refusal is null and c.referee_id <> $2
               where f.depth < $3
                 -- Only over younger edges, as credits go: so nobody is their own forebear.
                 and (f.came_at is null or c.claimed_at > f.came_at)
           )
           select f.profile_id as "profile_id!: ProfileId", f.parent_id as "parent_id: ProfileId",
                  f.depth as "depth!", f.came_at, t.converted_at as "converted_at?",
                  t.clawed_back_at as "clawed_back_at?"
           from (select * from family limit $4) f
                left join referral_credit t on t.brand_id = $1 and t.referee_id = f.profile_id
                     and t.hop = 1
           order by f.depth, f.came_at, f.profile_id"#,
        brand_id.uuid(),
        head.uuid(),
        DEPTH_MAX,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(family)
}

/// Refused claims that somebody should look at, latest first.
pub async fn list_refused_claims(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<RefusedClaim>, Error> {
    let refused = sqlx::query_as!(
        RefusedClaim,
        r#"select referee_id as "referee_id: ProfileId", referrer_id as "referrer_id: ProfileId",
                  claimed_at as at, code, refusal as "refusal!"
           from referral_claim
           where brand_id = $1
             and refusal in ('self', 'payment', 'device', 'household', 'loop', 'day_cap')
           order by claimed_at desc, message_id desc limit $2"#,
        brand_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(refused)
}

/// What people are called: a name, else an address, else an id by which events name them.
pub async fn list_names(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<HashMap<ProfileId, String>, Error> {
    let rows = sqlx::query!(
        r#"select p.profile_id as "profile_id: ProfileId",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''),
                           mail.address, named.alias) as name
           from profile p
                left join lateral (
                    select e.address from profile_email e
                    where e.brand_id = $1 and e.profile_id = p.profile_id
                    order by e.verified_at nulls last, e.created_at limit 1) mail on true
                left join lateral (
                    select a.alias from alias a
                    where a.brand_id = $1 and a.profile_id = p.profile_id
                    order by a.kind = 'anonymous', a.created_at desc limit 1) named on true
           where p.brand_id = $1 and p.profile_id = any($2)"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let name = row.name.unwrap_or_else(|| row.profile_id.to_string());
            (row.profile_id, name)
        })
        .collect())
}
