//! What may stand in a rule set, figure by figure: the last that is taken and the first that is not.

use serde_json::{Value, json};

use super::{Condition, Fault, RuleSet};

/// The default set with one place written differently; `rules[0].when` as JSON has it:
/// `/rules/0/when`. What leads there is made where it is missing.
fn with(place: &str, written: &Value) -> Vec<Fault> {
    let mut document = serde_json::to_value(RuleSet::default_set()).unwrap();
    let mut node = &mut document;
    for step in place.split('/').skip(1) {
        node = match step.parse::<usize>() {
            Ok(index) => &mut node[index],
            Err(_) => &mut node[step],
        };
    }
    *node = written.clone();
    let set: RuleSet = serde_json::from_value(document)
        .unwrap_or_else(|error| panic!("{place}: {written} cannot be read: {error}"));
    set.validate()
}

/// Asserts that `fits` is taken at `place` and that `not` is a fault at `fault` alone.
#[track_caller]
fn assert_limit(place: &str, fits: &Value, not: &Value, fault: &str) {
    assert_eq!(with(place, fits), [], "{place}: {fits}");
    let faults = with(place, not);
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, [fault], "{place}: {not}");
    assert!(!faults[0].problem.is_empty() && !faults[0].mend.is_empty());
}

fn long(chars: usize) -> Value {
    json!("é".repeat(chars))
}

#[test]
fn figures_have_a_first_and_a_last_that_can_be_used() {
    let words = |count: usize| {
        (0..count)
            .map(|word| json!(word.to_string()))
            .collect::<Value>()
    };
    for (place, fits, not, fault) in [
        ("/name", long(200), long(201), "name"),
        ("/stages/friend", long(1), json!("\t "), "stages.friend"),
        (
            "/half_life_days/trust",
            json!(1),
            json!(0.99),
            "half_life_days.trust",
        ),
        (
            "/half_life_days/advocacy",
            json!(3650),
            json!(3650.5),
            "half_life_days.advocacy",
        ),
        (
            "/half_life_days/investment",
            json!(3650),
            json!(3651),
            "half_life_days.investment",
        ),
        ("/signals/0/event", long(200), long(201), "signals[0].event"),
        (
            "/signals/0/aliases",
            json!([long(200)]),
            json!([""]),
            "signals[0].aliases[0]",
        ),
        (
            "/signals/0/add/trust",
            json!(10_000),
            json!(10_000.5),
            "signals[0].add.trust",
        ),
        (
            "/signals/0/add/advocacy",
            json!(-10_000),
            json!(-10_000.5),
            "signals[0].add.advocacy",
        ),
        (
            "/signals/0/cap/familiarity",
            json!(0.001),
            json!(0),
            "signals[0].cap.familiarity",
        ),
        (
            "/signals/0/cap/trust",
            json!(10_000),
            json!(10_000.5),
            "signals[0].cap.trust",
        ),
        (
            "/disputes/clock_days",
            json!(1),
            json!(0),
            "disputes.clock_days",
        ),
        (
            "/disputes/quiet_days",
            json!(3650),
            json!(3651),
            "disputes.quiet_days",
        ),
        (
            "/disputes/breach_weight",
            json!(0),
            json!(0.5),
            "disputes.breach_weight",
        ),
        (
            "/disputes/recovery_weights",
            json!([1]),
            json!([]),
            "disputes.recovery_weights",
        ),
        (
            "/disputes/recovery_weights",
            json!([-10_000]),
            json!([-10_001]),
            "disputes.recovery_weights[0]",
        ),
        (
            "/disputes/serial/within_days",
            json!(400),
            json!(401),
            "disputes.serial.within_days",
        ),
        (
            "/disputes/serial/within_days",
            json!(1),
            json!(0),
            "disputes.serial.within_days",
        ),
        (
            "/disputes/serial/per_orders",
            json!(1),
            json!(0),
            "disputes.serial.per_orders",
        ),
        (
            "/disputes/serial/at_least",
            json!(1),
            json!(0),
            "disputes.serial.at_least",
        ),
        (
            "/disputes/serial/factor",
            json!(1),
            json!(1.1),
            "disputes.serial.factor",
        ),
        (
            "/disputes/serial/factor",
            json!(0),
            json!(-0.1),
            "disputes.serial.factor",
        ),
        ("/referrals/hops", json!(3), json!(4), "referrals.hops"),
        ("/referrals/hops", json!(1), json!(0), "referrals.hops"),
        (
            "/referrals/hop_factor",
            json!(1),
            json!(1.1),
            "referrals.hop_factor",
        ),
        (
            "/referrals/claw_back_days",
            json!(400),
            json!(401),
            "referrals.claw_back_days",
        ),
        (
            "/contact/per_days",
            json!(31),
            json!(32),
            "contact.per_days",
        ),
        (
            "/contact/at_most/friend",
            json!(30),
            json!(31),
            "contact.at_most",
        ),
        (
            "/contact/unanswered/after",
            json!(30),
            json!(31),
            "contact.unanswered.after",
        ),
        (
            "/contact/unanswered/factor",
            json!(0),
            json!(-1),
            "contact.unanswered.factor",
        ),
        (
            "/contact/keep_in_touch/after_days",
            json!(3650),
            json!(3651),
            "contact.keep_in_touch.after_days",
        ),
        (
            "/contact/channels",
            json!(["a"]),
            json!([]),
            "contact.channels",
        ),
        (
            "/contact/channels",
            json!(["a_1"]),
            json!(["a-1"]),
            "contact.channels[0]",
        ),
        (
            "/contact/service_purposes",
            json!(["x".repeat(32)]),
            json!(["x".repeat(33)]),
            "contact.service_purposes[0]",
        ),
        (
            "/contact/permission_purposes",
            words(20),
            words(21),
            "contact.permission_purposes",
        ),
        (
            "/contact/permission_purposes",
            json!(["a"]),
            json!([""]),
            "contact.permission_purposes[0]",
        ),
        (
            "/resting/hibernation_days_max",
            json!(3650),
            json!(3651),
            "resting.hibernation_days_max",
        ),
        (
            "/resting/dormant_after",
            json!({"days": 3650}),
            json!({"days": 3651}),
            "resting.dormant_after.days",
        ),
        (
            "/resting/dormant_after",
            json!({"investment_half_lives": 10}),
            json!({"investment_half_lives": 10.5}),
            "resting.dormant_after.investment_half_lives",
        ),
    ] {
        assert_limit(place, &fits, &not, fault);
    }
}

