//! Layers, turns and rest: where somebody stands beside the four stages, and how they came there.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::caller::ProfilesRead;
use super::page::{self, Query};
use super::{Caller, customer};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::kernel::id::TransitionId;
use crate::postgres;
use crate::projection::{self, Current, RecordedLayerTransition};
use crate::stage::explain::read_layers;

/// `GET /api/v1/profiles/{id}/layers`.
pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, current) = super::standing::current(&app, caller.brand_id, &id).await?;
    let rules = &current.rules.rules;
    let mut body = beside(&current);
    body["profile_id"] = json!(id);
    body["layers"] = json!(read_layers(rules, &current.state, current.at));
    body["turns"] = json!(current.state.turns());
    body["at"] = json!(current.at);
    Ok(Json(body))
}

/// What a standing has beside the stage.
pub(super) fn beside(current: &Current) -> Value {
    let standing = &current.standing;
    let rules = &current.rules.rules;
    let (stage, layer) = rules.overall(standing);
    json!({
        "overall": {
            "stage": stage,
            "layer": layer.map(|layer| &layer.layer),
            "name": rules.overall_name(standing),
        },
        "layers": standing.layers,
        "turn": standing.turn,
        "step": standing.step,
        "dormant": standing.dormant,
        "hibernating_until": standing.hibernating_until,
    })
}

/// `GET /api/v1/profiles/{id}/layer-transitions`, latest first. `superseded=true` lists also what is
/// believed no longer.
pub(super) async fn list(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["superseded"])?;
    let limit = query.limit()?;
    let before = query.cursor::<(DateTime<Utc>, TransitionId)>()?;
    let with_superseded = query.flag("superseded")?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, caller.brand_id, &id).await?;
    let rows = projection::list_layer_transitions(
        &mut conn,
        caller.brand_id,
        customer.profile.profile_id,
        with_superseded,
        before,
        limit + 1,
    )
    .await?;
    let position = |row: &RecordedLayerTransition| (row.effective_at, row.transition_id);
    Ok(page::answer(
        &uri,
        "layer_transitions",
        rows,
        limit,
        (position, in_json),
    ))
}

fn in_json(row: &RecordedLayerTransition) -> Value {
    let evidence = &row.evidence;
    json!({
        "id": row.transition_id,
        "layer": row.layer,
        "kind": row.kind,
        "from": evidence["from"],
        "to": evidence["to"],
        "stage": evidence["stage"],
        "rule": evidence["rule"],
        "cause": evidence["cause"],
        "figures": evidence["figures"],
        "acts": evidence["acts"],
        "points": evidence["points"],
        "trust": evidence["trust"],
        "effective_at": row.effective_at,
        "recorded_at": row.recorded_at,
        "superseded_at": row.superseded_at,
        // What was done about it (an invitation that was sent) is not undone.
        "taken_on_the_knowledge_of": row.superseded_at.map(|_| row.recorded_at),
    })
}
