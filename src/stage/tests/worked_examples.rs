//! Histories whose end is known, told in words.

use serde_json::json;

use super::history::{History, day_number, in_words, instant, layers_in_words, rules};
use crate::stage::{self, MoveKind, Stage};

fn signed_up() -> History {
    History::of_a_known_person().on(0, "Signed Up", json!({}))
}

fn consented() -> History {
    signed_up().on(0, "Consent Given", json!({}))
}

fn three_orders() -> History {
    consented().order(1).order(31).order(61)
}

fn becomes_advocate() -> History {
    three_orders()
        .on(65, "Product Reviewed", json!({ "rating": "5" }))
        .on(66, "Invite Sent", json!({}))
        .on(86, "Referral Converted", json!({}))
}

fn disputes(history: History, day: i32) -> History {
    history.on(day, "Dispute Opened", json!({ "dispute_id": "broken cup" }))
}

fn accepts(history: History, day: i32) -> History {
    let answer = json!({ "dispute_id": "broken cup", "satisfied": true });
    history.on(day, "Dispute Resolved", answer)
}

fn refund(history: History, day: i32, order: &str) -> History {
    history.on(day, "Order Refunded", json!({ "order_id": order }))
}

fn near(figure: f64, expected: f64) -> bool {
    (figure - expected).abs() < 0.05
}

