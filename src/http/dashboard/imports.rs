//! Histories read from files: how far each came, and what was not taken.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::event::import_store::{self, ListedImport};
use crate::event::refusal;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::postgres;
use crate::view::dashboard::{ImportFault, ImportRow, ImportState, ImportsPage};
use crate::view::format;

/// Imports on the page.
const IMPORTS: i64 = 50;
/// Faults of one import on the page.
const FAULTS: usize = 10;
/// An import notes how far it is several times a second: one that was silent for so long is taken to
/// be over.
const SILENCE: TimeDelta = TimeDelta::minutes(5);

/// `GET /dashboard/{brand}/imports`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let imports = import_store::list_imports(&mut conn, within.brand.brand_id, IMPORTS).await?;
    drop(conn);
    page(&ImportsPage {
        command: format!(
            "befriend import history.csv --brand {} --dry-run",
            within.brand.slug
        ),
        shell: within.shell(None),
        rows: imports.iter().map(|import| row(import, now)).collect(),
    })
}

fn row(import: &ListedImport, now: DateTime<Utc>) -> ImportRow {
    let report = &import.report;
    let figure = |name: &str| report[name].as_u64().unwrap_or(0);
    let sum = |name: &str| {
        let counts = report[name].as_object().into_iter().flatten();
        counts.filter_map(|(_, count)| count.as_u64()).sum::<u64>()
    };
    let state = state(import, now);
    let noted = report["faults"].as_array().map_or(&[][..], Vec::as_slice);
    let faults: Vec<ImportFault> = noted.iter().take(FAULTS).map(fault).collect();
    let shown = u64::try_from(faults.len()).unwrap_or(0);
    ImportRow {
        source: import.source.clone(),
        format: import.format.clone(),
        state,
        progress: progress(import, state),
        started: format::date_time(import.started_at),
        ended: match import.finished_at {
            Some(at) => format!("done {}", format::ago(at, now)),
            None => format!("last seen {}", format::ago(import.updated_at, now)),
        },
        lines: figure("lines"),
        stored: figure("stored"),
        before: figure("duplicates"),
        conflicts: figure("conflicts"),
        rejected: figure("rejected"),
        skipped: sum("skipped"),
        faults,
        faults_more: sum("by_code").saturating_sub(shown),
    }
}

fn state(import: &ListedImport, now: DateTime<Utc>) -> ImportState {
    match import.state.as_str() {
        "done" => ImportState::Done,
        "stopped" => ImportState::Stopped,
        _ if now - import.updated_at > SILENCE => ImportState::Silent,
        _ => ImportState::Running,
    }
}

fn progress(import: &ListedImport, state: ImportState) -> String {
    if state == ImportState::Done {
        return String::new();
    }
    let percent = import.bytes_done.saturating_mul(100) / import.bytes_total.max(1);
    format!("{} %", percent.clamp(0, 100))
}

/// A fault as it was noted: see `cli::import`.
fn fault(noted: &Value) -> ImportFault {
    let text = |name: &str| noted[name].as_str().unwrap_or_default();
    let mut place = format!(
        "{}, line {}",
        text("file"),
        noted["line"].as_u64().unwrap_or(0)
    );
    if !text("column").is_empty() {
        place.push_str(", ");
        place.push_str(text("column"));
    }
    let why = [text("why"), text("mend")];
    let why: Vec<&str> = why.into_iter().filter(|part| !part.is_empty()).collect();
    ImportFault {
        place,
        why: why.join("; "),
        code: text("code").to_owned(),
        docs: refusal::docs(text("code")),
    }
}
