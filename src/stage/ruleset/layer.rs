//! Layers: what lies beyond the four stages, entered by invitation, each with its own rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::layer_check::{HALF_LIVES_MAX, KEEP_DAYS_MAX, LIST_MAX};
use super::validate::{DAYS_MAX, NAME_CHARS_MAX, POINTS_MAX};
use crate::stage::tier::Stage;

/// A layer of the relationship, such as VIP. It begins when the customer accepts an invitation, and
/// lies on the base (the four stages) or on another layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Short and lasting: "vip". Events name the layer by it in their property `layer`.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub id: String,
    /// What people call it: "VIP".
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub name: String,
    /// The id of the layer it lies on, which must be listed before it; the base when left out.
    /// Nobody is in a layer without being in the one it lies on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The acts that are acts of the layer too, besides those that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = LIST_MAX))]
    pub acts: Vec<LayerAct>,
    /// Days after which half of the layer's points, and of the trust within it, is left; 1 to 3,650.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub half_life_days: f64,
    /// How people come in.
    pub invitation: Invitation,
    /// What keeps people in; without it the layer never lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// Stages within the layer, by its own points. Without them the stage shown for somebody in the
    /// layer is that of the layer below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<LayerTier>,
    /// The share of the trust of the layer below with which this one begins, 0 to 1; its sign is
    /// kept.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 1))]
    pub trust_carried: f64,
    /// The share of the trust taken by an act that names the layer which is also taken from the
    /// layers below, 0 (it stays in the layer) to 1 (it counts in full). What such an act adds to
    /// trust counts below in full.
    #[serde(default = "whole")]
    #[schemars(range(min = 0, max = 1))]
    pub spill: f64,
    /// The most days that the layer may hibernate at a time, 1 to 3,650; it cannot when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub hibernation_days_max: Option<u16>,
    /// What people in the layer are entitled to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = LIST_MAX), inner(length(max = NAME_CHARS_MAX), regex(pattern = r"\S")))]
    pub entitlements: Vec<String>,
}

const fn half() -> f64 {
    0.5
}

const fn whole() -> f64 {
    1.0
}

impl super::RuleSet {
    /// The layer with this id.
    pub fn layer(&self, id: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == id)
    }

    /// How many layers somebody in this one is in; 0 for an id that no layer has.
    pub fn layer_depth(&self, id: &str) -> usize {
        let below = |layer: &&Layer| layer.after.as_deref().and_then(|after| self.layer(after));
        std::iter::successors(self.layer(id), |layer| below(layer))
            .take(self.layers.len())
            .count()
    }
}

impl Layer {
    /// The layer without what is written for people only.
    pub(super) fn computing(&self) -> Self {
        Self {
            name: String::new(),
            entitlements: Vec::new(),
            ..self.clone()
        }
    }
}

/// An act that counts in a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerAct {
    /// An event that a signal names, or one of its aliases.
    pub event: String,
    /// Points it adds in the layer; left out: what it adds to familiarity, investment and advocacy
    /// together. No cap applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub points: Option<f64>,
}

/// How people come into a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The condition, over the base, on which people are invited; left out: only by an event. People
    /// who are anonymous or estranged, or not in the layer below, are never invited by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Milestones that invite: an event that reaches a milestone names it in `milestone`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = LIST_MAX), inner(length(max = NAME_CHARS_MAX), regex(pattern = r"\S")))]
    pub milestones: Vec<String>,
    /// Days, after that of the invitation, on which it can be accepted.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub open_days: u16,
    /// Days after a refusal, a lapse or a departure before the condition invites again.
    #[serde(default = "year")]
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub again_after_days: u16,
}

const fn year() -> u16 {
    365
}

/// What keeps people in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// This many acts of the layer or more, without those that were taken back.
    #[schemars(range(min = 1))]
    pub at_least: u16,
    /// Counting today and the days before it, this many in all, 1 to 400. Asked for the first time
    /// when that long has passed since they joined.
    #[schemars(range(min = 1, max = KEEP_DAYS_MAX))]
    pub within_days: u16,
    /// Days of notice before the layer lapses; with enough acts by then it does not.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub notice_days: u16,
}

/// A stage within a layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerTier {
    /// The stage; never stranger, for whoever is in a layer has been met.
    pub stage: Stage,
    /// Reached from the stage below at this many points.
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub enter: f64,
    /// Left for the stage below under this many points; less than `enter`, so that nobody flickers.
    #[schemars(range(min = 0, max = POINTS_MAX))]
    pub exit: f64,
}

/// How long silence is rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resting {
    /// Since when a silent customer is dormant.
    pub dormant_after: DormantAfter,
    /// The most days that the whole relationship may hibernate at a time, 0 (it cannot) to 3,650.
    #[schemars(range(max = DAYS_MAX))]
    pub hibernation_days_max: u16,
}

impl Default for Resting {
    fn default() -> Self {
        Self {
            dormant_after: DormantAfter::InvestmentHalfLives(2.0),
            hibernation_days_max: 1_095,
        }
    }
}

impl Resting {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A length of silence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DormantAfter {
    /// So many days, 1 to 3,650.
    Days(#[schemars(range(min = 1, max = DAYS_MAX))] u16),
    /// So many half-lives of investment, above 0, at most 10.
    InvestmentHalfLives(
        #[schemars(range(max = HALF_LIVES_MAX), extend("exclusiveMinimum" = 0))] f64,
    ),
}

impl DormantAfter {
    /// In whole days, at least one.
    pub fn days(self, investment_half_life: f64) -> i32 {
        match self {
            Self::Days(days) => i32::from(days).max(1),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "validation keeps the product below 36,500 days; the cast saturates"
            )]
            Self::InvestmentHalfLives(times) => {
                ((times * investment_half_life).ceil() as i32).max(1)
            }
        }
    }
}
