//! From stored events to standings: the projector, the sweeper, and the replay that proves them.
//!
//! Owns the tables `rule_set`, `rule_draft`, `rule_round`, `rule_preview`, `learnt_half_life`, `projection_queue`
//! (which intake fills), `standing` and `transition`, and writes a fact for every move. Never computes a stage itself ([`crate::stage`] does) and never
//! makes intake wait: what fails is parked with its reason, and later ones flow.
//!
//! A profile is brought up to date by one transaction that holds its advisory lock: what is queued
//! is claimed, new events are loaded (all of them, if any is older than what was folded), folded,
//! and standing, transitions and facts are written together. Nothing that is written depends on the
//! order or the batches in which events arrived, so any process may do any part of the work.
//!
//! Rules change over time: [`ruleset`] publishes them, `timeline.rs` says which hold when, and
//! `round.rs` brings everybody up to them.
//!
//! Start with [`Projector`], then `batch.rs` (one transaction) and `history.rs` (pure: what to fold
//! and what changed).

mod batch;
mod complaints;
mod current;
mod draft_store;
mod earned;
mod event_store;
mod fact;
mod figures;
mod history;
mod layer_store;
mod layers;
mod learn;
mod learn_store;
mod life;
mod life_store;
mod parked;
pub mod preview;
mod queue_store;
mod referral_check;
mod replay;
mod round;
mod round_store;
mod rulebook;
pub mod ruleset;
pub mod ruleset_store;
mod standing_store;
mod sweep;
mod timeline;
mod value;
mod worker;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;

use crate::kernel::id::RuleSetId;
use crate::kernel::{Clock, Entropy};
use crate::postgres::{self, Pool};

pub use current::Current;
pub use draft_store::Draft;
pub use layer_store::{RecordedLayerTransition, list_layer_transitions};
pub use learn::{LearnFor, LearntRhythm};
pub use life::{Basis, EVENTS_MAX, ExplainedMove, Life, PastTooLong};
pub use parked::{Parked, list_parked, retry_parked};
pub use replay::{Counts, Difference, Mode, Report, Written};
pub use round::Progress;
pub use rulebook::BrandRules;
pub use ruleset_store::ensure_default;
pub use standing_store::{RecordedTransition, list_transitions};
pub use timeline::{Edition, GAPS_MIN, Rhythm, Timeline};
pub use value::{HORIZON_DAYS, ValueFit};

/// How long the projector sleeps when nothing waits and nobody wakes it.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Brings standings up to date. Cheap to clone; clones share the rule sets they have read.
#[derive(Clone)]
pub struct Projector {
    pool: Pool,
    clock: Clock,
    entropy: Entropy,
    book: Arc<rulebook::RuleBook>,
    wake: Wake,
}

impl Projector {
    /// A projector that has not begun to work: see [`Projector::run`].
    pub fn new(pool: Pool, clock: Clock, entropy: Entropy) -> Self {
        Self {
            pool,
            clock,
            entropy,
            book: Arc::default(),
            wake: Wake::default(),
        }
    }

    /// What intake pokes when it has queued a profile.
    pub const fn wake(&self) -> &Wake {
        &self.wake
    }
}

/// Tells the projector of this process that something waits. Without it, it looks ten times a
/// second.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the projector, or keeps it from going to sleep. Costs next to nothing.
    pub fn poke(&self) {
        self.0.notify_one();
    }

    async fn poked_or_after(&self, wait: Duration) {
        drop(tokio::time::timeout(wait, self.0.notified()).await);
    }
}

/// Why standings could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Database(#[from] postgres::Error),
    /// A stored rule set cannot be used.
    #[error("the rule set {rule_set_id} cannot be used: {reason}")]
    RuleSet {
        /// Which.
        rule_set_id: RuleSetId,
        /// What is wrong with it.
        reason: String,
    },
    /// Something broke on these events.
    #[error("the events of a profile cannot be folded: {0}")]
    Broken(String),
}

impl Error {
    /// Whether the same may succeed in a moment, so that nobody is to blame.
    fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => error.is_transient(),
            Self::RuleSet { .. } | Self::Broken(_) => false,
        }
    }
}

/// Makes a panic, as when a stored value is beyond what a library can read, an error of whom it
/// concerns, so that it cannot end a loop.
async fn unbroken<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Error::Broken(text.unwrap_or("a panic").to_owned()))
        }
    }
}

/// An error and what caused it, on one line.
fn chain(error: &Error) -> String {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    chain
}

fn log(error: &Error, what: &'static str) {
    tracing::warn!(error = %chain(error), "{what}");
}
