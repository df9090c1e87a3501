//! The rule set: what a brand says its events are worth and when its customers move.
//!
//! Owns the document (YAML for people, JSON on the wire), its reading and its checking. Holds data
//! only: nothing here computes a score. Start with [`RuleSet`], then `condition.rs` for the closed
//! set of things a rule may ask, `validate.rs` for what a document must satisfy, and
//! `rules/default.yaml` for the set a brand starts with.

mod condition;
mod dispute;
mod half_life;
mod layer;
mod layer_check;
mod load;
mod referral;
mod signal;
mod validate;

use serde::{Deserialize, Serialize};

use super::tier::Stage;

pub(in crate::stage) use condition::MARGIN;
pub use condition::{
    Comparison, Condition, DiscountGuard, OrderCount, QualifyingDays, ScoreBelowFor, ScoreTest,
    Within,
};
pub use dispute::{DisputeRules, SerialRules};
pub use half_life::{HalfLife, HalfLives, Learnt};
pub use layer::{DormantAfter, Invitation, Keep, Layer, LayerAct, LayerTier, Resting};
pub use load::LoadError;
pub use referral::ReferralRules;
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
    /// How far a referral reaches and when it is taken back.
    #[serde(default)]
    pub referrals: ReferralRules,
    /// What lies beyond the four stages; a layer that lies on another comes after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// How long silence is rest.
    #[serde(default, skip_serializing_if = "Resting::is_default")]
    pub resting: Resting,
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
