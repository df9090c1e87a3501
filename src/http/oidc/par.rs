//! The pushed authorization request endpoint (RFC 9126).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::client_form;
use super::refusal::Refusal;
use crate::app::SharedApp;
use crate::oidc::authorize::{self, Channel};
use crate::oidc::{Fault, par};
use crate::postgres;

/// Keeps a right request of an application that proved itself, and answers with a reference to it.
/// A wrong one is refused here and now, as the browser would be later (§2.3).
pub(super) async fn push(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (form, application) = client_form::read(&app, &headers, body).await?;
    let params = par::request_of(form)?;
    authorize::check(&params, &application, Channel::Pushed).map_err(fault)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let made = (app.clock.now(), &app.entropy);
    let pushed = par::push(&mut conn, &application, &params, made).await?;
    let body = json!({ "request_uri": pushed.request_uri, "expires_in": pushed.expires_in });
    Ok((StatusCode::CREATED, Json(body)))
}

fn fault(refusal: authorize::Refusal) -> Fault {
    match refusal {
        authorize::Refusal::Page(_) => {
            Fault::invalid_request("the redirect_uri is not one of this application")
        }
        authorize::Refusal::Redirect(answer) => answer.fault,
    }
}
