//! Where somebody stands, why, and how they came there.

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
use crate::kernel::id::{BrandId, ProfileId, TransitionId};
use crate::postgres;
use crate::projection::{self, Current, RecordedTransition};
use crate::stage::{self, Explanation, Stage};

/// `GET /api/v1/profiles/{id}/standing`.
pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, current) = current(&app, caller.brand_id, &id).await?;
    Ok(Json(told(id, &current)))
}

/// Where somebody stands, as the API tells it.
pub(super) fn told(id: ProfileId, current: &Current) -> Value {
    let explanation = explained(current);
    let standing = &current.standing;
    let mut body = json!({
        "profile_id": id,
        "stage": standing.stage,
        "stage_name": explanation.stage_name,
        "since": standing.since,
        "known_since": current.known_since,
        "scores": standing.scores,
        "trend": standing.trend,
        "strained": standing.strained,
        "second_chance": standing.second_chance,
        "needs_review": standing.needs_review,
        "estranged": standing.estranged,
        "cycle": standing.cycle,
        "last_act": standing.last_act,
        "next": explanation.next,
        "review_at": current.review_at,
        "rule_set": { "id": current.rules.rule_set_id, "version": current.rules.version },
        "at": current.at,
    });
    // The stage is the base's; what lies beyond it stands beside it.
    if let (Value::Object(body), Value::Object(beside)) =
        (&mut body, super::layers::beside(current))
    {
        body.extend(beside);
    }
    body
}

/// `GET /api/v1/profiles/{id}/transitions`, latest first. `superseded=true` lists also what is
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
    let rows = projection::list_transitions(
        &mut conn,
        caller.brand_id,
        customer.profile.profile_id,
        with_superseded,
        before,
        limit + 1,
    )
    .await?;
    let position = |row: &RecordedTransition| (row.effective_at, row.transition_id);
    Ok(page::answer(
        &uri,
        "transitions",
        rows,
        limit,
        (position, in_json),
    ))
}

pub(super) async fn current(
    app: &SharedApp,
    brand_id: BrandId,
    id: &Path<String>,
) -> Result<(ProfileId, Current), Problem> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, brand_id, id).await?;
    let id = customer.profile.profile_id;
    let current = app.projector.current(&mut conn, brand_id, id).await?;
    Ok((id, current))
}

fn explained(current: &Current) -> Explanation {
    let rules = &current.rules.rules;
    stage::explain(rules, &current.state, current.at)
}

pub(super) fn in_json(row: &RecordedTransition) -> Value {
    let evidence = &row.evidence;
    json!({
        "id": row.transition_id,
        "from": named(row.from_stage),
        "to": named(row.to_stage),
        "rule": row.rule,
        "kind": evidence["kind"],
        "cause": evidence["cause"],
        "figures": evidence["figures"],
        "scores": evidence["scores"],
        "added": evidence["added"],
        "effective_at": row.effective_at,
        "recorded_at": row.recorded_at,
        "superseded_at": row.superseded_at,
    })
}

fn named(rank: i16) -> Option<Stage> {
    u8::try_from(rank).ok().and_then(Stage::from_rank)
}
