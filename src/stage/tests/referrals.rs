//! Whom a customer brought: counted once, halved with each hop, and taken back to the last point.

use serde_json::{Value, json};

use super::history::{History, day_number, day_zero, in_words, instant, rules};
use crate::stage::{self, Dimension, MoveKind, Stage};

fn friend() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
        .order(1)
        .order(31)
        .order(61)
}

fn converted(history: History, day: i32, referee: &str, hop: u8) -> History {
    let told = json!({ "referee_id": referee, "hop": hop });
    history.on(day, "Referral Converted", told)
}

fn clawed_back(history: History, day: i32, referee: &str) -> History {
    history.on(
        day,
        "Referral Clawed Back",
        json!({ "referee_id": referee }),
    )
}

fn advocacy_on(history: &History, day: i32) -> f64 {
    let outcome = history.fold(500);
    let entries = outcome.ledger.entries().iter();
    entries
        .filter(|entry| {
            entry.day.since(day_zero()) == day && entry.dimension == Dimension::Advocacy
        })
        .map(|entry| entry.amount)
        .sum()
}

fn near(figure: f64, expected: f64) -> bool {
    (figure - expected).abs() < 1e-9
}

#[test]
fn each_hop_halves_the_credit_and_a_referee_counts_once() {
    let first = converted(friend(), 70, "anna", 1);
    let second = converted(first.clone(), 71, "bilal", 2);
    let third = converted(second, 72, "chen", 3);
    let again = converted(third, 73, "anna", 1);
    let nearer = converted(again, 74, "chen", 1);

    for (day, points) in [(70, 12.0), (71, 6.0), (72, 3.0), (73, 0.0), (74, 0.0)] {
        assert!(near(advocacy_on(&nearer, day), points), "day {day}");
    }
}

#[test]
fn only_people_brought_in_person_count_as_referrals() {
    let by_others = [("a", 70), ("b", 71), ("c", 72)]
        .into_iter()
        .fold(friend(), |history, (name, day)| {
            converted(history, day, name, 2)
        });

    let outcome = by_others.fold(100);
    assert!(outcome.standing.scores.advocacy > 15.0);
    assert_eq!(
        outcome.standing.stage,
        Stage::Friend,
        "no referral, no kind of act"
    );

    let own = converted(by_others, 101, "d", 1).fold(101);
    assert_eq!(own.standing.stage, Stage::Advocate);
}

#[test]
fn a_claw_back_takes_exactly_its_own_credit() {
    let two = converted(converted(friend(), 70, "anna", 1), 70, "bilal", 1);
    let three = converted(two.clone(), 70, "chen", 1);
    assert!(near(advocacy_on(&three, 70), 24.0), "the cap of a day");

    let one_back = clawed_back(three, 80, "anna");
    assert!(
        near(advocacy_on(&one_back, 70), 24.0),
        "two are left under the cap"
    );
    let two_back = clawed_back(one_back, 81, "chen");
    assert!(near(advocacy_on(&two_back, 70), 12.0));
    let twice = clawed_back(two_back, 82, "chen");
    assert!(near(advocacy_on(&twice, 70), 12.0), "once is all");
    let all_back = clawed_back(twice, 83, "bilal");
    assert!(near(advocacy_on(&all_back, 70), 0.0));

    let farther = clawed_back(converted(two, 71, "dana", 2), 72, "dana");
    assert!(near(advocacy_on(&farther, 71), 0.0));
    assert!(near(advocacy_on(&farther, 70), 24.0));
}

#[test]
fn a_claw_back_on_the_same_day_leaves_room_for_others() {
    let two = converted(converted(friend(), 70, "anna", 1), 70, "bilal", 1);

    let history = converted(clawed_back(two, 70, "anna"), 70, "chen", 1);

    assert!(near(advocacy_on(&history, 70), 24.0));
}

#[test]
fn a_claw_back_waits_for_its_referral() {
    let early = clawed_back(friend(), 69, "anna");
    let history = converted(early, 70, "anna", 1);

    assert!(near(advocacy_on(&history, 70), 0.0));
    let other = converted(history, 71, "bilal", 1);
    assert!(near(advocacy_on(&other, 71), 12.0));
}

