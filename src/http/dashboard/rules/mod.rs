//! The rules: read, changed in a draft, previewed, published, taken back.
//!
//! Owns the pages and the way from typed fields to a draft. Never judges a rule and never moves
//! anybody: the document's own reading and the projection do. Start with [`show`]; `desk.rs` loads
//! what every page needs.

mod desk;
mod draft;
mod edit;
mod preview;
mod publish;
mod text;
mod versions;
mod words;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::projection::Progress;
use crate::projection::ruleset::PublishError;
use crate::stage::ruleset::sentences::{Sentences, differences};
use crate::view::dashboard::{DraftLine, RulesPage};
use crate::view::{Notice, format};

use desk::Desk;
pub(super) use draft::{begin_with_preset, discard, rebase, save, show as show_draft};
pub(super) use preview::{show as show_preview, start as start_preview};
pub(super) use publish::publish;
pub(super) use text::{save as save_text, show as show_text};
pub(super) use versions::{ask, show as show_version, take_back};

/// What a redirect says of what was done.
#[derive(Deserialize)]
pub(super) struct Shown {
    done: Option<String>,
}

impl Shown {
    fn notice(&self) -> Option<Notice> {
        let text = match self.done.as_deref()? {
            "saved" => "The draft is saved. Nothing changes for anybody until it is published.",
            "preset" => "The rule set is in the draft. Nothing changes for anybody yet.",
            "rebased" => "The draft now goes on from the latest version.",
            "discarded" => "The draft is thrown away.",
            "published" => "The rules are published. Everybody is looked at now.",
            "taken-back" => "The version is taken back. Everybody is looked at now.",
            _ => return None,
        };
        Some(Notice::Done(text.to_owned()))
    }
}

/// `GET /dashboard/{brand}/rules`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(shown): Query<Shown>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let versions = app.projector.list_versions(desk.brand_id).await?;
    let progress = app.projector.publish_progress(desk.brand_id).await?;
    let now = app.clock.now();
    let draft = desk.draft.as_ref().map(|draft| DraftLine {
        saved: format::ago(draft.updated_at, now),
        changes: desk
            .drafted()
            .map(|set| differences(&desk.latest, &set).len()),
    });
    let versions: Vec<_> = versions.iter().map(versions::row).collect();
    let version = versions
        .iter()
        .find(|row| row.number == desk.version)
        .cloned()
        .ok_or_else(PageError::not_found)?;
    page(&RulesPage {
        shell: within.shell(shown.notice()),
        version,
        draft,
        progress: progress.as_ref().and_then(in_words),
        sections: words::sections(&desk.latest, &Sentences::of(&desk.latest), &[], &[]),
        versions,
    })
}

/// How far the latest change has come; nothing once everybody was looked at.
fn in_words(progress: &Progress) -> Option<String> {
    if progress.finished_at.is_some() {
        return None;
    }
    Some(match progress.people {
        Some(people) => format!(
            "The latest change is being carried out: {} of {} looked at.",
            format::count(progress.done),
            format::plural(people, "person", "people"),
        ),
        None => "The latest change is being carried out.".to_owned(),
    })
}

impl From<PublishError> for PageError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Projection(error) => error.into(),
            PublishError::NoSuchVersion(_) => Self::not_found(),
            other => Self::new(
                axum::http::StatusCode::CONFLICT,
                "The rules were not changed",
                other.to_string(),
            ),
        }
    }
}

/// The text with a capital in front.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
