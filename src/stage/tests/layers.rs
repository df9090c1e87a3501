//! Layers, rest and turns, told in words.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::history::{History, day_number, day_zero, instant, layers_in_words, rules};
use crate::stage::{
    self, Dimension, LayerStatus, Outcome, RuleSet, Rules, Stage, Step, TurnOutcome, explain,
};

/// Five orders by d120.
fn invited() -> History {
    let start = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    [1, 31, 61, 90, 120].into_iter().fold(start, History::order)
}

fn vip() -> History {
    invited().on(123, "Invitation Accepted", json!({ "layer": "vip" }))
}

fn words(outcome: &Outcome) -> Vec<String> {
    layers_in_words(&outcome.layer_moves)
}

fn after_joining(outcome: &Outcome) -> Vec<String> {
    words(outcome).split_off(2)
}

fn status(outcome: &Outcome) -> LayerStatus {
    outcome.standing.layers[0].status
}

/// The default rules with these layers instead of their own.
fn with_layers(layers: Value) -> Rules {
    let mut set = RuleSet::default_set();
    set.layers = serde_json::from_value(layers).expect("layers");
    Rules::new(set).expect("usable rules")
}

/// Two layers, one on the other, with stages, by event only.
fn tiered() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        with_layers(json!([
            {
                "id": "member", "name": "Member", "half_life_days": 100, "spill": 0.5,
                "acts": [{ "event": "Story Viewed", "points": 10 }, { "event": "Order Completed" }],
                "tiers": [
                    { "stage": "friend", "enter": 20, "exit": 10 },
                    { "stage": "advocate", "enter": 40, "exit": 30 },
                ],
                "invitation": { "milestones": ["first year"], "open_days": 10 },
            },
            {
                "id": "council", "name": "Council", "after": "member", "half_life_days": 365,
                "spill": 0.25, "hibernation_days_max": 100,
                "invitation": { "open_days": 10, "again_after_days": 1 },
            },
        ]))
    });
    &RULES
}

fn on_layer(history: History, day: i32, event: &'static str, layer: &str) -> History {
    history.on(day, event, json!({ "layer": layer }))
}

fn member() -> History {
    let known = History::of_a_known_person().order(0);
    let reached = known.on(1, "Milestone Reached", json!({ "milestone": "first year" }));
    on_layer(reached, 2, "Invitation Accepted", "member")
}

fn council() -> History {
    on_layer(
        on_layer(member(), 3, "Layer Invited", "council"),
        4,
        "Invitation Accepted",
        "council",
    )
}

#[test]
fn an_invitation_waits_thirty_days_and_comes_again_no_sooner_than_told() {
    let unanswered = invited().order(150);

    assert_eq!(status(&unanswered.fold(150)), LayerStatus::Invited);
    assert_eq!(
        words(&unanswered.fold(600)),
        [
            "d120 vip invited (invitation)",
            "d151 vip expired (invitation)",
            "d331 vip invited (invitation)",
            "d362 vip expired (invitation)",
        ],
        "five orders of six are still within the year on d331"
    );

    let on_the_last_day = invited().on(150, "Invitation Accepted", json!({}));
    assert_eq!(status(&on_the_last_day.fold(150)), LayerStatus::Active);
    let a_day_late = invited().on(151, "Invitation Accepted", json!({}));
    assert_eq!(status(&a_day_late.fold(151)), LayerStatus::Expired);
}

#[test]
fn nobody_is_a_vip_without_accepting() {
    let declined = invited().on(125, "Invitation Declined", json!({ "layer": "vip" }));
    let outcome = declined
        .order(130)
        .on(140, "Invitation Accepted", json!({ "layer": "vip" }))
        .fold(200);

    assert_eq!(
        words(&outcome),
        [
            "d120 vip invited (invitation)",
            "d125 vip declined (refusal)"
        ]
    );
    assert_eq!(rules().overall_name(&outcome.standing), "Friend");
}

