//! SQL of one life: events and moves in one line.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// A place in a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelinePosition {
    at: DateTime<Utc>,
    place: String,
}

/// Something on a timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The stage the customer was at once it had happened, 0 to 3.
    pub stage: i16,
    /// What happened.
    pub happening: Happening,
    place: String,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An event.
    Event {
        /// The sender's id of it.
        message_id: String,
        /// `track`, `identify`, `page`, …
        kind: String,
        /// Its name; its kind where it has none.
        name: String,
        /// Whether a holder of a secret key, or Befriend itself, said it.
        trusted: bool,
        /// As sent: `properties`, `traits`, `context`, ids.
        payload: Value,
        /// Warnings that intake put on it.
        flags: Vec<String>,
    },
    /// A move from one stage to another.
    Move {
        /// The stage left, 0 to 3.
        from_stage: i16,
        /// The stage entered, 0 to 3.
        to_stage: i16,
        /// The rule that moved them.
        rule: String,
        /// The [`crate::stage::Transition`], for its explanation.
        evidence: Value,
        /// When it became known.
        recorded_at: DateTime<Utc>,
        /// The number of the rule-set version that made it.
        version: i32,
    },
}

impl TimelineEntry {
    /// The place from which an older page goes on.
    pub fn position(&self) -> TimelinePosition {
        TimelinePosition {
            at: self.at,
            place: self.place.clone(),
        }
    }
}

/// A row of the union: an event, or a move where `rule` is set.
struct Row {
    at: DateTime<Utc>,
    place: String,
    message_id: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    trusted: Option<bool>,
    payload: Value,
    flags: Option<Vec<String>>,
    from_stage: Option<i16>,
    to_stage: Option<i16>,
    rule: Option<String>,
    recorded_at: Option<DateTime<Utc>>,
    version: Option<i32>,
    stage: Option<i16>,
}

/// A customer's events, those of profiles merged into theirs included, and their moves: latest
/// first, before the given place. A move stands after the event that caused it, so before it here.
pub async fn list_timeline(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    before: Option<&TimelinePosition>,
    limit: i64,
) -> Result<Vec<TimelineEntry>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"with member as (
               select profile_id from profile where brand_id = $1 and profile_id = $2
               union all
               select profile_id from profile where brand_id = $1 and merged_into = $2
           ), entry as (
               select e.event_time as at, 'e' || e.message_id collate "C" as place, e.message_id,
                      e.kind, e.name, e.trusted, e.payload, e.flags,
                      null::smallint as from_stage, null::smallint as to_stage, null::text as rule,
                      null::timestamptz as recorded_at, null::integer as version
               from member m cross join lateral (
                   select * from event e
                   where e.brand_id = $1 and e.profile_id = m.profile_id
                     and e.event_time <= coalesce($3::timestamptz, 'infinity')
                     and ($3::timestamptz is null or e.event_time < $3
                          or 'e' || e.message_id collate "C" < $4)
                   order by e.event_time desc, e.message_id collate "C" desc limit $5) e
               union all
               select t.effective_at, ('t' || t.transition_id) collate "C", null, null, null, null,
                      t.evidence, null, t.from_stage, t.to_stage, t.rule, t.recorded_at, r.version
               from transition t
                    join rule_set r on r.brand_id = $1 and r.rule_set_id = t.rule_set_id
               where t.brand_id = $1 and t.profile_id = $2 and t.superseded_at is null
                 and t.effective_at <= coalesce($3::timestamptz, 'infinity')
                 and ($3::timestamptz is null or t.effective_at < $3
                      or ('t' || t.transition_id) collate "C" < $4)
           )
           select at as "at!", place as "place!", message_id, kind, name, trusted,
                  payload as "payload!", flags, from_stage, to_stage, rule, recorded_at, version,
                  (select t.to_stage from transition t
                   where t.brand_id = $1 and t.profile_id = $2 and t.superseded_at is null
                     and t.effective_at <= entry.at
                   order by t.effective_at desc, t.transition_id desc limit 1) as stage
           from entry order by at desc, place collate "C" desc limit $5"#,
        brand_id.uuid(),
        profile_id.uuid(),
        before.map(|place| place.at),
        before.map_or("", |place| place.place.as_str()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(entry).collect())
}

fn entry(row: Row) -> TimelineEntry {
    let happening = if let Some(((rule, from_stage), to_stage)) =
        row.rule.zip(row.from_stage).zip(row.to_stage)
    {
        Happening::Move {
            from_stage,
            to_stage,
            rule,
            evidence: row.payload,
            recorded_at: row.recorded_at.unwrap_or(row.at),
            version: row.version.unwrap_or_default(),
        }
    } else {
        let kind = row.kind.unwrap_or_default();
        Happening::Event {
            message_id: row.message_id.unwrap_or_default(),
            name: row
                .name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| kind.clone()),
            kind,
            trusted: row.trusted.unwrap_or_default(),
            payload: row.payload,
            flags: row.flags.unwrap_or_default(),
        }
    };
    TimelineEntry {
        at: row.at,
        stage: row.to_stage.or(row.stage).unwrap_or_default(),
        happening,
        place: row.place,
    }
}
