//! A form that an application sends, and the application that proved it is itself.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::app::App;
use crate::application::Application;
use crate::http::signed_in::find_client;
use crate::oidc::client::{self, Credentials, INVALID_CLIENT};
use crate::oidc::{Fault, Params};
use crate::postgres;

/// Reads the form and finds the application whose credentials came with it.
pub(super) async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(Params, Application), Refusal> {
    let form = read_form(headers, body)?;
    let authorization = match headers.get(header::AUTHORIZATION) {
        Some(value) => Some(value.to_str().map_err(|_| INVALID_CLIENT)?),
        None => None,
    };
    let credentials = client::credentials(authorization, &form)?;
    let application = prove(app, &credentials).await?;
    Ok((form, application))
}

/// Whether what is sent is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    kind.trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn read_form(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Params, Fault> {
    if !is_form(headers) {
        return Err(Fault::invalid_request("send a form"));
    }
    let body = body.map_err(|_| Fault::invalid_request("the body cannot be read"))?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Fault::invalid_request("the form is not plain text"))?;
    Ok(Params::parse(text))
}

/// The application that the credentials are of. An unknown one and a wrong secret are refused alike.
async fn prove(app: &App, credentials: &Credentials) -> Result<Application, Refusal> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = find_client(&mut conn, &credentials.client_id).await?;
    match found {
        Some((_, application)) if client::proves(&application, credentials) => Ok(application),
        Some(_) | None => Err(INVALID_CLIENT.into()),
    }
}
