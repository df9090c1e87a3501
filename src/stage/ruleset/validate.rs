//! What a rule set must satisfy, all of it told at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::layer_check::check_layers;
use super::signal::{Amounts, DISCOUNT_SHARE, Guard, Role, Signal};
use super::{
    Comparison, Condition, Learnt, OrderCount, QualifyingDays, Rule, RuleSet, ScoreBelowFor, Within,
};
use crate::stage::dimension::{Dimension, Dimensions};
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
/// Deepest nesting of conditions.
const DEPTH_MAX: usize = 6;
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
        check_half_lives(self, &mut faults);
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

fn check_half_lives(set: &RuleSet, faults: &mut Faults) {
    for dimension in Dimension::ALL {
        let days = set.half_life_days.of(dimension);
        if !(1.0..=f64::from(DAYS_MAX)).contains(&days) {
            faults.add(
                &half_life_path(set, dimension),
                format!("{days} is not a usable half-life"),
                format!("give 1 to {DAYS_MAX} days"),
            );
        }
    }
    if let Some(learnt) = set.half_life_days.investment.learnt() {
        check_learnt(learnt, faults);
    }
}

fn half_life_path(set: &RuleSet, dimension: Dimension) -> String {
    let is_learnt = set.half_life_days.investment.learnt().is_some();
    let inner = if is_learnt && dimension == Dimension::Investment {
        ".learnt.until_known"
    } else {
        ""
    };
    format!("half_life_days.{}{inner}", dimension.name())
}

fn check_learnt(learnt: Learnt, faults: &mut Faults) {
    let path = "half_life_days.investment.learnt";
    if !(learnt.factor > 0.0 && learnt.factor <= FACTOR_MAX) {
        faults.add(
            &format!("{path}.factor"),
            format!("{} is not a usable multiple", learnt.factor),
            format!("give a number above 0, at most {FACTOR_MAX}"),
        );
    }
    if !(1.0..=f64::from(DAYS_MAX)).contains(&learnt.at_least) {
        faults.add(
            &format!("{path}.at_least"),
            format!("{} is not a usable half-life", learnt.at_least),
            format!("give 1 to {DAYS_MAX} days"),
        );
    }
    if !(learnt.at_least..=f64::from(DAYS_MAX)).contains(&learnt.at_most) {
        faults.add(
            &format!("{path}.at_most"),
            format!("{} is not a usable upper bound", learnt.at_most),
            format!("give at_least or more, at most {DAYS_MAX} days"),
        );
    }
}

fn check_signals(signals: &[Signal], faults: &mut Faults) {
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

fn check_rules(rules: &[Rule], faults: &mut Faults) {
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

pub(super) fn check_condition(
    path: &str,
    condition: &Condition,
    depth: usize,
    faults: &mut Faults,
) {
    if depth > DEPTH_MAX {
        faults.add(
            path,
            "the conditions nest too deep",
            format!("nest at most {DEPTH_MAX} deep"),
        );
        return;
    }
    let named = |name: &str| format!("{path}.{name}");
    match condition {
        Condition::All(list) => check_list(&named("all"), list, depth, faults),
        Condition::Any(list) => check_list(&named("any"), list, depth, faults),
        Condition::Not(inner) => check_condition(&named("not"), inner, depth + 1, faults),
        Condition::Score(test) => {
            let field = match test.is {
                Comparison::AtLeast(_) => "at_least",
                Comparison::Above(_) => "above",
                Comparison::Below(_) => "below",
            };
            check_sum(&named("score"), test.of, field, test.is.threshold(), faults);
        }
        Condition::ScoreBelowFor(test) => {
            let path = named("score_below_for");
            check_sum(&path, test.of, "below", test.below, faults);
            faults.days(&format!("{path}.days"), test.days);
        }
        Condition::Orders(test) => check_orders(&named("orders"), *test, faults),
        Condition::QualifyingDays(test) => {
            check_qualifying(&named("qualifying_days"), test, faults);
        }
        Condition::ConvertedReferrals(test) => {
            check_within(&named("converted_referrals"), *test, faults);
        }
        Condition::AdvocacyKinds(test) => check_within(&named("advocacy_kinds"), *test, faults),
        Condition::DaysInStage { at_least } => {
            faults.days(&named("days_in_stage.at_least"), *at_least);
        }
        Condition::PromotingOrderRefunded { within_days } => {
            faults.days(&named("promoting_order_refunded.within_days"), *within_days);
        }
        Condition::Known
        | Condition::NoOpenDispute
        | Condition::StageAtLeast(_)
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached => {}
    }
}

fn check_list(path: &str, list: &[Condition], depth: usize, faults: &mut Faults) {
    if list.is_empty() {
        faults.add(path, "the list is empty", "give at least one condition");
    }
    for (index, inner) in list.iter().enumerate() {
        check_condition(&format!("{path}[{index}]"), inner, depth + 1, faults);
    }
}

fn check_orders(path: &str, test: OrderCount, faults: &mut Faults) {
    if test.within_days == 0 || test.within_days > ORDER_DAYS_MAX {
        faults.add(
            &format!("{path}.within_days"),
            format!("orders are not kept for {} days", test.within_days),
            format!("give 1 to {ORDER_DAYS_MAX} days"),
        );
    }
    if test.at_least == 0 || test.at_least > ORDERS_MAX {
        faults.add(
            &format!("{path}.at_least"),
            format!("{} orders cannot be asked for", test.at_least),
            format!("ask for 1 to {ORDERS_MAX} orders"),
        );
    }
}

fn check_qualifying(path: &str, test: &QualifyingDays, faults: &mut Faults) {
    faults.days(&format!("{path}.within_days"), test.within_days);
    if let Some(guard) = test.if_discounted
        && !(guard.share > 0.0 && guard.share <= 1.0)
    {
        faults.add(
            &format!("{path}.if_discounted.share"),
            "the share is not a share",
            "give a number above 0, at most 1",
        );
    }
}

fn check_within(path: &str, test: Within, faults: &mut Faults) {
    if let Some(days) = test.within_days {
        faults.days(&format!("{path}.within_days"), days);
    }
}

fn check_sum(path: &str, of: Dimensions, field: &str, threshold: f64, faults: &mut Faults) {
    if of.is_empty() {
        faults.add(
            &format!("{path}.of"),
            "no score is named",
            "name at least one dimension under `of`",
        );
    }
    faults.points(&format!("{path}.{field}"), threshold);
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
    use crate::stage::ruleset::ScoreTest;

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
