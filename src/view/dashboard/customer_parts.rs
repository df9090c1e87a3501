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
    /// What a move says when it is opened.
    pub told: Option<MoveTold>,
}

/// A move explained, for those who open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTold {
    /// Each condition of the rule with the figure it saw, as in `Investment at least 24: 26.8`.
    pub figures: Vec<String>,
    /// What would have come of it otherwise.
    pub otherwise: String,
    /// When it was recorded, if that was later than it took effect; empty otherwise.
    pub recorded: String,
    /// The version of the rules that made it.
    pub rule_version: u32,
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
