//! The rule set: what a brand says its events are worth and when its customers move.
//!
//! Owns the document (YAML for people, JSON on the wire), its reading and its checking. Holds data
//! only: nothing here computes a score. Start with [`RuleSet`], then `condition.rs` for the closed
//! set of things a rule may ask, `validate.rs` and the `…_check.rs` that it calls upon for what a
//! document must satisfy, and `rules/default.yaml` for the set a brand starts with.

mod changes;
mod condition;
mod condition_check;
mod contact;
mod dispute;
mod document;
mod half_life;
mod layer;
mod layer_check;
pub mod lint;
mod load;
pub mod presets;
mod referral;
mod rule_check;
mod schema;
pub mod sentences;
mod signal;
mod signal_check;
#[cfg(test)]
mod tests;
mod validate;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tier::Stage;
use layer_check::LAYERS_MAX;
use validate::{NAME_CHARS_MAX, RULES_MAX, SIGNALS_MAX};

pub use changes::{Change, changes};
pub(in crate::stage) use condition::MARGIN;
pub use condition::{
    Comparison, Condition, DiscountGuard, OrderCount, QualifyingDays, ScoreBelowFor, ScoreTest,
    Within,
};
pub use contact::{ContactCaps, ContactRules, KeepInTouch, Unanswered};
pub use dispute::{DisputeRules, SerialRules};
pub use half_life::{HalfLife, HalfLives, Learnt};
pub use layer::{DormantAfter, Invitation, Keep, Layer, LayerAct, LayerTier, Resting};
pub use lint::{Finding, Level, Lint, Vocabulary, lint};
pub use load::LoadError;
pub use presets::Preset;
pub use referral::ReferralRules;
pub use schema::{SCHEMA_PATH, schema};
pub(in crate::stage) use signal::DISCOUNT_SHARE;
pub use signal::{Amounts, Case, Guard, Mark, Role, Scalar, Signal, Trust};
pub use validate::Fault;

/// A brand's rules, as data. Which version it is, and since when, is known to whoever stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// What people call it.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub name: String,
    /// What the brand calls the four stages.
    #[serde(default)]
    pub stages: StageNames,
    /// How fast each dimension fades.
    pub half_life_days: HalfLives,
    /// What events are worth. An event that no signal names is stored and counts for nothing.
    #[schemars(length(max = SIGNALS_MAX))]
    pub signals: Vec<Signal>,
    /// When customers move, in the order in which they are tried.
    #[schemars(length(max = RULES_MAX))]
    pub rules: Vec<Rule>,
    /// The clocks and weights of disputes.
    #[serde(default)]
    pub disputes: DisputeRules,
    /// How far a referral reaches and when it is taken back.
    #[serde(default)]
    pub referrals: ReferralRules,
    /// How often, by what, and whether at all somebody may be written to.
    #[serde(default)]
    pub contact: ContactRules,
    /// What lies beyond the four stages; a layer that lies on another comes after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = LAYERS_MAX))]
    pub layers: Vec<Layer>,
    /// How long silence is rest.
    #[serde(default, skip_serializing_if = "Resting::is_default")]
    pub resting: Resting,
}

impl RuleSet {
    /// The names of all events that are acts of advocacy in some case, with their aliases.
    pub fn advocacy_events(&self) -> Vec<String> {
        let signals = self.signals.iter();
        signals
            .filter(|signal| signal.advocacy_kind.is_some())
            .flat_map(|signal| std::iter::once(&signal.event).chain(&signal.aliases))
            .cloned()
            .collect()
    }
}

/// What the brand calls the four stages, in the singular and with a capital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StageNames {
    /// Stage 0.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub stranger: String,
    /// Stage 1.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub acquaintance: String,
    /// Stage 2.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub friend: String,
    /// Stage 3.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Short and lasting: "P1". It appears in every transition the rule causes.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub id: String,
    /// The stage it applies in; any but `to` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stage>,
    /// The stage it leads to.
    pub to: Stage,
    /// The id under which the move is recorded when the customer has left stranger before; each
    /// such move begins a new cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
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
