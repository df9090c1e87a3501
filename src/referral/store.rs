//! SQL of links, claims, marks and credits.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Credit;
use super::judge::{Edge, Refusal, StoredClaim, Verdict};
use super::trace::{Claim, Link, Mark};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Keeps the brand's edges as they are until the transaction ends: alone where `alone` says that
/// this transaction judges claims, together with others that do not.
pub(super) async fn hold_edges(
    conn: &mut PgConnection,
    brand_id: BrandId,
    alone: bool,
) -> Result<(), Error> {
    // Another half of the id than the one that projection locks profiles by.
    let bytes = brand_id.uuid().into_bytes();
    let key = i64::from_be_bytes(*bytes.first_chunk().expect("a UUID has 16 bytes"));
    if alone {
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(key)
            .execute(conn)
            .await?;
    } else {
        sqlx::query("select pg_advisory_xact_lock_shared($1)")
            .bind(key)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Writes links that are not known yet, and says which those were.
pub(super) async fn insert_links(
    conn: &mut PgConnection,
    brand_id: BrandId,
    links: &[Link],
) -> Result<Vec<String>, Error> {
    let text = |of: fn(&Link) -> &str| -> Vec<String> {
        links.iter().map(|link| of(link).to_owned()).collect()
    };
    let profiles: Vec<Uuid> = links.iter().map(|link| link.profile_id.uuid()).collect();
    let trusted: Vec<bool> = links.iter().map(|link| link.trusted).collect();
    let times: Vec<DateTime<Utc>> = links.iter().map(|link| link.at).collect();
    let ids = sqlx::query_scalar!(
        "insert into referral_link
            (brand_id, message_id, profile_id, code, kind, channel, trusted, shared_at)
         select $1, w.*
         from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bool[],
                     $8::timestamptz[]) as w
         on conflict on constraint referral_link_pkey do nothing
         returning message_id",
        brand_id.uuid(),
        &text(|link| &link.message_id),
        &profiles,
        &text(|link| &link.code),
        &text(|link| link.kind),
        &text(|link| &link.channel),
        &trusted,
        &times,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// Writes claims that are not known yet, to be judged.
pub(super) async fn insert_claims(
    conn: &mut PgConnection,
    brand_id: BrandId,
    claims: &[Claim],
) -> Result<(), Error> {
    let text = |of: fn(&Claim) -> &str| -> Vec<String> {
        claims.iter().map(|claim| of(claim).to_owned()).collect()
    };
    let profiles: Vec<Uuid> = claims.iter().map(|claim| claim.profile_id.uuid()).collect();
    let codes: Vec<Option<String>> = claims.iter().map(|claim| claim.code.clone()).collect();
    let users: Vec<Option<String>> = claims
        .iter()
        .map(|claim| claim.referrer_user_id.clone())
        .collect();
    let times: Vec<DateTime<Utc>> = claims.iter().map(|claim| claim.at).collect();
    sqlx::query!(
        "insert into referral_claim
            (brand_id, message_id, profile_id, kind, channel, code, referrer_user_id, claimed_at,
             referee_id, refusal)
         select $1, w.*, w.profile_id, 'pending'
         from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::timestamptz[])
              as w(message_id, profile_id, kind, channel, code, referrer_user_id, claimed_at)
         on conflict on constraint referral_claim_pkey do nothing",
        brand_id.uuid(),
        &text(|claim| &claim.message_id),
        &profiles,
        &text(|claim| claim.kind),
        &text(|claim| &claim.channel),
        &codes as &[Option<String>],
        &users as &[Option<String>],
        &times,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes marks that are not known yet, and says which those were, as kind and hash.
pub(super) async fn insert_marks(
    conn: &mut PgConnection,
    brand_id: BrandId,
    marks: &[&Mark],
) -> Result<Vec<(String, String)>, Error> {
    let kinds: Vec<String> = marks.iter().map(|mark| mark.kind.to_owned()).collect();
    let hashes: Vec<String> = marks.iter().map(|mark| mark.hash.clone()).collect();
    let profiles: Vec<Uuid> = marks.iter().map(|mark| mark.profile_id.uuid()).collect();
    let rows = sqlx::query!(
        "insert into referral_mark (brand_id, kind, hash, profile_id)
         select $1, w.* from unnest($2::text[], $3::text[], $4::uuid[]) as w
         on conflict on constraint referral_mark_pkey do nothing
         returning kind, hash",
        brand_id.uuid(),
        &kinds,
        &hashes,
        &profiles,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.hash)).collect())
}

/// The claims that came with these subjects, in the order of their places.
pub(super) async fn list_claims(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<StoredClaim>, Error> {
    let rows = sqlx::query!(
        r#"select message_id, profile_id as "profile_id: ProfileId", code, referrer_user_id,
                  claimed_at, referee_id as "referee_id: ProfileId",
                  referrer_id as "referrer_id: ProfileId", link_message_id, refusal
           from referral_claim
           where brand_id = $1 and profile_id = any($2)
           order by claimed_at, message_id"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| StoredClaim {
            message_id: row.message_id,
            profile_id: row.profile_id,
            code: row.code,
            referrer_user_id: row.referrer_user_id,
            claimed_at: row.claimed_at,
            verdict: Verdict {
                referee_id: row.referee_id,
                referrer_id: row.referrer_id,
                link_message_id: row.link_message_id,
                refusal: row
                    .refusal
                    .map(|text| Refusal::parse(&text).unwrap_or(Refusal::Pending)),
            },
        })
        .collect())
}

/// Whose these codes are at present: the code, the person, and the event that made it so.
pub(super) async fn list_owners(
    conn: &mut PgConnection,
    brand_id: BrandId,
    codes: &[String],
) -> Result<Vec<(String, ProfileId, String)>, Error> {
    let rows = sqlx::query!(
        r#"select distinct on (l.code) l.code, l.message_id,
                  coalesce(p.merged_into, p.profile_id) as "owner!: ProfileId"
           from referral_link l
                join profile p on p.brand_id = $1 and p.profile_id = l.profile_id
           where l.brand_id = $1 and l.code = any($2)
           order by l.code, l.trusted desc, l.shared_at, l.message_id"#,
        brand_id.uuid(),
        codes,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code, row.owner, row.message_id))
        .collect())
}

