//! The card that says why a customer is where they are: on any day, with the acts behind it.

use super::customer_parts::Direction;
use crate::view::StageTag;

/// Why the customer is at their stage and not at another.
#[derive(Debug, Clone)]
pub struct WhyHere {
    /// The day looked at, where it is not today.
    pub on: Option<DayLookedAt>,
    /// The first and last day that can be looked at, as `2026-03-03`, for the date field.
    pub days: (String, String),
    /// The day in the date field, as `2026-03-03`.
    pub day: String,
    /// The whole in a few sentences, as in `A friend since 3 Mar 2026, and safe for 57 days.`
    pub summary: String,
    /// What would keep them where they are, as in `1 more order by 14 December 2026 would keep them
    /// a friend until 28 June 2027.`; empty where nothing need or can.
    pub keep: String,
    /// Why that day cannot be told, or from how much it was; empty as a rule.
    pub caution: String,
    /// The rule set's version.
    pub rule_version: u32,
    /// The customer's scores.
    pub scores: Vec<Score>,
    /// The rules that could move them from where they are, in the order in which they are judged.
    pub rules: Vec<RuleView>,
}

/// A day in the past or to come that is looked at.
#[derive(Debug, Clone)]
pub struct DayLookedAt {
    /// The day, as in `3 Mar 2026`.
    pub day: String,
    /// Whether it is still to come.
    pub is_ahead: bool,
    /// The stage on that day.
    pub stage: StageTag,
}

/// A score and the acts behind it.
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
    /// What would make the move, the fewest acts first, as in `1 more order by 20 April 2026`.
    pub ways: Vec<String>,
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
    /// The acts behind the figure, as in `Order Completed on 3 March 2026: 10 points, 8.9 left`.
    pub evidence: Vec<String>,
    /// What would meet it, where it is not met.
    pub ways: Vec<String>,
}

impl ConditionView {
    /// What opens the list of acts.
    pub(super) fn evidence_label(&self) -> String {
        let acts = u64::try_from(self.evidence.len()).unwrap_or(u64::MAX);
        crate::view::format::plural(acts, "act behind it", "acts behind it")
    }
}
