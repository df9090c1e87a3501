//! The loops: claim what is queued, bring it up to date, sleep when there is nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::history::Work;
use super::queue_store::{self, Claimed};
use super::{Error, POLL_INTERVAL, Projector, unbroken};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};

/// Projecting loops per process; more processes add more.
const LOOPS: usize = 2;
/// Queue rows claimed at once.
const BATCH_ROWS: i64 = 2_048;
/// Failures after which a row is parked.
const ATTEMPTS_MAX: i32 = 5;
/// The least time from one turn to the next: under load each turn then takes many people together,
/// and somebody of whom several things arrive within it once. Far below what anybody waits for.
const TURN_INTERVAL: Duration = Duration::from_millis(40);
/// How long a loop rests after an error that is nobody's fault.
const REST_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How often draining looks again at rows that are in other hands, and how long it waits between.
const DRAIN_LOOKS_MAX: u32 = 500;
const DRAIN_PAUSE: Duration = Duration::from_millis(20);
/// The longest reason that is stored with a failed row, in characters.
const REASON_CHARS_MAX: usize = 500;

/// How a turn of a loop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something was brought up to date, or a failure was recorded.
    Worked,
    /// Nothing waits, or all that waits is in other hands.
    Idle,
}

impl Projector {
    /// Projects and sweeps until `stop`, then finishes what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let mut loops = tokio::task::JoinSet::new();
        for _ in 0..LOOPS {
            loops.spawn(self.clone().project_until(stop.clone()));
        }
        loops.spawn(self.clone().refresh_until(stop.clone()));
        loops.spawn(self.sweep_until(stop));
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a projecting loop broke");
            }
        }
    }

    async fn project_until(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let next = tokio::time::Instant::now() + TURN_INTERVAL;
            match self.turn().await {
                Ok(Turn::Worked) => {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep_until(next) => {}
                    }
                }
                Ok(Turn::Idle) => self.rest(&stop, POLL_INTERVAL).await,
                Err(error) => {
                    super::log(&error, "projecting failed; trying again");
                    self.rest(&stop, REST_AFTER_ERROR).await;
                }
            }
        }
        // Another loop may be asleep on the same wake.
        self.wake.poke();
    }

    async fn rest(&self, stop: &CancellationToken, wait: Duration) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.poked_or_after(wait) => {}
        }
    }

    /// Projects until nothing waits. What fails ends parked; what other workers hold is waited for,
    /// for a while.
    pub async fn drain(&self) -> Result<(), Error> {
        for _ in 0..DRAIN_LOOKS_MAX {
            while self.turn().await? == Turn::Worked {}
            if self.count_waiting().await? == 0 {
                break;
            }
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
        Ok(())
    }

    /// How many queued profiles wait, of every brand.
    pub async fn count_waiting(&self) -> Result<u64, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        let count = queue_store::count_waiting(&mut conn).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// One batch of fresh rows, or one row that failed before.
    pub(super) async fn turn(&self) -> Result<Turn, Error> {
        match self.project_fresh().await? {
            Turn::Worked => Ok(Turn::Worked),
            Turn::Idle => self.project_failed().await,
        }
    }

    async fn project_fresh(&self) -> Result<Turn, Error> {
        let started = Instant::now();
        let mut claimed = Vec::new();
        let done = unbroken(postgres::tx(&self.pool, async |conn| {
            queue_store::prefer_indexes(conn).await?;
            claimed = queue_store::claim_fresh(conn, BATCH_ROWS).await?;
            self.project_claimed(conn, &claimed).await
        }))
        .await;
        self.observe_lag(&claimed);
        match done {
            Ok(done) => {
                if done.turn == Turn::Worked {
                    metrics::histogram!("befriend_projection_seconds").record(started.elapsed());
                    let events = u64::try_from(done.events).unwrap_or(u64::MAX);
                    metrics::counter!("befriend_projection_events_total").increment(events);
                }
                Ok(done.turn)
            }
            Err(error) if error.is_transient() || claimed.is_empty() => Err(error),
            Err(error) => {
                super::log(&error, "a batch failed; taking its profiles one by one");
                self.project_one_by_one(claimed).await
            }
        }
    }

    async fn project_failed(&self) -> Result<Turn, Error> {
        let mut claimed = None;
        let done = unbroken(postgres::tx(&self.pool, async |conn| {
            claimed = queue_store::claim_failed(conn).await?;
            self.project_claimed(conn, claimed.as_slice()).await
        }))
        .await;
        match (done, claimed) {
            (Ok(done), _) => Ok(done.turn),
            (Err(error), Some(row)) if !error.is_transient() => {
                self.record_failure(row.brand_id, &[row.queue_id], &error)
                    .await?;
                Ok(Turn::Worked)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// So that one profile that fails holds up no other.
    async fn project_one_by_one(&self, claimed: Vec<Claimed>) -> Result<Turn, Error> {
        let mut rows: BTreeMap<(BrandId, ProfileId), Vec<i64>> = BTreeMap::new();
        for row in claimed {
            let rows = rows.entry((row.brand_id, row.profile_id)).or_default();
            rows.push(row.queue_id);
        }
        for ((brand_id, _), queue_ids) in rows {
            let done = unbroken(postgres::tx(&self.pool, async |conn| {
                let claimed = queue_store::claim_rows(conn, brand_id, &queue_ids).await?;
                self.project_claimed(conn, &claimed).await
            }))
            .await;
            match done {
                Ok(_) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => self.record_failure(brand_id, &queue_ids, &error).await?,
            }
        }
        Ok(Turn::Worked)
    }

    async fn record_failure(
        &self,
        brand_id: BrandId,
        queue_ids: &[i64],
        error: &Error,
    ) -> Result<(), Error> {
        super::log(error, "a profile could not be projected");
        let reason = reason(error);
        let now = self.clock.now();
        let parked = postgres::tx(&self.pool, async |conn| {
            queue_store::update_failed(conn, brand_id, queue_ids, &reason, ATTEMPTS_MAX, now).await
        })
        .await?;
        metrics::counter!("befriend_projection_parked_total").increment(parked);
        Ok(())
    }

    /// Projects claimed rows of any brands and removes those that are done.
    async fn project_claimed(
        &self,
        conn: &mut PgConnection,
        claimed: &[Claimed],
    ) -> Result<BatchDone, Error> {
        let mut brands: BTreeMap<BrandId, Vec<Claimed>> = BTreeMap::new();
        for row in claimed {
            brands.entry(row.brand_id).or_default().push(row.clone());
        }
        let mut total = BatchDone {
            turn: Turn::Idle,
            events: 0,
        };
        for (brand_id, mut rows) in brands {
            let ids: Vec<_> = rows.iter().map(|row| row.profile_id.uuid()).collect();
            rows.extend(queue_store::claim_parked(conn, brand_id, &ids).await?);
            let mut work: BTreeMap<ProfileId, Work> = BTreeMap::new();
            for row in &rows {
                let entry = work.entry(row.profile_id).or_default();
                *entry = entry.and(work_of(row));
            }
            let done = self.project(conn, brand_id, &work).await?;
            let finished: Vec<i64> = rows
                .iter()
                .filter(|row| done.profiles.contains(&row.profile_id))
                .map(|row| row.queue_id)
                .collect();
            if !finished.is_empty() {
                queue_store::delete_rows(conn, brand_id, &finished).await?;
                total.turn = Turn::Worked;
                total.events += done.events;
            }
        }
        Ok(total)
    }

    fn observe_lag(&self, claimed: &[Claimed]) {
        let oldest = claimed.iter().map(|row| row.queued_at).min();
        let lag = oldest.map_or(0.0, |oldest| seconds_between(oldest, self.clock.now()));
        metrics::gauge!("befriend_projection_lag_seconds").set(lag);
    }
}

struct BatchDone {
    turn: Turn,
    events: usize,
}

fn work_of(row: &Claimed) -> Work {
    Work {
        since: Some(row.since),
        arrived_at: Some(row.queued_at),
        anew: row.anew,
    }
}

fn seconds_between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> f64 {
    (later - earlier).as_seconds_f64().max(0.0)
}

/// An error and what caused it, short enough to store.
pub(super) fn reason(error: &Error) -> String {
    super::chain(error).chars().take(REASON_CHARS_MAX).collect()
}

pub(super) const fn attempts_max() -> i32 {
    ATTEMPTS_MAX
}