/// Who these proven user ids are at present.
pub(super) async fn list_users(
    conn: &mut PgConnection,
    brand_id: BrandId,
    user_ids: &[String],
) -> Result<Vec<(String, ProfileId)>, Error> {
    let rows = sqlx::query!(
        r#"select a.alias, coalesce(p.merged_into, p.profile_id) as "person!: ProfileId"
           from alias a join profile p on p.brand_id = $1 and p.profile_id = a.profile_id
           where a.brand_id = $1 and a.kind = 'user' and a.alias = any($2)"#,
        brand_id.uuid(),
        user_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.alias, row.person))
        .collect())
}

/// What these pairs of people share: the first of payment, device and household.
pub(super) async fn list_shared(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referees: &[Uuid],
    referrers: &[Uuid],
) -> Result<Vec<(ProfileId, ProfileId, Refusal)>, Error> {
    let rows = sqlx::query!(
        r#"select w.referee as "referee!: ProfileId", w.referrer as "referrer!: ProfileId",
                  array_agg(distinct mine.kind) as "kinds!"
           from unnest($2::uuid[], $3::uuid[]) as w(referee, referrer)
                join profile me on me.brand_id = $1
                     and (me.profile_id = w.referee or me.merged_into = w.referee)
                join profile other on other.brand_id = $1
                     and (other.profile_id = w.referrer or other.merged_into = w.referrer)
                join referral_mark mine on mine.brand_id = $1 and mine.profile_id = me.profile_id
                join referral_mark theirs on theirs.brand_id = $1 and theirs.kind = mine.kind
                     and theirs.hash = mine.hash and theirs.profile_id = other.profile_id
           where w.referee <> w.referrer
           group by 1, 2"#,
        brand_id.uuid(),
        referees,
        referrers,
    )
    .fetch_all(conn)
    .await?;
    let order = [Refusal::Payment, Refusal::Device, Refusal::Household];
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let worst = order
                .into_iter()
                .find(|one| row.kinds.iter().any(|kind| kind == one.as_str()))?;
            Some((row.referee, row.referrer, worst))
        })
        .collect())
}

/// Who brought these people.
pub(super) async fn list_edges(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &[Uuid],
) -> Result<Vec<(ProfileId, Edge)>, Error> {
    let rows = sqlx::query!(
        r#"select c.referee_id as "referee_id: ProfileId", c.claimed_at, c.message_id,
                  coalesce(p.merged_into, p.profile_id) as "referrer!: ProfileId"
           from referral_claim c
                join profile p on p.brand_id = $1 and p.profile_id = c.referrer_id
           where c.brand_id = $1 and c.referee_id = any($2) and c.refusal is null
           order by c.claimed_at desc, c.message_id desc"#,
        brand_id.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let edge = Edge {
                referrer_id: row.referrer,
                place: (row.claimed_at, row.message_id),
            };
            (row.referee_id, edge)
        })
        .collect())
}

/// Whom a referrer brought on a UTC day.
pub(super) struct Brought {
    pub(super) referrer: ProfileId,
    pub(super) day: NaiveDate,
    pub(super) claimed_at: DateTime<Utc>,
    pub(super) message_id: String,
    pub(super) referee_id: ProfileId,
}

