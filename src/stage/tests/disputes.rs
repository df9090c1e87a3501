//! Complaints: their clocks, their ends, and those who complain very often.

use serde_json::json;

use super::history::{History, day_number, in_words, instant, rules};
use crate::stage::{Dispute, DisputeStatus, Outcome, Stage};

fn friend() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
        .order(1)
        .order(31)
        .order(61)
}

fn about(history: History, day: i32, event: &'static str, dispute: &str) -> History {
    history.on(day, event, json!({ "dispute_id": dispute }))
}

fn disputes(history: &History, day: i32) -> Vec<Dispute> {
    let outcome = history.fold(day);
    outcome.state.disputes(rules(), instant(day, 600))
}

fn only(history: &History, day: i32) -> Dispute {
    let mut all = disputes(history, day);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_public_complaint_has_three_days_and_a_private_one_fourteen() {
    let opened = |channel| {
        friend().on(
            70,
            "Dispute Opened",
            json!({ "dispute_id": "cup", "channel": channel }),
        )
    };
    let table = [
        ("public", true, 3, ["d80 D2 acquaintance"]),
        ("email", false, 14, ["d91 D2 acquaintance"]),
    ];

    for (channel, public, clock_days, falls) in table {
        let history = opened(channel);
        let dispute = only(&history, 70);
        assert_eq!((dispute.public, dispute.clock_days), (public, clock_days));
        let due = dispute.due.map(day_number);
        assert_eq!(due, Some(70 + i32::from(clock_days)), "{channel}");
        let waits = only(&history, 70 + i32::from(clock_days));
        assert_eq!(waits.status, DisputeStatus::SecondChance, "{channel}");
        assert_eq!(
            in_words(&history.fold(100).transitions)[2..],
            falls,
            "{channel}"
        );
    }
}

#[test]
fn an_acquaintance_grants_a_public_complaint_no_second_chance() {
    let history = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .order(2)
        .on(5, "Dispute Opened", json!({ "channel": "public" }));

    let words = in_words(&history.fold(9).transitions);

    assert_eq!(words, ["d2 P1 acquaintance", "d8 D3 stranger"]);
}

#[test]
fn only_a_remedy_stops_the_clock() {
    let opened = about(friend(), 70, "Dispute Opened", "cup");
    let seen = about(opened.clone(), 71, "Dispute Acknowledged", "cup");
    let passed_on = about(
        about(seen.clone(), 72, "Dispute Handed Off", "cup"),
        75,
        "Dispute Handed Off",
        "cup",
    );

    for (history, status, hand_offs) in [
        (&opened, DisputeStatus::Open, 0),
        (&seen, DisputeStatus::Acknowledged, 0),
        (&passed_on, DisputeStatus::Acknowledged, 2),
    ] {
        let dispute = only(history, 80);
        assert_eq!((dispute.status, dispute.hand_offs), (status, hand_offs));
        assert_eq!(dispute.due.map(day_number), Some(84));
        assert_eq!(
            in_words(&history.fold(95).transitions)[2],
            "d91 D2 acquaintance"
        );
    }

    let offered = about(passed_on, 80, "Remedy Proposed", "cup");
    let waiting = only(&offered, 81);
    assert_eq!(waiting.status, DisputeStatus::RemedyProposed);
    assert_eq!(waiting.due.map(day_number), Some(87));
    assert_eq!(offered.fold(200).standing.stage, Stage::Friend);
}

#[test]
fn silence_after_a_remedy_settles_it_and_more_silence_closes_it() {
    let opened = about(friend(), 70, "Dispute Opened", "cup");
    let offered = about(opened, 80, "Remedy Proposed", "cup");

    let steps = [
        (86, DisputeStatus::RemedyProposed),
        (87, DisputeStatus::Resolved),
        (100, DisputeStatus::Resolved),
        (101, DisputeStatus::Closed),
    ];
    for (day, status) in steps {
        assert_eq!(only(&offered, day).status, status, "day {day}");
    }
    assert!(!only(&offered, 101).made_good, "nobody said so");

    let in_time = about(offered.clone(), 100, "Dispute Reopened", "cup");
    assert_eq!(only(&in_time, 100).status, DisputeStatus::Open);
    assert_eq!(only(&in_time, 100).due.map(day_number), Some(114));
    assert!(in_time.fold(100).standing.strained);

    let too_late = about(offered.clone(), 102, "Dispute Reopened", "cup");
    assert_eq!(only(&too_late, 102).status, DisputeStatus::Closed);
    let unnamed = offered.on(102, "Dispute Reopened", json!({}));
    assert_eq!(only(&unnamed, 102).status, DisputeStatus::Closed);
    assert!(!unnamed.fold(102).standing.strained);
}

#[test]
fn a_satisfied_answer_after_the_end_still_makes_it_good_and_opens_nothing() {
    let opened = about(friend(), 70, "Dispute Opened", "cup");
    let offered = about(opened, 80, "Remedy Proposed", "cup");
    let late = offered.on(
        120,
        "Dispute Resolved",
        json!({ "dispute_id": "cup", "csat": 5 }),
    );

    let dispute = only(&late, 120);

    assert_eq!(
        (dispute.status, dispute.made_good),
        (DisputeStatus::Closed, true)
    );
}

#[test]
fn hand_offs_of_what_is_over_are_not_counted() {
    let opened = about(friend(), 70, "Dispute Opened", "cup");
    let withdrawn = about(opened, 71, "Dispute Withdrawn", "cup");
    let passed_on = about(withdrawn, 72, "Dispute Handed Off", "cup");

    let dispute = only(&passed_on, 72);

    assert_eq!(
        (dispute.status, dispute.hand_offs),
        (DisputeStatus::Withdrawn, 0)
    );
}

/// A friend with three orders who complains on the given days and takes each remedy at once.
fn complains_on(days: &[i32]) -> History {
    let names = ["a", "b", "c", "d", "e", "f"];
    days.iter()
        .zip(names)
        .fold(friend(), |history, (day, name)| {
            let settled = json!({ "dispute_id": name, "satisfied": true });
            about(history, *day, "Dispute Opened", name).on(*day, "Dispute Resolved", settled)
        })
}

fn trust_added_on(outcome: &Outcome, day: i32) -> f64 {
    let entries = outcome.ledger.entries().iter();
    entries
        .filter(|entry| {
            entry.day.since(super::history::day_zero()) == day
                && entry.dimension == crate::stage::Dimension::Trust
        })
        .map(|entry| entry.amount)
        .sum()
}

fn near(figure: f64, expected: f64) -> bool {
    (figure - expected).abs() < 1e-9
}

#[test]
fn from_the_fourth_complaint_on_weights_are_damped_and_a_person_should_look() {
    let three = complains_on(&[70, 80, 90]).fold(100);
    assert!(!three.standing.needs_review);
    assert!(near(trust_added_on(&three, 90), -2.0), "-4 and +2");

    let history = complains_on(&[70, 80, 90, 100]);
    let four = history.fold(100);

    assert!(four.standing.needs_review);
    assert_eq!(four.state.flagged_for(), Some((4, 3)));
    assert!(
        near(trust_added_on(&four, 90), -2.0),
        "what was before stays"
    );
    assert!(near(trust_added_on(&four, 100), -1.0), "-2 and +1");
    let damped: Vec<_> = disputes(&history, 100)
        .iter()
        .map(|one| one.damped)
        .collect();
    assert_eq!(damped, [false, false, false, true]);
    assert_eq!(four.standing.stage, Stage::Friend, "the flag moves nobody");
    assert_eq!(four.transitions, three.transitions);
}

#[test]
fn the_flag_falls_after_a_year_or_when_somebody_has_looked() {
    let history = complains_on(&[70, 80, 90, 100]);
    let until = history.fold(100).state.needs_review_until(rules());
    assert_eq!(until.map(day_number), Some(465));
    assert!(history.fold(464).standing.needs_review);
    assert!(!history.fold(466).standing.needs_review);

    let reviewed = history.on(103, "Disputes Reviewed", json!({}));
    assert!(!reviewed.fold(103).standing.needs_review);

    let again = about(reviewed, 110, "Dispute Opened", "e");
    assert!(
        again.fold(110).standing.needs_review,
        "until the next complaint"
    );
}

#[test]
fn whoever_buys_much_may_complain_more() {
    let mut history = friend();
    for day in 62..74 {
        history = history.order(day);
    }
    for (day, name) in [(80, "a"), (81, "b"), (82, "c"), (83, "d")] {
        history = about(history, day, "Dispute Opened", name);
    }
    assert!(!history.fold(83).standing.needs_review, "4 of 15");

    let fifth = about(history, 84, "Dispute Opened", "e");
    assert_eq!(fifth.fold(84).state.flagged_for(), Some((5, 15)));
}

#[test]
fn what_was_taken_back_counts_neither_as_a_complaint_nor_as_an_order() {
    let withdrawn = about(complains_on(&[70, 80]), 85, "Dispute Opened", "x");
    let withdrawn = about(withdrawn, 86, "Dispute Withdrawn", "x");
    let third = about(withdrawn, 90, "Dispute Opened", "c");
    assert!(!third.fold(90).standing.needs_review);

    let mut many = friend();
    for day in 62..73 {
        many = many.order(day);
    }
    for (day, name) in [(80, "a"), (81, "b"), (82, "c")] {
        many = about(many, day, "Dispute Opened", name);
    }
    let kept = about(many.clone(), 84, "Dispute Opened", "d");
    assert!(!kept.fold(84).standing.needs_review, "4 of 14");
    let refunded = many.on(83, "Order Refunded", json!({ "order_id": "order-72" }));
    let refunded = about(refunded, 84, "Dispute Opened", "d");
    assert!(refunded.fold(84).standing.needs_review, "4 of 13");
}
