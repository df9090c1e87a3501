//! The stage engine: from what happened to how well a customer knows the brand, and why.
//!
//! Owns the rule set, the day ledger, the fold that turns acts into stages, and the words that
//! explain a stage or a move. It is a function of its arguments: it must never do I/O, read a
//! clock, draw a random number, or know of a table, a request or a tenant. The same input gives the
//! same bytes, whatever the order, the batches or the repetitions in which acts arrive.
//!
//! Reading order: `tier`, `dimension` and `day` for the nouns; [`ruleset`] for what a brand may say;
//! [`event`] for how an event becomes an act; [`ledger`]; `state` for what is kept; `evaluate` for
//! conditions; [`mod@advance`] for the fold itself; [`Schedule`] for rules that change;
//! [`mod@explain`] and [`corrections`]; [`simulate`] for what other rules would have made of the same
//! people.
//!
//! ```
//! use befriend::stage::{self, Fact, Rules, Stage};
//! use chrono::{DateTime, TimeDelta};
//!
//! let rules = Rules::default_rules();
//! let nothing = serde_json::json!({});
//! let start = DateTime::UNIX_EPOCH;
//! let fact = |name, message_id| Fact {
//!     at: start,
//!     source: "site",
//!     message_id,
//!     name,
//!     properties: &nothing,
//!     trusted: true,
//!     known_after: true,
//!     brand_initiated: false,
//! };
//! let acts = [fact("Signed Up", "m1"), fact("Consent Given", "m2")]
//!     .map(|fact| stage::interpret(&rules, &fact));
//!
//! let first = stage::fold(&rules, &acts, None, start);
//! assert_eq!(first.standing.stage, Stage::Acquaintance);
//!
//! // Store `first.state`, `first.ledger`, `first.transitions`; at `first.review_at`, or when more
//! // acts come, continue from it.
//! let later = start + TimeDelta::days(400);
//! let second = stage::advance(&rules, &first.state, &[], None, later).unwrap();
//! assert_eq!(second.standing.stage, Stage::Stranger);
//! ```

mod contact;
mod day;
mod decay;
mod dimension;
mod dispute;
mod evaluate;
mod exact;
mod hash;
mod layer;
mod ready_layer;
mod referral;
mod rest;
mod rules;
mod schedule;
mod state;
mod tier;
mod transition;
mod turn;

pub mod advance;
pub mod corrections;
pub mod event;
pub mod explain;
pub mod ledger;
pub mod ruleset;
pub mod simulate;

pub use advance::{AdvanceError, Outcome, advance, fold};
pub use contact::{
    ChannelWish, ContactAsked, ContactDecision, ContactKind, ContactReason, Permission, Wishes,
    may_contact,
};
pub use corrections::{Corrections, Notice, correct};
pub use day::Day;
pub use dimension::{Dimension, Dimensions, Scores};
pub use dispute::{Dispute, DisputeStatus};
pub use event::{Act, Fact, READ_OF_ANY, Verdict, interpret};
pub use explain::{
    Explanation, TransitionExplanation, explain, explain_history, explain_latest, explain_move,
    explain_transition,
};
pub use layer::{LayerMove, LayerStanding, LayerStatus};
pub use ledger::{Ledger, LedgerEntry};
pub use referral::Conversion;
pub use rules::Rules;
pub use ruleset::RuleSet;
pub use schedule::{Schedule, Term};
pub use state::{Standing, State, Trend};
pub use tier::Stage;
pub use transition::{Cause, Figure, LayerTransition, MoveKind, RECONCILED, Transition};
pub use turn::{Step, Turn, TurnOutcome};

#[cfg(test)]
mod tests;
