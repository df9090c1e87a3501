//! What a preview says.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::money::Money;
use crate::stage::tier::Stage;

/// What other rules would make of all the people of a brand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// The instant at which people were looked at.
    pub at: DateTime<Utc>,
    /// The instant at which they stood in the stages whose earnings were counted.
    pub reference: DateTime<Utc>,
    /// Days after `reference` in which orders count as earned.
    pub horizon_days: u16,
    /// People looked at: somebody is known behind them, or some rules let them move all the same.
    pub people: u64,
    /// Visitors whom nobody has put a name to, and who do not move; not among `people`.
    pub anonymous: u64,
    /// Events seen.
    pub events: u64,
    /// People who would stand elsewhere.
    pub moved: u64,
    /// People whose timeline of moves, between stages or in and out of layers, would be another,
    /// wherever they stand.
    pub timelines_changed: u64,
    /// People by where they stand (row) and would stand (column), strangers first.
    pub matrix: [[u64; 4]; 4],
    /// People who would move, by the rule whose figures say why.
    pub moved_by_rule: BTreeMap<String, u64>,
    /// A few of those who would move, some of every kind of move.
    pub samples: Vec<Sample>,
    /// The past under the rules in force.
    pub present: Course,
    /// The past as if the draft had always been in force.
    pub draft: Course,
    /// The currency of every amount; none if no order names one.
    pub currency: Option<String>,
    /// What to think about before publishing, in sentences.
    pub warnings: Vec<String>,
}

impl Preview {
    /// People who stand at `stage` under the rules in force.
    pub fn before(&self, stage: Stage) -> u64 {
        self.matrix[stage.index()].iter().sum()
    }

    /// People who would stand at `stage` under the draft.
    pub fn after(&self, stage: Stage) -> u64 {
        self.matrix.iter().map(|row| row[stage.index()]).sum()
    }

    /// People who stand at `from` and would stand at `to`.
    pub fn count(&self, from: Stage, to: Stage) -> u64 {
        self.matrix[from.index()][to.index()]
    }
}

/// How people's past went under some rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Course {
    /// Moves made.
    pub transitions: u64,
    /// Moves followed, as the next one and within 30 days, by their reverse.
    pub flip_flops: u64,
    /// Invitations into each layer, by the layer's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub invitations: BTreeMap<String, u64>,
    /// Whole days that people spent at each stage, strangers first.
    pub stage_days: [u64; 4],
    /// What the people who stood at each stage at the reference instant went on to earn.
    pub earned: [Earned; 4],
}

/// What the people of one stage went on to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Earned {
    /// People who stood at the stage.
    pub people: u64,
    /// Of these, people who bought again within the horizon.
    pub bought_again: u64,
    /// Their orders within the horizon.
    pub orders: u64,
    /// What the orders brought, in the preview's currency.
    pub revenue: Money,
}

impl Earned {
    /// The share of people who bought again, 0 to 1; 0 where nobody stood.
    pub fn again_share(&self) -> f64 {
        ratio(self.bought_again, self.people)
    }

    /// Orders per head; 0 where nobody stood.
    pub fn orders_per_head(&self) -> f64 {
        ratio(self.orders, self.people)
    }

    /// Revenue per head; 0 where nobody stood.
    pub fn revenue_per_head(&self) -> f64 {
        if self.people == 0 {
            return 0.0;
        }
        self.revenue.amount() / as_f64(self.people)
    }
}

impl Course {
    /// The share of all that was earned which came from people at `stage`, 0 to 1; 0 if nothing
    /// was earned.
    pub fn revenue_share(&self, stage: Stage) -> f64 {
        let all = self
            .earned
            .iter()
            .fold(Money::default(), |sum, earned| sum.plus(earned.revenue));
        if all == Money::default() {
            return 0.0;
        }
        self.earned[stage.index()].revenue.amount() / all.amount()
    }
}

/// Somebody who would move, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Who: the profile's id. Names are looked up when shown, so that a stored preview has none.
    pub profile_id: String,
    /// Where they stand.
    pub from: Stage,
    /// Where they would stand.
    pub to: Stage,
    /// The rule whose figures say why, if one rule does.
    pub rule: Option<String>,
    /// Why, in a sentence or two.
    pub reason: String,
    /// The figures that the draft's rule sees, condition by condition.
    pub figures: Vec<String>,
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    as_f64(part) / as_f64(whole)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people and orders are far below 2^53"
)]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stage_earns_per_head_and_of_all() {
        let nobody = Course::default();
        let mut course = Course::default();
        course.earned[1] = Earned {
            people: 8,
            bought_again: 2,
            orders: 4,
            revenue: Money::of(24.0),
        };
        course.earned[3].revenue = Money::of(8.0);
        let earned = course.earned[1];

        let figures = [
            earned.again_share(),
            earned.orders_per_head(),
            earned.revenue_per_head(),
            course.revenue_share(Stage::Acquaintance),
        ];
        assert_eq!(
            figures.map(|figure| format!("{figure:.3}")),
            ["0.250", "0.500", "3.000", "0.750"]
        );
        let nothing = [
            nobody.earned[1].again_share(),
            nobody.earned[1].orders_per_head(),
            nobody.earned[1].revenue_per_head(),
            nobody.revenue_share(Stage::Friend),
        ];
        assert_eq!(nothing.map(|figure| format!("{figure}")), ["0"; 4]);
    }
}
