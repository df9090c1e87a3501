//! Discovery and keys: what anybody may know about us.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use super::refusal::Refusal;
use crate::app::SharedApp;
use crate::oidc::discovery;

/// Five minutes, far less than a new key waits before it signs.
const CACHED: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

pub(super) async fn document(State(app): State<SharedApp>) -> impl IntoResponse {
    (CACHED, Json(discovery::document(app.config.issuer())))
}

pub(super) async fn jwks(State(app): State<SharedApp>) -> Result<impl IntoResponse, Refusal> {
    let keys = app.keyring.keys(&app.pool, app.clock.now()).await?;
    Ok((CACHED, Json(keys.public().to_jwks())))
}
