//! What the signals of a rule set must satisfy.

use std::collections::BTreeMap;

use super::signal::{Amounts, DISCOUNT_SHARE, Guard, Role, Signal};
use super::validate::{Faults, POINTS_MAX, SIGNALS_MAX};
use crate::stage::dimension::Dimension;

pub(super) fn check_signals(signals: &[Signal], faults: &mut Faults) {
    if signals.len() > SIGNALS_MAX {
        faults.add(
            "signals",
            "there are too many",
            format!("keep at most {SIGNALS_MAX}"),
        );
    }
    let mut seen = BTreeMap::new();
    for (index, signal) in signals.iter().enumerate() {
        let path = format!("signals[{index}]");
        let aliases = signal.aliases.iter().enumerate();
        let aliases = aliases.map(|(index, name)| (format!("{path}.aliases[{index}]"), name));
        let names = std::iter::once((format!("{path}.event"), &signal.event)).chain(aliases);
        for (path, name) in names {
            faults.name(&path, name);
            if let Some(first) = seen.insert(name, index) {
                faults.add(
                    &path,
                    format!("\"{name}\" is already named by signals[{first}]"),
                    "name each event once, as an event or as an alias",
                );
            }
        }
        check_signal(&path, signal, faults);
    }
}

fn check_signal(path: &str, signal: &Signal, faults: &mut Faults) {
    if let Some(add) = &signal.add {
        check_amounts(&format!("{path}.add"), add, faults);
    }
    if signal.cases.is_empty() && signal.add.is_none() && signal.role.is_none() {
        faults.add(
            path,
            "it adds nothing and plays no part",
            "give `add`, `cases` or `role`",
        );
    }
    for (index, case) in signal.cases.iter().enumerate() {
        let path = format!("{path}.cases[{index}]");
        check_amounts(&format!("{path}.add"), &case.add, faults);
        if case.when.is_empty() {
            faults.add(
                &path,
                "it has no guard",
                "move what it adds to the signal's `add`",
            );
        }
        for (index, guard) in case.when.iter().enumerate() {
            check_guard(&format!("{path}.when[{index}]"), guard, faults);
        }
    }
    for dimension in Dimension::ALL {
        if signal
            .cap
            .of(dimension)
            .is_some_and(|cap| !(cap > 0.0 && cap <= POINTS_MAX))
        {
            faults.add(
                &format!("{path}.cap.{}", dimension.name()),
                "a cap of nothing hides the event",
                format!("give a cap above 0, at most {POINTS_MAX}"),
            );
        }
    }
    check_initiative(path, signal, faults);
}

fn check_initiative(path: &str, signal: &Signal, faults: &mut Faults) {
    let adds_beyond_trust = signal.amounts().any(|amounts| {
        Dimension::ALL
            .into_iter()
            .any(|dimension| dimension != Dimension::Trust && amounts.of(dimension).is_some())
    });
    let is_act = signal.qualifying || signal.advocacy_kind.is_some() || adds_beyond_trust;
    if signal.brand_initiated && is_act {
        faults.add(
            path,
            "what the brand does is counted as an act of the customer",
            "drop `brand_initiated`, or let it add trust only",
        );
    }
    if signal.role == Some(Role::Order) && !signal.qualifying {
        faults.add(
            path,
            "an order that does not qualify",
            "add `qualifying: true`",
        );
    }
}

fn check_amounts(path: &str, amounts: &Amounts, faults: &mut Faults) {
    for dimension in Dimension::ALL {
        if let Some(points) = amounts.of(dimension) {
            faults.points(&format!("{path}.{}", dimension.name()), points);
        }
    }
}

fn check_guard(path: &str, guard: &Guard, faults: &mut Faults) {
    let property = format!("{path}.property");
    faults.name(&property, &guard.property);
    if guard.property.starts_with('$') && guard.property != DISCOUNT_SHARE {
        faults.add(
            &property,
            format!("\"{}\" is not a computed property", guard.property),
            format!("the computed property is {DISCOUNT_SHARE}"),
        );
    }
    let comparisons = [
        guard.at_least.is_some(),
        guard.at_most.is_some(),
        guard.equals.is_some(),
        guard.present.is_some(),
    ];
    if comparisons.iter().filter(|given| **given).count() != 1 {
        faults.add(
            path,
            "a guard compares once",
            "give exactly one of at_least, at_most, equals, present",
        );
    }
    for points in [guard.at_least, guard.at_most].into_iter().flatten() {
        if !points.is_finite() {
            faults.add(
                path,
                "the number compared with is not finite",
                "give a plain number",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ruleset::RuleSet;

    fn paths(set: &RuleSet) -> Vec<String> {
        set.validate().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_guard_compares_exactly_once() {
        let mut set = RuleSet::default_set();
        let order = set
            .signals
            .iter()
            .position(|s| s.event == "Order Completed")
            .unwrap();
        set.signals[order].cases[0].when[0].at_most = Some(0.5);
        set.signals[order].cases[0].when[0].property = String::from("$margin");

        let place = format!("signals[{order}].cases[0].when[0]");
        assert_eq!(paths(&set), [format!("{place}.property"), place]);
    }

    #[test]
    fn what_the_brand_does_cannot_be_an_act_of_the_customer() {
        let mut set = RuleSet::default_set();
        let contact = set
            .signals
            .iter()
            .position(|s| s.event == "Contact Sent")
            .unwrap();
        set.signals[contact].add = Some(Amounts {
            familiarity: Some(1.0),
            ..Amounts::default()
        });

        assert_eq!(paths(&set), [format!("signals[{contact}]")]);
    }
}