#[test]
fn what_is_learnt_has_bounds_that_do_not_cross() {
    let learnt = |factor: f64, at_least: f64, at_most: f64, until_known: f64| {
        json!({ "learnt": {
            "factor": factor, "at_least": at_least, "at_most": at_most, "until_known": until_known,
        } })
    };
    for (fits, not, fault) in [
        (
            learnt(100.0, 30.0, 900.0, 180.0),
            learnt(100.5, 30.0, 900.0, 180.0),
            "factor",
        ),
        (
            learnt(0.1, 30.0, 900.0, 180.0),
            learnt(0.0, 30.0, 900.0, 180.0),
            "factor",
        ),
        (
            learnt(5.0, 1.0, 900.0, 180.0),
            learnt(5.0, 0.5, 900.0, 180.0),
            "at_least",
        ),
        (
            learnt(5.0, 30.0, 30.0, 180.0),
            learnt(5.0, 30.0, 29.0, 180.0),
            "at_most",
        ),
        (
            learnt(5.0, 3650.0, 3650.0, 180.0),
            learnt(5.0, 30.0, 3651.0, 180.0),
            "at_most",
        ),
        (
            learnt(5.0, 30.0, 900.0, 1.0),
            learnt(5.0, 30.0, 900.0, 0.5),
            "until_known",
        ),
    ] {
        let fault = format!("half_life_days.investment.learnt.{fault}");
        assert_limit("/half_life_days/investment", &fits, &not, &fault);
    }
}

