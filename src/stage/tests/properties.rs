//! Laws that hold for every history.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::history::{
    Happening, History, day_number, day_zero, instant, layered_rules, mixed_rules, rules,
};
use crate::stage::{
    self, Act, AdvanceError, Day, LayerStatus, Outcome, Rules, Stage, State, Transition,
};

/// Histories span a year and a half, so that silence, windows and clocks all come into play.
pub(super) const DAYS: i32 = 550;

fn happening() -> impl Strategy<Value = Happening> {
    let what = prop_oneof![
        2 => Just(("Signed Up", json!({}))),
        2 => Just(("Preferences Updated", json!({}))),
        6 => (0..6).prop_map(|order| ("Order Completed", json!({ "order_id": order }))),
        4 => Just(("Order Completed", json!({ "revenue": 50 }))),
        2 => Just(("Order Completed", json!({ "revenue": 50, "discount": 50 }))),
        2 => (0..6).prop_map(|order| ("Order Refunded", json!({ "order_id": order }))),
        2 => Just(("Donation Made", json!({}))),
        2 => Just(("Product Reviewed", json!({ "rating": 5 }))),
        1 => Just(("Referral Converted", json!({}))),
        4 => (0..5, 1..4).prop_map(|(referee, hop)| {
            ("Referral Converted", json!({ "referee_id": referee, "hop": hop }))
        }),
        2 => (0..5).prop_map(|referee| ("Referral Clawed Back", json!({ "referee_id": referee }))),
        1 => Just(("NPS Submitted", json!({ "score": 2 }))),
        1 => Just(("Promise Broken", json!({}))),
        1 => Just(("Account Deleted", json!({}))),
        1 => Just(("Contact Sent", json!({}))),
        3 => dispute(),
        4 => layer(),
    ];
    (0..DAYS, 0..900_i64, what, any::<bool>(), 0..1_000_u32).prop_map(
        |(day, minute, (name, properties), known, id)| Happening {
            at: instant(day, minute),
            id: format!("m{id}"),
            name,
            properties,
            known,
        },
    )
}

fn dispute() -> impl Strategy<Value = (&'static str, Value)> {
    let name = prop_oneof![
        3 => Just("Dispute Opened"),
        1 => Just("Remedy Proposed"),
        1 => Just("Dispute Acknowledged"),
        2 => Just("Dispute Resolved"),
        1 => Just("Dispute Reopened"),
        1 => Just("Dispute Withdrawn"),
        1 => Just("Dispute Handed Off"),
        1 => Just("Disputes Reviewed"),
    ];
    (name, 0..6, any::<bool>()).prop_map(|(name, dispute, satisfied)| {
        (
            name,
            json!({ "dispute_id": dispute, "satisfied": satisfied }),
        )
    })
}

fn layer() -> impl Strategy<Value = (&'static str, Value)> {
    let name = prop_oneof![
        2 => Just("Layer Invited"),
        4 => Just("Invitation Accepted"),
        1 => Just("Invitation Declined"),
        1 => Just("Layer Left"),
        1 => Just("Milestone Reached"),
        2 => Just("Relationship Paused"),
        1 => Just("Relationship Resumed"),
        1 => Just("Promise Broken"),
        2 => Just("Event Attended"),
    ];
    let layer = prop_oneof![
        Just(json!("vip")),
        Just(json!("council")),
        Just(json!(null))
    ];
    let until = prop::option::of((0..DAYS + 200).prop_map(|day| day_zero().plus(day).date()));
    (name, layer, until).prop_map(|(name, layer, until)| {
        (name, json!({ "layer": layer, "hibernate_until": until }))
    })
}

/// The happenings without those after which nothing fades for a while.
pub(super) fn without_rest(mut happenings: Vec<Happening>) -> Vec<Happening> {
    happenings.retain(|happening| happening.name != "Relationship Paused");
    happenings
}

/// Up to 40 happenings with distinct ids.
pub(super) fn history() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(), 0..40).prop_map(|mut happenings| {
        for (number, happening) in happenings.iter_mut().enumerate() {
            happening.id = format!("{}-{number}", happening.id);
        }
        happenings
    })
}

/// The default rules, and ones with layers that are easily entered and left.
pub(super) fn either() -> impl Strategy<Value = &'static Rules> {
    prop_oneof![Just(rules()), Just(layered_rules())]
}

