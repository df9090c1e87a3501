//! What the document says about referrals. What a conversion is worth stands at its signal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::Faults;

/// Farthest that a referral can reach.
const HOPS_MAX: u8 = 3;
/// Orders are kept this long for the refunds that may come; see `advance/orders.rs`.
const CLAW_BACK_DAYS_MAX: u16 = 400;

/// How far a referral reaches, and what is refused or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReferralRules {
    /// Generations that are credited, 1 to 3: who brought them, who brought that one, …
    #[schemars(range(min = 1, max = HOPS_MAX))]
    pub hops: u8,
    /// What is left of the credit with each hop after the first, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub hop_factor: f64,
    /// The credit is taken back if the referee's first order is refunded within this many days of
    /// it, 1 to 400.
    #[schemars(range(min = 1, max = CLAW_BACK_DAYS_MAX))]
    pub claw_back_days: u16,
    /// People whom one customer can be credited for bringing in one UTC day; more are refused.
    #[schemars(range(min = 1))]
    pub per_day_max: u16,
}

impl Default for ReferralRules {
    fn default() -> Self {
        Self {
            hops: HOPS_MAX,
            hop_factor: 0.5,
            claw_back_days: 30,
            per_day_max: 20,
        }
    }
}

impl ReferralRules {
    /// What is left of a credit `hop` generations away, 1 being the nearest.
    pub fn share(&self, hop: u8) -> f64 {
        self.hop_factor.powi(i32::from(hop.max(1)) - 1)
    }

    pub(super) fn check(self, faults: &mut Faults) {
        if !(1..=HOPS_MAX).contains(&self.hops) {
            faults.add(
                "referrals.hops",
                format!("{} generations cannot be credited", self.hops),
                format!("give 1 to {HOPS_MAX}"),
            );
        }
        if !(0.0..=1.0).contains(&self.hop_factor) {
            faults.add(
                "referrals.hop_factor",
                "a credit would grow with distance, or turn around",
                "give 0 to 1",
            );
        }
        if !(1..=CLAW_BACK_DAYS_MAX).contains(&self.claw_back_days) {
            faults.add(
                "referrals.claw_back_days",
                format!("{} days cannot be used here", self.claw_back_days),
                format!("give 1 to {CLAW_BACK_DAYS_MAX} days"),
            );
        }
        if self.per_day_max == 0 {
            faults.add(
                "referrals.per_day_max",
                "nobody could bring anybody",
                "give 1 or more",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::RuleSet;

    #[test]
    fn each_hop_halves_the_credit() {
        let shares = [1, 2, 3].map(|hop| 12.0 * ReferralRules::default().share(hop));

        assert_eq!(shares.map(|share| format!("{share}")), ["12", "6", "3"]);
    }

    #[test]
    fn limits_that_make_no_sense_are_told() {
        let mut set = RuleSet::default_set();
        set.referrals = ReferralRules {
            hops: 4,
            hop_factor: -0.5,
            claw_back_days: 0,
            per_day_max: 0,
        };

        let paths: Vec<_> = set.validate().into_iter().map(|fault| fault.path).collect();

        assert_eq!(
            paths,
            [
                "referrals.hops",
                "referrals.hop_factor",
                "referrals.claw_back_days",
                "referrals.per_day_max"
            ]
        );
    }
}
