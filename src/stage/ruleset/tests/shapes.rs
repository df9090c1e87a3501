//! What signals and rules must be, beyond their figures.

use serde_json::{Value, json};

use super::{assert_limit, with};
use crate::stage::ruleset::{Condition, RuleSet};

#[test]
fn an_event_has_one_signal_which_adds_something_or_plays_a_part() {
    let named = |name: &str| json!({ "event": "Sneezed", "aliases": ["Coughed", name], "add": { "familiarity": 1 } });
    let guards = |guards: Value| json!({ "event": "A", "cases": [{ "when": guards, "add": {} }] });
    for (fits, not, fault) in [
        (named("Yawned"), named("Coughed"), "signals[0].aliases[1]"),
        (named("Yawned"), named("Sneezed"), "signals[0].aliases[1]"),
        (
            json!({ "event": "A", "role": "refund" }),
            json!({ "event": "A" }),
            "signals[0]",
        ),
        (
            json!({ "event": "A", "role": "order", "qualifying": true }),
            json!({ "event": "A", "role": "order" }),
            "signals[0]",
        ),
        (
            guards(json!([{ "property": "a", "present": true }])),
            guards(json!([])),
            "signals[0].cases[0]",
        ),
        (
            guards(json!([{ "property": "a", "at_least": 1 }])),
            guards(json!([{ "property": "a" }])),
            "signals[0].cases[0].when[0]",
        ),
        (
            guards(json!([{ "property": "a", "at_most": 1 }])),
            guards(json!([{ "property": "a", "equals": 1, "present": true }])),
            "signals[0].cases[0].when[0]",
        ),
        (
            guards(json!([{ "property": "$discount_share", "at_most": 1 }])),
            guards(json!([{ "property": "$discount", "at_most": 1 }])),
            "signals[0].cases[0].when[0].property",
        ),
        (
            json!({ "event": "A", "cases": [{
                "when": [{ "property": "a", "equals": "b" }], "add": { "trust": 10_000 } }] }),
            json!({ "event": "A", "cases": [{
                "when": [{ "property": "a", "equals": "b" }], "add": { "trust": 10_001 } }] }),
            "signals[0].cases[0].add.trust",
        ),
    ] {
        assert_limit("/signals/0", &fits, &not, fault);
    }
}

#[test]
fn what_the_brand_does_may_earn_trust_and_nothing_else() {
    let by_brand = |more: Value| {
        let mut signal = json!({ "event": "A", "brand_initiated": true, "add": { "trust": 1 } });
        for (key, value) in more.as_object().unwrap() {
            signal[key] = value.clone();
        }
        signal
    };
    let fits = by_brand(json!({}));
    for not in [
        json!({ "qualifying": true }),
        json!({ "advocacy_kind": "review" }),
        json!({ "add": { "familiarity": 1 } }),
        json!({ "add": { "trust": 1, "advocacy": 1 } }),
        json!({ "cases": [{
            "when": [{ "property": "a", "present": true }], "add": { "investment": 1 } }] }),
    ] {
        assert_limit("/signals/0", &fits, &by_brand(not), "signals[0]");
    }
}

#[test]
fn a_guard_compares_with_plain_numbers() {
    for bound in [f64::INFINITY, f64::NAN] {
        let mut set = RuleSet::default_set();
        let order = set
            .signals
            .iter_mut()
            .find(|one| one.event == "Order Completed");
        order.unwrap().cases[0].when[0].at_least = Some(bound);
        let faults = set.validate();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].problem.contains("not finite"), "{faults:?}");
    }
}