#[test]
fn an_invitation_once_sent_holds_whatever_became_known_later() {
    let refunded_at_once = invited().on(120, "Order Refunded", json!({ "order_id": "order-90" }));
    let never = History::of_a_known_person().order(1);
    let named = json!({ "layer": "vip", "invited_at": instant(120, 9).to_rfc3339() });
    let stale = json!({ "layer": "vip", "invited_at": "2026-03-01" });

    let kept = refunded_at_once.on(123, "Invitation Accepted", named.clone());
    assert_eq!(status(&kept.fold(123)), LayerStatus::Active);

    let believed_no_longer = never.clone().on(123, "Invitation Accepted", named);
    assert_eq!(
        words(&believed_no_longer.fold(123)),
        ["d123 vip joined (acceptance)"]
    );
    let too_old = never.on(123, "Invitation Accepted", stale);
    assert_eq!(words(&too_old.fold(123)), Vec::<String>::new());
}

#[test]
fn a_vip_lapses_after_notice_and_the_base_stays_as_it_is() {
    let with_vip = vip().order(200).order(300);
    let outcome = with_vip.fold(700);

    assert_eq!(
        after_joining(&outcome),
        ["d488 vip notice (keep)", "d518 vip lapsed (keep)"],
        "two orders in the 365 days after d123"
    );
    let without = invited().order(200).order(300).fold(700);
    assert_eq!(outcome.transitions, without.transitions);
    assert_eq!(outcome.standing.scores, without.standing.scores);

    let reviews: Vec<_> = [150, 488]
        .into_iter()
        .map(|day| with_vip.fold(day).review_at.map(day_number))
        .collect();
    assert_eq!(reviews, [Some(488), Some(518)]);
}

#[test]
fn an_act_within_the_notice_keeps_the_layer() {
    let kept = vip().order(200).order(300).order(500).fold(600);

    assert_eq!(
        after_joining(&kept),
        [
            "d488 vip notice (keep)",
            "d500 vip kept (keep)",
            "d565 vip notice (keep)",
            "d595 vip lapsed (keep)",
        ],
        "the order of d200 leaves the window on d565"
    );
}

#[test]
fn a_refunded_order_does_not_keep_the_layer() {
    let refund = json!({ "order_id": "order-300" });
    let three = vip().order(200).order(300).order(400);

    assert_eq!(after_joining(&three.fold(488)), Vec::<String>::new());
    assert_eq!(
        after_joining(&three.on(410, "Order Refunded", refund).fold(488)),
        ["d488 vip notice (keep)"]
    );
}

#[test]
fn half_of_the_trust_comes_along_with_its_sign() {
    let kept = invited().on(120, "Promise Kept", json!({}));
    let broken = invited().on(120, "Email Marked as Spam", json!({}));
    let accepted =
        |history: History| history.on(123, "Invitation Accepted", json!({ "layer": "vip" }));

    for history in [accepted(kept), accepted(broken)] {
        let joined = history.fold(123).standing;
        let base = joined.scores.trust;
        assert!(base.abs() > 1.5, "{base}");
        assert_eq!(
            joined.layers[0].trust.to_bits(),
            (base * 0.5).to_bits(),
            "{base}"
        );
    }
}

#[test]
fn leaving_returns_to_the_layer_below_with_its_own_stage() {
    let joined = member()
        .on(10, "Story Viewed", json!({}))
        .on(11, "Story Viewed", json!({}));
    let history = on_layer(joined.clone(), 12, "Layer Invited", "council");
    let history = on_layer(history, 13, "Invitation Accepted", "council");

    let shown = |history: &History, day| {
        let standing = history.fold_under(tiered(), day).standing;
        tiered().overall_name(&standing)
    };
    assert_eq!(shown(&joined, 12), "Acquaintance · Member", "19.9 points");
    assert_eq!(shown(&history, 13), "Acquaintance · Council");
    let history = history.on(13, "Story Viewed", json!({}));
    assert_eq!(shown(&history, 13), "Friend · Council");

    let left = history.on(20, "Layer Left", json!({}));
    assert_eq!(shown(&left, 20), "Friend · Member");
    let both = on_layer(left, 21, "Layer Left", "member");
    assert_eq!(shown(&both, 21), "Acquaintance");
}

