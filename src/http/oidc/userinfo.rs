//! The userinfo endpoint.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::client_form::is_form;
use super::refusal::Refusal;
use super::standing;
use crate::app::SharedApp;
use crate::oidc::wire::{TokenKind, WireToken};
use crate::oidc::{ErrorCode, Fault, Params, store};
use crate::postgres;

const INVALID_TOKEN: Fault = Fault::new(
    ErrorCode::InvalidToken,
    "send an access token that is good, as Authorization: Bearer",
);

/// Reads the token from the header or a posted form (RFC 6750 §2.1, §2.2), never from the URL, which
/// ends up in logs (S9).
pub(super) async fn userinfo(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let text = presented(&headers, body)?;
    let token = WireToken::parse(TokenKind::Access, &text).ok_or(INVALID_TOKEN)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let person =
        store::find_person_by_token(&mut conn, token.brand_id, &token.secret, app.clock.now())
            .await?
            .ok_or(INVALID_TOKEN)?;
    let standing = if person.tells_stage() {
        Some(standing::find(&mut conn, &app, token.brand_id, person.profile_id).await?)
    } else {
        None
    };
    Ok(Json(person.claims(standing)))
}

/// The token, from the one place it is in.
fn presented(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<String, Fault> {
    let by_header = bearer(headers).map(str::to_owned);
    if !is_form(headers) {
        return by_header.ok_or(INVALID_TOKEN);
    }
    let body = body.map_err(|_| Fault::invalid_request("the body cannot be read"))?;
    let form = Params::parse(&String::from_utf8_lossy(&body));
    let by_form = form
        .get("access_token")
        .map_err(Fault::invalid_request)?
        .map(str::to_owned);
    match (by_header, by_form) {
        (Some(_), Some(_)) => Err(Fault::invalid_request("the token is there twice")),
        (token, None) | (None, token) => token.ok_or(INVALID_TOKEN),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
