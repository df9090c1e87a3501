//! SQL that loads one person's life for an explanation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::event_store::StoredEvent;
use super::standing_store::RecordedTransition;
use crate::kernel::id::{BrandId, ProfileId, RuleSetId, TransitionId};
use crate::postgres::{Error, PgConnection};

/// The latest events of these profiles, latest first.
pub(super) async fn list_latest_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    limit: i64,
) -> Result<Vec<StoredEvent>, Error> {
    let events = sqlx::query_as!(
        StoredEvent,
        r#"select e.profile_id as "profile_id!: ProfileId", e.message_id as "message_id!",
                  case when e.kind = 'track' then e.name else '' end as "name!",
                  e.trusted as "trusted!", e.identifies as "identifies!",
                  e.event_time as "at!: DateTime<Utc>", e.payload -> 'properties' as properties
           from unnest($2::uuid[]) as w(profile_id) cross join lateral (
               select * from event e
               where e.brand_id = $1 and e.profile_id = w.profile_id
               order by e.event_time desc, e.message_id collate "C" desc limit $3) e
           order by e.event_time desc, e.message_id collate "C" desc limit $3"#,
        brand_id.uuid(),
        profile_ids,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// One move of a profile, with the version of the rules that made it.
pub(super) async fn find_move(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    transition_id: TransitionId,
) -> Result<Option<(RecordedTransition, RuleSetId, i32)>, Error> {
    let row = sqlx::query!(
        r#"select t.transition_id as "transition_id: TransitionId", t.from_stage, t.to_stage, t.rule,
                  t.evidence, t.effective_at, t.recorded_at, t.superseded_at,
                  t.rule_set_id as "rule_set_id: RuleSetId", r.version
           from transition t
                join rule_set r on r.brand_id = $1 and r.rule_set_id = t.rule_set_id
           where t.brand_id = $1 and t.profile_id = $2 and t.transition_id = $3"#,
        brand_id.uuid(),
        profile_id.uuid(),
        transition_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let recorded = RecordedTransition {
            transition_id: row.transition_id,
            from_stage: row.from_stage,
            to_stage: row.to_stage,
            rule: row.rule,
            evidence: row.evidence,
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            superseded_at: row.superseded_at,
        };
        (recorded, row.rule_set_id, row.version)
    }))
}
