//! The page behind the links in the answers of the event API.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::page::page;
use super::page_error::PageError;
use crate::app::SharedApp;
use crate::event::refusal::{self, Explained};
use crate::view::errors::{ErrorList, ErrorRow, ErrorsPage};

/// The page's route.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new().route(refusal::DOCS_PATH, get(show))
}

/// `GET /docs/errors`
async fn show() -> Result<Response, PageError> {
    let lists = [
        (
            "Why an event was not stored",
            "Only that event: its neighbours in the batch are stored.",
            refusal::OF_EVENTS,
        ),
        (
            "Why a row of an imported file made no event",
            "Only that row: the others of the file do.",
            refusal::OF_ROWS,
        ),
        (
            "Why a request was not taken",
            "Nothing that came with it was stored.",
            refusal::OF_REQUESTS,
        ),
        (
            "Warnings",
            "The event was stored; they stand in the flags of its verdict.",
            refusal::WARNINGS,
        ),
    ];
    page(&ErrorsPage {
        lists: lists.map(list).into(),
    })
}

fn list((title, hint, codes): (&str, &str, &[Explained])) -> ErrorList {
    ErrorList {
        title: title.to_owned(),
        hint: hint.to_owned(),
        rows: codes.iter().map(row).collect(),
    }
}

fn row(code: &Explained) -> ErrorRow {
    ErrorRow {
        code: code.code.to_owned(),
        means: code.means.to_owned(),
        mend: code.mend.to_owned(),
    }
}
