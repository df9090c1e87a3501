//! SQL of standings and transitions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::history::{self, Folded, LiveTransition};
use crate::kernel::id::{BrandId, ProfileId, RuleSetId, TransitionId};
use crate::postgres::{Error, PgConnection};
use crate::stage::State;

/// A standing as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredStanding {
    pub(super) profile_id: ProfileId,
    pub(super) stage: i16,
    pub(super) state: StoredState,
    pub(super) folded_time: Option<DateTime<Utc>>,
    pub(super) folded_message_id: Option<String>,
    pub(super) events_folded: i64,
    pub(super) known_since: Option<DateTime<Utc>>,
}

/// A state as it was found.
#[derive(Clone, Debug)]
pub(super) struct StoredState {
    text: String,
    state: Option<State>,
}

impl From<String> for StoredState {
    fn from(text: String) -> Self {
        let state = serde_json::from_str(&text).ok();
        Self { text, state }
    }
}

impl StoredState {
    /// The state; none if it cannot be read.
    pub(super) fn read(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The [`State::lineage`], which even a state that cannot be read may tell.
    pub(super) fn lineage(&self) -> Option<u64> {
        match &self.state {
            Some(state) => Some(state.lineage()),
            None => State::lineage_in(&self.shown()),
        }
    }

    /// What is stored, whether it can be read or not.
    pub(super) fn shown(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// The standings of these profiles.
pub(super) async fn list_standings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Vec<StoredStanding>, Error> {
    let standings = sqlx::query_as!(
        StoredStanding,
        // By person: left to choose, the server reads all of a brand that it has not counted yet.
        r#"select w.profile_id as "profile_id!: ProfileId", s.stage as "stage!",
                  s.state::text as "state!", s.folded_time, s.folded_message_id,
                  s.events_folded as "events_folded!", s.known_since
           from unnest($2::uuid[]) as w(profile_id) cross join lateral (
               select * from standing
               where brand_id = $1 and profile_id = w.profile_id offset 0) s"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(standings)
}

/// The transitions of these profiles that are believed at present, each person's in order.
pub(super) async fn list_live_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<HashMap<ProfileId, Vec<LiveTransition>>, Error> {
    let rows = sqlx::query!(
        // By person, each by the index of their own. Said in a way that the indexes of what is
        // believed at present do not answer: where the server has not counted the table yet it
        // takes those for cheaper, and reads all of the brand for each person.
        r#"select w.profile_id as "profile_id!: ProfileId",
                  t.transition_id as "transition_id!: TransitionId",
                  t.from_stage as "from_stage!", t.to_stage as "to_stage!",
                  t.effective_at as "effective_at!", t.evidence as "evidence!"
           from unnest($2::uuid[]) as w(profile_id) cross join lateral (
               select * from transition t
               where t.brand_id = $1 and t.profile_id = w.profile_id
                 and coalesce(t.superseded_at, 'infinity') = 'infinity'
               offset 0) t
           order by t.effective_at, t.transition_id"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    let mut believed: HashMap<ProfileId, Vec<LiveTransition>> = HashMap::new();
    for row in rows {
        believed
            .entry(row.profile_id)
            .or_default()
            .push(LiveTransition {
                transition_id: row.transition_id,
                from_stage: row.from_stage,
                to_stage: row.to_stage,
                effective_at: row.effective_at,
                evidence: row.evidence,
            });
    }
    for moves in believed.values_mut() {
        history::put_in_chain(moves);
    }
    Ok(believed)
}

/// Claims profiles of any brand whose time has come and for which nothing else waits.
pub(super) async fn claim_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(BrandId, ProfileId)>, Error> {
    let rows = sqlx::query!(
        r#"select s.brand_id as "brand_id: BrandId", s.profile_id as "profile_id: ProfileId"
           from standing s
           where s.review_at <= $1
             and not exists (select 1 from projection_queue q
                             where q.brand_id = s.brand_id and q.profile_id = s.profile_id
                               and q.parked_at is null)
           order by s.review_at limit $2
           for update of s skip locked"#,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.brand_id, row.profile_id))
        .collect())
}

/// Takes a profile out of the sweep, because it fails.
pub(super) async fn clear_review(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<(), Error> {
    sqlx::query!(
        "update standing set review_at = null where brand_id = $1 and profile_id = $2",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes standings, new or changed.
pub(super) async fn upsert_standings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    rule_set_id: RuleSetId,
    folded: &[Folded],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut columns = Columns::default();
    for profile in folded {
        columns.push(profile);
    }
    sqlx::query!(
        "insert into standing
            (brand_id, rule_set_id, updated_at, profile_id, stage, stage_since, state, folded_time,
             folded_message_id, events_folded, review_at, strained, estranged, trend, known_since,
             disputes_open, dispute_opened_at, dispute_due, review_until, made_good_at)
         select $1, $2, $3, w.profile_id, w.stage, w.stage_since, w.state::jsonb, w.folded_time,
                w.folded_message_id, w.events_folded, w.review_at, w.strained, w.estranged, w.trend,
                w.known_since, w.disputes_open, w.dispute_opened_at, w.dispute_due, w.review_until,
                w.made_good_at
         from unnest($4::uuid[], $5::smallint[], $6::timestamptz[], $7::text[], $8::timestamptz[],
                     $9::text[], $10::bigint[], $11::timestamptz[], $12::bool[], $13::bool[],
                     $14::smallint[], $15::timestamptz[], $16::smallint[], $17::timestamptz[],
                     $18::timestamptz[], $19::timestamptz[], $20::timestamptz[])
              as w(profile_id, stage, stage_since, state, folded_time, folded_message_id,
                   events_folded, review_at, strained, estranged, trend, known_since, disputes_open,
                   dispute_opened_at, dispute_due, review_until, made_good_at)
         on conflict on constraint standing_pkey do update set
             rule_set_id = excluded.rule_set_id, stage = excluded.stage,
             stage_since = excluded.stage_since, state = excluded.state,
             folded_time = excluded.folded_time, folded_message_id = excluded.folded_message_id,
             events_folded = excluded.events_folded,
             -- A day that only moves away is left where it is, in its index: the sweep then finds
             -- nothing to do, once, and notes the day that it has become.
             review_at = case when standing.review_at > $3 + interval '1 day'
                                   and standing.review_at <= excluded.review_at
                              then standing.review_at else excluded.review_at end,
             strained = excluded.strained, estranged = excluded.estranged, trend = excluded.trend,
             updated_at = excluded.updated_at, known_since = excluded.known_since,
             disputes_open = excluded.disputes_open,
             dispute_opened_at = excluded.dispute_opened_at, dispute_due = excluded.dispute_due,
             review_until = excluded.review_until, made_good_at = excluded.made_good_at",
        brand_id.uuid(),
        rule_set_id.uuid(),
        now,
        &columns.profile_id,
        &columns.stage,
        &columns.stage_since,
        &columns.state as &[&str],
        &columns.folded_time as &[Option<DateTime<Utc>>],
        &columns.folded_message_id as &[Option<&str>],
        &columns.events_folded,
        &columns.review_at as &[Option<DateTime<Utc>>],
        &columns.strained,
        &columns.estranged,
        &columns.trend,
        &columns.known_since as &[Option<DateTime<Utc>>],
        &columns.disputes_open,
        &columns.dispute_opened_at as &[Option<DateTime<Utc>>],
        &columns.dispute_due as &[Option<DateTime<Utc>>],
        &columns.review_until as &[Option<DateTime<Utc>>],
        &columns.made_good_at as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Standings as columns, for `unnest`.
#[derive(Default)]
struct Columns<'f> {
    profile_id: Vec<Uuid>,
    stage: Vec<i16>,
    stage_since: Vec<DateTime<Utc>>,
    state: Vec<&'f str>,
    folded_time: Vec<Option<DateTime<Utc>>>,
    folded_message_id: Vec<Option<&'f str>>,
    events_folded: Vec<i64>,
    review_at: Vec<Option<DateTime<Utc>>>,
    strained: Vec<bool>,
    estranged: Vec<bool>,
    trend: Vec<i16>,
    known_since: Vec<Option<DateTime<Utc>>>,
    disputes_open: Vec<i16>,
    dispute_opened_at: Vec<Option<DateTime<Utc>>>,
    dispute_due: Vec<Option<DateTime<Utc>>>,
    review_until: Vec<Option<DateTime<Utc>>>,
    made_good_at: Vec<Option<DateTime<Utc>>>,
}

impl<'f> Columns<'f> {
    fn push(&mut self, profile: &'f Folded) {
        let standing = &profile.standing;
        self.profile_id.push(profile.profile_id.uuid());
        self.stage.push(i16::from(standing.stage.rank()));
        self.stage_since.push(profile.stage_since);
        self.state.push(&profile.state);
        self.folded_time
            .push(profile.last.as_ref().map(|last| last.0));
        self.folded_message_id
            .push(profile.last.as_ref().map(|last| last.1.as_str()));
        self.events_folded.push(profile.total);
        self.review_at.push(profile.review_at);
        self.strained.push(standing.strained);
        self.estranged.push(standing.estranged);
        self.trend.push(history::trend_number(standing.trend));
        self.known_since.push(profile.known_since);
        let complaints = &profile.complaints;
        self.disputes_open.push(complaints.open);
        self.dispute_opened_at.push(complaints.opened_at);
        self.dispute_due.push(complaints.due);
        self.review_until.push(complaints.review_until);
        self.made_good_at.push(complaints.made_good_at);
    }
}

/// Removes standings: of profiles that are no longer people of their own.
pub(super) async fn delete_standings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from standing where brand_id = $1 and profile_id = any($2)",
        brand_id.uuid(),
        profile_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A transition to write.
pub(super) struct NewTransition {
    pub(super) transition_id: TransitionId,
    /// The version that held when it took effect.
    pub(super) rule_set_id: RuleSetId,
    pub(super) profile_id: ProfileId,
    pub(super) transition: crate::stage::Transition,
}

/// Writes transitions, each under the version that caused it.
pub(super) async fn insert_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: &[NewTransition],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = new.iter().map(|row| row.transition_id.uuid()).collect();
    let rule_sets: Vec<Uuid> = new.iter().map(|row| row.rule_set_id.uuid()).collect();
    let profiles: Vec<Uuid> = new.iter().map(|row| row.profile_id.uuid()).collect();
    let rank = |stage: crate::stage::Stage| i16::from(stage.rank());
    let from: Vec<i16> = new.iter().map(|row| rank(row.transition.from)).collect();
    let to: Vec<i16> = new.iter().map(|row| rank(row.transition.to)).collect();
    let rules: Vec<String> = new.iter().map(|row| row.transition.rule.clone()).collect();
    let causes: Vec<Option<String>> = new
        .iter()
        .map(|row| history::cause_message_id(&row.transition).map(str::to_owned))
        .collect();
    let evidence: Vec<String> = new
        .iter()
        .map(|row| history::evidence(&row.transition))
        .collect();
    let effective: Vec<DateTime<Utc>> = new.iter().map(|row| row.transition.effective_at).collect();
    sqlx::query!(
        "insert into transition
            (brand_id, recorded_at, rule_set_id, transition_id, profile_id, from_stage, to_stage,
             rule, cause_message_id, evidence, effective_at)
         select $1, $2, w.rule_set_id, w.transition_id, w.profile_id, w.from_stage, w.to_stage,
                w.rule, w.cause_message_id, w.evidence::jsonb, w.effective_at
         from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::smallint[], $7::smallint[], $8::text[],
                     $9::text[], $10::text[], $11::timestamptz[])
              as w(rule_set_id, transition_id, profile_id, from_stage, to_stage, rule,
                   cause_message_id, evidence, effective_at)",
        brand_id.uuid(),
        now,
        &rule_sets,
        &ids,
        &profiles,
        &from,
        &to,
        &rules,
        &causes as &[Option<String>],
        &evidence,
        &effective,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks transitions as no longer believed; the rows stay.
pub(super) async fn supersede_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    transition_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update transition set superseded_at = $3
         where brand_id = $1 and transition_id = any($2) and superseded_at is null",
        brand_id.uuid(),
        transition_ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks every transition of these profiles as no longer believed.
pub(super) async fn supersede_all(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update transition set superseded_at = $3
         where brand_id = $1 and profile_id = any($2) and superseded_at is null",
        brand_id.uuid(),
        profile_ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A transition as its readers see it.
#[derive(Clone, Debug)]
pub struct RecordedTransition {
    /// Its id.
    pub transition_id: TransitionId,
    /// The stage left, 0 to 3.
    pub from_stage: i16,
    /// The stage entered, 0 to 3.
    pub to_stage: i16,
    /// The rule that moved it.
    pub rule: String,
    /// What the rule saw.
    pub evidence: Value,
    /// When it took effect.
    pub effective_at: DateTime<Utc>,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
    /// When it ceased to be believed.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// A profile's transitions, latest first, from before the given place: all that were ever recorded,
/// or only those believed at present.
pub async fn list_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    with_superseded: bool,
    before: Option<(DateTime<Utc>, TransitionId)>,
    limit: i64,
) -> Result<Vec<RecordedTransition>, Error> {
    let (before_at, before_id) = before.unzip();
    let transitions = sqlx::query_as!(
        RecordedTransition,
        r#"select transition_id as "transition_id: TransitionId", from_stage, to_stage, rule,
                  evidence, effective_at, recorded_at, superseded_at
           from transition
           where brand_id = $1 and profile_id = $2 and ($3 or superseded_at is null)
             and ($4::timestamptz is null or (effective_at, transition_id) < ($4, $5::uuid))
           order by effective_at desc, transition_id desc limit $6"#,
        brand_id.uuid(),
        profile_id.uuid(),
        with_superseded,
        before_at,
        before_id.map(TransitionId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(transitions)
}
