//! Everything that speaks HTTP.
//!
//! Owns routes, extraction, status codes, cookies, headers. Never decides anything: a handler
//! extracts, parses to a domain type, makes one call and shapes the reply. Start with [`router`].

pub mod cookie;
mod extract;
mod health;
mod middleware;
pub mod page_error;
pub mod problem;
mod tracking;

use axum::Router;

use crate::app::SharedApp;

/// The whole service.
pub fn router(app: SharedApp) -> Router {
    let pages = Router::new();
    let machines = Router::new()
        .merge(health::routes())
        .merge(tracking::routes());
    middleware::around(machines.merge(middleware::around_pages(pages, &app)), &app).with_state(app)
}
