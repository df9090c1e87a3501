//! Pages as answers.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::page_error::PageError;
use crate::view;

impl From<view::Error> for PageError {
    fn from(error: view::Error) -> Self {
        Self::internal(&error)
    }
}

/// A page, found.
pub(super) fn page<P: view::Page>(page: &P) -> Result<Response, PageError> {
    page_with(StatusCode::OK, page)
}

/// A page under another status.
pub(super) fn page_with<P: view::Page>(
    status: StatusCode,
    page: &P,
) -> Result<Response, PageError> {
    Ok((status, Html(view::render(page)?)).into_response())
}

/// Sends the browser to a path of ours, by GET.
pub(super) fn go_to(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}
