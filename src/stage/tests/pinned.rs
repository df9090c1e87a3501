//! The same input gives the same bytes, from release to release: histories whose answers are
//! written down.
//!
//! Stored states are continued, and stored moves compared, by programs that did not write them. So
//! what the engine makes of a history may change on purpose only. Each line below the stories is a
//! digest of everything the engine says of one history; when one differs, the moves written beside
//! it say what people would notice.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Value, json};

use super::history::{Happening, day_number, instant, layered_rules, mixed_rules, rules};
use crate::stage::{self, Act, ContactAsked, Outcome, Rules, Schedule, Wishes, hash};

/// Histories under each set of rules.
const HISTORIES: u64 = 60;
/// They span a year and a half.
const DAYS: u64 = 550;
/// Days between two looks at a history.
const LOOK_DAYS: usize = 45;

/// `SplitMix64` (Steele, Lea & Flood 2014): small, well spread, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

#[expect(clippy::too_many_lines, reason = "one row for each kind of happening")]
/// One in so many of all happenings, what it is called, and what is said of it.
fn happening(dice: &mut Dice) -> (&'static str, Value) {
    let order = format!("o{}", dice.roll(8));
    let dispute = format!("d{}", dice.roll(3));
    let referee = format!("r{}", dice.roll(4));
    let yes = dice.roll(2) == 0;
    let ten = dice.roll(11);
    let layer = if dice.roll(3) == 0 { "council" } else { "vip" };
    let table: [(u64, &str, Value); 47] = [
        (6, "Signed Up", json!({})),
        (3, "Consent Given", json!({})),
        (4, "Signed In", json!({})),
        (3, "Session Started", json!({})),
        (5, "Product Viewed", json!({})),
        (3, "Product Added", json!({})),
        (2, "Email Link Clicked", json!({ "channel": "email" })),
        (2, "Preferences Updated", json!({})),
        (2, "Question Asked", json!({ "channel": "chat" })),
        (
            14,
            "Order Completed",
            json!({ "order_id": order, "revenue": 50 }),
        ),
        (
            6,
            "Order Completed",
            json!({ "order_id": ten, "revenue": 30, "discount": "10" }),
        ),
        (4, "Completed Order", json!({ "revenue": 20 })),
        (4, "Order Refunded", json!({ "order_id": order })),
        (1, "Order Cancelled", json!({ "order_id": ten })),
        (1, "Order Refunded", json!({})),
        (2, "Subscription Renewed", json!({})),
        (2, "Volunteered", json!({})),
        (2, "Event Attended", json!({})),
        (2, "Order Delivered", json!({ "on_time": yes })),
        (1, "Promise Kept", json!({})),
        (1, "Promise Broken", json!({})),
        (1, "Question Unanswered", json!({})),
        (
            1,
            "Apology Offered",
            json!({ "remedy": if yes { "voucher" } else { "" } }),
        ),
        (1, "Email Marked as Spam", json!({ "channel": "email" })),
        (1, "Unsubscribed", json!({ "channel": "email" })),
        (
            4,
            "Dispute Opened",
            json!({ "dispute_id": dispute, "channel": if yes { "public" } else { "mail" } }),
        ),
        (1, "Dispute Opened", json!({})),
        (2, "Dispute Acknowledged", json!({ "dispute_id": dispute })),
        (1, "Dispute Handed Off", json!({ "dispute_id": dispute })),
        (2, "Remedy Proposed", json!({ "dispute_id": dispute })),
        (
            2,
            "Dispute Resolved",
            json!({ "dispute_id": dispute, "satisfied": yes }),
        ),
        (1, "Dispute Resolved", json!({ "csat": ten })),
        (1, "Dispute Reopened", json!({ "dispute_id": dispute })),
        (1, "Dispute Withdrawn", json!({ "dispute_id": dispute })),
        (3, "Product Reviewed", json!({ "rating": ten % 6 })),
        (3, "NPS Submitted", json!({ "score": ten.to_string() })),
        (2, "Product Shared", json!({})),
        (1, "Invite Sent", json!({})),
        (
            3,
            "Referral Converted",
            json!({ "referee_id": referee, "hop": 1 + ten % 3 }),
        ),
        (1, "Referral Clawed Back", json!({ "referee_id": referee })),
        (1, "Story Shared", json!({})),
        (
            3,
            "Contact Sent",
            json!({ "channel": "email", "purpose": "promotion" }),
        ),
        (1, "Account Deleted", json!({})),
        (3, "Invitation Accepted", json!({ "layer": layer })),
        (1, "Layer Left", json!({ "layer": layer })),
        (1, "Relationship Paused", json!({ "days": 20 + ten })),
        (1, "Something Nobody Weighs", json!({})),
    ];
    let mut place = dice.roll(table.iter().map(|row| row.0).sum());
    let mut rows = table.into_iter();
    let row = rows.find(|row| {
        let is_it = place < row.0;
        place = place.saturating_sub(row.0);
        is_it
    });
    let (_, name, properties) = row.expect("a roll is below the sum");
    (name, properties)
}

