//! The proof that what is stored is what happened: every person's events folded from scratch, and
//! compared with the stored standing. Also stages at any date, which are a matter of folding up to
//! that date.
//!
//! Owns the tables `replay`, `replay_part` and `replay_note`. `check.rs` compares and writes
//! nothing. `run.rs` mends: page by page, on all cores and in as many processes as are started,
//! resumable at any instant; what it finds wrong is kept aside, and `swap.rs` lets all of it take
//! effect at once. It must never change what readers see before that, nor write over what the
//! projector has written in the meantime.
//!
//! Start with [`Projector::replay`], then `run.rs`.

mod check;
mod compare;
mod page;
mod pages;
mod run;
mod stages_at;
mod store;
mod swap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, Projector, event_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres;

pub use stages_at::Counts;

/// Differences that are kept to be shown; all are counted.
const DIFFERENCES_MAX: usize = 10;

/// What a replay does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Compares and writes nothing.
    Check,
    /// Folds everybody anew and writes what is stored otherwise.
    Rewrite,
}

/// What a replay found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// People replayed.
    pub people: u64,
    /// Events folded.
    pub events: u64,
    /// People left out because something waits for them, or another worker was at them.
    pub waiting: u64,
    /// From a check: people whose stored standing is not the fold of their events.
    pub differing: u64,
    /// The first of these.
    pub differences: Vec<Difference>,
    /// What was written; from a check, nothing.
    pub written: Written,
    /// How many people an earlier run, ended before its time, had done already.
    pub resumed_after: Option<u64>,
    /// Whether an earlier run, or this one, was given up and begun again because the rules changed.
    pub began_anew: bool,
}

/// What a replay wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// People who had events and no standing.
    pub projected: u64,
    /// People who did not stand where their events put them, and do now: all at one instant.
    pub corrected: u64,
    /// People whom something happened to in the meantime, folded once more at that instant.
    pub refolded: u64,
}

/// A stored standing that is not the fold of the stored events.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Whose.
    pub profile_id: ProfileId,
    /// What differs.
    pub what: &'static str,
    /// The way to the first thing that differs, from field to field and from place to place.
    pub path: String,
    /// What is stored there.
    pub stored: Value,
    /// What should be.
    pub replayed: Value,
    /// All that is stored: the state and the moves.
    pub stored_whole: Value,
    /// All that should be.
    pub replayed_whole: Value,
}

impl Projector {
    /// How many people of the brand a replay goes through.
    pub async fn count_people(&self, brand_id: BrandId) -> Result<u64, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        let count = event_store::count_people(&mut conn, brand_id).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Replays everybody of a brand. `progress` hears how many people each page had.
    pub async fn replay(
        &self,
        brand_id: BrandId,
        mode: Mode,
        progress: impl Fn(u64),
    ) -> Result<Report, Error> {
        match mode {
            Mode::Check => self.check_everybody(brand_id, progress).await,
            Mode::Rewrite => self.mend_everybody(brand_id, progress).await,
        }
    }
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

fn signed(things: u64) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

fn unsigned(things: i64) -> u64 {
    u64::try_from(things).unwrap_or(0)
}