pub(super) fn acts<'a>(rules: &Rules, happenings: &'a [Happening]) -> Vec<Act<'a>> {
    happenings
        .iter()
        .map(|happening| happening.act(rules))
        .collect()
}

pub(super) fn end() -> DateTime<Utc> {
    instant(DAYS + 700, 0)
}

/// The parts of an outcome that storage keeps, as text: equal text is equal bytes.
pub(super) fn stored(outcome: &Outcome) -> String {
    let transitions = serde_json::to_string(&outcome.transitions).expect("JSON");
    let layers = serde_json::to_string(&outcome.layer_moves).expect("JSON");
    let state = serde_json::to_string(&outcome.state).expect("JSON");
    let ledger = serde_json::to_string(&outcome.ledger).expect("JSON");
    format!(
        "{state}\n{transitions}\n{layers}\n{ledger}\n{:?}\n{:?}",
        outcome.standing, outcome.review_at
    )
}

pub(super) fn reread(state: &State) -> State {
    let text = serde_json::to_string(state).expect("JSON");
    serde_json::from_str(&text).expect("a state reads back")
}

/// Folds in batches as a projector would: stored state in, stored state out.
fn in_batches(rules: &Rules, acts: &[Act<'_>], sizes: &[usize]) -> Result<Outcome, AdvanceError> {
    let mut ordered = acts.to_vec();
    ordered.sort_by(|left, right| left.key().cmp(&right.key()));
    let mut state = State::new(rules);
    let (mut transitions, mut layer_moves) = (Vec::new(), Vec::new());
    let mut ledger = stage::Ledger::default();
    let mut rest = ordered.as_slice();
    for size in sizes.iter().cycle() {
        let (batch, later) = rest.split_at((*size).min(rest.len()));
        let Some(last) = batch.last() else { break };
        let outcome = stage::advance(rules, &reread(&state), batch, None, last.at)?;
        state = outcome.state;
        transitions.extend(outcome.transitions);
        layer_moves.extend(outcome.layer_moves);
        ledger.merge(&outcome.ledger);
        rest = later;
    }
    let last = stage::advance(rules, &state, &[], None, end())?;
    transitions.extend(last.transitions.iter().cloned());
    layer_moves.extend(last.layer_moves.iter().cloned());
    ledger.merge(&last.ledger);
    Ok(Outcome {
        transitions,
        layer_moves,
        ledger,
        ..last
    })
}

proptest! {
    #![proptest_config(super::histories(200))]

    #[test]
    fn batches_equal_one_fold(
        happenings in history(),
        sizes in prop::collection::vec(1..6_usize, 1..5),
        rules in either(),
    ) {
        let acts = acts(rules, &happenings);

        let whole = stage::fold(rules, &acts, None, end());
        let parts = in_batches(rules, &acts, &sizes).expect("acts in order");

        prop_assert_eq!(stored(&parts), stored(&whole));
    }

    #[test]
    fn order_and_repetition_change_nothing(
        (happenings, shuffled) in history().prop_flat_map(|happenings| {
            let twice = [happenings.clone(), happenings.clone()].concat();
            (Just(happenings), Just(twice).prop_shuffle())
        }),
        rules in either(),
    ) {

        let once = stage::fold(rules, &acts(rules, &happenings), None, end());
        let again = stage::fold(rules, &acts(rules, &shuffled), None, end());

        prop_assert_eq!(stored(&again), stored(&once));
    }

    #[test]
    fn looking_often_sees_what_looking_once_sees(
        happenings in history(),
        step in 1..40_i32,
        rules in either(),
    ) {
        let acts = acts(rules, &happenings);
        let whole = stage::fold(rules, &acts, None, end());

        let mut outcome = stage::fold(rules, &acts, None, instant(DAYS, 0));
        let mut seen = outcome.transitions.clone();
        let mut layers = outcome.layer_moves.clone();
        for day in (DAYS..DAYS + 700).step_by(usize::try_from(step).expect("positive")) {
            outcome = stage::advance(rules, &outcome.state, &[], None, instant(day, 7))
                .expect("time only");
            seen.extend(outcome.transitions.clone());
            layers.extend(outcome.layer_moves.clone());
        }
        let last = stage::advance(rules, &outcome.state, &[], None, end()).expect("time only");
        seen.extend(last.transitions.clone());
        layers.extend(last.layer_moves.clone());

        prop_assert_eq!(seen, whole.transitions);
        prop_assert_eq!(layers, whole.layer_moves);
        prop_assert_eq!(last.state, whole.state);
    }

    #[test]
    fn scores_that_rise_and_fall_cross_on_the_same_days_however_one_looks(
        happenings in history(),
    ) {
        let rules = mixed_rules();
        let acts = acts(rules, &happenings);
        let whole = stage::fold(rules, &acts, None, end());

        let mut outcome = stage::fold(rules, &acts, None, instant(DAYS, 0));
        let mut seen = outcome.transitions.clone();
        let mut layers = outcome.layer_moves.clone();
        for day in DAYS..=DAYS + 700 {
            outcome = stage::advance(rules, &outcome.state, &[], None, instant(day, 0))
                .expect("time only");
            seen.extend(outcome.transitions.clone());
            layers.extend(outcome.layer_moves.clone());
        }

        prop_assert_eq!(seen, whole.transitions);
        prop_assert_eq!(layers, whole.layer_moves);
        prop_assert_eq!(outcome.state, whole.state);
    }

    #[test]
    fn the_next_move_is_on_the_day_of_review(happenings in history(), rules in either()) {
        let now = instant(DAYS, 900);
        let outcome = stage::fold(rules, &acts(rules, &happenings), None, now);
        let at = |until| stage::advance(rules, &outcome.state, &[], None, until).expect("time");

        let Some(review_at) = outcome.review_at else {
            prop_assert_eq!(at(instant(30_000, 0)).state, outcome.state);
            return Ok(());
        };

        prop_assert!(review_at > now);
        prop_assert_eq!(&at(review_at - TimeDelta::nanoseconds(1)).state, &outcome.state);
        prop_assert_ne!(&at(review_at).state, &outcome.state);
    }

    #[test]
    fn scores_are_the_decayed_sums_of_the_ledger(happenings in history(), day in DAYS..900) {
        let rules = rules();
        let happenings = without_rest(happenings);
        let at = instant(day, 900);

        let outcome = stage::fold(rules, &acts(rules, &happenings), None, at);

        let from_ledger = outcome.ledger.scores(rules, Day::of(at));
        for dimension in stage::Dimension::ALL {
            let difference = from_ledger.of(dimension) - outcome.standing.scores.of(dimension);
            prop_assert!(difference.abs() < 1e-9, "{dimension:?} differs by {difference}");
        }
    }

    #[test]
    fn timelines_are_unbroken_and_the_nameless_stay_strangers(happenings in history()) {
        let rules = rules();
        let nameless: Vec<_> = happenings
            .iter()
            .map(|happening| Happening { known: false, ..happening.clone() })
            .collect();

        let outcome = stage::fold(rules, &acts(rules, &happenings), None, end());
        let without_name = stage::fold(rules, &acts(rules, &nameless), None, end());

        let mut stage = Stage::Stranger;
        let mut at = None;
        for step in &outcome.transitions {
            prop_assert_eq!(step.from, stage);
            prop_assert!(at <= Some(step.effective_at));
            stage = step.to;
            at = Some(step.effective_at);
        }
        prop_assert_eq!(outcome.standing.stage, stage);
        prop_assert_eq!(without_name.transitions, Vec::<Transition>::new());
    }

    #[test]
    fn layers_change_nothing_below_them(happenings in history()) {
        let rules = rules();
        let mut set = rules.set().clone();
        set.layers.clear();
        let plain = Rules::new(set).expect("usable rules");
        let happenings: Vec<_> = happenings
            .into_iter()
            .filter(|happening| happening.name != "Promise Broken")
            .collect();

        let with = stage::fold(rules, &acts(rules, &happenings), None, end());
        let without = stage::fold(&plain, &acts(&plain, &happenings), None, end());

        prop_assert_eq!(with.transitions, without.transitions);
        prop_assert_eq!(with.standing.scores, without.standing.scores);
        prop_assert_eq!(with.ledger, without.ledger);
    }

    #[test]
    fn nobody_is_in_a_layer_who_did_not_accept(happenings in history()) {
        let rules = layered_rules();

        let outcome = stage::fold(rules, &acts(rules, &happenings), None, end());

        let mut statuses = std::collections::BTreeMap::new();
        let mut at = None;
        for step in &outcome.layer_moves {
            prop_assert!(at <= Some(step.effective_at));
            at = Some(step.effective_at);
            let before = statuses.insert(step.layer.clone(), step.to);
            prop_assert_eq!(step.from, before);
            let was_in = before.is_some_and(LayerStatus::is_member);
            if step.to.is_member() && !was_in {
                prop_assert_eq!(step.rule.as_str(), "acceptance");
            }
        }
        for standing in &outcome.standing.layers {
            prop_assert_eq!(statuses.get(&standing.layer), Some(&standing.status));
        }
    }

    #[test]
    fn a_late_act_is_refused_rather_than_folded_wrong(
        happenings in history(),
        late in happening(),
        until in 0..DAYS,
        rules in either(),
    ) {
        let known = stage::fold(rules, &acts(rules, &happenings), None, instant(until, 0));

        let continued = stage::advance(rules, &known.state, &[late.act(rules)], None, end());

        if let Ok(outcome) = continued {
            let all = [happenings, vec![late]].concat();
            let whole = stage::fold(rules, &acts(rules, &all), None, end());
            prop_assert_eq!(outcome.state, whole.state);
        }
    }
}

#[test]
fn an_act_of_the_same_instant_is_not_late_and_one_before_it_is() {
    let history = History::of_a_known_person().order(3).order(3).order(3);
    let mut happenings = history.happenings;
    for happening in &mut happenings {
        happening.at = instant(3, 0);
    }
    let acts = acts(rules(), &happenings);
    let first = stage::fold(rules(), &acts[1..2], None, instant(3, 0));
    let with = |more: &[Act<'_>]| stage::advance(rules(), &first.state, more, None, instant(3, 0));

    let whole = stage::fold(rules(), &acts[1..], None, instant(3, 0));
    assert_eq!(
        with(&acts[2..]).map(|outcome| outcome.state),
        Ok(whole.state)
    );
    assert_eq!(
        with(&acts[..1]),
        Err(AdvanceError::Late),
        "its id comes before"
    );
    let again = with(&acts[1..2]).map(|outcome| outcome.state);
    assert_eq!(again, Ok(first.state.clone()), "told twice");

    // Being known from that instant on is not late either, and from before it is.
    let visitor = History::of_an_anonymous_visitor().on(3, "Signed Up", json!({}));
    let seen = visitor.fold(3).state;
    let known = |at| stage::advance(rules(), &seen, &[], Some(at), instant(5, 0)).is_ok();
    assert!(known(instant(3, 0)) && known(instant(4, 0)));
    assert!(!known(instant(3, -1)));
}

#[test]
fn a_state_is_continued_by_the_rules_it_came_about_under() {
    let state = stage::fold(rules(), &[], None, instant(0, 0)).state;

    let continued = stage::advance(mixed_rules(), &state, &[], None, end());

    assert_eq!(continued, Err(AdvanceError::OtherRules));
    assert!(state.is_under(rules()) && !state.is_under(mixed_rules()));
}

/// Stops on every day and looks, the slow and obvious way, and compares.
#[test]
fn the_dates_of_moves_agree_with_looking_every_day() {
    let rules = rules();
    let happenings: Vec<_> = (0..5)
        .map(|number| Happening {
            at: instant(number * 17, 0),
            id: number.to_string(),
            name: "Order Completed",
            properties: json!({}),
            known: true,
        })
        .collect();
    let acts = acts(rules, &happenings);

    let whole = stage::fold(rules, &acts, None, instant(1_000, 0));
    let mut seen = vec![(0, Stage::Acquaintance)];
    for day in 0..=1_000 {
        let until = instant(day, 0);
        let so_far: Vec<_> = acts.iter().filter(|act| act.at <= until).copied().collect();
        let stage = stage::fold(rules, &so_far, None, until).standing.stage;
        if seen.last().is_none_or(|(_, last)| *last != stage) {
            seen.push((day, stage));
        }
    }

    let moves: Vec<_> = whole
        .transitions
        .iter()
        .map(|step| (day_number(step.effective_at), step.to))
        .collect();
    assert_eq!(seen, moves);
    assert_eq!(moves.len(), 4, "up twice and down twice");
}
