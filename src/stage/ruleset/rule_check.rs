//! What the rules of a rule set must satisfy, each by itself and all together.

use std::collections::BTreeMap;

use super::condition_check::check_condition;
use super::validate::{Faults, RULES_MAX};
use super::{Comparison, Condition, Rule, ScoreBelowFor};
use crate::stage::tier::Stage;

pub(super) fn check_rules(rules: &[Rule], faults: &mut Faults) {
    if rules.len() > RULES_MAX {
        faults.add(
            "rules",
            "there are too many",
            format!("keep at most {RULES_MAX}"),
        );
    }
    let mut seen = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("rules[{index}]");
        let reentry = rule.reentry_as.iter();
        let ids = std::iter::once(("id", &rule.id)).chain(reentry.map(|id| ("reentry_as", id)));
        for (field, id) in ids {
            let path = format!("{path}.{field}");
            faults.name(&path, id);
            if seen.insert(id, index).is_some() {
                faults.add(
                    &path,
                    format!("the id \"{id}\" is taken"),
                    "give each rule its own id",
                );
            }
        }
        check_direction(&path, rule, faults);
        check_condition(&format!("{path}.when"), &rule.when, 0, faults);
    }
    check_gaps(rules, faults);
}

fn check_direction(path: &str, rule: &Rule, faults: &mut Faults) {
    let ends = mentions(&rule.when, &|condition| {
        *condition == Condition::RelationshipEnded
    });
    let step = match rule.from {
        Some(from) => i16::from(rule.to.rank()) - i16::from(from.rank()),
        None if ends && rule.to == Stage::Stranger => return,
        None => {
            faults.add(
                path,
                "only the end of the relationship moves people from every stage",
                "give `from`",
            );
            return;
        }
    };
    if !(step == 1 || step == -1 || (ends && step < 0)) {
        faults.add(
            path,
            "it skips a stage or goes nowhere",
            "move one stage at a time",
        );
    }
    if rule.reentry_as.is_some() && rule.from != Some(Stage::Stranger) {
        faults.add(
            &format!("{path}.reentry_as"),
            "`reentry_as` belongs to the way out of stranger",
            "drop it",
        );
    }
}

/// Entering and leaving a stage at one figure would let people flicker between the two.
fn check_gaps(rules: &[Rule], faults: &mut Faults) {
    for (index, exit) in rules.iter().enumerate() {
        for enter in rules.iter().filter(|enter| Some(enter.to) == exit.from) {
            if enter.from != Some(exit.to) || enter.to < exit.to {
                continue;
            }
            for (low, high) in overlaps(&exit.when, &enter.when) {
                faults.add(
                    &format!("rules[{index}].when"),
                    format!("{} leaves at {low}, {} enters at {high}", exit.id, enter.id),
                    "leave at a lower figure than the one that enters",
                );
            }
        }
    }
}

fn overlaps(exit: &Condition, enter: &Condition) -> Vec<(f64, f64)> {
    let mut lows = Vec::new();
    exit.visit(&mut |condition| {
        if let Condition::ScoreBelowFor(ScoreBelowFor { of, below, .. }) = condition {
            lows.push((*of, *below));
        }
    });
    let mut found = Vec::new();
    enter.visit(&mut |condition| {
        if let Condition::Score(test) = condition
            && let Comparison::AtLeast(high) | Comparison::Above(high) = test.is
        {
            found.extend(
                lows.iter()
                    .filter(|(of, low)| *of == test.of && *low >= high)
                    .map(|(_, low)| (*low, high)),
            );
        }
    });
    found
}

fn mentions(condition: &Condition, what: &dyn Fn(&Condition) -> bool) -> bool {
    let mut found = false;
    condition.visit(&mut |inner| found |= what(inner));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::dimension::{Dimension, Dimensions};
    use crate::stage::ruleset::{RuleSet, ScoreTest};

    fn paths(set: &RuleSet) -> Vec<String> {
        set.validate().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_stage_must_be_left_at_a_lower_figure_than_it_is_entered() {
        let mut set = RuleSet::default_set();
        let friend = set.rules.iter().position(|rule| rule.id == "P2").unwrap();
        let of = Dimensions::from(vec![Dimension::Investment]);

        set.rules[friend].when = Condition::Score(ScoreTest {
            of,
            is: Comparison::AtLeast(10.0),
        });

        let faults = set.validate();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0]
                .problem
                .contains("D2 leaves at 10, P2 enters at 10"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_rule_moves_one_stage_at_a_time() {
        let mut set = RuleSet::default_set();
        set.rules[0].to = Stage::Friend;

        assert_eq!(paths(&set), ["rules[0]"]);
    }
}
