//! The userinfo endpoint.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::refusal::Refusal;
use crate::app::SharedApp;
use crate::oidc::wire::{TokenKind, WireToken};
use crate::oidc::{ErrorCode, Fault, store};
use crate::postgres;

const INVALID_TOKEN: Fault = Fault::new(
    ErrorCode::InvalidToken,
    "send an access token that is good, as Authorization: Bearer",
);

/// Reads the token from the header only: a URL ends up in logs (S9).
pub(super) async fn userinfo(
    State(app): State<SharedApp>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let token = bearer(&headers)
        .and_then(|text| WireToken::parse(TokenKind::Access, text))
        .ok_or(INVALID_TOKEN)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let person =
        store::find_person_by_token(&mut conn, token.brand_id, &token.secret, app.clock.now())
            .await?
            .ok_or(INVALID_TOKEN)?;
    Ok(Json(person.claims()))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