#[test]
fn a_layer_ends_with_the_one_below_and_with_the_relationship() {
    let without_ground = on_layer(council(), 30, "Layer Left", "member");
    let ended = council().on(30, "Account Deleted", json!({}));

    let last = |history: &History| {
        let words = words(&history.fold_under(tiered(), 30));
        words[words.len() - 2..].to_vec()
    };
    assert_eq!(
        last(&without_ground),
        [
            "d30 member left (departure)",
            "d30 council left (layer_below)"
        ]
    );
    assert_eq!(
        last(&ended),
        [
            "d30 member left (relationship)",
            "d30 council left (relationship)"
        ]
    );
}

#[test]
fn stages_within_a_layer_cool_on_the_day_the_points_are_too_few() {
    let history = member()
        .on(10, "Story Viewed", json!({}))
        .on(10, "Story Viewed", json!({}));
    let outcome = history.fold_under(tiered(), 400);

    assert_eq!(
        after_joining(&outcome),
        ["d10 member warmed (tiers)", "d111 member cooled (tiers)"],
        "20 points are 10 after a half-life of 100 days, and fewer than 10 a day later"
    );
    assert_eq!(outcome.standing.layers[0].stage, Some(Stage::Acquaintance));
}

#[test]
fn trust_taken_within_a_layer_reaches_what_lies_below_only_in_part() {
    let before = council();
    let promise = |layer: Value| json!({ "layer": layer });
    let inside = before
        .clone()
        .on(4, "Promise Broken", promise(json!("council")));
    let outside = before.clone().on(4, "Promise Broken", promise(Value::Null));
    let kind = before
        .clone()
        .on(4, "Promise Kept", promise(json!("council")));

    let trust = |history: &History| {
        let standing = history.fold_under(tiered(), 4).standing;
        let of = |layer: usize| standing.layers[layer].trust;
        (of(1), of(0), standing.scores.trust)
    };
    assert_eq!(trust(&inside), (-4.0, -1.0, -0.5));
    assert_eq!(trust(&outside), (0.0, 0.0, -4.0));
    assert_eq!(trust(&kind), (2.0, 2.0, 2.0));
}

#[test]
fn hibernation_stops_decay_exactly_and_then_it_goes_on_as_if_nothing_had_been() {
    let pause = |until: &str| json!({ "hibernate_until": until });
    let awake = invited();
    let resting = awake
        .clone()
        .on(130, "Relationship Paused", pause("2026-11-07"));
    let wakes = 310;
    assert_eq!(
        day_zero().plus(wakes).date().to_string(),
        "2026-11-07",
        "180 days later"
    );

    let scores = |history: &History, day| {
        let standing = history.fold(day).standing;
        Dimension::ALL.map(|dimension| standing.scores.of(dimension).to_bits())
    };
    assert_eq!(scores(&resting, 200), scores(&awake, 130));
    assert_eq!(scores(&resting, wakes), scores(&awake, 130));
    for days in [1, 50, 400] {
        assert_eq!(scores(&resting, wakes + days), scores(&awake, 130 + days));
    }
    let standing = resting.fold(200).standing;
    assert_eq!(standing.hibernating_until.map(day_number), Some(wakes));
    assert_eq!(resting.fold(wakes).standing.hibernating_until, None);

    let cools = |history: &History| history.fold(2_000).transitions[2].effective_at;
    let (early, late) = (cools(&awake), cools(&resting));
    assert_eq!((late - early).num_days(), 180, "{early} {late}");
}

