//! The endpoints that programs call.

use axum::Json;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::app::SharedApp;
use crate::federation::built_in::{Answer, basic_user};

pub(super) async fn metadata(State(app): State<SharedApp>) -> Json<Value> {
    Json(app.test_provider.metadata())
}

pub(super) async fn jwks(State(app): State<SharedApp>) -> Json<Value> {
    Json(app.test_provider.jwks())
}

pub(super) async fn token(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
    let client = authorization(&headers).and_then(basic_user);
    respond(app.test_provider.token(&form, client.as_deref()))
}

pub(super) async fn userinfo(State(app): State<SharedApp>, headers: HeaderMap) -> Response {
    respond(app.test_provider.userinfo(authorization(&headers)))
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

fn respond((status, body): Answer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, Json(body)).into_response()
}
