//! The parts of a customer's page.

use crate::view::StageTag;

/// Which way a move goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To a warmer stage.
    Warm,
    /// To a colder stage.
    Cool,
}

impl Direction {
    /// Both, warmer first.
    pub const ALL: [Self; 2] = [Self::Warm, Self::Cool];

    /// The word used in style classes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cool => "cool",
        }
    }
}

/// Why the customer is at their stage and not at another.
#[derive(Debug, Clone)]
pub struct WhyHere {
    /// The whole in one sentence, as in `A friend since 3 Mar 2026, and safe for 57 days.`
    pub summary: String,
    /// The rule set's version.
    pub rule_version: u32,
    /// The customer's scores.
    pub scores: Vec<Score>,
    /// The rules that could move them from where they are, in the order in which they are judged.
    pub rules: Vec<RuleView>,
}

/// A score and the place of its thresholds.
#[derive(Debug, Clone)]
pub struct Score {
    /// What it measures, as in `Familiarity`.
    pub name: String,
    /// Its value, as in `26.8`.
    pub value: String,
    /// What it counts, in a few words.
    pub meaning: String,
}

/// A rule that could move the customer.
#[derive(Debug, Clone)]
pub struct RuleView {
    /// The rule's id, such as `P2`.
    pub id: String,
    /// Which way it moves people.
    pub direction: Direction,
    /// The stage it moves to.
    pub to: StageTag,
    /// Whether all it asks is met.
    pub met: bool,
    /// What happens next if nothing else does, as in `Would cool on 6 May 2026, in 57 days.`
    pub next: String,
    /// What it asks, one condition each.
    pub conditions: Vec<ConditionView>,
}

/// One condition of a rule.
#[derive(Debug, Clone)]
pub struct ConditionView {
    /// What is asked, in words, as in `Investment at least 24`.
    pub text: String,
    /// Whether it is met.
    pub met: bool,
    /// The customer's own figure, as in `26.8`.
    pub figure: String,
    /// The figure asked for, as in `24`.
    pub threshold: String,
    /// How far from changing, as in `2.8 to spare, 57 days left` or `3.2 short`; empty where that
    /// cannot be said.
    pub slack: String,
}

/// Something that happened, newest first in the list.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// When, as machines read it.
    pub datetime: String,
    /// The day, as in `3 Mar 2026`; shown where it differs from the entry before.
    pub day: String,
    /// The time of day, as in `14:05`.
    pub time: String,
    /// What happened, as in `Order Completed`.
    pub title: String,
    /// More about it, as in `42.50 CHF, full price`; may be empty.
    pub detail: String,
    /// What it counted for, as in `+10 investment`; may be empty.
    pub effect: String,
    /// The stage the customer was at once it had happened: colours the strip along the edge.
    pub stage: StageTag,
    /// The move, where this entry is one.
    pub moved: Option<Move>,
}

/// A change of stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The stage before.
    pub from: StageTag,
    /// The stage after.
    pub to: StageTag,
}

impl Move {
    /// Which way it went.
    pub fn direction(self) -> Direction {
        if self.to > self.from {
            Direction::Warm
        } else {
            Direction::Cool
        }
    }
}

/// An account that signs the customer in.
#[derive(Debug, Clone)]
pub struct IdentityRow {
    /// The provider's name.
    pub provider_label: String,
    /// The account, as in an address or a handle.
    pub account: String,
    /// The day it was linked.
    pub linked_on: String,
    /// When it last signed them in.
    pub last_used: String,
}

/// An id by which events name the customer.
#[derive(Debug, Clone)]
pub struct AliasRow {
    /// The kind, as in `userId` or `anonymousId`.
    pub kind: String,
    /// The id.
    pub value: String,
    /// The day it was first seen.
    pub first_seen: String,
}

/// A purpose, and whether the customer allows it.
#[derive(Debug, Clone)]
pub struct ConsentRow {
    /// What it is, in a few words.
    pub purpose: String,
    /// Whether it is allowed now.
    pub granted: bool,
    /// When and where that was said.
    pub recorded: String,
}
