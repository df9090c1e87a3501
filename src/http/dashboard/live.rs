//! Events as they arrive.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::InBrand;
use super::customers::tag;
use crate::app::{App, SharedApp};
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::insight::{self, LiveItem, LiveKind, LivePosition};
use crate::kernel::cursor;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::projection::{self, Parked};
use crate::view::dashboard::{LivePage, LiveRow, LiveStatus, LiveUpdate, SetApartRow};
use crate::view::{Notice, format};

/// Events on the page at first, and the most in one update.
const ROWS: usize = 100;

/// Each update goes back this far over what was already sent: an event counts as received a little
/// before it is stored, and what it did is known a little after. The page drops what it knows.
const OVERLAP: TimeDelta = TimeDelta::seconds(3);

/// An event that waited longer than that to be committed is noticed as long as it came in so shortly
/// before the latest one: what came in meanwhile is counted again at each update.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// A place that claims to be older was not given out for a page that is still open.
const CURSOR_AGE_MAX: TimeDelta = TimeDelta::days(366);

/// People whose events were set apart, on the page.
const SET_APART_ROWS: i64 = 50;

/// Where an update starts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    /// When the latest arrival that was sent came in.
    newest: DateTime<Utc>,
    /// How many arrivals of the time before the overlap were committed by then.
    settled: i64,
}

impl Place {
    /// The place after everything that is committed now. To be asked before the rows are listed:
    /// what is committed in between is then listed and not counted, and sent once more.
    async fn now(
        conn: &mut PgConnection,
        brand_id: BrandId,
        newest: DateTime<Utc>,
    ) -> Result<Self, postgres::Error> {
        let latest = insight::find_latest_arrival(conn, brand_id, newest).await?;
        let newest = latest.unwrap_or(newest);
        let settled = Self::count(conn, brand_id, newest).await?;
        Ok(Self { newest, settled })
    }

    async fn count(
        conn: &mut PgConnection,
        brand_id: BrandId,
        newest: DateTime<Utc>,
    ) -> Result<i64, postgres::Error> {
        insight::count_arrivals(conn, brand_id, newest - LATE, newest - OVERLAP).await
    }

    /// From where on rows are sent: a little back, or further if something came late.
    async fn start(
        self,
        conn: &mut PgConnection,
        brand_id: BrandId,
    ) -> Result<LivePosition, postgres::Error> {
        let is_settled = Self::count(conn, brand_id, self.newest).await? == self.settled;
        let back = if is_settled { OVERLAP } else { LATE };
        Ok(LivePosition::start(self.newest - back))
    }
}

/// The most of an event that is shown, in characters.
const JSON_CHARS_MAX: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct Shown {
    status: Option<String>,
    after: Option<String>,
    done: Option<String>,
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
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand_id, kind) = (within.brand.brand_id, filter.map(kind));
    let place = Place::now(&mut conn, brand_id, now - LATE).await?;
    let items = insight::list_live(&mut conn, brand_id, now, kind, ROWS).await?;
    let set_apart = set_apart(&mut conn, brand_id, now).await?;
    drop(conn);
    let notice = match query.done.as_deref() {
        Some("retry") => Some("Their events are being judged again."),
        Some("stored") => Some("The event is stored."),
        _ => None,
    };
    page(&LivePage {
        shell: within.shell(notice.map(|text| Notice::Done(text.to_owned()))),
        filter,
        set_apart,
        newest: cursor::encode(&place),
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
        .and_then(|text| cursor::decode::<Place>(text).ok())
        .filter(|place| (now - place.newest).abs() < CURSOR_AGE_MAX);
    let after = after.unwrap_or(Place {
        newest: now,
        settled: 0,
    });
    let (brand_id, kind) = (within.brand.brand_id, query.status().map(kind));
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::now(&mut conn, brand_id, after.newest).await?;
    let start = after.start(&mut conn, brand_id).await?;
    let items = insight::list_live_after(&mut conn, brand_id, &start, kind, ROWS).await?;
    drop(conn);
    let newest = cursor::encode(&place);
    let events = items.into_iter().map(row).collect();
    Ok(Json(LiveUpdate { events, newest }).into_response())
}

/// `POST /dashboard/{brand}/live/set-apart/{id}/retry`
pub(super) async fn retry(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let profile_id: ProfileId = id.parse().map_err(|_| PageError::not_found())?;
    let (app, change): (&App, _) = (&app, within.staff.change(&app));
    let brand_id = within.brand.brand_id;
    let rows = postgres::tx(&app.pool, async |conn| {
        let rows = projection::retry_parked(conn, brand_id, profile_id).await?;
        if rows > 0 {
            let detail = serde_json::json!({ "rows": rows });
            change
                .record(conn, brand_id, "projection.retried", id.clone(), detail)
                .await?;
        }
        Ok::<_, postgres::Error>(rows)
    })
    .await?;
    if rows == 0 {
        return Err(PageError::not_found());
    }
    app.projector.wake().poke();
    Ok(go_to(&within.path("live?done=retry")))
}

async fn set_apart(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
) -> Result<Vec<SetApartRow>, postgres::Error> {
    let parked = projection::list_parked(conn, brand_id, SET_APART_ROWS).await?;
    if parked.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = parked.iter().map(|row| row.profile_id.uuid()).collect();
    let mut names = insight::list_names(conn, brand_id, &ids).await?;
    let shown = |row: Parked| SetApartRow {
        profile_id: row.profile_id.to_string(),
        who: names
            .remove(&row.profile_id)
            .unwrap_or_else(|| "somebody anonymous".to_owned()),
        reason: row.reason,
        attempts: format::plural(
            u64::try_from(row.attempts).unwrap_or(0),
            "attempt",
            "attempts",
        ),
        since: format::ago(row.parked_at, now),
    };
    Ok(parked.into_iter().map(shown).collect())
}

fn row(item: LiveItem) -> LiveRow {
    let can_replay = can_replay(&item);
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
        json: cut(pretty(&item.payload)),
        replay_id: can_replay.then(|| item.id.clone()),
        replayed: item.replayed.as_deref().map(told).unwrap_or_default(),
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

/// Whether an event can be judged again: it was kept, and is not stored by now.
fn can_replay(item: &LiveItem) -> bool {
    let is_kept = matches!(item.kind, LiveKind::Rejected | LiveKind::Conflict);
    let is_stored = matches!(item.replayed.as_deref(), Some("accepted" | "duplicate"));
    is_kept && !is_stored && !item.payload.is_empty()
}

/// What came of judging an event again, in words.
pub(super) fn told(status: &str) -> String {
    match status {
        "accepted" => "Replayed: stored",
        "duplicate" => "Replayed: it is stored already",
        "conflict" => "Replayed: another event has its message id",
        _ => "Replayed: still not stored",
    }
    .to_owned()
}

/// JSON over several lines, where it is JSON.
pub(super) fn pretty(payload: &str) -> String {
    serde_json::from_str::<Value>(payload)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| payload.to_owned())
}

fn cut(json: String) -> String {
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
