//! Events as they arrive.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::access::InBrand;
use super::customers::tag;
use crate::app::SharedApp;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::insight::{self, LiveItem, LiveKind, LivePosition};
use crate::kernel::cursor;
use crate::postgres;
use crate::view::dashboard::{LivePage, LiveRow, LiveStatus, LiveUpdate};
use crate::view::format;

/// Events on the page at first, and the most in one update.
const ROWS: usize = 100;

/// Each update goes back this far over what was already sent: an event counts as received a little
/// before it is stored, and what it did is known a little after. The page drops what it knows.
const OVERLAP: TimeDelta = TimeDelta::seconds(3);

/// The most of an event that is shown, in characters.
const JSON_CHARS_MAX: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct Shown {
    status: Option<String>,
    after: Option<String>,
}

impl Shown {
    fn status(&self) -> Option<LiveStatus> {
        self.status.as_deref().and_then(LiveStatus::from_slug)
    }
}

/// `GET /dashboard/{brand}/live?status=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (now, filter) = (app.clock.now(), query.status());
    let items = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let (brand_id, kind) = (within.brand.brand_id, filter.map(kind));
        insight::list_live(&mut conn, brand_id, now, kind, ROWS).await?
    };
    page(&LivePage {
        shell: within.shell(None),
        filter,
        newest: next(&items, now),
        rows: items.into_iter().map(row).collect(),
    })
}

/// `GET /dashboard/{brand}/live.json?after=&status=`
pub(super) async fn update(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let after = query
        .after
        .as_deref()
        .and_then(|text| cursor::decode(text).ok());
    let after = after.unwrap_or_else(|| LivePosition::start(now - OVERLAP));
    let items = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let (brand_id, kind) = (within.brand.brand_id, query.status().map(kind));
        insight::list_live_after(&mut conn, brand_id, &after, kind, ROWS).await?
    };
    // With nothing new the place stays: what is committed late must not be stepped over.
    let newest = match items.first() {
        Some(_) => next(&items, now),
        None => cursor::encode(&after),
    };
    let events = items.into_iter().map(row).collect();
    Ok(Json(LiveUpdate { events, newest }).into_response())
}

/// Where the next update starts.
fn next(items: &[LiveItem], now: DateTime<Utc>) -> String {
    let newest = items.first().map_or(now, |item| item.received_at);
    cursor::encode(&LivePosition::start(newest - OVERLAP))
}

fn row(item: LiveItem) -> LiveRow {
    LiveRow {
        status: status(item.kind),
        datetime: format::machine(item.received_at),
        time: format::clock(item.received_at),
        who: item.who.unwrap_or_else(|| match item.profile_id {
            Some(_) => "somebody anonymous".to_owned(),
            None => String::new(),
        }),
        profile_id: item.profile_id.map(|id| id.to_string()),
        reason: item.refusal.map(|(_, said)| said).unwrap_or_default(),
        effect: effect(&item.moves),
        json: pretty(&item.payload),
        id: item.id,
        name: item.name,
    }
}

fn effect(moves: &[(i16, i16)]) -> String {
    let moves: Vec<String> = moves
        .iter()
        .map(|(from, to)| {
            let (from, to) = (tag(*from), tag(*to));
            let verb = if to > from { "Warmed" } else { "Cooled" };
            format!("{verb}: {} → {}", from.noun(1), to.noun(1))
        })
        .collect();
    moves.join(", ")
}

fn pretty(payload: &str) -> String {
    let json = serde_json::from_str::<Value>(payload)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| payload.to_owned());
    if json.chars().count() <= JSON_CHARS_MAX {
        return json;
    }
    let cut: String = json.chars().take(JSON_CHARS_MAX).collect();
    format!("{cut}…")
}

const fn status(kind: LiveKind) -> LiveStatus {
    match kind {
        LiveKind::Accepted => LiveStatus::Accepted,
        LiveKind::Rejected | LiveKind::Conflict => LiveStatus::Rejected,
        LiveKind::Duplicate => LiveStatus::Duplicate,
    }
}

const fn kind(status: LiveStatus) -> LiveKind {
    match status {
        LiveStatus::Accepted => LiveKind::Accepted,
        LiveStatus::Rejected => LiveKind::Rejected,
        LiveStatus::Duplicate => LiveKind::Duplicate,
    }
}
