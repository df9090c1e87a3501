//! The draft as a document.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::Shown;
use super::desk::Desk;
use super::edit::{self, Base};
use crate::app::SharedApp;
use crate::http::dashboard::access::InBrand;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::projection::ruleset::DRAFT_BYTES_MAX;
use crate::stage::ruleset::{Finding, Level, Vocabulary, lint};
use crate::view::Notice;
use crate::view::dashboard::{FindingRow, RulesTextPage};

/// The most of a line that is repeated beside a finding, in characters.
const SOURCE_CHARS_MAX: usize = 120;

/// `GET /dashboard/{brand}/rules/draft/text`
pub(in crate::http::dashboard) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(shown): Query<Shown>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let vocabulary = super::draft::vocabulary(&app, &desk).await?;
    page(&filled(
        &within,
        &desk,
        &desk.text(),
        &vocabulary,
        shown.notice(),
    ))
}

/// `POST /dashboard/{brand}/rules/draft/text`
pub(in crate::http::dashboard) async fn save(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(mut fields): PageForm<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let base = Base::take(&mut fields);
    let document = fields.into_iter().find(|(name, _)| name == "document");
    // Browsers send line ends of two characters.
    let text = document.map_or_else(String::new, |(_, text)| text.replace("\r\n", "\n"));
    let vocabulary = super::draft::vocabulary(&app, &desk).await?;
    if base.is_overtaken(&desk) {
        let shown = filled(&within, &desk, &text, &vocabulary, Some(edit::overtaken()));
        return page_with(StatusCode::CONFLICT, &shown);
    }
    if text.len() > DRAFT_BYTES_MAX {
        let why = format!("Nothing was saved: a draft has at most {DRAFT_BYTES_MAX} bytes.");
        let shown = filled(
            &within,
            &desk,
            &text,
            &vocabulary,
            Some(Notice::Problem(why)),
        );
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    }
    edit::store(&app, &within, &text, base.version).await?;
    Ok(go_to(&within.path("rules/draft/text?done=saved")))
}

fn filled(
    within: &InBrand,
    desk: &Desk,
    text: &str,
    vocabulary: &Vocabulary,
    notice: Option<Notice>,
) -> RulesTextPage {
    let lint = lint(text, vocabulary);
    RulesTextPage {
        shell: within.shell(notice),
        base: desk.base(),
        seen: desk.seen(),
        is_saved: desk.draft.is_some(),
        stale: desk.stale(),
        text: text.to_owned(),
        is_usable: lint.set.is_some(),
        findings: lint.findings.iter().map(|one| row(one, text)).collect(),
    }
}

fn row(finding: &Finding, text: &str) -> FindingRow {
    let index = usize::try_from(finding.line).unwrap_or(0).saturating_sub(1);
    let source = text.lines().nth(index).unwrap_or_default().trim();
    FindingRow {
        line: finding.line,
        column: finding.column,
        is_fault: finding.level == Level::Fault,
        problem: super::capitalised(&finding.problem),
        mend: super::capitalised(&finding.mend),
        source: source.chars().take(SOURCE_CHARS_MAX).collect(),
    }
}
