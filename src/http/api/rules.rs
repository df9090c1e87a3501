//! `/api/v1/rules`: the rules in force, publishing others, and taking a version back.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Caller;
use super::caller::{RulesRead, RulesWrite};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::http::problem::{FieldError, Problem};
use crate::postgres;
use crate::projection::preview::PreviewMode;
use crate::projection::ruleset::{Applies, Publication, PublishError};
use crate::stage::ruleset::{Fault, LoadError};

/// `GET /api/v1/rules`: the version in force with its document, every version there was, and how
/// far the last change has been carried out.
pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<RulesRead>,
) -> Result<Json<Value>, Problem> {
    let brand_id = caller.brand_id;
    let in_force = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        app.projector.rules_in_force(&mut conn, brand_id).await?
    };
    let versions = app.projector.list_versions(brand_id).await?;
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            json!({
                "version": version.version,
                "note": version.note,
                "published_at": version.published_at,
                "origin": version.origin,
                "effective_from": version.effective_from,
                "taken_back_at": version.withdrawn_at,
            })
        })
        .collect();
    Ok(Json(json!({
        "rule_set": { "id": in_force.rule_set_id, "version": in_force.version },
        "document": in_force.rules.set(),
        "versions": versions,
        "carried_out": app.projector.publish_progress(brand_id).await?,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    document: Document,
    mode: PreviewMode,
    note: String,
    base_version: i32,
    effective_from: Option<DateTime<Utc>>,
}

/// A rule set as JSON, or as text that holds YAML or JSON.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Document {
    Text(String),
    Json(serde_json::Map<String, Value>),
}

impl Document {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Json(map) => Value::Object(map).to_string(),
        }
    }
}

/// `POST /api/v1/rules/publish`: from now on, from `effective_from` on, or for all history.
pub(super) async fn publish(
    State(app): State<SharedApp>,
    caller: Caller<RulesWrite>,
    body: Result<Json<NewVersion>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Json(new) = body.map_err(|error| unreadable(&error))?;
    let applies = match (new.mode, new.effective_from) {
        (PreviewMode::History, None) => Applies::History,
        (PreviewMode::FromNowOn, None) => Applies::Forward,
        (PreviewMode::FromNowOn, Some(from)) => Applies::ForwardFrom(from),
        (PreviewMode::History, Some(_)) => {
            let detail = "rules that apply to history have no date to begin at";
            return Err(faulty("/effective_from", "not_with_history", detail));
        }
    };
    let publication = Publication {
        document: &new.document.into_text(),
        base_version: new.base_version,
        applies,
        note: &new.note,
        by: Actor::Key(caller.key_id),
    };
    let version = app.projector.publish(caller.brand_id, publication).await?;
    Ok((StatusCode::CREATED, Json(json!({ "version": version }))))
}

/// `POST /api/v1/rules/{version}/take-back`.
pub(super) async fn take_back(
    State(app): State<SharedApp>,
    caller: Caller<RulesWrite>,
    Path(version): Path<String>,
) -> Result<Json<Value>, Problem> {
    let version: i32 = version
        .parse()
        .map_err(|_| Problem::not_found("version of the rules"))?;
    let by = Actor::Key(caller.key_id);
    app.projector
        .take_back(caller.brand_id, version, by)
        .await?;
    Ok(Json(json!({ "taken_back": version })))
}

/// A body that is no JSON, or not of the asked form.
pub(super) fn unreadable(error: &JsonRejection) -> Problem {
    Problem::new(error.status(), "invalid_body", error.body_text())
}

/// A fault of one part of the body.
pub(super) fn faulty(pointer: &str, code: &'static str, detail: &str) -> Problem {
    let mut problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid_body",
        "a part of the request cannot be used; errors says which",
    );
    problem.errors.push(FieldError {
        pointer: pointer.to_owned(),
        code,
        detail: detail.to_owned(),
    });
    problem
}

/// A document that is no usable rule set, fault by fault.
pub(super) fn unusable(error: &LoadError) -> Problem {
    let mut problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid_rules",
        error.to_string(),
    );
    if let LoadError::Invalid(faults) = error {
        problem.errors = faults.iter().map(in_document).collect();
    }
    problem
}

fn in_document(fault: &Fault) -> FieldError {
    // `signals[3].cases[0]` is `/document/signals/3/cases/0`.
    let path = fault.path.replace(['.', '['], "/").replace(']', "");
    FieldError {
        pointer: format!("/document/{path}"),
        code: "invalid_rule",
        detail: format!("{}; {}", fault.problem, fault.mend),
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Projection(error) => error.into(),
            PublishError::Unusable(error) => unusable(&error),
            PublishError::Stale { .. } => Self::new(
                StatusCode::CONFLICT,
                "stale_base_version",
                error.to_string(),
            ),
            PublishError::FirstVersion | PublishError::TakenBack(_) => {
                Self::new(StatusCode::CONFLICT, "not_taken_back", error.to_string())
            }
            PublishError::NoSuchVersion(_) => Self::not_found("version of the rules"),
            PublishError::NoNote | PublishError::LongNote => {
                faulty("/note", "unusable_note", &error.to_string())
            }
            PublishError::LongDraft => faulty("/document", "too_long", &error.to_string()),
            PublishError::InThePast => faulty("/effective_from", "in_the_past", &error.to_string()),
        }
    }
}