/// Whom these people brought on these UTC days, pair by pair.
pub(super) async fn list_brought(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referrers: &[Uuid],
    days: &[NaiveDate],
) -> Result<Vec<Brought>, Error> {
    let rows = sqlx::query_as!(
        Brought,
        r#"select w.referrer as "referrer!: ProfileId", w.day as "day!", c.claimed_at, c.message_id,
                  c.referee_id as "referee_id: ProfileId"
           from unnest($2::uuid[], $3::date[]) as w(referrer, day)
                join referral_claim c on c.brand_id = $1 and c.referrer_id = w.referrer
                     and c.claimed_at >= w.day::timestamp at time zone 'UTC'
                     and c.claimed_at < (w.day + 1)::timestamp at time zone 'UTC'
           where c.refusal is null"#,
        brand_id.uuid(),
        referrers,
        days,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Writes verdicts.
pub(super) async fn update_verdicts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    verdicts: &[(String, Verdict)],
) -> Result<(), Error> {
    let ids: Vec<String> = verdicts.iter().map(|(id, _)| id.clone()).collect();
    let referees: Vec<Uuid> = verdicts
        .iter()
        .map(|(_, one)| one.referee_id.uuid())
        .collect();
    let referrers: Vec<Option<Uuid>> = verdicts
        .iter()
        .map(|(_, one)| one.referrer_id.map(ProfileId::uuid))
        .collect();
    let links: Vec<Option<String>> = verdicts
        .iter()
        .map(|(_, one)| one.link_message_id.clone())
        .collect();
    let refusals: Vec<Option<String>> = verdicts
        .iter()
        .map(|(_, one)| one.refusal.map(|refusal| refusal.as_str().to_owned()))
        .collect();
    sqlx::query!(
        "update referral_claim c
         set referee_id = w.referee, referrer_id = w.referrer, link_message_id = w.link,
             refusal = w.refusal
         from unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
              as w(message_id, referee, referrer, link, refusal)
         where c.brand_id = $1 and c.message_id = w.message_id",
        brand_id.uuid(),
        &ids,
        &referees,
        &referrers as &[Option<Uuid>],
        &links as &[Option<String>],
        &refusals as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What an event sent by the brand would call these people: the first of their proven user ids.
pub(super) async fn list_keys(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &[Uuid],
) -> Result<Vec<(ProfileId, String)>, Error> {
    let rows = sqlx::query!(
        r#"select w.person as "person!: ProfileId", min(a.alias) as "key!"
           from unnest($2::uuid[]) as w(person)
                join profile p on p.brand_id = $1
                     and (p.profile_id = w.person or p.merged_into = w.person)
                join alias a on a.brand_id = $1 and a.profile_id = p.profile_id and a.kind = 'user'
           group by 1"#,
        brand_id.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person, row.key)).collect())
}

/// What was earned by these people's coming.
pub(super) async fn list_credits_for(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referees: &[Uuid],
) -> Result<Vec<Credit>, Error> {
    let credits = sqlx::query_as!(
        Credit,
        r#"select referrer_id as "referrer_id: ProfileId", referee_id as "referee_id: ProfileId",
                  referee_key, hop, converted_at, clawed_back_at
           from referral_credit where brand_id = $1 and referee_id = any($2)"#,
        brand_id.uuid(),
        referees,
    )
    .fetch_all(conn)
    .await?;
    Ok(credits)
}

/// What these profiles have earned by bringing others, earliest first.
pub async fn list_credits(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referrers: &[Uuid],
) -> Result<Vec<Credit>, Error> {
    let credits = sqlx::query_as!(
        Credit,
        r#"select referrer_id as "referrer_id: ProfileId", referee_id as "referee_id: ProfileId",
                  referee_key, hop, converted_at, clawed_back_at
           from referral_credit where brand_id = $1 and referrer_id = any($2)
           order by converted_at, referee_id, hop"#,
        brand_id.uuid(),
        referrers,
    )
    .fetch_all(conn)
    .await?;
    Ok(credits)
}

/// Removes what was earned by these people's coming.
pub(super) async fn delete_credits(
    conn: &mut PgConnection,
    brand_id: BrandId,
    referees: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from referral_credit where brand_id = $1 and referee_id = any($2)",
        brand_id.uuid(),
        referees,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes credits.
pub(super) async fn insert_credits(
    conn: &mut PgConnection,
    brand_id: BrandId,
    credits: &[&Credit],
) -> Result<(), Error> {
    let referees: Vec<Uuid> = credits.iter().map(|one| one.referee_id.uuid()).collect();
    let referrers: Vec<Uuid> = credits.iter().map(|one| one.referrer_id.uuid()).collect();
    let hops: Vec<i16> = credits.iter().map(|one| one.hop).collect();
    let keys: Vec<String> = credits.iter().map(|one| one.referee_key.clone()).collect();
    let times: Vec<DateTime<Utc>> = credits.iter().map(|one| one.converted_at).collect();
    let back: Vec<Option<DateTime<Utc>>> = credits.iter().map(|one| one.clawed_back_at).collect();
    sqlx::query!(
        "insert into referral_credit
            (brand_id, referee_id, hop, referrer_id, referee_key, converted_at, clawed_back_at)
         select $1, w.*
         from unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[]) as w",
        brand_id.uuid(),
        &referees,
        &hops,
        &referrers,
        &keys,
        &times,
        &back as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes every trace of profiles that were erased. What others earned by their coming stays: it
/// says nothing of who they were.
pub async fn forget(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "with links as (
             delete from referral_link where brand_id = $1 and profile_id = any($2)
         ),
         claims as (
             delete from referral_claim where brand_id = $1 and profile_id = any($2)
         )
         delete from referral_mark where brand_id = $1 and profile_id = any($2)",
        brand_id.uuid(),
        profiles,
    )
    .execute(conn)
    .await?;
    Ok(())
}
