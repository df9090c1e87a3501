//! SQL of preferences, zones, and who has not been heard from.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Preference, Unheard};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Longest name of a zone; the longest there is has 32 letters.
const ZONE_BYTES_MAX: usize = 64;
/// What Postgres says of a zone it does not know.
const UNKNOWN_ZONE: &str = "22023";

/// What a customer said, also before they were joined with another profile; of one channel what was
/// said last.
pub async fn list_preferences(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Preference>, Error> {
    let preferences = sqlx::query_as!(
        Preference,
        r#"select distinct on (c.channel) c.channel, c.allowed, c.per_week, c.paused_until,
                  c.preferred, c.said_at
           from contact_preference c
                join profile p on p.brand_id = $1 and p.profile_id = c.profile_id
           where c.brand_id = $1 and (p.profile_id = $2 or p.merged_into = $2)
           order by c.channel, c.said_at desc"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(preferences)
}

/// Replaces all that a customer said, also before they were joined with another profile.
pub async fn replace_preferences(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    preferences: &[Preference],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from contact_preference c using profile p
         where c.brand_id = $1 and p.brand_id = $1 and p.profile_id = c.profile_id
           and (p.profile_id = $2 or p.merged_into = $2)",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    for preference in preferences {
        sqlx::query!(
            "insert into contact_preference
                (brand_id, profile_id, channel, allowed, per_week, paused_until, preferred, said_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            brand_id.uuid(),
            profile_id.uuid(),
            preference.channel,
            preference.allowed,
            preference.per_week,
            preference.paused_until,
            preference.preferred,
            preference.said_at,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// How the clocks of a zone ("Europe/Zurich") differ from UTC at an instant, in seconds; none for a
/// zone that there is not. The database knows the zones of the world, so that nothing else need.
pub async fn find_zone_offset(
    conn: &mut PgConnection,
    zone: &str,
    at: DateTime<Utc>,
) -> Result<Option<i32>, Error> {
    // Anything else the database might take for a rule of its own, as it does "UTC-3".
    let is_name = zone == "UTC" || (zone.contains('/') && zone.len() <= ZONE_BYTES_MAX);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte);
    if !is_name || !zone.bytes().all(is_plain) {
        return Ok(None);
    }
    let found = sqlx::query_scalar!(
        r#"select extract(epoch from ($2::timestamptz at time zone $1)
                                   - ($2::timestamptz at time zone 'UTC'))::int4 as "seconds!""#,
        zone,
        at,
    )
    .fetch_one(conn)
    .await;
    match found {
        Ok(seconds) => Ok(Some(seconds)),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNKNOWN_ZONE) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// People at `from_stage` (2 or deeper) or beyond to whom the brand has not written since `cutoff`,
/// and who got there before it: those who never heard anything first, then the longest unheard.
/// Nobody with an open complaint, who ended it, or who is hibernating.
pub async fn list_unheard(
    conn: &mut PgConnection,
    brand_id: BrandId,
    from_stage: i16,
    cutoff: DateTime<Utc>,
    after: Option<(Option<i64>, ProfileId)>,
    limit: i64,
) -> Result<Vec<Unheard>, Error> {
    let (after_last, after_id) = match after {
        // Before all that the index has: -1 stands for "never heard anything".
        None => (i64::MIN, Uuid::nil()),
        Some((last, id)) => (last.unwrap_or(-1), id.uuid()),
    };
    let people = sqlx::query_as!(
        Unheard,
        r#"select s.profile_id as "profile_id: ProfileId",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''))
                      as name,
                  s.stage, s.stage_since,
                  to_timestamp(s.last_contact)
                      as "last_contact_at: DateTime<Utc>",
                  p.last_seen_at
           from standing s
                join profile p on p.brand_id = $1 and p.profile_id = s.profile_id
           where s.brand_id = $1 and s.stage >= 2 and s.stage >= $2
             and (s.last_contact is null
                  or s.last_contact < extract(epoch from $3::timestamptz)::bigint)
             and s.stage_since < $3
             and not s.strained and not s.estranged and not coalesce((s.state ->> 'resting')::bool, false)
             and p.status = 'active'
             and (coalesce(s.last_contact, -1), s.profile_id) > ($4, $5)
           order by s.last_contact nulls first, s.profile_id
           limit $6"#,
        brand_id.uuid(),
        from_stage,
        cutoff,
        after_last,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}
