//! The rule set: what a brand says its events are worth and when its customers move.
//!
//! Owns the document (YAML for people, JSON on the wire), its reading and its checking. Holds data
//! only: nothing here computes a score. Start with [`RuleSet`], then `condition.rs` for the closed
//! set of things a rule may ask, `validate.rs` for what a document must satisfy, and
//! `rules/default.yaml` for the set a brand starts with.

mod condition;
mod half_life;
mod load;
mod signal;
mod validate;

use serde::{Deserialize, Serialize};

use super::tier::Stage;

pub(in crate::stage) use condition::MARGIN;
pub use condition::{
    Comparison, Condition, DiscountGuard, QualifyingDays, ScoreBelowFor, ScoreTest, Within,
};
pub use half_life::{HalfLife, HalfLives, Learnt};
pub use load::LoadError;
pub(in crate::stage) use signal::DISCOUNT_SHARE;
pub use signal::{Amounts, Case, Guard, Mark, Role, Scalar, Signal, Trust};
pub use validate::Fault;

/// A brand's rules, as data. Which version it is, and since when, is known to whoever stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// What people call it.
    pub name: String,
    /// What the brand calls the four stages.
    #[serde(default)]
    pub stages: StageNames,
    /// How fast each dimension fades.
    pub half_life_days: HalfLives,
    /// What events are worth. An event that no signal names is stored and counts for nothing.
    pub signals: Vec<Signal>,
    /// When customers move, in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// The clocks and weights of disputes.
    #[serde(default)]
    pub disputes: DisputeRules,
}

/// What the brand calls the four stages, in the singular and with a capital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageNames {
    /// Stage 0.
    pub stranger: String,
    /// Stage 1.
    pub acquaintance: String,
    /// Stage 2.
    pub friend: String,
    /// Stage 3.
    pub advocate: String,
}

impl StageNames {
    /// The name of `stage`.
    pub fn of(&self, stage: Stage) -> &str {
        match stage {
            Stage::Stranger => &self.stranger,
            Stage::Acquaintance => &self.acquaintance,
            Stage::Friend => &self.friend,
            Stage::Advocate => &self.advocate,
        }
    }
}

impl Default for StageNames {
    fn default() -> Self {
        Self {
            stranger: String::from("Stranger"),
            acquaintance: String::from("Acquaintance"),
            friend: String::from("Friend"),
            advocate: String::from("Advocate"),
        }
    }
}

/// One move and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Short and lasting: "P1". It appears in every transition the rule causes.
    pub id: String,
    /// The stage it applies in; any but `to` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stage>,
    /// The stage it leads to.
    pub to: Stage,
    /// The id under which the move is recorded when the customer has left stranger before; each
    /// such move begins a new cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reentry_as: Option<String>,
    /// What must hold.
    pub when: Condition,
}

impl Rule {
    /// Whether the rule can move somebody who is at `stage`.
    pub fn applies_from(&self, stage: Stage) -> bool {
        stage != self.to && self.from.is_none_or(|from| from == stage)
    }
}

/// The clocks of a complaint and what they cost or earn in trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisputeRules {
    /// Days to a remedy before a dispute is breached.
    pub clock_days: u16,
    /// The same for a complaint made in public.
    pub public_clock_days: u16,
    /// What a friend or advocate grants on top.
    pub second_chance_days: u16,
    /// A proposed remedy that nobody answers for this long ends the dispute.
    pub quiet_days: u16,
    /// What a breach adds to trust; negative.
    pub breach_weight: f64,
    /// A second breach within this many days costs two stages.
    pub double_within_days: u16,
    /// A remedy accepted this soon after a breach restores the stage, up to friend.
    pub reconcile_within_days: u16,
    /// What the first, second, … satisfied customer's answer adds to trust; the last one repeats.
    pub recovery_weights: Vec<f64>,
    /// The days over which answers are counted as first, second, …
    pub recovery_within_days: u16,
}

impl Default for DisputeRules {
    fn default() -> Self {
        Self {
            clock_days: 14,
            public_clock_days: 3,
            second_chance_days: 7,
            quiet_days: 7,
            breach_weight: -8.0,
            double_within_days: 365,
            reconcile_within_days: 60,
            recovery_weights: vec![8.0, 4.0, 2.0],
            recovery_within_days: 365,
        }
    }
}
