//! Errors for people: a page that says what happened and one thing to do.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::page::go_to;
use super::problem::log_chain;
use crate::credential::password;
use crate::postgres;
use crate::setup;
use crate::view;
use crate::view::hosted::{ErrorAction, ErrorPage};
use crate::view::language::{Language, Trouble};

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
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
    /// What went wrong, and what fills the gap in its words: told in the reader's language.
    pub trouble: Option<(Trouble, String)>,
    /// Where the browser goes instead of being shown anything: a path of ours.
    pub elsewhere: Option<String>,
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
            retry_after: None,
            trouble: None,
            elsewhere: None,
        }
    }

    /// A trouble that customers have, told in their language.
    pub fn told(status: StatusCode, trouble: Trouble) -> Self {
        Self::told_of(status, trouble, "")
    }

    /// The same, about a provider with this name.
    pub fn told_of(status: StatusCode, trouble: Trouble, provider: &str) -> Self {
        let told = trouble.told(Language::English);
        Self {
            trouble: Some((trouble, provider.to_owned())),
            ..Self::new(status, told.title.with(provider), told.advice.as_str())
        }
    }

    /// Not an error to read: something has to be done first, at this path of ours.
    pub fn first_at(path: impl Into<String>) -> Self {
        Self {
            elsewhere: Some(path.into()),
            ..Self::new(StatusCode::SEE_OTHER, "", "")
        }
    }

    /// Asks the browser to come back after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Adds the one thing to do.
    #[must_use]
    pub fn with_action(mut self, href: impl Into<String>, label: &'static str) -> Self {
        self.action = Some((href.into(), label.into()));
        self
    }

    /// The same in the reader's language, where its words are known in it.
    fn in_language(mut self, language: Language) -> Self {
        if let Some((trouble, provider)) = &self.trouble {
            let told = trouble.told(language);
            self.title = told.title.with(provider).into();
            self.advice = told.advice.as_str().into();
            if let (Some((_, label)), true) = (&mut self.action, language != Language::English) {
                *label = language.messages().sign_in_again.as_str().into();
            }
        }
        self
    }

    /// Nothing is here.
    pub fn not_found() -> Self {
        Self::told(StatusCode::NOT_FOUND, Trouble::NotFound)
    }

    /// Something broke. `error` is logged here, whole, once.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        log_chain(error);
        Self::told(StatusCode::INTERNAL_SERVER_ERROR, Trouble::Broken)
    }
}

impl From<postgres::Error> for PageError {
    fn from(error: postgres::Error) -> Self {
        match &error {
            postgres::Error::Unavailable(_) => {
                Self::told(StatusCode::SERVICE_UNAVAILABLE, Trouble::Busy).retry_after(1)
            }
            postgres::Error::Constraint { .. }
            | postgres::Error::Inconsistent(_)
            | postgres::Error::Statement(_) => Self::internal(&error),
        }
    }
}

impl From<setup::Error> for PageError {
    fn from(error: setup::Error) -> Self {
        match error {
            setup::Error::SlugTaken
            | setup::Error::ClientIdTaken
            | setup::Error::ConnectionSlugTaken => Self::new(
                StatusCode::CONFLICT,
                "That name is taken",
                "Go back and choose another.",
            ),
            setup::Error::Database(error) => error.into(),
        }
    }
}

impl From<password::Error> for PageError {
    fn from(error: password::Error) -> Self {
        match error {
            password::Error::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Many people are signing in just now",
                "Try again in a moment.",
            )
            .retry_after(2),
            password::Error::Length => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "That password cannot be used",
                "Go back and choose a longer one.",
            ),
            password::Error::Stored => Self::internal(&error),
        }
    }
}

impl IntoResponse for PageError {
    /// Leaves the body to [`complete`], which knows the request.
    fn into_response(self) -> Response {
        if let Some(path) = &self.elsewhere {
            return go_to(path);
        }
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a response that carries a [`PageError`].
pub(super) fn complete(response: Response, request_id: &str, language: Language) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(error) = parts.extensions.remove::<PageError>() else {
        return Response::from_parts(parts, body);
    };
    let error = error.in_language(language);
    let page = ErrorPage {
        brand: None,
        language: if error.trouble.is_some() {
            language
        } else {
            Language::English
        },
        title: error.title.into_owned(),
        explanation: error.advice.into_owned(),
        action: error.action.map(|(href, label)| ErrorAction {
            label: label.into_owned(),
            href,
        }),
        reference: request_id.to_owned(),
    };
    let Ok(html) = view::render(&page) else {
        return Response::from_parts(parts, body);
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    // Whatever the request was for, its answer is a page now.
    let policy = HeaderValue::from_static(view::CONTENT_SECURITY_POLICY);
    parts
        .headers
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Response::from_parts(parts, html.into())
}
