//! SQL that finds complaints.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Which complaints are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintKind {
    /// Somebody waits: those who have waited longest first.
    Open,
    /// A person should look at how often somebody complains: the soonest to lapse first.
    Review,
    /// The customer said that it was made good: the latest first.
    MadeGood,
}

/// Somebody with complaints.
#[derive(Clone, Debug)]
pub struct Complainant {
    /// Who.
    pub profile_id: ProfileId,
    /// The instant they are listed by.
    pub at: DateTime<Utc>,
}

impl Complainant {
    /// The place in the list from which the next page goes on.
    pub const fn position(&self) -> ComplaintPosition {
        ComplaintPosition {
            at: self.at,
            profile_id: self.profile_id,
        }
    }
}

/// A place in a list of complaints.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ComplaintPosition {
    at: DateTime<Utc>,
    profile_id: ProfileId,
}

/// People with complaints of a kind, after the given place.
pub async fn list_complainants(
    conn: &mut PgConnection,
    brand_id: BrandId,
    kind: ComplaintKind,
    now: DateTime<Utc>,
    after: Option<ComplaintPosition>,
    limit: i64,
) -> Result<Vec<Complainant>, Error> {
    let (at, id) = after
        .map(|place| (place.at, place.profile_id.uuid()))
        .unzip();
    match kind {
        ComplaintKind::Open => list_open(conn, brand_id, at, id, limit).await,
        ComplaintKind::Review => list_for_review(conn, brand_id, now, at, id, limit).await,
        ComplaintKind::MadeGood => list_made_good(conn, brand_id, at, id, limit).await,
    }
}

async fn list_open(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after_at: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Complainant>, Error> {
    let people = sqlx::query_as!(
        Complainant,
        r#"select profile_id as "profile_id: ProfileId", dispute_opened_at as "at!" from standing
           where brand_id = $1 and dispute_opened_at is not null
             and ($2::timestamptz is null or (dispute_opened_at, profile_id) > ($2, $3::uuid))
           order by dispute_opened_at, profile_id limit $4"#,
        brand_id.uuid(),
        after_at,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

async fn list_for_review(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
    after_at: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Complainant>, Error> {
    let people = sqlx::query_as!(
        Complainant,
        r#"select profile_id as "profile_id: ProfileId", review_until as "at!" from standing
           where brand_id = $1 and review_until > $2
             and ($3::timestamptz is null or (review_until, profile_id) > ($3, $4::uuid))
           order by review_until, profile_id limit $5"#,
        brand_id.uuid(),
        now,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

async fn list_made_good(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after_at: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Complainant>, Error> {
    let people = sqlx::query_as!(
        Complainant,
        r#"select profile_id as "profile_id: ProfileId", made_good_at as "at!" from standing
           where brand_id = $1 and made_good_at is not null
             and ($2::timestamptz is null or made_good_at < $2
                  or (made_good_at = $2 and profile_id > $3))
           order by made_good_at desc, profile_id limit $4"#,
        brand_id.uuid(),
        after_at,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// How many people have a complaint that waits, and how many a person should look at.
pub async fn count_complainants(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
) -> Result<(i64, i64), Error> {
    let row = sqlx::query!(
        r#"select (select count(*) from standing
                   where brand_id = $1 and dispute_opened_at is not null) as "open!",
                  (select count(*) from standing
                   where brand_id = $1 and review_until > $2) as "review!""#,
        brand_id.uuid(),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.open, row.review))
}

/// The properties of these messages.
pub async fn list_properties(
    conn: &mut PgConnection,
    brand_id: BrandId,
    message_ids: &[String],
) -> Result<HashMap<String, Value>, Error> {
    let rows = sqlx::query!(
        r#"select message_id, payload -> 'properties' as properties from event
           where brand_id = $1 and message_id = any($2)"#,
        brand_id.uuid(),
        message_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.message_id, row.properties.unwrap_or(Value::Null)))
        .collect())
}
