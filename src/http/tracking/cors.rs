//! Pages of any origin may send events: a browser key says for which brand, and no cookie counts.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// What SDKs are known to send; others are allowed as they ask.
const HEADERS: &str = "authorization, content-type, content-encoding, anonymousid, sentat, \
    x-retry-count, rsa-retry-attempt, rsa-retry-reason, rsa-since-last-attempt, \
    rsa-since-first-attempt";
/// The longest list of headers that is allowed as asked, in bytes.
const ASKED_LENGTH_MAX: usize = 1_000;

/// Answers preflights and opens the rest to any origin.
pub(super) async fn allow(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        preflight(request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS))
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after, x-ratelimit-reset, request-id"),
    );
    response
}

fn preflight(asked: Option<&HeaderValue>) -> Response {
    let allowed = asked
        .filter(|asked| asked.len() <= ASKED_LENGTH_MAX)
        .cloned()
        .unwrap_or(HeaderValue::from_static(HEADERS));
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("900"));
    headers.insert(
        VARY,
        HeaderValue::from_static("access-control-request-headers"),
    );
    response
}