#[test]
fn rules_have_names_of_their_own_and_move_one_stage() {
    let rule = |from: &str, to: &str, when: &str| json!({ "id": "X", "from": from, "to": to, "when": when });
    let fits = rule("stranger", "acquaintance", "known");
    let ended = "relationship_ended";
    for (not, fault) in [
        (rule("stranger", "friend", "known"), "rules[0]"),
        (rule("friend", "friend", "known"), "rules[0]"),
        (rule("advocate", "acquaintance", "known"), "rules[0]"),
        (rule("stranger", "friend", ended), "rules[0]"),
        (rule("friend", "friend", ended), "rules[0]"),
        (
            json!({ "id": "X", "to": "stranger", "when": "known" }),
            "rules[0]",
        ),
        (
            json!({ "id": "X", "to": "friend", "when": ended }),
            "rules[0]",
        ),
        (
            json!({ "id": "P2", "from": "stranger", "to": "acquaintance", "when": "known" }),
            "rules[1].id",
        ),
        (
            json!({ "id": "X", "from": "stranger", "to": "acquaintance", "when": "known", "reentry_as": "X" }),
            "rules[0].reentry_as",
        ),
        (
            json!({ "id": "X", "from": "friend", "to": "advocate", "when": "known", "reentry_as": "Y" }),
            "rules[0].reentry_as",
        ),
        (
            json!({ "id": " ", "from": "stranger", "to": "acquaintance", "when": "known" }),
            "rules[0].id",
        ),
    ] {
        assert_limit("/rules/0", &fits, &not, fault);
    }
    for fits in [
        rule("friend", "acquaintance", "known"),
        rule("advocate", "stranger", ended),
        rule("friend", "stranger", ended),
        json!({ "id": "X", "to": "stranger", "when": { "any": ["known", ended] } }),
        json!({ "id": "X", "from": "stranger", "to": "acquaintance", "when": "known", "reentry_as": "Y" }),
    ] {
        assert_eq!(with("/rules/0", &fits), [], "{fits}");
    }
}

#[test]
fn lists_have_an_end() {
    let paths = |set: &RuleSet| -> Vec<String> {
        set.validate().into_iter().map(|fault| fault.path).collect()
    };
    let mut set = RuleSet::default_set();
    let (signal, rule) = (set.signals[0].clone(), set.rules[0].clone());
    for number in set.signals.len()..1_000 {
        let mut signal = signal.clone();
        signal.event = number.to_string();
        set.signals.push(signal);
    }
    for number in set.rules.len()..50 {
        let mut rule = rule.clone();
        (rule.id, rule.reentry_as) = (number.to_string(), None);
        rule.when = Condition::Known;
        set.rules.push(rule);
    }
    assert_eq!(set.validate(), []);

    let (mut signal, mut rule) = (signal, set.rules[49].clone());
    signal.event = String::from("one more");
    rule.id = String::from("one more");
    set.signals.push(signal);
    set.rules.push(rule);

    assert_eq!(paths(&set), ["signals", "rules"]);
}

#[test]
fn a_stage_is_left_below_the_figure_that_enters_it() {
    let leaves = |below: f64, of: &str| {
        json!({ "any": ["detractor_answer",
            { "score_below_for": { "of": [of], "below": below, "days": 30 } }] })
    };
    let index = |id: &str| {
        let rules = RuleSet::default_set().rules;
        rules.iter().position(|rule| rule.id == id).unwrap()
    };
    // P2 makes a friend at 24 points of investment, and asks for trust above -2.
    let place = format!("/rules/{}/when", index("D2"));
    let fault = format!("rules[{}].when", index("D2"));
    assert_limit(
        &place,
        &leaves(23.9, "investment"),
        &leaves(24.0, "investment"),
        &fault,
    );
    assert_limit(
        &place,
        &leaves(23.9, "investment"),
        &leaves(30.0, "investment"),
        &fault,
    );
    assert_limit(
        &place,
        &leaves(-2.1, "trust"),
        &leaves(-2.0, "trust"),
        &fault,
    );
    assert_eq!(with(&place, &leaves(30.0, "familiarity")), []);

    // What enters a stage from above it, or leaves another, is no such pair.
    let place = format!("/rules/{}/when", index("D3"));
    assert_eq!(with(&place, &leaves(24.0, "investment")), []);
}