fn history(seed: u64) -> Vec<Happening> {
    let mut dice = Dice(seed);
    let span = 30 + dice.roll(DAYS - 30);
    let known = dice.roll(10) > 0;
    (0..5 + dice.roll(45))
        .map(|number| {
            let day = i32::try_from(dice.roll(span)).expect("days are few");
            let minute = i64::try_from(dice.roll(900)).expect("minutes are few");
            let (name, properties) = happening(&mut dice);
            Happening {
                at: instant(day, minute),
                id: format!("m{number}"),
                name,
                properties,
                known,
            }
        })
        .collect()
}

fn acts<'a>(rules: &Rules, happenings: &'a [Happening]) -> Vec<Act<'a>> {
    happenings
        .iter()
        .map(|happening| happening.act(rules))
        .collect()
}

/// The moves as somebody would tell them.
fn moves(outcome: &Outcome) -> String {
    let mut told = String::new();
    for step in &outcome.transitions {
        let day = day_number(step.effective_at);
        write!(told, " d{day} {} {:?};", step.rule, step.to).expect("text takes text");
    }
    for step in &outcome.layer_moves {
        let day = day_number(step.effective_at);
        write!(told, " d{day} {} {:?};", step.layer, step.kind).expect("text takes text");
    }
    told
}

/// Everything that the engine says of a history, day after day, as one number each.
fn digests(rules: &Rules, acts: &[Act<'_>], end: i32) -> [u64; 3] {
    let mut states = String::new();
    let mut words = String::new();
    for day in (0..=end).step_by(LOOK_DAYS) {
        let at = instant(day, 600);
        let past: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();
        let outcome = stage::fold(rules, &past, None, at);
        let explanation = stage::explain(rules, &outcome.state, at);
        states += &json!([
            outcome.state,
            outcome.standing,
            outcome.ledger,
            outcome.review_at
        ])
        .to_string();
        words += &json!(explanation).to_string();
    }
    let whole = stage::fold(rules, acts, None, instant(end, 600));
    let mut moves = json!(whole.transitions).to_string();
    for step in &whole.transitions {
        moves += &json!(stage::explain_transition(rules, step)).to_string();
    }
    [&states, &moves, &words].map(|text| hash::fnv(text.as_bytes()))
}

#[test]
fn a_set_of_histories_gives_the_answers_written_down() {
    let end = i32::try_from(DAYS).expect("days are few") + 300;
    let sets = [
        ("default", rules()),
        ("mixed", mixed_rules()),
        ("layered", layered_rules()),
    ];

    let mut answers = String::new();
    for (name, rules) in sets {
        for seed in 0..HISTORIES {
            let happenings = history(seed);
            let acts = acts(rules, &happenings);
            let told = moves(&stage::fold(rules, &acts, None, instant(end, 600)));
            let [states, moves, words] = digests(rules, &acts, end);
            writeln!(
                answers,
                "{name} {seed}: {states:016x} {moves:016x} {words:016x}{told}"
            )
            .expect("text takes text");
        }
    }

    insta::assert_snapshot!(answers);
}

/// Customers who keep coming.
const REGULARS: u64 = 24;

/// What somebody who keeps coming does besides ordering.
fn besides(dice: &mut Dice, order: u64) -> (&'static str, Value) {
    let dispute = dice.roll(2);
    let layer = if dice.roll(4) == 0 { "council" } else { "vip" };
    let of_before = json!({ "order_id": order.saturating_sub(dice.roll(3)) });
    let referee = json!({ "referee_id": dice.roll(5), "hop": 1 + dice.roll(2) });
    match dice.roll(26) {
        0..=3 => ("Invitation Accepted", json!({ "layer": layer })),
        4 => ("Layer Left", json!({ "layer": layer })),
        5 => ("Order Refunded", of_before),
        6..=8 => ("Product Reviewed", json!({ "rating": 2 + dice.roll(4) })),
        9..=11 => ("Referral Converted", referee),
        12 => ("Referral Clawed Back", referee),
        13 => ("Dispute Opened", json!({ "dispute_id": dispute })),
        14 => ("Dispute Opened", json!({ "channel": "public" })),
        15 => ("Remedy Proposed", json!({})),
        16 => ("Dispute Resolved", json!({ "satisfied": dice.roll(3) > 0 })),
        17 => ("Dispute Reopened", json!({})),
        18 => ("Dispute Handed Off", json!({})),
        19 => ("NPS Submitted", json!({ "score": 4 + dice.roll(7) })),
        20 => (
            "Relationship Paused",
            json!({ "layer": if dispute == 0 { json!(layer) } else { json!(null) } }),
        ),
        21 => ("Relationship Resumed", json!({})),
        22..=23 => (
            "Contact Sent",
            json!({ "channel": "email", "purpose": "promotion" }),
        ),
        24 => ("Email Link Clicked", json!({ "channel": "email" })),
        _ => (
            "Milestone Reached",
            json!({ "milestone": "graduated", "layer": layer }),
        ),
    }
}

/// Orders that come with a rhythm, stop for a while and come again, and what happens between them.
pub(super) fn regular(seed: u64) -> Vec<Happening> {
    let mut dice = Dice(1_000 + seed);
    let rhythm = 5 + dice.roll(40);
    let mut all: Vec<(u64, &'static str, Value)> =
        vec![(0, "Signed Up", json!({})), (0, "Consent Given", json!({}))];
    let (mut day, mut order) = (dice.roll(3), 0);
    while day < DAYS {
        let discount = if dice.roll(4) == 0 { 40 } else { 0 };
        let properties = json!({ "order_id": order, "revenue": 60, "discount": discount });
        all.push((day, "Order Completed", properties));
        for _ in 0..dice.roll(3) {
            let (name, properties) = besides(&mut dice, order);
            all.push((day + dice.roll(rhythm), name, properties));
        }
        let silence = if dice.roll(12) == 0 { 150 } else { 0 };
        day += 1 + rhythm / 2 + dice.roll(rhythm) + silence;
        order += 1;
    }
    all.into_iter()
        .enumerate()
        .map(|(number, (day, name, properties))| Happening {
            at: instant(
                i32::try_from(day).expect("days are few"),
                i64::try_from(dice.roll(900)).expect("minutes are few"),
            ),
            id: format!("r{number}"),
            name,
            properties,
            known: true,
        })
        .collect()
}

/// What a look at `at` shows, with the acts behind it: continued from the look before, and explained
/// from everything.
fn look(schedule: &Schedule, past: &[Act<'_>], at: DateTime<Utc>) -> String {
    let outcome = schedule.fold(past, None, at);
    let rules = schedule.in_force_at(at);
    let asked = ContactAsked {
        channel: None,
        purpose: "newsletter",
        at,
        offset: FixedOffset::east_opt(7_200).expect("an offset"),
    };
    json!([
        outcome.state,
        outcome.standing,
        outcome.ledger,
        outcome.review_at,
        outcome.state.turns(),
        stage::explain_history(schedule, past, None, at),
        stage::may_contact(rules, &outcome.state, &Wishes::default(), &asked),
    ])
    .to_string()
}

#[test]
fn regulars_get_the_answers_written_down_also_where_the_rules_change() {
    let end = i32::try_from(DAYS).expect("days are few") + 300;
    let until = instant(end, 600);
    let [plain, mixed, layered] =
        [rules(), mixed_rules(), layered_rules()].map(|rules| Arc::new(rules.clone()));
    let schedules = [
        ("default", Schedule::single(Arc::clone(&plain))),
        ("layered", Schedule::single(Arc::clone(&layered))),
        (
            "changing",
            Schedule::single(plain)
                .then(instant(150, 200), mixed)
                .then(instant(400, 0), layered),
        ),
    ];

    let mut answers = String::new();
    for (name, schedule) in &schedules {
        for seed in 0..REGULARS {
            let happenings = regular(seed);
            let acts: Vec<_> = happenings
                .iter()
                .map(|happening| schedule.interpret(&happening.fact()))
                .collect();
            let whole = schedule.fold(&acts, None, until);
            let mut looks = String::new();
            for day in (40..=end).step_by(170) {
                let at = instant(day, 600);
                let past: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();
                looks += &look(schedule, &past, at);
            }
            let mut why = json!(whole.transitions).to_string();
            for step in &whole.transitions {
                why += &json!(stage::explain_move(schedule, &acts, None, step, until)).to_string();
            }
            let [looks, why] = [looks, why].map(|text| hash::fnv(text.as_bytes()));
            let told = moves(&whole);
            writeln!(answers, "{name} {seed}: {looks:016x} {why:016x}{told}")
                .expect("text takes text");
        }
    }

    insta::assert_snapshot!(answers);
}
