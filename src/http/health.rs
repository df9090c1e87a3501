//! `/healthz`, `/readyz`, `/metrics`: for those who operate the service.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::problem::Problem;
use crate::app::SharedApp;

const DATABASE_WAIT_MAX: Duration = Duration::from_secs(2);

/// The routes.
pub(super) fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(async |State(app): State<SharedApp>| app.metrics.render()),
        )
}

/// Ready when the database answers.
async fn ready(State(app): State<SharedApp>) -> Result<&'static str, Problem> {
    let asked = tokio::time::timeout(DATABASE_WAIT_MAX, crate::postgres::pool::ping(&app.pool));
    match asked.await {
        Ok(Ok(())) => Ok("ready\n"),
        Ok(Err(_)) | Err(_) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the database does not answer",
        )
        .retry_after(1)),
    }
}
