//! A writer: gathers what waits, commits it, answers. Several run side by side.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::commit::{self, Item};
use super::{Pending, SubmitError};
use crate::config;
use crate::event::{Event, Form, Judged, Outcome, Rejection, Verdict, store, validate};
use crate::kernel::{Clock, Entropy, HashKey};
use crate::postgres::{self, Pool};

/// How often a commit is tried when the database says that it may work the next time.
const ATTEMPTS_MAX: u32 = 3;

/// What one commit made of its items, in order.
type Stored = Vec<Result<Outcome, SubmitError>>;

pub(super) struct Writer {
    pub(super) pool: Pool,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    pub(super) hash_key: HashKey,
    pub(super) limits: config::Intake,
    pub(super) on_commit: Arc<dyn Fn() + Send + Sync>,
    pub(super) closing: CancellationToken,
    /// Whether the server has counted the rows of the tables that a commit looks into.
    pub(super) is_counted: AtomicBool,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) async fn run(self: Arc<Self>, waiting: Arc<Mutex<UnboundedReceiver<Pending>>>) {
        loop {
            let batch = {
                let mut queue = waiting.lock().await;
                self.gather(&mut queue).await
            };
            if batch.is_empty() {
                return;
            }
            // A task of its own, so that a panic costs this batch its answer and nothing else.
            let writer = Arc::clone(&self);
            if tokio::spawn(async move { writer.commit(batch).await })
                .await
                .is_err()
            {
                tracing::error!("a commit of events panicked; its senders were told to try again");
            }
        }
    }

    /// Waits for a submission, then briefly for company. Empty when there will be no more.
    async fn gather(&self, queue: &mut UnboundedReceiver<Pending>) -> Vec<Pending> {
        let first = tokio::select! {
            biased;
            first = queue.recv() => first,
            () = self.closing.cancelled() => {
                queue.close();
                queue.recv().await
            }
        };
        let Some(first) = first else {
            return Vec::new();
        };
        let deadline = Instant::now() + self.limits.batch_wait;
        let mut events = first.submission.items.len();
        let mut batch = vec![first];
        while events < self.limits.batch_events_max {
            let next = match queue.try_recv() {
                Ok(next) => Some(next),
                Err(_) if self.limits.batch_wait.is_zero() => None,
                Err(_) => timeout_at(deadline, queue.recv()).await.ok().flatten(),
            };
            let Some(next) = next else { break };
            events += next.submission.items.len();
            batch.push(next);
        }
        batch
    }

    async fn commit(&self, batch: Vec<Pending>) {
        let items: Vec<Item<'_>> = batch
            .iter()
            .flat_map(|pending| {
                let sender = &pending.submission.sender;
                pending
                    .submission
                    .items
                    .iter()
                    .map(move |judged| Item { sender, judged })
            })
            .collect();
        metrics::histogram!("befriend_intake_commit_events").record(measure(items.len()));
        let started = Instant::now();
        let stored = self.store(&items).await;
        metrics::histogram!("befriend_intake_commit_seconds").record(started.elapsed());
        if stored
            .iter()
            .any(|one| matches!(one, Ok(Outcome::Accepted { .. })))
        {
            (self.on_commit)();
        }
        count(&stored);
        answer(batch, stored);
    }

    /// Stores items; when the database refuses for the sake of some, finds them by halving, so that
    /// their neighbours are stored.
    fn store<'a>(
        &'a self,
        items: &'a [Item<'a>],
    ) -> Pin<Box<dyn Future<Output = Stored> + Send + 'a>> {
        Box::pin(async move {
            let error = match self.try_to_store(items).await {
                Ok(outcomes) => return outcomes.into_iter().map(Ok).collect(),
                Err(error) => error,
            };
            if error.is_transient() {
                tracing::warn!(%error, events = items.len(), "events could not be stored");
                return vec![Err(SubmitError::Unavailable); items.len()];
            }
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, source, events = items.len(), "a commit of events was refused");
            if let [item] = items {
                return vec![self.refuse(*item, error).await];
            }
            let (left, right) = items.split_at(items.len() / 2);
            let mut stored = self.store(left).await;
            stored.extend(self.store(right).await);
            stored
        })
    }

    async fn try_to_store(&self, items: &[Item<'_>]) -> Result<Vec<Outcome>, postgres::Error> {
        let mut attempt = 1;
        loop {
            match self.store_once(items).await {
                Err(error) if error.is_transient() && attempt < ATTEMPTS_MAX => {
                    tracing::debug!(%error, attempt, "trying a commit of events again");
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn store_once(&self, items: &[Item<'_>]) -> Result<Vec<Outcome>, postgres::Error> {
        let now = self.clock.now();
        let (entropy, hash_key) = (&self.entropy, &self.hash_key);
        postgres::tx(&self.pool, async |conn| {
            if !self.is_counted.load(Ordering::Relaxed) {
                let is_counted = store::plan_until_counted(conn).await?;
                self.is_counted.store(is_counted, Ordering::Relaxed);
            }
            commit::write(conn, (entropy, hash_key), now, items).await
        })
        .await
    }

    /// Keeps a single event that the database would not take, as a refused one.
    async fn refuse(&self, item: Item<'_>, error: postgres::Error) -> Result<Outcome, SubmitError> {
        let failed = |error| Err(SubmitError::Failed(Arc::new(error)));
        let Judged::Accepted(event) = item.judged else {
            return failed(error);
        };
        let judged = Judged::Rejected(Box::new(unstorable(event, self.clock.now())));
        let items = [Item {
            sender: item.sender,
            judged: &judged,
        }];
        match self.store_once(&items).await {
            Ok(mut outcomes) => outcomes.pop().ok_or(SubmitError::Unavailable),
            Err(error) => failed(error),
        }
    }
}

fn unstorable(event: &Event, received_at: DateTime<Utc>) -> Rejection {
    Rejection {
        code: "not_storable",
        detail: "the database refused this event".to_owned(),
        pointer: "",
        message_id: Some(event.message_id.clone()),
        name: Some(event.name.clone()),
        payload: validate::redacted(&event.payload),
        form: Form::Tracking,
        is_noted: true,
        routed_kind: Some(event.kind),
        sent_at: event.sent_at,
        received_at,
    }
}

/// Gives each submission its share of what was stored.
fn answer(batch: Vec<Pending>, stored: Stored) {
    let mut stored = stored.into_iter();
    for pending in batch {
        let items = &pending.submission.items;
        let verdicts = items
            .iter()
            .zip(stored.by_ref())
            .map(|(item, outcome)| {
                let message_id = match item {
                    Judged::Accepted(event) => Some(event.message_id.clone()),
                    Judged::Rejected(rejection) => rejection.message_id.clone(),
                };
                outcome.map(|outcome| Verdict {
                    message_id,
                    outcome,
                })
            })
            .collect();
        let answer = pending.give_back();
        // Whoever asked may have left; what was stored stays stored.
        drop(answer.send(verdicts));
    }
}

fn count(stored: &Stored) {
    for one in stored {
        let verdict = match one {
            Ok(Outcome::Accepted { .. }) => "accepted",
            Ok(Outcome::Duplicate) => "duplicate",
            Ok(Outcome::Conflict) => "conflict",
            Ok(Outcome::Rejected { .. }) => "rejected",
            Err(_) => "failed",
        };
        metrics::counter!("befriend_intake_events_total", "verdict" => verdict).increment(1);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch is far below 2^53 events"
)]
const fn measure(events: usize) -> f64 {
    events as f64
}