#[test]
fn a_rest_ends_early_with_a_qualifying_act_or_a_word_and_is_never_longer_than_allowed() {
    let resting = invited().on(130, "Relationship Paused", json!({}));
    let until = |history: &History, day| {
        let standing = history.fold(day).standing;
        standing.hibernating_until.map(day_number)
    };

    assert_eq!(until(&resting, 140), Some(130 + 1_095));
    let looks = resting.clone().on(150, "Product Viewed", json!({}));
    assert_eq!(
        until(&looks, 150),
        Some(130 + 1_095),
        "looking wakes nobody"
    );
    assert_eq!(until(&resting.clone().order(150), 150), None);
    let resumed = resting.on(150, "Relationship Resumed", json!({}));
    assert_eq!(until(&resumed, 150), None);

    let cold = invited().fold(150).standing.scores.investment;
    let rested = resumed.fold(150).standing.scores.investment;
    let before = invited().fold(130).standing.scores.investment;
    assert!(cold < rested, "{cold} {rested}");
    assert_eq!(rested.to_bits(), before.to_bits());
}

#[test]
fn a_refund_after_a_rest_takes_back_what_is_left_of_the_order() {
    let pause = json!({ "hibernate_until": "2026-11-07" });
    let refunded = invited().on(130, "Relationship Paused", pause).on(
        330,
        "Order Refunded",
        json!({ "order_id": "order-120" }),
    );
    let never = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let never = [1, 31, 61, 90].into_iter().fold(never, History::order);

    let left = refunded.fold(330).standing.scores.investment;
    let without = never.fold(150).standing.scores.investment;
    assert!((left - without).abs() < 1e-12, "{left} {without}");
}

#[test]
fn a_layer_hibernates_by_itself_and_its_year_begins_anew() {
    let pause = json!({ "layer": "vip", "hibernate_until": "2027-01-01" });
    let outcome = vip().on(140, "Relationship Paused", pause).fold(900);

    assert_eq!(
        after_joining(&outcome),
        [
            "d140 vip hibernated (hibernation)",
            "d365 vip woke (hibernation)",
            "d730 vip notice (keep)",
            "d760 vip lapsed (keep)",
        ]
    );
    assert_eq!(outcome.standing.hibernating_until, None);
    assert_eq!(
        outcome.standing.scores,
        vip().fold(900).standing.scores,
        "the base went on fading"
    );
}

#[test]
fn somebody_silent_is_dormant_unless_they_rest() {
    let dormant = |history: &History, day| history.fold(day).standing.dormant;
    let silent = invited();
    let resting = silent.clone().on(130, "Relationship Paused", json!({}));

    assert!(!dormant(&silent, 120 + 359));
    assert!(dormant(&silent, 120 + 360));
    assert!(!dormant(&resting, 120 + 360));
    assert!(!dormant(&silent.on(500, "Product Viewed", json!({})), 501));
}

#[test]
fn turns_begin_with_orders_and_layers_and_end_as_they_ended() {
    let history = vip()
        .on(130, "Referral Converted", json!({}))
        .order(140)
        .order(150)
        .on(160, "Account Deleted", json!({}));

    let turns = history.fold(160).state.turns();

    let told: Vec<_> = turns
        .iter()
        .map(|turn| {
            let from = stage::Day::from(turn.from).since(day_zero());
            (turn.number, from, turn.outcome, turn.layer.as_deref())
        })
        .collect();
    let refill = Some(TurnOutcome::Refill);
    assert_eq!(
        told,
        [
            (1, 0, refill, None),
            (2, 31, refill, None),
            (3, 61, refill, None),
            (4, 90, refill, None),
            (5, 120, Some(TurnOutcome::Graduation), None),
            (6, 123, Some(TurnOutcome::Referral), Some("vip")),
            (7, 150, Some(TurnOutcome::Break), Some("vip")),
        ]
    );
}

#[test]
fn silence_ends_a_turn_too_and_a_return_begins_the_next() {
    let start = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let back = start.clone().order(900);

    let turns = back.fold(900).state.turns();

    let outcomes: Vec<_> = turns.iter().map(|turn| turn.outcome).collect();
    assert_eq!(outcomes, [Some(TurnOutcome::DropOut), None]);
    assert_eq!(start.fold(900).standing.turn, 1);
    assert_eq!(back.fold(900).standing.cycle, 2);
}