#[test]
fn a_condition_asks_for_something_that_can_be_counted() {
    let within = |kind: &str, days: u16| json!({ kind: { "at_least": 1, "within_days": days } });
    let orders =
        |asked: u16, days: u16| json!({ "orders": { "at_least": asked, "within_days": days } });
    let sum = |is: &str, points: f64| json!({ "score": { "of": ["trust"], is: points } });
    let low = |below: f64, days: u16| json!({ "score_below_for": { "of": ["trust"], "below": below, "days": days } });
    let share = |share: f64| {
        json!({ "qualifying_days": {
            "at_least": 1, "within_days": 10, "if_discounted": { "share": share, "at_least": 2 },
        } })
    };
    let deep = |levels: usize| {
        (0..levels).fold(json!("known"), |inner, level| match level % 3 {
            0 => json!({ "not": inner }),
            1 => json!({ "all": [inner] }),
            _ => json!({ "any": [inner] }),
        })
    };
    for (fits, not, fault) in [
        (orders(1, 400), orders(1, 401), "orders.within_days"),
        (orders(1, 1), orders(1, 0), "orders.within_days"),
        (orders(500, 10), orders(501, 10), "orders.at_least"),
        (orders(1, 10), orders(0, 10), "orders.at_least"),
        (
            within("converted_referrals", 3650),
            within("converted_referrals", 3651),
            "converted_referrals.within_days",
        ),
        (
            within("advocacy_kinds", 1),
            within("advocacy_kinds", 0),
            "advocacy_kinds.within_days",
        ),
        (
            within("qualifying_days", 1),
            within("qualifying_days", 0),
            "qualifying_days.within_days",
        ),
        (
            share(1.0),
            share(1.01),
            "qualifying_days.if_discounted.share",
        ),
        (
            share(0.01),
            share(0.0),
            "qualifying_days.if_discounted.share",
        ),
        (
            sum("at_least", 10_000.0),
            sum("at_least", 10_001.0),
            "score.at_least",
        ),
        (
            sum("above", -10_000.0),
            sum("above", -10_001.0),
            "score.above",
        ),
        (sum("below", 5.0), sum("below", 10_001.0), "score.below"),
        (
            sum("below", 5.0),
            json!({ "score": { "of": [], "below": 5 } }),
            "score.of",
        ),
        (low(-5.0, 3650), low(-5.0, 3651), "score_below_for.days"),
        (low(-5.0, 1), low(-5.0, 0), "score_below_for.days"),
        (low(-5.0, 1), low(-10_001.0, 1), "score_below_for.below"),
        (
            json!({ "days_in_stage": { "at_least": 1 } }),
            json!({ "days_in_stage": { "at_least": 0 } }),
            "days_in_stage.at_least",
        ),
        (
            json!({ "promoting_order_refunded": { "within_days": 3650 } }),
            json!({ "promoting_order_refunded": { "within_days": 3651 } }),
            "promoting_order_refunded.within_days",
        ),
        (json!({ "any": ["known"] }), json!({ "any": [] }), "any"),
        (deep(6), deep(7), "any.all.not.any.all.not"),
    ] {
        // Without the indices of lists, which say nothing here.
        let found = with("/rules/1/when", &not);
        let paths: Vec<_> = found
            .iter()
            .map(|fault| fault.path.replace("[0]", ""))
            .collect();
        assert_eq!(with("/rules/1/when", &fits), [], "{fits}");
        if fault.starts_with("any.all") {
            assert_eq!(paths, [format!("rules[1].when.not.{fault}")], "{not}");
        } else {
            assert_eq!(paths, [format!("rules[1].when.{fault}")], "{not}");
        }
    }
}

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

