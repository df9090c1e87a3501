//! Figures: names, points, days, shares, and what a condition may ask for.

use serde_json::{Value, json};

use super::{assert_limit, long, with};

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each figure")]
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
#[expect(clippy::too_many_lines, reason = "one row for each figure")]
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