#[test]
fn the_step_is_what_the_last_telling_act_says() {
    let table: [(&str, Value, Step); 4] = [
        ("Product Viewed", json!({}), Step::Discover),
        ("Product Added", json!({}), Step::Decide),
        ("Order Completed", json!({}), Step::Use),
        ("Question Asked", json!({}), Step::After),
    ];
    let mut history = History::of_a_known_person().on(0, "Signed Up", json!({}));
    assert_eq!(history.fold(0).standing.step, None);
    for (day, (event, properties, step)) in (1..).zip(table) {
        history = history.on(day, event, properties);
        history = history.on(day, "Preferences Updated", json!({}));
        assert_eq!(history.fold(day).standing.step, Some(step), "{event}");
    }
}

fn told(history: &History, day: i32) -> Vec<String> {
    let outcome = history.fold(day);
    explain::read_layers(rules(), &outcome.state, instant(day, 600))
        .remove(0)
        .sentences
}

#[test]
fn it_is_told_how_near_an_invitation_is_and_what_it_takes_to_stay() {
    let three = History::of_a_known_person().order(1).order(31).order(61);
    let answered = vip().order(200).order(300);
    let declined = invited().on(125, "Invitation Declined", json!({}));
    let resting = vip().on(
        140,
        "Relationship Paused",
        json!({ "hibernate_until": "2026-08-01" }),
    );
    let table: [(&History, i32, &[&str]); 8] = [
        (
            &three,
            61,
            &["2 more orders by 1 January 2027 and VIP is offered."],
        ),
        (
            &invited(),
            121,
            &["Invited to VIP on 1 May 2026; the invitation is open until 31 May 2026."],
        ),
        (
            &vip(),
            124,
            &[
                "In VIP since 4 May 2026.",
                "Safe until 4 May 2027; to stay longer they need 3 more orders by then.",
            ],
        ),
        (
            &answered,
            301,
            &[
                "In VIP since 4 May 2026.",
                "Safe until 4 May 2027; to stay longer they need 1 more order by then.",
            ],
        ),
        (
            &answered,
            490,
            &[
                "In VIP since 4 May 2026.",
                "VIP lapses on 3 June 2027 unless 1 more order comes before.",
            ],
        ),
        (
            &answered,
            520,
            &[
                "VIP lapsed on 3 June 2027.",
                "VIP is not offered again before 30 November 2027.",
            ],
        ),
        (
            &declined,
            126,
            &[
                "Did not want to join VIP on 6 May 2026.",
                "VIP is not offered again before 2 November 2026.",
            ],
        ),
        (&resting, 150, &["VIP hibernates until 1 August 2026."]),
    ];

    for (history, day, expected) in table {
        assert_eq!(told(history, day), expected, "d{day}");
    }
}

#[test]
fn the_next_change_is_told_when_it_is_one_of_a_layer_or_of_rest() {
    let resting = invited().on(
        130,
        "Relationship Paused",
        json!({ "hibernate_until": "2026-08-01" }),
    );
    let table = [
        (
            invited(),
            121,
            "If nothing happens the invitation to VIP runs out on 1 June 2026.",
        ),
        (
            vip(),
            124,
            "If nothing happens notice of VIP is given on 4 May 2027.",
        ),
        (
            resting.on(131, "Invitation Declined", json!({})),
            200,
            "If nothing happens the relationship wakes on 1 August 2026.",
        ),
    ];

    for (history, day, expected) in table {
        let outcome = history.fold(day);
        let told = explain::explain(rules(), &outcome.state, instant(day, 600));
        assert_eq!(told.next.expect("something changes").sentence, expected);
    }
}

#[test]
fn a_standing_tells_of_the_layer_beside_the_stage() {
    let outcome = vip().fold(124);

    let told = explain::explain(rules(), &outcome.state, instant(124, 600));

    assert_eq!(
        told.sentences[..3],
        [
            "A friend since 3 March 2026.",
            "In VIP since 4 May 2026.",
            "Safe until 4 May 2027; to stay longer they need 3 more orders by then.",
        ]
    );
}