#[test]
fn a_layer_has_limits_of_its_own() {
    let layer = |key: &str, written: &Value| {
        let mut layer = json!({
            "id": "club", "name": "Club", "half_life_days": 90,
            "acts": [{ "event": "Order Completed" }],
            "invitation": { "when": "known", "open_days": 30 },
        });
        let mut node = &mut layer;
        for step in key.split('.') {
            node = &mut node[step];
        }
        *node = written.clone();
        json!([layer])
    };
    let keep =
        |acts: u16, days: u16| json!({ "at_least": acts, "within_days": days, "notice_days": 30 });
    let tier = |enter: f64, exit: f64| json!([{ "stage": "friend", "enter": enter, "exit": exit }]);
    let tiers = |stage: &str, enter: f64| {
        json!([
            { "stage": "friend", "enter": 20, "exit": 10 },
            { "stage": stage, "enter": enter, "exit": 5 },
        ])
    };
    let acts = |points: f64| json!([{ "event": "Completed Order", "points": points }]);
    let many = |count: usize| Value::from(vec![json!("x"); count]);
    let many_acts = |count: usize| Value::from(vec![json!({ "event": "Order Completed" }); count]);
    for (key, fits, not, fault) in [
        ("id", json!("c"), json!(""), "id"),
        ("name", long(200), long(201), "name"),
        ("half_life_days", json!(1), json!(0.5), "half_life_days"),
        (
            "half_life_days",
            json!(3650),
            json!(3650.5),
            "half_life_days",
        ),
        ("trust_carried", json!(1), json!(1.01), "trust_carried"),
        ("spill", json!(0), json!(-0.01), "spill"),
        (
            "hibernation_days_max",
            json!(3650),
            json!(3651),
            "hibernation_days_max",
        ),
        ("keep", keep(1, 400), keep(0, 400), "keep.at_least"),
        ("keep", keep(1, 400), keep(1, 401), "keep.within_days"),
        ("keep", keep(1, 1), keep(1, 0), "keep.within_days"),
        (
            "invitation.open_days",
            json!(3650),
            json!(3651),
            "invitation.open_days",
        ),
        (
            "invitation.again_after_days",
            json!(1),
            json!(0),
            "invitation.again_after_days",
        ),
        (
            "invitation.when",
            json!("no_open_dispute"),
            json!("detractor_answer"),
            "invitation.when",
        ),
        (
            "invitation.when",
            json!({"not": "known"}),
            json!({"not": "relationship_ended"}),
            "invitation.when",
        ),
        (
            "invitation.milestones",
            many(100),
            many(101),
            "invitation.milestones",
        ),
        (
            "invitation.milestones",
            json!(["a"]),
            json!([" "]),
            "invitation.milestones[0]",
        ),
        ("entitlements", many(100), many(101), "entitlements"),
        ("acts", many_acts(100), many_acts(101), "acts"),
        ("acts", acts(10_000.0), acts(10_001.0), "acts[0].points"),
        (
            "acts",
            acts(1.0),
            json!([{ "event": "Contact Sent" }]),
            "acts[0].event",
        ),
        ("tiers", tier(20.0, 0.0), tier(20.0, -1.0), "tiers[0].exit"),
        ("tiers", tier(20.0, 19.9), tier(20.0, 20.0), "tiers[0].exit"),
        (
            "tiers",
            tier(10_000.0, 1.0),
            tier(10_001.0, 1.0),
            "tiers[0].enter",
        ),
        (
            "tiers",
            tiers("advocate", 20.5),
            tiers("advocate", 20.0),
            "tiers[1]",
        ),
        (
            "tiers",
            tiers("advocate", 30.0),
            tiers("friend", 30.0),
            "tiers[1]",
        ),
        (
            "tiers",
            tier(20.0, 1.0),
            json!([{ "stage": "acquaintance", "enter": 20, "exit": 1 }]),
            "tiers[0]",
        ),
    ] {
        let fault = format!("layers[0].{fault}");
        assert_limit("/layers", &layer(key, &fits), &layer(key, &not), &fault);
    }

    let two = |id: &str, after: &str| {
        let mut list = layer("id", &json!("club"));
        let mut second = list[0].clone();
        second["id"] = json!(id);
        second["after"] = json!(after);
        list.as_array_mut().unwrap().push(second);
        list
    };
    assert_limit(
        "/layers",
        &two("inner", "club"),
        &two("club", "club"),
        "layers[1].id",
    );
    assert_limit(
        "/layers",
        &two("inner", "club"),
        &two("inner", "inner"),
        "layers[1].after",
    );
    let mut idle = layer("keep", &keep(1, 10));
    idle[0]["acts"] = json!([]);
    assert_limit(
        "/layers",
        &layer("keep", &keep(1, 10)),
        &idle,
        "layers[0].keep",
    );
    let ids = |count: usize| -> Value {
        let list = (0..count).map(|number| layer("id", &json!(number.to_string()))[0].clone());
        list.collect()
    };
    assert_limit("/layers", &ids(16), &ids(17), "layers");
}
