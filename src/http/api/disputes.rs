//! `GET /api/v1/disputes?status=`: customers who complain, whoever has waited longest first.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};

use super::Caller;
use super::caller::DisputesRead;
use super::page::{self, Query};
use crate::app::SharedApp;
use crate::http::complaints::{self, Case};
use crate::http::problem::Problem;
use crate::insight::{ComplaintKind, ComplaintPosition};
use crate::postgres;
use crate::stage::Dispute;

pub(super) async fn list(
    State(app): State<SharedApp>,
    caller: Caller<DisputesRead>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["status"])?;
    let limit = query.limit()?;
    let after = query.cursor::<ComplaintPosition>()?;
    let kind = match query.value("status") {
        None | Some("open") => ComplaintKind::Open,
        Some("needs_review") => ComplaintKind::Review,
        Some("made_good") => ComplaintKind::MadeGood,
        Some(_) => {
            let known = "open, needs_review or made_good";
            return Err(page::fault("status", "unknown_status", known));
        }
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (cases, properties) =
        complaints::list(&app, &mut conn, caller.brand_id, kind, after, limit).await?;
    let position = |case: &Case| case.listed.position();
    let shown = |case: &Case| in_json(case, &properties);
    Ok(page::answer(
        &uri,
        "customers",
        cases,
        limit,
        (position, shown),
    ))
}

fn in_json(case: &Case, properties: &HashMap<String, Value>) -> Value {
    let standing = &case.current.standing;
    json!({
        "profile_id": case.listed.profile_id,
        "stage": standing.stage,
        "strained": standing.strained,
        "second_chance": standing.second_chance,
        "needs_review": standing.needs_review,
        "needs_review_until": case.current.state.needs_review_until(&case.current.rules.rules),
        "disputes": case
            .disputes
            .iter()
            .map(|dispute| dispute_in_json(dispute, properties.get(&dispute.message_id)))
            .collect::<Vec<_>>(),
    })
}

fn dispute_in_json(dispute: &Dispute, properties: Option<&Value>) -> Value {
    let mut shown = json!(dispute);
    let said = |name: &str| properties.and_then(|all| all.get(name)).cloned();
    shown["dispute_id"] = json!(said("dispute_id"));
    shown["channel"] = json!(said("channel"));
    shown["about"] = json!(properties.and_then(complaints::subject));
    shown
}
