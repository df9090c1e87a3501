//! `/api/v1/rules/preview`: what a draft would make of everybody. Asked for by one request, read by
//! others.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Caller;
use super::caller::{RulesRead, RulesWrite};
use super::rules::{Document, faulty, unreadable, unusable};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::kernel::id::PreviewId;
use crate::projection::preview::{HORIZON_DAYS_MAX, PreviewMode, PreviewRequest, StoredPreview};
use crate::stage::ruleset::LoadError;
use crate::stage::simulate::HORIZON_DAYS;
use crate::stage::{RuleSet, Rules};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    document: Document,
    mode: PreviewMode,
    at: Option<DateTime<Utc>>,
    horizon_days: Option<u16>,
}

/// `POST /api/v1/rules/preview`: starts one and says where to read it.
pub(super) async fn start(
    State(app): State<SharedApp>,
    caller: Caller<RulesWrite>,
    body: Result<Json<Asked>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(asked) = body.map_err(|error| unreadable(&error))?;
    let horizon_days = asked.horizon_days.unwrap_or(HORIZON_DAYS);
    if !(1..=HORIZON_DAYS_MAX).contains(&horizon_days) {
        let detail = format!("a whole number from 1 to {HORIZON_DAYS_MAX}");
        return Err(faulty("/horizon_days", "out_of_range", &detail));
    }
    if asked.at.is_some_and(|at| at > app.clock.now()) {
        let detail = "what happens until then is not known";
        return Err(faulty("/at", "in_the_future", detail));
    }
    // JSON is YAML too.
    let rules = RuleSet::from_yaml(&asked.document.into_text())
        .and_then(|set| Rules::new(set).map_err(LoadError::Invalid))
        .map_err(|error| unusable(&error))?;
    let request = PreviewRequest {
        at: asked.at,
        horizon_days,
        ..PreviewRequest::new(Arc::new(rules), asked.mode)
    };
    let brand_id = caller.brand_id;
    let id = app.projector.start_preview(brand_id, request).await?;
    let started = found(app.projector.find_preview(brand_id, id).await?)?;
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/rules/preview/{id}")) {
        headers.insert(header::LOCATION, place);
    }
    Ok((StatusCode::ACCEPTED, headers, started).into_response())
}

/// `GET /api/v1/rules/preview`: the one started last.
pub(super) async fn latest(
    State(app): State<SharedApp>,
    caller: Caller<RulesRead>,
) -> Result<Json<StoredPreview>, Problem> {
    found(app.projector.latest_preview(caller.brand_id).await?)
}

/// `GET /api/v1/rules/preview/{id}`.
pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<RulesRead>,
    Path(id): Path<String>,
) -> Result<Json<StoredPreview>, Problem> {
    let id: PreviewId = id.parse().map_err(|_| Problem::not_found("preview"))?;
    found(app.projector.find_preview(caller.brand_id, id).await?)
}

fn found(preview: Option<StoredPreview>) -> Result<Json<StoredPreview>, Problem> {
    preview
        .map(Json)
        .ok_or_else(|| Problem::not_found("preview"))
}
