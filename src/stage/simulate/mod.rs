//! What other rules would make of the same people: the comparison behind every preview.
//!
//! Owns what is compared (stages at an instant, moves and their reversals, days spent in a stage,
//! what each stage went on to earn), how it adds up over many people, and the words for why somebody
//! would move. Never folds anything itself: it is given outcomes, computed by the same functions
//! that a publication computes them with, so that a preview cannot promise what publishing does not
//! do. Start with [`Question`] and [`Subject`]; [`Tally`] adds people up, in any order and in any
//! number of shards, and [`Tally::finish`] gives the [`Preview`].

mod money;
mod preview;
mod purchase;
mod reason;
mod tally;
mod timeline;
mod warning;

use chrono::{DateTime, TimeDelta, Utc};

use super::advance::Outcome;
use super::rules::Rules;

pub use money::Money;
pub use preview::{Course, Earned, Preview, Sample};
pub use purchase::{Purchase, purchases};
pub use tally::Tally;
pub use timeline::{count_flip_flops, stage_at};

/// Days over which it is counted what a stage went on to earn, unless asked otherwise: 39 weeks.
pub const HORIZON_DAYS: u16 = 273;

/// What a preview is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The instant at which people are looked at.
    pub at: DateTime<Utc>,
    /// The instant at which they stood in the stages whose earnings are counted.
    pub reference: DateTime<Utc>,
    /// Days after `reference` in which orders count as earned.
    pub horizon_days: u16,
}

impl Question {
    /// Looks at people at `at`, and counts what they earned in the `horizon_days` before it.
    pub fn about(at: DateTime<Utc>, horizon_days: u16) -> Self {
        let horizon = TimeDelta::days(i64::from(horizon_days));
        Self {
            at,
            reference: at
                .checked_sub_signed(horizon)
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
            horizon_days,
        }
    }

    /// The last instant at which an order counts as earned.
    fn horizon(&self) -> DateTime<Utc> {
        let horizon = TimeDelta::days(i64::from(self.horizon_days));
        self.reference
            .checked_add_signed(horizon)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// One person, evaluated in several ways up to the same instant.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Who, by an id that does not change: samples are chosen and named by it.
    pub id: &'a str,
    /// Since when somebody is known behind the profile.
    pub known_since: Option<DateTime<Utc>>,
    /// When the first event happened.
    pub first_at: Option<DateTime<Utc>>,
    /// How many events there are.
    pub events: u64,
    /// What was bought and kept.
    pub purchases: &'a [Purchase<'a>],
    /// Under the rules in force.
    pub present: View<'a>,
    /// Under the rules as they would be.
    pub draft: View<'a>,
    /// As if the draft had always been in force: the draft's outcome itself, where it applies to
    /// history. Reversals, days and earnings are counted on it, for a draft that begins today has
    /// no past of its own to be judged by.
    pub hindsight: &'a Outcome,
}

/// An outcome, and the rules that are in force at its end.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The rules; they name the stages and explain the moves.
    pub rules: &'a Rules,
    /// What they make of the person.
    pub outcome: &'a Outcome,
}

impl Subject<'_> {
    fn is_known_at(&self, at: DateTime<Utc>) -> bool {
        self.known_since.is_some_and(|since| since <= at)
    }
}
