//! Windows and graces, to the day: the last day on which a condition holds, and the first on which
//! it does not.

use serde_json::{Value, json};

use super::history::{
    History, day_number, day_zero, in_words, instant, layers_in_words, mixed_rules, rules,
};
use crate::stage::evaluate::{Moment, Signs, Stretch};
use crate::stage::ruleset::Condition;
use crate::stage::{Rules, Stage, State, Trend};

fn condition(written: Value) -> Condition {
    serde_json::from_value(written).expect("a condition")
}

/// Whether the condition holds `day` days after day zero, if nothing happens until then.
fn holds(rules: &Rules, state: &State, written: &Value, day: i32) -> bool {
    let moment = Moment {
        rules,
        state,
        known: true,
        signs: Signs::default(),
    };
    moment.holds(&condition(written.clone()), day_zero().plus(day))
}

/// Asserts that the condition holds on `last` and no longer on the day after it, and that a search
/// for the day on which it ends finds that day.
#[track_caller]
fn assert_ends(history: &History, written: &Value, last: i32) {
    let state = history.fold(20).state;
    assert!(holds(rules(), &state, written, last), "{written} on {last}");
    assert!(
        !holds(rules(), &state, written, last + 1),
        "{written} after {last}"
    );
    let moment = Moment {
        rules: rules(),
        state: &state,
        known: true,
        signs: Signs::default(),
    };
    let stretch = Stretch {
        first: day_zero().plus(21),
        last: day_zero().plus(900),
    };
    let ended = condition(json!({ "not": written }));
    assert_eq!(
        moment.first_day(&ended, stretch),
        Some(day_zero().plus(last + 1))
    );
}

#[test]
fn a_window_of_thirty_days_ends_with_the_thirtieth() {
    let history = History::of_a_known_person()
        .order(10)
        .order(20)
        .on(20, "Product Reviewed", json!({ "rating": 5 }))
        .on(10, "Story Shared", json!({}))
        .on(10, "Referral Converted", json!({ "referee_id": "r1" }))
        .on(20, "Referral Converted", json!({ "referee_id": "r2" }));
    let within = |kind: &str, at_least: u16, days: u16| json!({ kind: { "at_least": at_least, "within_days": days } });
    for kind in ["orders", "qualifying_days", "converted_referrals"] {
        assert_ends(&history, &within(kind, 1, 30), 49);
        assert_ends(&history, &within(kind, 2, 30), 39);
        let state = history.fold(20).state;
        assert!(!holds(rules(), &state, &within(kind, 3, 30), 20), "{kind}");
    }
    // A review, a story, and a referral that was made again.
    assert_ends(&history, &within("advocacy_kinds", 2, 30), 49);
    assert_ends(&history, &within("advocacy_kinds", 3, 30), 39);
    let state = history.fold(20).state;
    let ever = json!({ "converted_referrals": { "at_least": 2 } });
    assert!(holds(rules(), &state, &ever, 9_000));
    let ever = json!({ "advocacy_kinds": { "at_least": 3 } });
    assert!(holds(rules(), &state, &ever, 9_000));
    let more = json!({ "advocacy_kinds": { "at_least": 4 } });
    assert!(!holds(rules(), &state, &more, 20));
}

#[test]
fn mostly_discounted_days_must_be_more() {
    let ordered = |discounts: [u16; 4]| {
        discounts
            .into_iter()
            .zip([11, 13, 15, 17])
            .fold(History::of_a_known_person(), |history, (discount, day)| {
                let properties = json!({ "order_id": day, "revenue": 40, "discount": discount });
                history.on(day, "Order Completed", properties)
            })
            .fold(20)
            .state
    };
    let asked = |at_least: u16, guarded: u16| {
        json!({ "qualifying_days": { "at_least": at_least, "within_days": 100,
            "if_discounted": { "share": 0.5, "at_least": guarded } } })
    };
    let (none, half, all) = (
        ordered([0, 0, 0, 0]),
        ordered([40, 40, 0, 0]),
        ordered([40, 40, 40, 40]),
    );
    for (state, plain, guarded, is_met) in [
        (&none, 4, 5, true),
        (&none, 5, 4, false),
        (&half, 4, 5, false),
        (&half, 5, 4, true),
        (&all, 4, 4, true),
        (&all, 1, 5, false),
    ] {
        let written = asked(plain, guarded);
        assert_eq!(holds(rules(), state, &written, 20), is_met, "{written}");
    }
    // Three of four were discounted; on day 111 the first of them is out of the window, on day 115
    // two: one of two that are left is still half.
    let mixed = ordered([40, 40, 0, 40]);
    for (day, at_least, is_met) in [
        (110, 4, true),
        (111, 4, false),
        (111, 3, true),
        (114, 2, true),
    ] {
        let written = asked(9, at_least);
        assert_eq!(
            holds(rules(), &mixed, &written, day),
            is_met,
            "{day} {at_least}"
        );
    }
}

