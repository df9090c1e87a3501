//! Turns of the spiral, and the step within a turn.
//!
//! A turn is one round of discovering, deciding, using and what comes after. What begins and ends
//! one is said in `advance/turns.rs`.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::Day;

/// Turns kept once they are over; the oldest are forgotten first.
const TURNS_KEPT: usize = 32;

/// Where in a turn somebody is. No order is forced: people enter and leave anywhere.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking around.
    Discover,
    /// Weighing one thing against another.
    Decide,
    /// Having it.
    Use,
    /// What comes of it: a review, a question, a complaint.
    After,
}

impl Step {
    /// All four, in the order of a turn.
    pub const ALL: [Self; 4] = [Self::Discover, Self::Decide, Self::Use, Self::After];
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnOutcome {
    /// They came back for more, and somebody they brought in this turn became a customer.
    Referral,
    /// They came back for more.
    Refill,
    /// They joined a layer: the next turn is one of a closer relationship.
    Graduation,
    /// They became a stranger again in silence.
    DropOut,
    /// The relationship was ended, by them or by a dispute without a remedy.
    Break,
}

/// The present turn and those before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct TurnState {
    /// Turns begun.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) number: u32,
    /// The deepest layer they were in when the present one began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) layer: Option<String>,
    /// When the present one began; none between turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<Step>,
    /// Whether something was ordered in it, or since the turn before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) bought: bool,
    /// Whether somebody they brought became a customer in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) referred: bool,
    /// The latest turns that are over, earliest first: first day, last day, outcome, layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) over: Vec<(Day, Day, TurnOutcome, Option<String>)>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl TurnState {
    pub(super) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Begins a turn within a layer, unless one is under way.
    pub(super) fn begin(&mut self, at: DateTime<Utc>, layer: Option<String>) {
        if self.since.is_none() {
            self.number += 1;
            self.since = Some(at);
            self.layer = layer;
        }
    }

    /// Ends the turn under way, if there is one.
    pub(super) fn end(&mut self, at: DateTime<Utc>, outcome: TurnOutcome) {
        let Some(since) = self.since.take() else {
            return;
        };
        if self.over.len() == TURNS_KEPT {
            self.over.remove(0);
        }
        let layer = self.layer.take();
        self.over
            .push((Day::of(since), Day::of(at), outcome, layer));
        self.step = None;
        self.bought = false;
        self.referred = false;
    }
}

/// A turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Its number, from 1.
    pub number: u32,
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day; none while it lasts.
    pub until: Option<NaiveDate>,
    /// How it ended; none while it lasts.
    pub outcome: Option<TurnOutcome>,
    /// The id of the deepest layer they were in when it began; none for the base alone.
    pub layer: Option<String>,
}

impl TurnState {
    /// The latest turns, earliest first, the present one included.
    pub(super) fn list(&self) -> Vec<Turn> {
        let present = self.since.map(|since| Turn {
            number: self.number,
            from: Day::of(since).date(),
            until: None,
            outcome: None,
            layer: self.layer.clone(),
        });
        let over = u32::try_from(self.over.len()).unwrap_or(u32::MAX);
        let before = self.number - u32::from(present.is_some());
        let first = before.saturating_sub(over) + 1;
        let over = (first..).zip(&self.over).map(|(number, turn)| Turn {
            number,
            from: turn.0.date(),
            until: Some(turn.1.date()),
            outcome: Some(turn.2),
            layer: turn.3.clone(),
        });
        over.chain(present).collect()
    }
}
