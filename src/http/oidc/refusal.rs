//! Errors as the protocol writes them (RFC 6749 §5.2, RFC 6750 §3).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::problem::Problem;
use crate::oidc::{ErrorCode, Fault};
use crate::postgres;
use crate::token;

/// A refusal for a program that speaks OAuth.
pub(super) enum Refusal {
    /// The protocol has a word for it.
    Fault(Fault),
    /// It has none.
    Problem(Problem),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<postgres::Error> for Refusal {
    fn from(error: postgres::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<token::Error> for Refusal {
    fn from(error: token::Error) -> Self {
        match error {
            token::Error::Database(error) => error.into(),
            token::Error::Sealed(_) | token::Error::Token(_) => {
                Self::Problem(Problem::internal(&error))
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let fault = match self {
            Self::Fault(fault) => fault,
            Self::Problem(problem) => return problem.into_response(),
        };
        let (status, challenge) = match fault.code {
            ErrorCode::InvalidClient => (StatusCode::UNAUTHORIZED, Some("Basic realm=\"oauth\"")),
            ErrorCode::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                Some("Bearer error=\"invalid_token\""),
            ),
            ErrorCode::InvalidRequest
            | ErrorCode::UnsupportedResponseType
            | ErrorCode::InvalidScope
            | ErrorCode::AccessDenied
            | ErrorCode::LoginRequired
            | ErrorCode::ConsentRequired
            | ErrorCode::RequestNotSupported
            | ErrorCode::RequestUriNotSupported
            | ErrorCode::RegistrationNotSupported
            | ErrorCode::InvalidGrant
            | ErrorCode::UnsupportedGrantType => (StatusCode::BAD_REQUEST, None),
        };
        let body = json!({ "error": fault.code.as_str(), "error_description": fault.description });
        let mut response = (status, Json(body)).into_response();
        if let Some(challenge) = challenge {
            let value = HeaderValue::from_static(challenge);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}
