//! SQL of rounds: how far a brand's people have been brought up to its rules.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::round::Progress;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// A round under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) brand_id: BrandId,
    pub(super) generation: i64,
    /// The last profile looked at.
    pub(super) after: Option<ProfileId>,
}

/// How often the brand's rules have changed.
pub(super) async fn find_generation(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<i64, Error> {
    let generation = sqlx::query_scalar!(
        "select generation from rule_round where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(generation.unwrap_or(0))
}

/// Begins a round, or begins the present one again: the rules have changed.
pub(super) async fn start_round(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into rule_round (brand_id, generation, started_at) values ($1, 1, $2)
         on conflict on constraint rule_round_pkey do update set
             generation = rule_round.generation + 1, after = null, people = null, done = 0,
             started_at = excluded.started_at, finished_at = null",
        brand_id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a round of the brand has begun and not ended.
pub(super) async fn is_under_way(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<bool, Error> {
    let is_under_way = sqlx::query_scalar!(
        r#"select exists (select 1 from rule_round where brand_id = $1 and finished_at is null)
               as "is_under_way!""#,
        brand_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_under_way)
}

/// Claims the round, of any brand, that has waited longest and that nobody else is at.
pub(super) async fn claim_round(conn: &mut PgConnection) -> Result<Option<Round>, Error> {
    let round = sqlx::query_as!(
        Round,
        r#"select brand_id as "brand_id: BrandId", generation, after as "after: ProfileId"
           from rule_round where finished_at is null
           order by started_at limit 1 for update skip locked"#,
    )
    .fetch_optional(conn)
    .await?;
    Ok(round)
}

/// Notes how many people there are to look at.
pub(super) async fn update_people(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: i64,
) -> Result<(), Error> {
    sqlx::query!(
        "update rule_round set people = $2 where brand_id = $1",
        brand_id.uuid(),
        people,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that everybody up to `after` was looked at, unless the round has gone on or begun again
/// since it was claimed.
pub(super) async fn update_round(
    conn: &mut PgConnection,
    round: &Round,
    after: ProfileId,
    people: i64,
) -> Result<(), Error> {
    sqlx::query!(
        "update rule_round set after = $4, done = done + $5
         where brand_id = $1 and generation = $2 and after is not distinct from $3::uuid",
        round.brand_id.uuid(),
        round.generation,
        round.after.map(ProfileId::uuid),
        after.uuid(),
        people,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a round.
pub(super) async fn finish_round(
    conn: &mut PgConnection,
    round: &Round,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update rule_round set finished_at = $3, people = done
         where brand_id = $1 and generation = $2",
        round.brand_id.uuid(),
        round.generation,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far the brand's latest round has come.
pub(super) async fn find_progress(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Progress>, Error> {
    let row = sqlx::query!(
        "select people, done, started_at, finished_at from rule_round where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let counted = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(row.map(|row| Progress {
        people: row.people.map(counted),
        done: counted(row.done),
        started_at: row.started_at,
        finished_at: row.finished_at,
    }))
}

/// Queues profiles that another worker has in hand, so that they are looked at afterwards.
pub(super) async fn queue_profiles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into projection_queue (brand_id, profile_id, since, queued_at)
         select $1, w.profile_id, $3, $3 from unnest($2::uuid[]) as w(profile_id)",
        brand_id.uuid(),
        profile_ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
