//! The rule set: what a brand says its events are worth and when its customers move.
//!
//! Owns the document (YAML for people, JSON on the wire), its reading and its checking. Holds data
//! only: nothing here computes a score. Start with [`RuleSet`], then `condition.rs` for the closed
//! set of things a rule may ask, `validate.rs` for what a document must satisfy, and
//! `rules/default.yaml` for the set a brand starts with.

mod condition;
mod document;
pub mod lint;
mod load;
pub mod presets;
mod schema;
mod signal;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dimension::{DIMENSIONS, Dimension};
use super::tier::Stage;
use validate::{DAYS_MAX, NAME_CHARS_MAX, POINTS_MAX, RULES_MAX, SIGNALS_MAX};

pub(in crate::stage) use condition::MARGIN;
pub use condition::{
    Comparison, Condition, DiscountGuard, QualifyingDays, ScoreBelowFor, ScoreTest, Within,
};
pub use lint::{Finding, Level, Lint, Vocabulary, lint};
pub use load::LoadError;
pub use presets::Preset;
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

/// Days after which half of a weight is left, 1 to 3,650 for each dimension.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfLives {
    /// F; by default 60.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub familiarity: f64,
    /// I; by default 180. A brand that knows its median reorder gap sets five times that.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub investment: f64,
    /// T; by default 365.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub trust: f64,
    /// A; by default 180.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub advocacy: f64,
}

impl HalfLives {
    pub(super) const fn to_array(self) -> [f64; DIMENSIONS] {
        [self.familiarity, self.investment, self.trust, self.advocacy]
    }

    /// The half-life of `dimension`, in days.
    pub const fn of(&self, dimension: Dimension) -> f64 {
        self.to_array()[dimension.index()]
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

/// The clocks of a complaint and what they cost or earn in trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisputeRules {
    /// Days to a remedy before a dispute is breached.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub clock_days: u16,
    /// The same for a complaint made in public.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub public_clock_days: u16,
    /// What a friend or advocate grants on top.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub second_chance_days: u16,
    /// A proposed remedy that nobody answers for this long ends the dispute.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub quiet_days: u16,
    /// What a breach adds to trust; negative.
    #[schemars(range(min = -POINTS_MAX, max = 0))]
    pub breach_weight: f64,
    /// A second breach within this many days costs two stages.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub double_within_days: u16,
    /// A remedy accepted this soon after a breach restores the stage, up to friend.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub reconcile_within_days: u16,
    /// What the first, second, … satisfied customer's answer adds to trust; the last one repeats.
    #[schemars(length(min = 1), inner(range(min = -POINTS_MAX, max = POINTS_MAX)))]
    pub recovery_weights: Vec<f64>,
    /// The days over which answers are counted as first, second, …
    #[schemars(range(min = 1, max = DAYS_MAX))]
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
