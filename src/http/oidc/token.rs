//! The token endpoint.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::http::problem::Problem;
use crate::http::signed_in::find_client;
use crate::oidc::client::{self, Credentials, INVALID_CLIENT};
use crate::oidc::exchange::{self, Maker, Outcome, Presented, Tokens};
use crate::oidc::{ErrorCode, Fault, Params};
use crate::postgres;

/// A code for tokens. Which of the many faults a code can have is not told: the sentence is for the
/// developer of an honest application, and the audit record has the rest.
const INVALID_GRANT: Fault = Fault::new(
    ErrorCode::InvalidGrant,
    "the code is not known, not for this client, or no longer good",
);

pub(super) async fn token(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Tokens>, Refusal> {
    let form = read_form(&headers, body)?;
    let authorization = match headers.get(header::AUTHORIZATION) {
        Some(value) => Some(value.to_str().map_err(|_| INVALID_CLIENT)?),
        None => None,
    };
    let credentials = client::credentials(authorization, &form)?;
    let application = prove(&app, &credentials).await?;
    let presented = Presented::read(&form)?;

    let now = app.clock.now();
    // Before the transaction: it may need a connection of its own.
    let keys = app.keyring.keys(&app.pool, now).await?;
    let maker = Maker {
        issuer: app.config.issuer(),
        keys: &keys,
        entropy: &app.entropy,
        now,
    };
    let outcome = postgres::tx(&app.pool, async |conn| {
        exchange::exchange(conn, &application, &presented, maker).await
    })
    .await?;
    match outcome {
        Outcome::Given(tokens) => Ok(Json(*tokens)),
        Outcome::Refused => Err(INVALID_GRANT.into()),
    }
}

fn read_form(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Params, Fault> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
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

impl From<exchange::Error> for Refusal {
    fn from(error: exchange::Error) -> Self {
        match error {
            exchange::Error::Database(error) => error.into(),
            exchange::Error::NoKey => Self::Problem(Problem::internal(&error)),
        }
    }
}
