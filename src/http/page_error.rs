//! Errors for people: a page that says what happened and one thing to do.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::problem::log_chain;
use crate::postgres;

/// An error as a person sees it.
#[derive(Clone, Debug)]
pub struct PageError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What happened, as a heading.
    pub title: Cow<'static, str>,
    /// What to do about it.
    pub advice: Cow<'static, str>,
    /// Where the one button leads, and what it says.
    pub action: Option<(String, Cow<'static, str>)>,
}

impl PageError {
    /// An error without a button.
    pub fn new(
        status: StatusCode,
        title: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            advice: advice.into(),
            action: None,
        }
    }

    /// Adds the one thing to do.
    #[must_use]
    pub fn with_action(mut self, href: impl Into<String>, label: &'static str) -> Self {
        self.action = Some((href.into(), label.into()));
        self
    }

    /// Nothing is here.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "The address may be mistyped, or what was here is gone.",
        )
    }

    /// Something broke. `error` is logged here, whole, once.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        log_chain(error);
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side",
            "Nothing you did is lost. Try again in a moment; if it stays so, quote the reference.",
        )
    }
}

impl From<postgres::Error> for PageError {
    fn from(error: postgres::Error) -> Self {
        match &error {
            postgres::Error::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "We will be right back",
                "The service cannot reach its database just now. Try again in a moment.",
            ),
            postgres::Error::Constraint { .. }
            | postgres::Error::Inconsistent(_)
            | postgres::Error::Statement(_) => Self::internal(&error),
        }
    }
}

impl IntoResponse for PageError {
    /// Leaves the body to [`complete`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a response that carries a [`PageError`].
pub(super) fn complete(response: Response, request_id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(error) = parts.extensions.remove::<PageError>() else {
        return Response::from_parts(parts, body);
    };
    // Replaced by view::ErrorPage when the view layer is merged.
    let text = format!("{}\n{}\n{request_id}\n", error.title, error.advice);
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, text.into())
}
