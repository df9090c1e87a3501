//! The closed set of things a rule may ask.
//!
//! Closed, so that for every condition the engine can say whether it holds, what is missing, and
//! when that changes if nothing happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::{DAYS_MAX, ORDER_DAYS_MAX, ORDERS_MAX, POINTS_MAX};
use crate::stage::dimension::Dimensions;
use crate::stage::tier::Stage;

/// What a rule asks. Lists of conditions may nest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every one of these.
    All(#[schemars(length(min = 1))] Vec<Condition>),
    /// At least one of these.
    Any(#[schemars(length(min = 1))] Vec<Condition>),
    /// The contrary.
    Not(Box<Condition>),
    /// A sum of scores, compared.
    Score(ScoreTest),
    /// A sum of scores that has stayed low, in this stage, for some days.
    ScoreBelowFor(ScoreBelowFor),
    /// The profile carries an identifier: it is not anonymous.
    Known,
    /// No complaint is being waited on.
    NoOpenDispute,
    /// At this stage, or at a deeper one.
    StageAtLeast(Stage),
    /// Orders that were not taken back.
    Orders(OrderCount),
    /// Distinct UTC days with at least one qualifying act that was not taken back.
    QualifyingDays(QualifyingDays),
    /// People this customer brought who became customers.
    ConvertedReferrals(Within),
    /// Different kinds of advocacy act.
    AdvocacyKinds(Within),
    /// Whole days in the present stage.
    DaysInStage {
        /// This many or more.
        #[schemars(range(min = 1, max = DAYS_MAX))]
        at_least: u16,
    },
    /// This very act is a detractor's answer.
    DetractorAnswer,
    /// This very act ends the relationship.
    RelationshipEnded,
    /// A dispute has just run past its clock and any second chance.
    DisputeBreached,
    /// The order that earned the present stage has just been taken back, and what is left would
    /// not have earned it.
    PromotingOrderRefunded {
        /// At most this many days after the promotion.
        #[schemars(range(min = 1, max = DAYS_MAX))]
        within_days: u16,
    },
}

impl Condition {
    /// Calls `visitor` for the condition and then for everything within it.
    pub fn visit(&self, visitor: &mut dyn FnMut(&Self)) {
        visitor(self);
        match self {
            Self::All(list) | Self::Any(list) => {
                for inner in list {
                    inner.visit(visitor);
                }
            }
            Self::Not(inner) => inner.visit(visitor),
            Self::Score(_)
            | Self::ScoreBelowFor(_)
            | Self::Known
            | Self::NoOpenDispute
            | Self::StageAtLeast(_)
            | Self::Orders(_)
            | Self::QualifyingDays(_)
            | Self::ConvertedReferrals(_)
            | Self::AdvocacyKinds(_)
            | Self::DaysInStage { .. }
            | Self::DetractorAnswer
            | Self::RelationshipEnded
            | Self::DisputeBreached
            | Self::PromotingOrderRefunded { .. } => {}
        }
    }
}

/// A sum of scores compared with one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "WrittenScoreTest", into = "WrittenScoreTest")]
pub struct ScoreTest {
    /// The scores to add.
    pub of: Dimensions,
    /// The comparison and its threshold.
    pub is: Comparison,
}

/// A [`ScoreTest`] as the document has it: exactly one of the comparisons is given.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["at_least"], "properties": {"at_least": {"type": "number"}}},
    {"required": ["above"], "properties": {"above": {"type": "number"}}},
    {"required": ["below"], "properties": {"below": {"type": "number"}}},
]))]
struct WrittenScoreTest {
    /// The scores to add.
    of: Dimensions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// ≥ this many points. Exactly one of the three comparisons is given.
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    at_least: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// > this many points.
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    above: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// < this many points.
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    below: Option<f64>,
}

impl TryFrom<WrittenScoreTest> for ScoreTest {
    type Error = &'static str;

    fn try_from(written: WrittenScoreTest) -> Result<Self, Self::Error> {
        let is = match (written.at_least, written.above, written.below) {
            (Some(threshold), None, None) => Comparison::AtLeast(threshold),
            (None, Some(threshold), None) => Comparison::Above(threshold),
            (None, None, Some(threshold)) => Comparison::Below(threshold),
            _ => return Err("a score is compared by exactly one of at_least, above, below"),
        };
        Ok(Self { of: written.of, is })
    }
}

impl From<ScoreTest> for WrittenScoreTest {
    fn from(test: ScoreTest) -> Self {
        let mut written = Self {
            of: test.of,
            at_least: None,
            above: None,
            below: None,
        };
        match test.is {
            Comparison::AtLeast(threshold) => written.at_least = Some(threshold),
            Comparison::Above(threshold) => written.above = Some(threshold),
            Comparison::Below(threshold) => written.below = Some(threshold),
        }
        written
    }
}

/// A comparison and its threshold, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison {
    /// ≥
    AtLeast(f64),
    /// >
    Above(f64),
    /// <
    Below(f64),
}

/// Scores that differ by less than this are equal: 9.9999999999 reaches 10.
pub(in crate::stage) const MARGIN: f64 = 1e-9;

impl Comparison {
    /// The figure compared with.
    pub const fn threshold(self) -> f64 {
        match self {
            Self::AtLeast(threshold) | Self::Above(threshold) | Self::Below(threshold) => threshold,
        }
    }

    /// Whether `score` passes, equal within [`MARGIN`] counting as equal.
    #[inline]
    pub fn holds(self, score: f64) -> bool {
        match self {
            Self::AtLeast(threshold) => score >= threshold - MARGIN,
            Self::Above(threshold) => score > threshold + MARGIN,
            Self::Below(threshold) => score < threshold - MARGIN,
        }
    }
}

/// A sum of scores that has stayed low.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreBelowFor {
    /// The scores to add.
    pub of: Dimensions,
    /// The threshold they are below, in points.
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub below: f64,
    /// For this many days without a break, counted from the later of the first low day and the
    /// day on which the present stage began.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub days: u16,
}

/// How many orders, without those that were taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderCount {
    /// This many or more, 1 to 500.
    #[schemars(range(min = 1, max = ORDERS_MAX))]
    pub at_least: u16,
    /// Counting today and the days before it, this many in all; 1 to 400, for orders are kept no
    /// longer than that.
    #[schemars(range(min = 1, max = ORDER_DAYS_MAX))]
    pub within_days: u16,
}

/// How many distinct days with a qualifying act.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualifyingDays {
    /// This many or more.
    pub at_least: u16,
    /// Counting today and the days before it, this many in all.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub within_days: u16,
    /// More of them when most were bought with a discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_discounted: Option<DiscountGuard>,
}

/// A higher bar for people who come for the discount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountGuard {
    /// The share of the qualifying acts that took a discount, 0 to 1, from which the bar is higher.
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    pub share: f64,
    /// The number of days then asked for.
    pub at_least: u16,
}

/// A count, over all time or the last days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// This many or more.
    pub at_least: u16,
    /// Counting today and the days before it, this many in all; left out: ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub within_days: Option<u16>,
}
