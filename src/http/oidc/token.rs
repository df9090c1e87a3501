//! The token endpoint.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;

use super::client_form;
use super::refusal::Refusal;
use super::standing;
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::oidc::grant::Grant;
use crate::oidc::issue::{Error, Maker, Outcome, Tokens};
use crate::oidc::{ErrorCode, Fault, exchange, refresh};
use crate::postgres;

/// A grant for tokens. Which of the many faults a grant can have is not told: the sentence is for the
/// developer of an honest application, and the audit record has the rest.
const INVALID_GRANT: Fault = Fault::new(
    ErrorCode::InvalidGrant,
    "the code or token is not known, not for this client, or no longer good",
);

pub(super) async fn token(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Tokens>, Refusal> {
    let (form, application) = client_form::read(&app, &headers, body).await?;
    let grant = Grant::read(&form)?;

    let now = app.clock.now();
    // Before the transaction: it may need a connection of its own.
    let keys = app.keyring.keys(&app.pool, now).await?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let standing = match grant.stage_subject(&mut conn, &application).await? {
        Some(profile_id) => {
            Some(standing::find(&mut conn, &app, application.brand_id, profile_id).await?)
        }
        None => None,
    };
    drop(conn);
    let maker = Maker {
        issuer: app.config.issuer(),
        keys: &keys,
        entropy: &app.entropy,
        standing,
        now,
    };
    let outcome = postgres::tx(&app.pool, async |conn| match &grant {
        Grant::Code(code) => exchange::exchange(conn, &application, code, maker).await,
        Grant::Refresh(token) => {
            refresh::refresh(conn, &application, token, &app.cipher, maker).await
        }
    })
    .await?;
    match outcome {
        Outcome::Given(tokens) => Ok(Json(*tokens)),
        Outcome::Refused => Err(INVALID_GRANT.into()),
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            Error::Fault(fault) => fault.into(),
            Error::NoKey | Error::Sealed => Self::Problem(Problem::internal(&error)),
        }
    }
}
