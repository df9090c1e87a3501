//! Publishing the draft.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::desk::Desk;
use super::edit::Base;
use super::preview;
use crate::app::{App, SharedApp};
use crate::http::dashboard::access::InBrand;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page_with};
use crate::http::page_error::PageError;
use crate::projection::ruleset::{Applies, NOTE_CHARS_MAX, Publication, PublishError};
use crate::view::{Field, Notice};

/// `POST /dashboard/{brand}/rules/publish`
pub(in crate::http::dashboard) async fn publish(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(mut fields): PageForm<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let base = Base::take(&mut fields);
    let value = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let (note, to_history) = (value("note"), value("applies") == "history");
    let Some(draft) = &desk.draft else {
        let why = "There is no draft to publish. Somebody may have published it already.";
        return refused(&app, &within, &desk, (Field::filled(note), to_history), why).await;
    };
    if base.is_overtaken(&desk) {
        let typed = (Field::filled(note), to_history);
        return refused(&app, &within, &desk, typed, OVERTAKEN).await;
    }
    let publication = Publication {
        document: &draft.document,
        base_version: base.version,
        applies: if to_history {
            Applies::History
        } else {
            Applies::Forward
        },
        note: &note,
        by: within.staff.change(&app).actor,
    };
    match app.projector.publish(desk.brand_id, publication).await {
        Ok(_) => Ok(go_to(&within.path("rules?done=published"))),
        Err(PublishError::NoNote) => {
            let field = Field::refused(note, "Say in a sentence why the rules change.");
            refused(&app, &within, &desk, (field, to_history), "").await
        }
        Err(PublishError::LongNote) => {
            let why = format!("Keep it to {NOTE_CHARS_MAX} characters.");
            let field = Field::refused(note, why);
            refused(&app, &within, &desk, (field, to_history), "").await
        }
        Err(PublishError::Projection(error)) => Err(error.into()),
        Err(other) => {
            let why = super::capitalised(&format!("{other}."));
            refused(
                &app,
                &within,
                &desk,
                (Field::filled(note), to_history),
                &why,
            )
            .await
        }
    }
}

/// What is said where somebody was faster: what is published is what was looked at.
const OVERTAKEN: &str = "Nothing was published: somebody changed the draft or the rules since you \
                         opened this page. Look at it again first.";

/// The page again, with what was typed and why nothing was published.
async fn refused(
    app: &App,
    within: &InBrand,
    desk: &Desk,
    (note, to_history): (Field, bool),
    why: &str,
) -> Result<Response, PageError> {
    let is_at_field = note.error.is_some();
    let Some(mut shown) = preview::filled(app, within, desk, note).await? else {
        return Ok(go_to(&within.path("rules/draft/text")));
    };
    shown.form.to_history = to_history;
    if !why.is_empty() {
        shown.shell.notice = Some(Notice::Problem(why.to_owned()));
    }
    let status = if is_at_field {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::CONFLICT
    };
    page_with(status, &shown)
}