/// The history, the day it is looked at, and the moves it has made by then.
#[expect(clippy::too_many_lines, reason = "one row for each worked example")]
fn table() -> Vec<(&'static str, History, i32, Vec<&'static str>)> {
    let mut sessions = History::of_an_anonymous_visitor();
    for day in [0, 4, 8, 12, 16, 20] {
        sessions = sessions.on(day, "Session Started", json!({}));
    }
    let friend = ["d0 P1 acquaintance", "d61 P2 friend"];
    let and = |rest: &[&'static str]| [friend.as_slice(), rest].concat();
    vec![
        ("1: six anonymous sessions", sessions, 21, vec![]),
        ("2: signs up, nothing else", signed_up(), 30, vec![]),
        (
            "3: signs up and consents",
            consented(),
            0,
            vec!["d0 P1 acquaintance"],
        ),
        ("4: three orders", three_orders(), 61, and(&[])),
        (
            "5: reviews, invites, and somebody comes",
            becomes_advocate(),
            86,
            and(&["d86 P3 advocate"]),
        ),
        (
            "6: complains and is satisfied",
            accepts(disputes(three_orders(), 70), 73),
            73,
            and(&[]),
        ),
        (
            "7: complains in vain",
            disputes(three_orders(), 70),
            95,
            and(&["d91 D2 acquaintance"]),
        ),
        (
            "8: is given a remedy after all",
            accepts(disputes(three_orders(), 70), 110),
            110,
            and(&["d91 D2 acquaintance", "d110 reconciled friend"]),
        ),
        (
            "9: a first order goes wrong for good",
            disputes(signed_up().order(2), 5),
            100,
            vec!["d2 P1 acquaintance", "d19 D3 stranger"],
        ),
        (
            "11: falls silent",
            three_orders(),
            700,
            and(&["d348 D2 acquaintance", "d587 D3 stranger"]),
        ),
        (
            "12: orders twice more, and becomes a VIP",
            three_orders().order(90).order(120).on(
                123,
                "Invitation Accepted",
                json!({ "layer": "vip" }),
            ),
            123,
            and(&[]),
        ),
        (
            "14: the third order is taken back",
            refund(three_orders(), 68, "order-61"),
            68,
            and(&["d68 D2 acquaintance"]),
        ),
        (
            "16: an advocate would not recommend the brand any more",
            becomes_advocate().on(120, "NPS Submitted", json!({ "score": 3 })),
            120,
            and(&["d86 P3 advocate", "d120 D1 friend"]),
        ),
    ]
}

#[test]
fn worked_examples_end_as_told() {
    for (name, history, until, expected) in table() {
        assert_eq!(
            in_words(&history.fold(until).transitions),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_vip_is_invited_by_the_fifth_order_and_is_one_on_accepting() {
    let invited = three_orders().order(90).order(120);
    let joined = invited
        .clone()
        .on(123, "Invitation Accepted", json!({ "layer": "vip" }));

    let waiting = invited.fold(122);
    assert_eq!(
        layers_in_words(&waiting.layer_moves),
        ["d120 vip invited (invitation)"]
    );
    assert_eq!(rules().overall_name(&waiting.standing), "Friend");

    let vip = joined.fold(123);
    assert_eq!(
        layers_in_words(&vip.layer_moves),
        [
            "d120 vip invited (invitation)",
            "d123 vip joined (acceptance)"
        ]
    );
    assert_eq!(vip.standing.stage, Stage::Friend);
    assert_eq!(rules().overall_name(&vip.standing), "Friend · VIP");
    assert_eq!(
        vip.standing.layers[0].entitlements,
        ["Early access", "A person to call"]
    );
}

#[test]
fn the_figures_are_those_of_the_worked_examples() {
    let silent = signed_up().fold(30).standing;
    assert!(near(silent.scores.familiarity, 4.2), "{silent:?}");

    let friend = three_orders().fold(61).standing;
    assert!(near(friend.scores.investment, 26.8), "{friend:?}");

    let advocate = becomes_advocate().fold(86).standing;
    assert!(near(advocate.scores.advocacy, 18.5), "{advocate:?}");

    let mended = accepts(disputes(three_orders(), 70), 73).fold(73).standing;
    assert!(near(mended.scores.trust, 4.0), "{mended:?}");
    assert!(!mended.strained);
}

#[test]
fn a_friend_grants_a_second_chance_before_falling() {
    let history = disputes(three_orders(), 70);

    let strained = history.fold(83).standing;
    assert_eq!((strained.strained, strained.second_chance), (true, false));

    let waiting = history.fold(84).standing;
    assert_eq!(waiting.stage, Stage::Friend);
    assert_eq!((waiting.strained, waiting.second_chance), (true, true));

    let fallen = history.fold(91).standing;
    assert_eq!(fallen.stage, Stage::Acquaintance);
    assert_eq!(
        (fallen.strained, fallen.second_chance, fallen.estranged),
        (false, false, false)
    );
}

#[test]
fn an_unmended_first_dispute_estranges() {
    let standing = disputes(signed_up().order(2), 5).fold(19).standing;

    assert_eq!(standing.stage, Stage::Stranger);
    assert!(standing.estranged);
    assert!(near(standing.scores.trust, -11.9), "{standing:?}");
}

#[test]
fn a_second_breach_within_a_year_costs_two_stages() {
    let twice = accepts(disputes(three_orders(), 70), 94).on(
        95,
        "Dispute Opened",
        json!({ "dispute_id": "another cup" }),
    );

    let words = in_words(&twice.fold(130).transitions);

    let expected = [
        "d91 D2 acquaintance",
        "d94 reconciled friend",
        "d116 D2 acquaintance",
        "d116 D3 stranger",
    ];
    assert_eq!(words[2..], expected);
}

#[test]
fn a_remedy_nobody_answers_ends_the_dispute_and_earns_nothing() {
    let history = disputes(three_orders(), 70).on(80, "Remedy Proposed", json!({}));

    let before = history.fold(86).standing;
    let after = history.fold(87).standing;

    assert!(before.strained);
    assert!(!after.strained);
    assert!(after.scores.trust < 0.0, "{after:?}");
}

#[test]
fn only_the_customer_can_say_that_a_dispute_is_over() {
    let word = json!({ "dispute_id": "broken cup" });
    let brand_says = disputes(three_orders(), 70).on(71, "Dispute Resolved", word);
    let said_no = json!({ "dispute_id": "broken cup", "satisfied": false });
    let refused = disputes(three_orders(), 70).on(71, "Dispute Resolved", said_no);

    assert!(
        brand_says.fold(77).standing.strained,
        "a week for the customer to disagree"
    );
    assert!(!brand_says.fold(78).standing.strained);
    assert_eq!(
        refused.fold(91).standing.stage,
        Stage::Acquaintance,
        "the clock runs on"
    );
}

#[test]
fn later_recoveries_earn_less() {
    let mut history = three_orders();
    for (day, dispute) in [(70, "a"), (80, "b"), (90, "c"), (100, "d")] {
        let named = json!({ "dispute_id": dispute });
        let settled = json!({ "dispute_id": dispute, "csat": 5 });
        history = history
            .on(day, "Dispute Opened", named)
            .on(day, "Dispute Resolved", settled);
    }

    let trust = |day| {
        history
            .fold(day)
            .ledger
            .entries()
            .iter()
            .filter_map(move |entry| {
                let is_it = entry.day.since(super::history::day_zero()) == day;
                (is_it && entry.dimension == stage::Dimension::Trust).then_some(entry.amount)
            })
            .sum::<f64>()
    };

    assert!(near(trust(70), 4.0));
    assert!(near(trust(80), 0.0));
    assert!(near(trust(90), -2.0));
    // The fourth in a year with three orders weighs half, both ways.
    assert!(near(trust(100), -1.0));
}

#[test]
fn a_promotion_is_annulled_only_when_nothing_else_carries_it() {
    let annulled = refund(three_orders(), 68, "order-61").fold(68);
    assert_eq!(annulled.transitions[2].kind, MoveKind::Annulment);

    let carried = refund(three_orders().order(66), 68, "order-61").fold(68);
    assert_eq!(
        carried.standing.stage,
        Stage::Friend,
        "a later order carries it"
    );

    let too_late = refund(three_orders(), 92, "order-61").fold(92);
    assert_eq!(
        too_late.standing.stage,
        Stage::Friend,
        "31 days after the promotion"
    );
}

#[test]
fn a_refund_waits_for_its_order() {
    let history = refund(consented().order(1).order(31), 60, "order-61").order(61);

    let outcome = history.fold(62);

    assert_eq!(outcome.standing.stage, Stage::Acquaintance);
    assert!(
        near(outcome.standing.scores.investment, 16.8),
        "{:?}",
        outcome.standing
    );
}

#[test]
fn a_refund_takes_only_its_own_order_out_of_a_capped_day() {
    let two = consented()
        .on(1, "Order Completed", json!({ "order_id": "a" }))
        .on(1, "Order Completed", json!({ "order_id": "b" }));
    let one = refund(two.clone(), 2, "a");
    let none = refund(one.clone(), 3, "b");

    assert!(near(two.fold(1).standing.scores.investment, 10.0));
    assert!(near(one.fold(2).standing.scores.investment, 10.0));
    assert!(near(none.fold(3).standing.scores.investment, 0.0));
}

#[test]
fn an_order_named_twice_counts_once() {
    let history = consented()
        .on(1, "Order Completed", json!({ "order_id": "a" }))
        .on(
            1,
            "Order Completed",
            json!({ "order_id": "b", "discount": 9, "revenue": 1 }),
        )
        .on(9, "Order Completed", json!({ "order_id": "a" }));

    let entries = history.fold(9).ledger;

    assert_eq!(entries.entries().len(), 2, "{entries:?}");
}

#[test]
fn mostly_discounted_orders_take_six_days() {
    let mut history = consented();
    for number in 1..=6 {
        let order = json!({ "order_id": number, "revenue": 60, "discount": 40 });
        history = history.on(number * 10, "Order Completed", order);
    }

    let words = in_words(&history.fold(60).transitions);

    assert_eq!(words, ["d0 P1 acquaintance", "d60 P2 friend"]);
}

#[test]
fn whoever_ended_it_returns_by_an_act_once_trust_has_recovered() {
    let history = three_orders().on(62, "Account Deleted", json!({}));
    assert_eq!(in_words(&history.fold(62).transitions)[2], "d62 B stranger");

    let waiting = history.fold(62 + 230).standing;
    assert_eq!(
        waiting.stage,
        Stage::Stranger,
        "time alone brings nobody back"
    );
    assert!(waiting.estranged);

    let early = history.clone().order(62 + 213).fold(62 + 213).standing;
    assert_eq!(early.stage, Stage::Stranger, "trust is not above -8 yet");

    let back = history.order(62 + 214).fold(62 + 214);
    assert_eq!(back.standing.stage, Stage::Acquaintance);
    assert_eq!(back.transitions[3].rule, "R");
    assert_eq!((back.standing.cycle, back.standing.estranged), (2, false));
}

#[test]
fn becoming_known_is_enough_when_the_acts_are_there() {
    let mut history = History::of_an_anonymous_visitor();
    for day in 0..12 {
        history = history.on(day, "Preferences Updated", json!({}));
    }
    let rules = rules();
    let known = instant(14, 0);
    let acts = history.acts(rules);

    let outcome = stage::fold(rules, &acts, Some(known), known);

    assert_eq!(outcome.standing.stage, Stage::Acquaintance);
    assert_eq!(outcome.standing.since, Some(known));
}

#[test]
fn the_day_of_review_is_the_day_of_the_next_move() {
    assert_eq!(three_orders().fold(61).review_at.map(day_number), Some(348));
    assert_eq!(
        disputes(three_orders(), 70)
            .fold(70)
            .review_at
            .map(day_number),
        Some(84)
    );
    assert_eq!(signed_up().fold(0).review_at, None);
}

#[test]
fn an_advocate_in_waiting_is_promoted_by_the_calendar() {
    let history = three_orders()
        .on(62, "Product Reviewed", json!({ "rating": 5 }))
        .on(63, "Referral Converted", json!({}));

    let outcome = history.fold(63);
    assert_eq!(outcome.review_at.map(day_number), Some(75));

    assert_eq!(
        in_words(&history.fold(75).transitions)[2],
        "d75 P3 advocate"
    );
}

#[test]
fn a_late_order_makes_the_promotion_effective_when_it_was_placed() {
    let known_by_then = consented().order(1).order(31).fold(66);
    assert_eq!(known_by_then.standing.stage, Stage::Acquaintance);

    let with_it = three_orders().fold(66);

    assert_eq!(in_words(&with_it.transitions)[1], "d61 P2 friend");
}
