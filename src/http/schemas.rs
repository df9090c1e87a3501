//! Schemas of documents that people write for us, for their editors and checks.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::app::SharedApp;
use crate::stage::ruleset;

/// The routes.
pub(super) fn routes() -> Router<SharedApp> {
    Router::new().route(ruleset::SCHEMA_PATH, get(rule_set))
}

/// `GET /schemas/rule-set.json`
async fn rule_set() -> Response {
    let mut response = Json(ruleset::schema()).into_response();
    let headers = response.headers_mut();
    let kind = axum::http::HeaderValue::from_static("application/schema+json");
    headers.insert(CONTENT_TYPE, kind);
    let age = axum::http::HeaderValue::from_static("public, max-age=3600");
    headers.insert(CACHE_CONTROL, age);
    response
}
