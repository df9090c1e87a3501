//! Requests run to completion even if the client leaves: a unit of work that is dropped between
//! two statements is how acknowledged writes get lost (transact-rs/sqlx #4385, #4393).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::problem::Problem;

/// Runs the rest in a task of its own; dropping this future leaves that task running.
pub(super) async fn run_to_completion(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Problem::internal(&error).into_response(),
    }
}