#[test]
fn a_grace_counts_from_the_first_low_day_over_acts_that_do_not_end_it() {
    let met = || {
        History::of_a_known_person()
            .on(0, "Consent Given", json!({}))
            .on(0, "Preferences Updated", json!({}))
            .order(1)
    };
    let told = |history: History| in_words(&history.fold(900).transitions);
    let silent = ["d1 P1 acquaintance", "d290 D3 stranger"];

    // Familiarity of 6 halves in 60 days and investment of 10 in 180: on day 259 the two are 4.004,
    // on day 260 they are 3.986.
    assert_eq!(told(met()), silent);
    let trusted = met().on(280, "Question Answered", json!({}));
    assert_eq!(told(trusted), silent, "a point of trust is none of these");
    let late = met().on(290, "Signed In", json!({}));
    assert_eq!(
        told(late),
        silent,
        "the last day of grace was the one before"
    );
    // A point on day 275 lifts them over 4 until day 304.
    let lifted = met().on(275, "Signed In", json!({}));
    assert_eq!(told(lifted), ["d1 P1 acquaintance", "d335 D3 stranger"]);
}

#[test]
fn somebody_warms_for_thirty_days_after_an_order_and_cools_from_then_on() {
    let history = History::of_a_known_person().order(0);
    let trend = |history: &History, day| history.fold(day).standing.trend;

    assert_eq!(trend(&history, 0), Trend::Warming);
    assert_eq!(trend(&history, 29), Trend::Warming);
    assert_eq!(trend(&history, 30), Trend::Cooling);
    assert_eq!(trend(&History::of_a_known_person(), 30), Trend::Steady);
    // What came in since must outweigh what went: 10 points fade by 1.1 in thirty days.
    let point = |name| history.clone().on(40, name, json!({}));
    assert_eq!(trend(&point("Product Viewed"), 40), Trend::Cooling);
    assert_eq!(trend(&point("Preferences Updated"), 40), Trend::Warming);
    // Trust that was lost comes back by itself.
    let broken = History::of_a_known_person().on(0, "Promise Broken", json!({}));
    assert_eq!(trend(&broken, 0), Trend::Cooling);
    assert_eq!(trend(&broken, 30), Trend::Warming);
}

#[test]
fn being_known_counts_from_its_own_instant() {
    let consented = History::of_an_anonymous_visitor()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let acts = consented.acts(rules());
    let known = Some(instant(5, 0));

    let before = crate::stage::fold(rules(), &acts, known, instant(4, 0));
    assert_eq!(before.standing.stage, Stage::Stranger);
    assert_eq!(
        before.review_at, known,
        "and that is when it is time to look again"
    );
    let after = crate::stage::fold(rules(), &acts, known, instant(5, 0));
    assert_eq!(after.standing.stage, Stage::Acquaintance);
    assert_eq!(after.standing.since, known);

    // Whoever has done too little is no nearer by being known: nothing is due.
    let idle = History::of_an_anonymous_visitor().on(0, "Signed In", json!({}));
    let acts = idle.acts(rules());
    let outcome = crate::stage::fold(rules(), &acts, known, instant(4, 0));
    assert_eq!(outcome.review_at, None);
    let acts = idle.acts(mixed_rules());
    let outcome = crate::stage::fold(mixed_rules(), &acts, known, instant(4, 0));
    assert_eq!(outcome.review_at, None);
}

#[test]
fn a_complaint_that_runs_out_and_becoming_known_are_taken_in_their_order() {
    let complains = |day| {
        History::of_an_anonymous_visitor()
            .on(day, "Signed Up", json!({}))
            .on(day, "Consent Given", json!({}))
            .on(day, "Dispute Opened", json!({ "dispute_id": "d" }))
    };
    let fold = |history: &History, known_on, until| {
        let acts = history.acts(rules());
        let known = Some(instant(known_on, 0));
        let outcome = crate::stage::fold(rules(), &acts, known, instant(until, 0));
        let review = outcome.review_at.map(day_number);
        (review, outcome.standing.scores.trust)
    };

    // The clock of 14 days first, then the name; and the other way round.
    assert_eq!(fold(&complains(0), 20, 10).0, Some(14));
    assert_eq!(
        fold(&complains(0), 5, 3).0,
        Some(14),
        "a name alone moves nobody who complains"
    );
    let (_, trust) = fold(&complains(0), 20, 15);
    assert!(
        trust < -11.0,
        "4 for the complaint and 8 for the breach: {trust}"
    );
}

#[test]
fn two_acts_of_one_day_are_two_acts() {
    let known = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let vip = [1, 31, 61, 90, 120]
        .into_iter()
        .fold(known, History::order)
        .on(123, "Invitation Accepted", json!({ "layer": "vip" }));
    let ordered = |days: [i32; 3]| {
        let orders = days.into_iter().enumerate();
        orders.fold(vip.clone(), |history, (number, day)| {
            let properties = json!({ "order_id": format!("later-{number}"), "revenue": 50 });
            history.on(day, "Order Completed", properties)
        })
    };
    let lapsed = |history: History| {
        let told = layers_in_words(&history.fold(520).layer_moves);
        told.iter().any(|word| word.contains("lapsed"))
    };

    assert!(!lapsed(ordered([200, 200, 300])));
    assert!(!lapsed(ordered([200, 210, 300])));
    // Nor does taking one of two back take the other with it.
    let taken_back =
        |day| ordered([200, 200, 300]).on(day, "Order Refunded", json!({ "order_id": "later-0" }));
    assert!(lapsed(taken_back(310)));
    assert!(!lapsed(taken_back(310).order(320)));
}
