//! The introspection and revocation endpoints.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::client_form;
use super::refusal::Refusal;
use crate::app::SharedApp;
use crate::application::Kind;
use crate::oidc::client::INVALID_CLIENT;
use crate::oidc::{Fault, Params, inspect};
use crate::postgres;

/// Tells a server what a token is still good for (RFC 7662). A browser cannot prove itself, so it
/// is not told.
pub(super) async fn introspect(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let (form, application) = client_form::read(&app, &headers, body).await?;
    if application.kind != Kind::Server {
        return Err(INVALID_CLIENT.into());
    }
    let token = token(&form)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let about = (app.config.issuer(), app.clock.now());
    Ok(Json(
        inspect::introspect(&mut conn, &application, token, about).await?,
    ))
}

/// Takes a token back (RFC 7009). 200 whether or not there was one.
pub(super) async fn revoke(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let (form, application) = client_form::read(&app, &headers, body).await?;
    let token = token(&form)?;
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        inspect::revoke(conn, &application, token, now).await
    })
    .await?;
    Ok(StatusCode::OK)
}

fn token(form: &Params) -> Result<&str, Fault> {
    form.get("token")
        .map_err(Fault::invalid_request)?
        .ok_or(Fault::invalid_request("token is missing"))
}
