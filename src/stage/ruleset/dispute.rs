//! What the document says about complaints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::{DAYS_MAX, Faults, POINTS_MAX};

/// Orders and complaints are kept this long for counting; see `advance/orders.rs`.
const COUNTED_DAYS_MAX: u16 = 400;

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
    /// A complaint that is settled may be taken up again for this long; then it is closed.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub reopen_within_days: u16,
    /// When somebody complains so often that a person should look.
    pub serial: SerialRules,
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
            reopen_within_days: 14,
            serial: SerialRules::default(),
        }
    }
}

/// When somebody complains so often, for what they buy, that a person should look. The flag moves
/// nobody and blames nobody; what the complaints weigh is damped both ways meanwhile, so that they
/// neither cost nor earn as much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SerialRules {
    /// More complaints than this …
    pub more_than: u16,
    /// … for this many orders.
    #[schemars(range(min = 1))]
    pub per_orders: u16,
    /// But at least this many complaints, however few the orders.
    #[schemars(range(min = 1))]
    pub at_least: u16,
    /// Orders and complaints of this many days are counted, 1 to 400. So long lasts the flag, too.
    #[schemars(range(min = 1, max = COUNTED_DAYS_MAX))]
    pub within_days: u16,
    /// What is left of the weights of such a complaint: its opening, its breach, its recovery.
    #[schemars(range(min = 0, max = 1))]
    pub factor: f64,
}

impl SerialRules {
    /// Whether so many complaints are too many for so many orders.
    pub fn is_serial(&self, disputes: usize, orders: usize) -> bool {
        disputes >= usize::from(self.at_least)
            && disputes.saturating_mul(usize::from(self.per_orders))
                > orders.saturating_mul(usize::from(self.more_than))
    }
}

impl Default for SerialRules {
    fn default() -> Self {
        Self {
            more_than: 3,
            per_orders: 10,
            at_least: 4,
            within_days: 365,
            factor: 0.5,
        }
    }
}

impl DisputeRules {
    pub(super) fn check(&self, faults: &mut Faults) {
        let days = [
            ("clock_days", self.clock_days),
            ("public_clock_days", self.public_clock_days),
            ("second_chance_days", self.second_chance_days),
            ("quiet_days", self.quiet_days),
            ("double_within_days", self.double_within_days),
            ("reconcile_within_days", self.reconcile_within_days),
            ("recovery_within_days", self.recovery_within_days),
            ("reopen_within_days", self.reopen_within_days),
        ];
        for (name, value) in days {
            faults.days(&format!("disputes.{name}"), value);
        }
        faults.points("disputes.breach_weight", self.breach_weight);
        if self.breach_weight > 0.0 {
            faults.add(
                "disputes.breach_weight",
                "a breach would earn trust",
                "give 0 or less",
            );
        }
        if self.recovery_weights.is_empty() {
            faults.add(
                "disputes.recovery_weights",
                "the list is empty",
                "give at least one weight",
            );
        }
        for (index, weight) in self.recovery_weights.iter().enumerate() {
            faults.points(&format!("disputes.recovery_weights[{index}]"), *weight);
        }
        self.serial.check(faults);
    }
}

impl SerialRules {
    fn check(self, faults: &mut Faults) {
        if !(1..=COUNTED_DAYS_MAX).contains(&self.within_days) {
            faults.add(
                "disputes.serial.within_days",
                format!("{} days cannot be counted over", self.within_days),
                format!("give 1 to {COUNTED_DAYS_MAX} days"),
            );
        }
        for (name, value) in [("per_orders", self.per_orders), ("at_least", self.at_least)] {
            if value == 0 {
                faults.add(
                    &format!("disputes.serial.{name}"),
                    "nobody could buy enough not to be flagged",
                    "give 1 or more",
                );
            }
        }
        if !(0.0..=1.0).contains(&self.factor) {
            faults.add(
                "disputes.serial.factor",
                "damping would make the weights larger, or turn them around",
                "give 0 to 1",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::RuleSet;

    #[test]
    fn more_than_three_in_ten_is_serial_from_the_fourth_on() {
        let rules = SerialRules::default();

        for (disputes, orders, is_serial) in [
            (3, 0, false),
            (4, 0, true),
            (4, 13, true),
            (4, 14, false),
            (6, 20, false),
            (7, 20, true),
        ] {
            assert_eq!(
                rules.is_serial(disputes, orders),
                is_serial,
                "{disputes}/{orders}"
            );
        }
    }

    #[test]
    fn limits_that_make_no_sense_are_told() {
        let mut set = RuleSet::default_set();
        set.disputes.serial.within_days = 401;
        set.disputes.serial.per_orders = 0;
        set.disputes.serial.factor = 1.5;
        set.disputes.reopen_within_days = 0;

        let paths: Vec<_> = set.validate().into_iter().map(|fault| fault.path).collect();

        assert_eq!(
            paths,
            [
                "disputes.reopen_within_days",
                "disputes.serial.within_days",
                "disputes.serial.per_orders",
                "disputes.serial.factor"
            ]
        );
    }
}
