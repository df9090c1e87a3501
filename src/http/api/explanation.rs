//! Why somebody stands where they do, at any instant, and why they moved.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::caller::ProfilesRead;
use super::page::{self, Query};
use super::{Caller, customer, standing};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::kernel::id::TransitionId;
use crate::postgres;

/// How far ahead an explanation may look.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// `GET /api/v1/profiles/{id}/explanation?at=`: at any instant, an instant to come as it will be if
/// nothing happens.
pub(super) async fn standing(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(&uri, &["at"])?;
    let now = app.clock.now();
    let at = query
        .value("at")
        .map(|text| instant(text, now))
        .transpose()?;
    let (id, life) = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let customer = customer(&mut conn, caller.brand_id, &id).await?;
        let id = customer.profile.profile_id;
        (
            id,
            app.projector.life(&mut conn, caller.brand_id, id).await?,
        )
    };
    let rules = &life.current.rules;
    let told = life
        .explain(at.unwrap_or(life.current.at))
        .map_err(|error| page::fault("at", "past_too_long", &error.to_string()))?;
    let mut body = json!(told);
    body["profile_id"] = json!(id);
    body["known_since"] = json!(life.current.known_since);
    body["basis"] = json!(life.basis());
    body["rule_set"] = json!({ "id": rules.rule_set_id, "version": rules.version });
    Ok(Json(body))
}

/// `GET /api/v1/profiles/{id}/transitions/{transition_id}`: one move, with its explanation and what
/// would have come of it otherwise.
pub(super) async fn transition(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    Path((id, transition_id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let nothing = || Problem::not_found("transition");
    let transition_id: TransitionId = transition_id.parse().map_err(|_| nothing())?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, caller.brand_id, &Path(id)).await?;
    let id = customer.profile.profile_id;
    let found = app
        .projector
        .explain_recorded_move(&mut conn, caller.brand_id, id, transition_id)
        .await?
        .ok_or_else(nothing)?;
    let mut body = standing::in_json(&found.recorded);
    body["profile_id"] = json!(id);
    body["rule_set"] = json!({ "id": found.rule_set_id, "version": found.version });
    body["explanation"] = json!(found.explanation);
    body["basis"] = json!(found.basis);
    Ok(Json(body))
}

fn instant(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_| page::fault("at", "not_an_instant", "an instant as 2026-03-03T12:00:00Z"))?
        .to_utc();
    if at > now + AHEAD {
        let detail = "at most 366 days ahead: who knows what happens until then";
        return Err(page::fault("at", "too_far_ahead", detail));
    }
    Ok(at)
}