#[test]
fn arriving_in_any_order_and_twice_gives_the_same() {
    let history = clawed_back(
        converted(converted(friend(), 70, "anna", 1), 71, "bilal", 2),
        90,
        "anna",
    );
    let acts = history.acts(rules());
    let whole = stage::fold(rules(), &acts, None, instant(200, 0));
    let mut turned: Vec<_> = acts.iter().chain(&acts).copied().collect();
    turned.reverse();

    let again = stage::fold(rules(), &turned, None, instant(200, 0));

    assert_eq!(again, whole);
}

/// An advocate since day 86 by a review, an invitation and a referral (worked example 5).
fn advocate() -> History {
    let told = friend()
        .on(65, "Product Reviewed", json!({ "rating": 5 }))
        .on(66, "Invite Sent", json!({}));
    converted(told, 86, "anna", 1)
}

#[test]
fn what_was_clawed_back_is_gone_and_cools_only_as_any_low_score_does() {
    assert_eq!(
        in_words(&advocate().fold(86).transitions)[2],
        "d86 P3 advocate"
    );

    let back = clawed_back(advocate(), 100, "anna");

    let at_once = back.fold(100);
    assert_eq!(
        at_once.standing.stage,
        Stage::Advocate,
        "no second judgement for the past"
    );
    let moves = back.fold(200).transitions;
    assert_eq!(in_words(&moves)[3..], ["d130 D1 friend"]);
    assert_eq!(
        moves[3].kind,
        MoveKind::Decay,
        "thirty low days from the claw-back on"
    );
    let conversions = serde_json::to_value(&at_once.state).unwrap();
    assert_eq!(conversions["referrals"]["ever"], 0);
    assert_eq!(conversions["advocacy"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_late_claw_back_makes_no_second_fall_out_of_order() {
    let answered = advocate().on(120, "NPS Submitted", json!({ "score": 3 }));
    let before = answered.fold(300).transitions;
    assert_eq!(in_words(&before)[3], "d120 D1 friend");

    let back = clawed_back(answered, 130, "anna").fold(300);

    assert_eq!(
        back.transitions, before,
        "a friend has nothing to lose by it"
    );
}

#[test]
fn a_conversion_elsewhere_is_no_sign_of_life() {
    let outcome = converted(friend(), 300, "anna", 1).fold(300);

    assert_eq!(outcome.standing.last_act.map(day_number), Some(61));
}

#[test]
fn the_first_order_that_counts_is_the_conversion() {
    let refund = |history: History, day, order: &str| {
        history.on(day, "Order Refunded", json!({ "order_id": order }))
    };
    let conversion = |history: &History| {
        let conversion = history.fold(300).state.conversion()?;
        let day = |at| day_number(at);
        let back = conversion.taken_back_at.map(day);
        Some((day(conversion.at), day(conversion.ordered_at), back))
    };

    let friend = friend();
    assert_eq!(conversion(&friend), Some((1, 1, None)));
    let refunded = refund(friend, 20, "order-1");
    assert_eq!(
        conversion(&refunded),
        Some((1, 1, Some(20))),
        "the first stays the first"
    );
    let other = refund(refunded, 70, "order-31");
    assert_eq!(conversion(&other), Some((1, 1, Some(20))));

    let waited = History::of_a_known_person();
    let waited = refund(waited, 0, "order-1").order(1).order(31);
    assert_eq!(
        conversion(&waited),
        Some((31, 31, None)),
        "one that never counted is none"
    );

    let nobody = History::of_an_anonymous_visitor().order(5);
    assert_eq!(conversion(&nobody), None);
    let later = stage::fold(
        rules(),
        &nobody.acts(rules()),
        Some(instant(9, 0)),
        instant(10, 0),
    );
    let found = later.state.conversion().expect("known by then");
    assert_eq!((day_number(found.at), day_number(found.ordered_at)), (9, 5));
    let none: Option<Value> = None;
    assert_eq!(
        conversion(&History::of_a_known_person().on(0, "Signed Up", json!(none))),
        None
    );
}
