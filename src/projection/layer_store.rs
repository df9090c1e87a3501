//! SQL of people's places in layers.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::layers::{self, Believed, LiveLayerMove};
use crate::kernel::id::{BrandId, ProfileId, RuleSetId, TransitionId};
use crate::postgres::{Error, PgConnection};
use crate::stage::LayerTransition;

/// What is believed at present of these profiles' places in layers.
pub(super) async fn list_live_layer_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
) -> Result<Believed, Error> {
    let rows = sqlx::query!(
        // By person, each by the index of their own: whatever is believed of the table's size,
        // nothing else of the brand is read.
        r#"select w.profile_id as "profile_id!: ProfileId",
                  t.transition_id as "transition_id!: TransitionId",
                  t.recorded_at as "recorded_at!", t.evidence as "evidence!"
           from unnest($2::uuid[]) as w(profile_id) cross join lateral (
               select * from layer_transition t
               where t.brand_id = $1 and t.profile_id = w.profile_id and t.superseded_at is null
               offset 0) t
           order by t.effective_at, t.place, t.transition_id"#,
        brand_id.uuid(),
        profile_ids,
    )
    .fetch_all(conn)
    .await?;
    let mut believed = Believed::new();
    for row in rows {
        let of_person = believed.entry(row.profile_id).or_default();
        of_person.push(LiveLayerMove {
            transition_id: row.transition_id,
            recorded_at: row.recorded_at,
            evidence: row.evidence,
        });
    }
    Ok(believed)
}

/// A change of somebody's place in a layer, to write.
pub(super) struct NewLayerTransition {
    pub(super) transition_id: TransitionId,
    /// The version in force when it took effect.
    pub(super) rule_set_id: RuleSetId,
    pub(super) profile_id: ProfileId,
    /// Its place among those of its instant.
    pub(super) place: i16,
    pub(super) transition: LayerTransition,
}

/// Writes changes of people's places in layers.
pub(super) async fn insert_layer_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: &[NewLayerTransition],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = new.iter().map(|row| row.transition_id.uuid()).collect();
    let rule_sets: Vec<Uuid> = new.iter().map(|row| row.rule_set_id.uuid()).collect();
    let profiles: Vec<Uuid> = new.iter().map(|row| row.profile_id.uuid()).collect();
    let layers: Vec<String> = new.iter().map(|row| row.transition.layer.clone()).collect();
    let kinds: Vec<String> = new
        .iter()
        .map(|row| row.transition.kind.slug().to_owned())
        .collect();
    let places: Vec<i16> = new.iter().map(|row| row.place).collect();
    let causes: Vec<Option<String>> = new
        .iter()
        .map(|row| layers::cause_message_id(&row.transition).map(str::to_owned))
        .collect();
    let evidence: Vec<Value> = new
        .iter()
        .map(|row| serde_json::json!(row.transition))
        .collect();
    let effective: Vec<DateTime<Utc>> = new.iter().map(|row| row.transition.effective_at).collect();
    sqlx::query!(
        "insert into layer_transition
            (brand_id, recorded_at, transition_id, rule_set_id, profile_id, layer, kind, place,
             cause_message_id, evidence, effective_at)
         select $1, $2, w.*
         from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::smallint[],
                     $9::text[], $10::jsonb[], $11::timestamptz[]) as w",
        brand_id.uuid(),
        now,
        &ids,
        &rule_sets,
        &profiles,
        &layers,
        &kinds,
        &places,
        &causes as &[Option<String>],
        &evidence,
        &effective,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks changes as no longer believed; the rows stay.
pub(super) async fn supersede_layer_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    transition_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update layer_transition set superseded_at = $3
         where brand_id = $1 and transition_id = any($2) and superseded_at is null",
        brand_id.uuid(),
        transition_ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks every change of these profiles as no longer believed.
pub(super) async fn supersede_all_layers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update layer_transition set superseded_at = $3
         where brand_id = $1 and profile_id = any($2) and superseded_at is null",
        brand_id.uuid(),
        profile_ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A change of somebody's place in a layer, as its readers see it.
#[derive(Clone, Debug)]
pub struct RecordedLayerTransition {
    /// Its id.
    pub transition_id: TransitionId,
    /// The layer's id in the rule set.
    pub layer: String,
    /// What happened: `invited`, `joined`, …
    pub kind: String,
    /// The [`LayerTransition`].
    pub evidence: Value,
    /// When it took effect.
    pub effective_at: DateTime<Utc>,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
    /// When it ceased to be believed.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// A profile's changes of place in layers, latest first, from before the given place: all that were
/// ever recorded, or only those believed at present.
pub async fn list_layer_transitions(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    with_superseded: bool,
    before: Option<(DateTime<Utc>, TransitionId)>,
    limit: i64,
) -> Result<Vec<RecordedLayerTransition>, Error> {
    let (before_at, before_id) = before.unzip();
    let transitions = sqlx::query_as!(
        RecordedLayerTransition,
        r#"select transition_id as "transition_id: TransitionId", layer, kind, evidence,
                  effective_at, recorded_at, superseded_at
           from layer_transition
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
