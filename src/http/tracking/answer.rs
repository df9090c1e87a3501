//! Answers as SDKs read them.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::VISITOR_QUOTA;
use crate::event::decode::Malformed;
use crate::event::intake::RETRY_AFTER_SECONDS;
use crate::event::{Outcome, SubmitError, Verdict, refusal};
use crate::http::problem::{Problem, QUOTA_RESETS, log_chain};
use crate::key::{Scope, Spent};
use crate::postgres;

/// Why a request was not served.
#[derive(Debug)]
pub(in crate::http) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    pointer: Option<&'static str>,
    retry_after: Option<u32>,
    /// When a quota that is spent has something left again.
    quota_resets_at: Option<DateTime<Utc>>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            pointer: None,
            retry_after: None,
            quota_resets_at: None,
        }
    }

    pub(super) fn bad_request(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// There is no key.
    pub(super) fn key_missing() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "key_missing",
            "send a key: as the user name of Basic authorization, or as writeKey in the body",
        )
    }

    /// There is a key, and it is not one in force.
    pub(super) fn key_unknown() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "key_unknown",
            "this is not a key, or it was revoked",
        )
    }

    /// There is a key in the URL of a route where it can stand in a header.
    pub(super) fn key_in_url() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "key_in_url",
            "a key may stand in the URL of a beacon or a pixel only: send it as the user name of \
             Basic authorization",
        )
    }

    /// The key may not do this.
    pub(super) fn scope_missing(scope: Scope) -> Self {
        let scope = scope.as_str();
        Self::new(
            StatusCode::FORBIDDEN,
            "scope_missing",
            format!("this key lacks the scope {scope}: give it to the key, or use another"),
        )
    }

    /// A quota is spent.
    pub(super) fn quota(spent: Spent, now: DateTime<Utc>) -> Self {
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "quota_spent",
            "this is more than the quota allows; come back when Retry-After has passed",
        );
        refusal.retry_after = Some(spent.seconds());
        refusal.quota_resets_at = Some(now + TimeDelta::seconds(i64::from(spent.seconds())));
        refusal
    }

    /// The method is not one that the route takes.
    pub(super) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this route does not take this method: events are sent by POST",
        )
    }

    /// The body is in no format that the route takes.
    pub(super) fn unknown_format(message: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_format",
            message,
        )
    }

    /// A secret key came from a browser or in a URL, where others can read it.
    pub(super) fn key_exposed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "secret_key_exposed",
            "this is a secret key in a place that others can read: use a browser key here, and \
             revoke this one",
        )
    }

    pub(super) fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the body did not arrive in time",
        )
    }

    pub(in crate::http) fn busy() -> Self {
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "busy",
            "too much waits to be stored; come back in a moment",
        );
        refusal.retry_after = Some(RETRY_AFTER_SECONDS);
        refusal
    }

    fn unavailable() -> Self {
        let mut refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the database cannot be reached just now; come back in a moment",
        );
        refusal.retry_after = Some(RETRY_AFTER_SECONDS);
        refusal
    }

    fn internal(error: &dyn std::error::Error) -> Self {
        log_chain(error);
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on our side; nothing was stored",
        )
    }
}

impl From<Malformed> for Refusal {
    fn from(fault: Malformed) -> Self {
        let (status, code) = match &fault {
            Malformed::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Malformed::TooManyEvents => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_events"),
            Malformed::UnknownEncoding => (StatusCode::BAD_REQUEST, "unknown_encoding"),
            Malformed::BrokenGzip => (StatusCode::BAD_REQUEST, "broken_gzip"),
            Malformed::NotAnObject(_) | Malformed::NotAnArray(_) => {
                (StatusCode::BAD_REQUEST, "invalid_json")
            }
            Malformed::DuplicateKey => (StatusCode::BAD_REQUEST, "duplicate_key"),
            Malformed::NoBatch => (StatusCode::BAD_REQUEST, "no_batch"),
        };
        Self::new(status, code, fault.to_string())
    }
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        match &error {
            SubmitError::Busy => Self::busy(),
            SubmitError::Unavailable => Self::unavailable(),
            SubmitError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<postgres::Error> for Refusal {
    fn from(error: postgres::Error) -> Self {
        match &error {
            postgres::Error::Unavailable(_) => Self::unavailable(),
            postgres::Error::Constraint { .. }
            | postgres::Error::Inconsistent(_)
            | postgres::Error::Statement(_) => Self::internal(&error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::new(refusal.status, refusal.code, refusal.message);
        problem.retry_after = refusal.retry_after.map(|seconds| seconds.max(1));
        problem.quota_resets_at = refusal.quota_resets_at;
        problem
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "success": false, "code": self.code, "message": self.message,
            "docs": refusal::docs(self.code),
        });
        if let Some(pointer) = self.pointer {
            body["pointer"] = json!(pointer);
        }
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(at) = self.quota_resets_at {
            let millis = HeaderValue::from(at.timestamp_millis());
            response.headers_mut().insert(QUOTA_RESETS, millis);
        }
        response
    }
}

/// What somebody is told who sends nothing that is kept.
pub(super) fn nothing_kept() -> Response {
    Json(json!({ "success": true })).into_response()
}

/// What a batch is told: stored, and what became of each event.
pub(super) fn batch(verdicts: &[Verdict]) -> Response {
    let verdicts: Vec<Value> = verdicts.iter().map(shown).collect();
    Json(json!({ "success": true, "verdicts": verdicts })).into_response()
}

/// What the sender of one event is told: a refused one is an error. Who sends too much may come back
/// with it after `wait_seconds`; in a batch there is no such answer, since its neighbours are stored.
pub(super) fn single(verdicts: &[Verdict], wait_seconds: u32) -> Result<Response, Refusal> {
    if let [
        Verdict {
            outcome:
                Outcome::Rejected {
                    code,
                    detail,
                    pointer,
                },
            ..
        },
    ] = verdicts
    {
        let is_flood = *code == VISITOR_QUOTA;
        let status = if is_flood {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            StatusCode::BAD_REQUEST
        };
        let mut refusal = Refusal::new(status, code, detail.clone());
        refusal.pointer = Some(pointer);
        refusal.retry_after = is_flood.then_some(wait_seconds);
        return Err(refusal);
    }
    Ok(batch(verdicts))
}

pub(in crate::http) fn shown(verdict: &Verdict) -> Value {
    let mut shown = match &verdict.outcome {
        Outcome::Accepted { flags } if flags.is_empty() => json!({ "status": "accepted" }),
        Outcome::Accepted { flags } => json!({ "status": "accepted", "flags": flags }),
        Outcome::Duplicate => json!({ "status": "duplicate" }),
        Outcome::Conflict => json!({
            "status": "conflict", "code": "message_id_reused",
            "detail": "another event is stored under this message id; the first is kept",
            "docs": refusal::docs("message_id_reused"),
        }),
        Outcome::Rejected {
            code,
            detail,
            pointer,
        } => json!({
            "status": "rejected", "code": code, "detail": detail, "pointer": pointer,
            "docs": refusal::docs(code),
        }),
    };
    if let Some(id) = &verdict.message_id {
        shown["messageId"] = json!(id);
    }
    shown
}
