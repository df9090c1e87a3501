//! What is arriving: accepted events with what they did, and what was refused.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::live_store;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// How far back is looked for the latest arrivals, nearest first: a busy brand has enough in the
/// last seconds, and only a quiet one is searched further.
const WINDOWS: [TimeDelta; 5] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(10),
    TimeDelta::hours(6),
    TimeDelta::days(7),
    TimeDelta::days(366),
];

/// What became of something that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveKind {
    /// Stored.
    Accepted,
    /// Refused.
    Rejected,
    /// Received before; ignored.
    Duplicate,
    /// Another event has its message id; ignored.
    Conflict,
}

impl LiveKind {
    /// The statuses of rejects that are listed under it; none for what was stored.
    const fn reject_statuses(self) -> &'static [&'static str] {
        match self {
            Self::Accepted => &[],
            Self::Rejected => &["rejected", "conflict"],
            Self::Duplicate => &["duplicate"],
            Self::Conflict => &["conflict"],
        }
    }

    /// Reads the status of a reject.
    pub(super) fn of_reject(status: &str) -> Self {
        match status {
            "duplicate" => Self::Duplicate,
            "conflict" => Self::Conflict,
            _ => Self::Rejected,
        }
    }
}

/// A place in the stream of arrivals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LivePosition {
    pub(super) at: DateTime<Utc>,
    pub(super) key: String,
}

impl LivePosition {
    /// Before everything that arrives from `at` on.
    pub const fn start(at: DateTime<Utc>) -> Self {
        Self {
            at,
            key: String::new(),
        }
    }
}

/// Something that arrived.
#[derive(Clone, Debug)]
pub struct LiveItem {
    /// Where it stands in the stream; later ones are greater.
    pub position: LivePosition,
    /// Tells it apart: a message id, or a reject's id.
    pub id: String,
    /// What became of it.
    pub kind: LiveKind,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Its name; its kind (`identify`, …) where it has none.
    pub name: String,
    /// Whom it is about, for an accepted event.
    pub profile_id: Option<ProfileId>,
    /// What to call them.
    pub who: Option<String>,
    /// Why it was not stored: a stable word, and a sentence.
    pub refusal: Option<(String, String)>,
    /// The moves it caused, from stage and to stage, in order.
    pub moves: Vec<(i16, i16)>,
    /// What came of judging it again: `accepted`, `duplicate`, `conflict` or `rejected`.
    pub replayed: Option<String>,
    /// Warnings that intake put on it.
    pub flags: Vec<String>,
    /// As received: JSON, cut short if it was refused for its size.
    pub payload: String,
}

/// The latest arrivals, newest first.
pub async fn list_live(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
    kind: Option<LiveKind>,
    limit: usize,
) -> Result<Vec<LiveItem>, Error> {
    let mut items = Vec::new();
    for window in WINDOWS {
        let start = LivePosition::start(now - window);
        items = list_live_after(conn, brand_id, &start, kind, limit).await?;
        if items.len() >= limit {
            break;
        }
    }
    Ok(items)
}

/// What arrived after a place in the stream, newest first; the newest `limit` if there is more.
pub async fn list_live_after(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: &LivePosition,
    kind: Option<LiveKind>,
    limit: usize,
) -> Result<Vec<LiveItem>, Error> {
    let rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    if kind.is_none_or(|kind| kind == LiveKind::Accepted) {
        items.extend(live_store::list_accepted(conn, brand_id, after, rows).await?);
    }
    if kind != Some(LiveKind::Accepted) {
        let statuses = kind.map(LiveKind::reject_statuses);
        items.extend(live_store::list_refused(conn, brand_id, after, statuses, rows).await?);
    }
    items.sort_by(|one, other| other.position.cmp(&one.position));
    items.truncate(limit);
    Ok(items)
}

/// When the latest arrival since `since` came in.
pub async fn find_latest_arrival(
    conn: &mut PgConnection,
    brand_id: BrandId,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    live_store::find_latest(conn, brand_id, since).await
}

/// How many arrivals came in from `from` on and before `until`, as far as they are committed by now.
/// When the count of a span has grown, something that came in then was committed late.
pub async fn count_arrivals(
    conn: &mut PgConnection,
    brand_id: BrandId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<i64, Error> {
    live_store::count_arrivals(conn, brand_id, from, until).await
}
