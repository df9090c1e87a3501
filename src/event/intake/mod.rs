//! Group commit: events of concurrent requests share a transaction, and each request is answered
//! after the one that holds its events.
//!
//! Owns the queue and its limits, and the order in which a commit takes its locks. The queue is
//! bounded in events and in bytes; a full one refuses at once. Work runs in tasks that no client can
//! cancel. Start with [`Intake::submit`], then `writer`, then `commit`.

mod claims;
mod commit;
mod effects;
mod resolve;
mod share;
mod whole;
mod writer;

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use share::{Share, Shares};

pub use whole::{Whole, store_whole};

use super::{Judged, Submission, Verdict};
use crate::config;
use crate::kernel::id::BrandId;
use crate::kernel::{Clock, Entropy, HashKey};
use crate::postgres::{self, Pool};

/// The most bytes of events that wait to be committed, in KiB.
const QUEUE_KIB_MAX: usize = 128 * 1024;
/// What senders are told to wait when the queue is full, in seconds. The queue drains in less.
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a submission was not stored. Nothing of it is known to be stored; the same may be sent again,
/// and what was stored after all is then a duplicate.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too much waits already.
    #[error("too many events wait to be stored")]
    Busy,
    /// The database cannot be reached, or the service is stopping.
    #[error("events cannot be stored just now")]
    Unavailable,
    /// The database refused for a reason that sending again will not mend.
    #[error("events could not be stored")]
    Failed(#[source] Arc<postgres::Error>),
}

/// The way in for events. Cheap to clone.
#[derive(Clone)]
pub struct Intake(Arc<Inner>);

struct Inner {
    queue: mpsc::UnboundedSender<Pending>,
    /// A permit for each event that waits.
    events: Arc<Semaphore>,
    events_max: usize,
    shares: Shares,
    /// A permit for each KiB that waits.
    kib: Arc<Semaphore>,
    writers: TaskTracker,
    closing: CancellationToken,
}

/// A submission in the queue.
struct Pending {
    submission: Submission,
    answer: oneshot::Sender<Result<Vec<Verdict>, SubmitError>>,
    _room: [OwnedSemaphorePermit; 2],
    _share: Option<Share>,
}

impl Pending {
    /// Frees its places in the queue before anybody is told: who then comes with more finds room.
    fn give_back(self) -> oneshot::Sender<Result<Vec<Verdict>, SubmitError>> {
        self.answer
    }
}

impl Intake {
    /// Starts the writers; each calls `on_commit` after a commit that stored an event. Must be called
    /// within a Tokio runtime.
    pub fn start(
        pool: &Pool,
        clock: &Clock,
        entropy: &Entropy,
        hash_key: &HashKey,
        limits: config::Intake,
        on_commit: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let on_commit: Arc<dyn Fn() + Send + Sync> = Arc::new(on_commit);
        let closing = CancellationToken::new();
        let writers = TaskTracker::new();
        for _ in 0..limits.writers {
            let writer = Arc::new(writer::Writer {
                pool: pool.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
                hash_key: hash_key.clone(),
                limits,
                on_commit: Arc::clone(&on_commit),
                closing: closing.clone(),
                is_counted: std::sync::atomic::AtomicBool::new(false),
            });
            writers.spawn(writer.run(Arc::clone(&waiting)));
        }
        writers.close();
        Self(Arc::new(Inner {
            queue,
            events: Arc::new(Semaphore::new(limits.queue_events_max)),
            events_max: limits.queue_events_max,
            shares: Shares::of_queue(limits.queue_events_max),
            kib: Arc::new(Semaphore::new(QUEUE_KIB_MAX)),
            writers,
            closing,
        }))
    }

    /// Stores events and says what became of each, in order. Refuses at once when too much waits.
    pub async fn submit(&self, submission: Submission) -> Result<Vec<Verdict>, SubmitError> {
        if submission.items.is_empty() {
            return Ok(Vec::new());
        }
        let (events, kib) = self.weight(&submission);
        let inner = &self.0;
        let refused = |error| match error {
            tokio::sync::TryAcquireError::Closed => SubmitError::Unavailable,
            tokio::sync::TryAcquireError::NoPermits => SubmitError::Busy,
        };
        let share = inner
            .shares
            .try_take(submission.sender.brand_id, submission.items.len())
            .ok_or(SubmitError::Busy)?;
        let room = [
            Arc::clone(&inner.events)
                .try_acquire_many_owned(events)
                .map_err(refused)?,
            Arc::clone(&inner.kib)
                .try_acquire_many_owned(kib)
                .map_err(refused)?,
        ];
        self.enqueue(submission, room, Some(share)).await
    }

    /// Refuses at once if the brand could not submit a single event: asked before a request is read
    /// closely, so that a flood costs little.
    pub fn has_room(&self, brand_id: BrandId) -> Result<(), SubmitError> {
        let inner = &self.0;
        if inner.events.available_permits() == 0 || inner.shares.is_used_up(brand_id) {
            return Err(SubmitError::Busy);
        }
        Ok(())
    }

    /// As [`Intake::submit`], but waits for room: for imports, which nobody hurries.
    pub async fn submit_patiently(
        &self,
        submission: Submission,
    ) -> Result<Vec<Verdict>, SubmitError> {
        let (events, kib) = self.weight(&submission);
        let inner = &self.0;
        let closed = |_| SubmitError::Unavailable;
        let room = [
            Arc::clone(&inner.events)
                .acquire_many_owned(events)
                .await
                .map_err(closed)?,
            Arc::clone(&inner.kib)
                .acquire_many_owned(kib)
                .await
                .map_err(closed)?,
        ];
        self.enqueue(submission, room, None).await
    }

    /// Takes no more, and waits until everything taken is stored and answered.
    pub async fn close(&self) {
        let inner = &self.0;
        inner.events.close();
        inner.kib.close();
        inner.closing.cancel();
        inner.writers.wait().await;
    }

    async fn enqueue(
        &self,
        submission: Submission,
        room: [OwnedSemaphorePermit; 2],
        share: Option<Share>,
    ) -> Result<Vec<Verdict>, SubmitError> {
        let (answer, answered) = oneshot::channel();
        let pending = Pending {
            submission,
            answer,
            _room: room,
            _share: share,
        };
        self.0
            .queue
            .send(pending)
            .map_err(|_| SubmitError::Unavailable)?;
        answered.await.unwrap_or(Err(SubmitError::Unavailable))
    }

    /// How much of the queue's room a submission takes; one that is larger than all of it takes all.
    fn weight(&self, submission: &Submission) -> (u32, u32) {
        let bytes: usize = submission
            .items
            .iter()
            .map(|item| match item {
                Judged::Accepted(event) => event.payload.len(),
                Judged::Rejected(rejection) => rejection.payload.len(),
            })
            .sum();
        let capped = |amount: usize, max| u32::try_from(amount.clamp(1, max)).unwrap_or(u32::MAX);
        (
            capped(submission.items.len(), self.0.events_max),
            capped(bytes / 1024, QUEUE_KIB_MAX),
        )
    }
}
