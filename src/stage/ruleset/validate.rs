//! What a rule set must satisfy, all of it told at once. What each section must satisfy stands beside
//! the section.

use serde::{Deserialize, Serialize};

use super::RuleSet;
use super::layer_check::check_layers;
use super::rule_check::check_rules;
use super::signal_check::check_signals;
use crate::stage::tier::Stage;

/// Largest weight, cap or threshold, in points.
pub(super) const POINTS_MAX: f64 = 10_000.0;
/// Longest half-life, window, grace or clock.
pub(super) const DAYS_MAX: u16 = 3_650;
/// Largest multiple of the gap between orders.
pub(super) const FACTOR_MAX: f64 = 100.0;
/// Longest window in which orders are counted: they are kept for as long as they can be taken back.
pub(super) const ORDER_DAYS_MAX: u16 = 400;
/// Most orders that can be asked for.
pub(super) const ORDERS_MAX: u16 = 500;
/// Most signals in a set.
pub(super) const SIGNALS_MAX: usize = 1_000;
/// Most rules in a set.
pub(super) const RULES_MAX: usize = 50;
/// Longest event name, alias, id or stage name, in characters.
pub(super) const NAME_CHARS_MAX: usize = 200;

/// Something in a rule set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where: `signals[3].cases[0].when[0]`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl RuleSet {
    /// Everything that is wrong with the set, in document order; empty when it can be used.
    pub fn validate(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        check_names(self, &mut faults);
        self.half_life_days.check(&mut faults);
        check_signals(&self.signals, &mut faults);
        check_rules(&self.rules, &mut faults);
        self.disputes.check(&mut faults);
        self.referrals.check(&mut faults);
        self.contact.check(&mut faults);
        check_layers(self, &mut faults);
        faults.0
    }
}

#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, problem: impl Into<String>, mend: impl Into<String>) {
        self.0.push(Fault {
            path: path.to_owned(),
            problem: problem.into(),
            mend: mend.into(),
        });
    }

    pub(super) fn name(&mut self, path: &str, name: &str) {
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX {
            self.add(
                path,
                "the name is empty or too long",
                format!("give a name of 1 to {NAME_CHARS_MAX} characters"),
            );
        }
    }

    pub(super) fn points(&mut self, path: &str, points: f64) {
        if !points.is_finite() || points.abs() > POINTS_MAX {
            self.add(
                path,
                format!("{points} is not a usable number of points"),
                format!("give a number between -{POINTS_MAX} and {POINTS_MAX}"),
            );
        }
    }

    pub(super) fn days(&mut self, path: &str, days: u16) {
        if days == 0 || days > DAYS_MAX {
            self.add(
                path,
                format!("{days} days cannot be used here"),
                format!("give 1 to {DAYS_MAX} days"),
            );
        }
    }
}
fn check_names(set: &RuleSet, faults: &mut Faults) {
    faults.name("name", &set.name);
    for (stage, field) in
        Stage::ALL
            .into_iter()
            .zip(["stranger", "acquaintance", "friend", "advocate"])
    {
        faults.name(&format!("stages.{field}"), set.stages.of(stage));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ruleset::Condition;

    fn paths(set: &RuleSet) -> Vec<String> {
        set.validate().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn the_default_set_has_no_fault() {
        assert_eq!(RuleSet::default_set().validate(), []);
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_place_and_its_mend() {
        let mut set = RuleSet::default_set();
        set.name = String::new();
        set.half_life_days.trust = f64::NAN;
        set.signals[1].event = set.signals[0].event.clone();
        set.signals[2].cap.familiarity = Some(0.0);
        set.rules[0].when = Condition::All(Vec::new());
        set.disputes.breach_weight = 8.0;

        assert_eq!(
            paths(&set),
            [
                "name",
                "half_life_days.trust",
                "signals[1].event",
                "signals[2].cap.familiarity",
                "rules[0].when.all",
                "disputes.breach_weight"
            ]
        );
        assert!(set.validate().iter().all(|fault| !fault.mend.is_empty()));
    }
}
