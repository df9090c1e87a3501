//! Errors for machines: `application/problem+json` (RFC 9457). The one place, with
//! [`super::page_error`], that knows status codes.

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::key::Spent;
use crate::postgres;

/// An error as an API client sees it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word that programs can act on.
    pub code: &'static str,
    /// What happened and what to do, in a sentence or two; never a secret.
    pub detail: Cow<'static, str>,
    /// Which parts of the request are wrong.
    pub errors: Vec<FieldError>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
    /// When a quota that is spent has something left again.
    pub quota_resets_at: Option<DateTime<Utc>>,
}

/// When a quota has something left again: the milliseconds since 1970, as the SDKs that read it do.
pub(super) const QUOTA_RESETS: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// One wrong part of a request.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// A stable word.
    pub code: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem without field errors.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            quota_resets_at: None,
        }
    }

    /// Asks the client to come back after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// A quota is spent.
    pub(super) fn quota(spent: Spent, now: DateTime<Utc>) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "quota_spent",
            "this is more than the quota allows; come back when Retry-After has passed",
        )
        .retry_after(spent.seconds());
        problem.quota_resets_at = Some(now + TimeDelta::seconds(i64::from(spent.seconds())));
        problem
    }

    /// There is nothing here, or nothing that the caller may know of.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// Something broke that the caller cannot mend. `error` is logged here, whole, once.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        log_chain(error);
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on our side; if it stays so, tell us the request id",
        )
    }

    /// The database cannot be reached just now.
    fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the service cannot reach its database just now; try again in a moment",
        )
        .retry_after(1)
    }
}

/// Logs an error and what caused it, on one line.
pub(super) fn log_chain(error: &dyn std::error::Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = %chain, "a request failed");
}

impl From<postgres::Error> for Problem {
    fn from(error: postgres::Error) -> Self {
        match &error {
            postgres::Error::Unavailable(_) => {
                tracing::warn!(%error, "the database is out of reach");
                Self::unavailable()
            }
            postgres::Error::Constraint { .. }
            | postgres::Error::Inconsistent(_)
            | postgres::Error::Statement(_) => Self::internal(&error),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl IntoResponse for Problem {
    /// Leaves the body to [`complete`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(at) = self.quota_resets_at {
            let millis = HeaderValue::from(at.timestamp_millis());
            response.headers_mut().insert(QUOTA_RESETS, millis);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a response that carries a [`Problem`].
pub(super) fn complete(response: Response, issuer: &str, request_id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(problem) = parts.extensions.remove::<Problem>() else {
        return Response::from_parts(parts, body);
    };
    let json = serde_json::to_vec(&Body {
        r#type: format!("{issuer}/problems/{}", problem.code),
        title: problem.status.canonical_reason().unwrap_or("Error"),
        status: problem.status.as_u16(),
        code: problem.code,
        detail: &problem.detail,
        request_id,
        errors: &problem.errors,
    })
    .expect("a problem is plain data");
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    Response::from_parts(parts, json.into())
}
