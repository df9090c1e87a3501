//! Gives every request an id, logs how it went, and turns errors into bodies.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::app::SharedApp;
use crate::http::{page_error, problem, speech};
use crate::kernel::id::RequestId;

/// The outermost layer.
pub(super) async fn identify(
    State(app): State<SharedApp>,
    mut request: Request,
    next: Next,
) -> Response {
    let language = speech::heard(request.uri(), request.headers());
    request.extensions_mut().insert(language);
    let started = Instant::now();
    let id = RequestId::new(app.clock.now(), &app.entropy);
    let method = request.method().clone();
    // The pattern, not the path: paths can hold tokens.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(no route)".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = %id, %method, %route);
    let response = next.run(request).instrument(span.clone()).await;

    let elapsed = started.elapsed();
    let status = response.status();
    let labels = [("route", route), ("status", status.as_u16().to_string())];
    metrics::histogram!("befriend_http_request_seconds", &labels).record(elapsed);
    span.in_scope(|| {
        let elapsed_ms = elapsed.as_millis();
        tracing::debug!(status = status.as_u16(), elapsed_ms, "answered");
    });
    let id = id.to_string();
    let response = problem::complete(response, app.config.issuer(), &id);
    let mut response = page_error::complete(response, &id, language);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("request-id", value);
    }
    response
}
