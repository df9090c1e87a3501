//! Laws that hold when the rules change.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

use super::history::{Happening, History, day_number, in_words, instant, layered_rules, rules};
use super::properties::{DAYS, end, history, reread, stored, without_rest};
use crate::stage::{
    self, Act, AdvanceError, Cause, Day, Dimension, LayerStatus, Outcome, RuleSet, Rules, Schedule,
    Stage,
};

/// Rules that differ in all that a change of rules can touch.
static VARIANTS: LazyLock<[Arc<Rules>; 6]> = LazyLock::new(|| {
    let change = |change: &dyn Fn(&mut RuleSet)| {
        let mut set = RuleSet::default_set();
        change(&mut set);
        Arc::new(Rules::new(set).expect("usable rules"))
    };
    [
        change(&|_| {}),
        // Other half-lives, other numbers for every event.
        change(&|set| {
            set.half_life_days.familiarity = 20.0;
            set.half_life_days.trust = 50.0;
            set.signals.reverse();
            for layer in &mut set.layers {
                layer.half_life_days = 33.0;
                layer.acts.truncate(1);
                layer.acts[0].points = Some(3.0);
            }
        }),
        // Orders are worth twice as much and weigh more in a day; a friend is one after two.
        change(&|set| {
            for signal in &mut set.signals {
                if signal.event == "Order Completed" {
                    signal.add = serde_json::from_value(json!({ "investment": 20 })).ok();
                    signal.cap = serde_json::from_value(json!({ "investment": 35 })).unwrap();
                }
            }
            set.signals.rotate_left(7);
            set.disputes.clock_days = 5;
        }),
        // Higher bars, shorter grace, fewer signals.
        change(&|set| {
            set.signals.retain(|signal| signal.event != "Donation Made");
            set.layers.clear();
            for rule in &mut set.rules {
                let written = match rule.id.as_str() {
                    "D2" => json!({ "score_below_for":
                        { "of": ["investment"], "below": 15, "days": 10 } }),
                    "D3" => json!({ "score_below_for":
                        { "of": ["familiarity", "trust"], "below": 3, "days": 20 } }),
                    _ => continue,
                };
                rule.when = serde_json::from_value(written).expect("a condition");
            }
        }),
        // Layers upon layers, and none.
        change(&|set| set.layers.clone_from(&layered_rules().set().layers)),
        change(&|set| set.layers.clear()),
    ]
});

/// Up to three changes, at any minute of the histories' days and beyond.
fn schedule() -> impl Strategy<Value = Schedule> {
    let term = (0..DAYS + 400, 0..1_440_i64, 0..VARIANTS.len());
    (0..VARIANTS.len(), prop::collection::vec(term, 0..4)).prop_map(|(first, mut terms)| {
        terms.sort_unstable();
        terms
            .into_iter()
            .fold(variant(first), |schedule, (day, minute, which)| {
                let from = instant(day, 0) - TimeDelta::hours(9) + TimeDelta::minutes(minute);
                schedule.then(from, Arc::clone(&VARIANTS[which]))
            })
    })
}

fn variant(which: usize) -> Schedule {
    Schedule::single(Arc::clone(&VARIANTS[which]))
}

fn acts<'a>(schedule: &Schedule, happenings: &'a [Happening]) -> Vec<Act<'a>> {
    happenings
        .iter()
        .map(|happening| schedule.interpret(&happening.fact()))
        .collect()
}

/// Folds in batches as a projector would: stored state in, stored state out.
fn in_batches(schedule: &Schedule, acts: &[Act<'_>], sizes: &[usize]) -> Outcome {
    let mut ordered = acts.to_vec();
    ordered.sort_by(|left, right| left.key().cmp(&right.key()));
    let mut state = schedule.blank();
    let (mut transitions, mut layer_moves) = (Vec::new(), Vec::new());
    let mut ledger = stage::Ledger::default();
    let mut rest = ordered.as_slice();
    for size in sizes.iter().cycle() {
        let (batch, later) = rest.split_at((*size).min(rest.len()));
        let Some(last) = batch.last() else { break };
        let outcome = schedule
            .advance(&reread(&state), batch, None, last.at)
            .expect("acts in order");
        state = outcome.state;
        transitions.extend(outcome.transitions);
        layer_moves.extend(outcome.layer_moves);
        ledger.merge(&outcome.ledger);
        rest = later;
    }
    let last = schedule
        .advance(&state, &[], None, end())
        .expect("time only");
    transitions.extend(last.transitions.iter().cloned());
    layer_moves.extend(last.layer_moves.iter().cloned());
    ledger.merge(&last.ledger);
    Outcome {
        transitions,
        layer_moves,
        ledger,
        ..last
    }
}

proptest! {
    #![proptest_config(super::histories(200))]

    #[test]
    fn batches_equal_one_fold(
        schedule in schedule(),
        happenings in history(),
        sizes in prop::collection::vec(1..6_usize, 1..5),
    ) {
        let acts = acts(&schedule, &happenings);

        let whole = schedule.fold(&acts, None, end());
        let parts = in_batches(&schedule, &acts, &sizes);

        prop_assert_eq!(stored(&parts), stored(&whole));
    }

    #[test]
    fn order_and_repetition_change_nothing(
        schedule in schedule(),
        (happenings, shuffled) in history().prop_flat_map(|happenings| {
            let twice = [happenings.clone(), happenings.clone()].concat();
            (Just(happenings), Just(twice).prop_shuffle())
        }),
    ) {
        let once = schedule.fold(&acts(&schedule, &happenings), None, end());
        let again = schedule.fold(&acts(&schedule, &shuffled), None, end());

        prop_assert_eq!(stored(&again), stored(&once));
    }

    #[test]
    fn looking_often_sees_what_looking_once_sees(
        schedule in schedule(),
        happenings in history(),
        step in 1..40_i32,
    ) {
        let acts = acts(&schedule, &happenings);
        let whole = schedule.fold(&acts, None, end());
        let yearly = look_every(&schedule, &acts, 365);

        let often = look_every(&schedule, &acts, step);

        prop_assert_eq!(&often, &yearly);
        prop_assert_eq!(often.0, whole.transitions);
        prop_assert_eq!(often.1, whole.state);
    }

    #[test]
    fn rules_that_compute_the_same_begin_nothing(
        schedule in schedule(),
        happenings in history(),
        day in 0..DAYS + 400,
    ) {
        let from = instant(day, 77);
        let before = schedule.terms().iter().all(|term| term.from() < Some(from));
        let same = Arc::new(Rules::new(schedule.latest().set().clone()).expect("usable"));
        let longer = schedule.clone().then(from, same);

        let one = schedule.fold(&acts(&schedule, &happenings), None, end());
        let two = longer.fold(&acts(&longer, &happenings), None, end());

        if before {
            prop_assert_eq!(stored(&two), stored(&one));
        }
    }

    #[test]
    fn a_state_goes_on_when_rules_are_published_and_is_refused_when_it_must_be_folded_anew(
        schedule in schedule(),
        happenings in history(),
        looked in 0..DAYS,
        published in 0..DAYS,
        which in 0..VARIANTS.len(),
        late in history(),
    ) {
        let (looked, published) = (instant(looked, 0), instant(published, 450));
        let known: Vec<_> = happenings.iter().filter(|one| one.at <= looked).cloned().collect();
        let before = schedule.fold(&acts(&schedule, &known), None, looked);
        let after = schedule.then(published, Arc::clone(&VARIANTS[which]));
        let later: Vec<_> = happenings.iter().filter(|one| one.at > looked).cloned().collect();
        let more = [later, late].concat();

        let continued = after.advance(&before.state, &acts(&after, &more), None, end());

        let all = [known, more].concat();
        let whole = after.fold(&acts(&after, &all), None, end());
        match continued {
            Ok(outcome) => prop_assert_eq!(outcome.state, whole.state),
            Err(AdvanceError::Late | AdvanceError::OtherRules) => {}
        }
    }

    #[test]
    fn the_next_change_is_on_the_day_of_review(schedule in schedule(), happenings in history()) {
        let now = instant(DAYS, 900);
        let outcome = schedule.fold(&acts(&schedule, &happenings), None, now);
        let at = |until| schedule.advance(&outcome.state, &[], None, until).expect("time");

        let Some(review_at) = outcome.review_at else {
            prop_assert_eq!(at(instant(30_000, 0)).state, outcome.state);
            return Ok(());
        };

        prop_assert!(review_at > now);
        prop_assert_eq!(&at(review_at - TimeDelta::nanoseconds(1)).state, &outcome.state);
        prop_assert_ne!(&at(review_at).state, &outcome.state);
    }

    #[test]
    fn scores_are_the_decayed_sums_of_the_ledger(
        schedule in schedule(),
        happenings in history(),
        day in DAYS..1_300,
    ) {
        let at = instant(day, 900);
        let happenings = without_rest(happenings);

        let outcome = schedule.fold(&acts(&schedule, &happenings), None, at);

        let from_ledger = schedule.scores(&outcome.ledger, Day::of(at));
        for dimension in Dimension::ALL {
            let difference = from_ledger.of(dimension) - outcome.standing.scores.of(dimension);
            prop_assert!(difference.abs() < 1e-9, "{dimension:?} differs by {difference}");
        }
    }

    #[test]
    fn nothing_before_a_change_is_touched_by_it(
        happenings in history(),
        day in 0..DAYS,
        which in 1..VARIANTS.len(),
    ) {
        let from = instant(day, 0);
        let alone = variant(0);
        let changed = variant(0).then(from, Arc::clone(&VARIANTS[which]));
        let is_before = |step: &&stage::Transition| step.effective_at < from;

        let old = alone.fold(&acts(&alone, &happenings), None, end());
        let new = changed.fold(&acts(&changed, &happenings), None, end());

        let before: Vec<_> = old.transitions.iter().filter(is_before).collect();
        let kept: Vec<_> = new.transitions.iter().filter(is_before).collect();
        prop_assert_eq!(kept, before);
        let layers_before = |outcome: &Outcome| {
            let mut moves = outcome.layer_moves.clone();
            moves.retain(|step| step.effective_at < from);
            moves
        };
        prop_assert_eq!(layers_before(&new), layers_before(&old));
        for step in new.transitions.iter().filter(|step| step.cause == Cause::RulesChanged) {
            prop_assert_eq!(step.effective_at, from);
        }
    }

    #[test]
    fn orders_that_are_all_taken_back_leave_nothing(
        schedule in schedule(),
        orders in prop::collection::vec((0..40_i32, 0..1_440_i64, any::<bool>()), 1..12),
    ) {
        let mut happenings = Vec::new();
        for (number, (day, minute, discounted)) in orders.iter().enumerate() {
            let discount = if *discounted { 50 } else { 0 };
            let order = json!({ "order_id": number, "revenue": 50, "discount": discount });
            let at = instant(*day, *minute);
            for (name, at) in [("Order Completed", at), ("Order Cancelled", at + TimeDelta::days(45))] {
                happenings.push(Happening {
                    at,
                    id: format!("{name} {number}"),
                    name,
                    properties: order.clone(),
                    known: true,
                });
            }
        }

        let outcome = schedule.fold(&acts(&schedule, &happenings), None, instant(90, 0));

        let left = outcome.standing.scores.investment;
        prop_assert!(left.abs() < 1e-9, "{left} is left");
    }
}

/// Folds what happened, then looks every `step` days: the moves seen and the state at the end.
fn look_every(
    schedule: &Schedule,
    acts: &[Act<'_>],
    step: i32,
) -> (Vec<stage::Transition>, stage::State) {
    let mut outcome = schedule.fold(acts, None, instant(DAYS, 0));
    let mut seen = outcome.transitions.clone();
    let looks = (DAYS..DAYS + 700).step_by(usize::try_from(step).expect("positive"));
    for until in looks.map(|day| instant(day, 7)).chain([end()]) {
        outcome = schedule
            .advance(&reread(&outcome.state), &[], None, until)
            .expect("time only");
        seen.extend(outcome.transitions.clone());
    }
    (seen, outcome.state)
}

fn two_orders_will_do() -> Arc<Rules> {
    let mut set = RuleSet::default_set();
    for rule in &mut set.rules {
        if rule.id == "P2" {
            rule.when = serde_json::from_value(json!({ "all": [
                { "score": { "of": ["investment"], "at_least": 15 } },
                { "qualifying_days": { "at_least": 2, "within_days": 365 } },
            ] }))
            .expect("a condition");
        }
    }
    Arc::new(Rules::new(set).expect("usable rules"))
}

fn default_then(from: DateTime<Utc>, rules: Arc<Rules>) -> Schedule {
    Schedule::single(Arc::new(super::history::rules().clone())).then(from, rules)
}

fn buyer() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
        .order(1)
        .order(31)
}

#[test]
fn a_lower_bar_moves_at_the_instant_of_publication_and_says_why() {
    let from = instant(40, 17);
    let schedule = default_then(from, two_orders_will_do());

    let outcome = schedule.fold(&acts(&schedule, &buyer().happenings), None, instant(60, 0));

    assert_eq!(
        in_words(&outcome.transitions),
        ["d0 P1 acquaintance", "d40 P2 friend"]
    );
    let step = &outcome.transitions[1];
    assert_eq!(
        (step.effective_at, &step.cause),
        (from, &Cause::RulesChanged)
    );
    let words = stage::explain_transition(schedule.in_force_at(from), step);
    assert_eq!(
        words.cause,
        "Rule P2, because the rules changed on 10 February 2026."
    );
    assert_eq!(
        words.otherwise,
        "Under the rules that held before, they would have stayed an acquaintance."
    );
}

#[test]
fn an_act_counts_as_the_rules_of_its_own_time_say_whenever_it_arrives() {
    let mut set = RuleSet::default_set();
    for signal in &mut set.signals {
        if signal.event == "Preferences Updated" {
            signal.add = serde_json::from_value(json!({ "familiarity": 9 })).ok();
            signal.cap = stage::ruleset::Amounts::default();
        }
    }
    let rules = Arc::new(Rules::new(set).expect("usable rules"));
    let schedule = default_then(instant(10, 0), rules);
    let history = History::of_a_known_person()
        .on(9, "Preferences Updated", json!({}))
        .on(10, "Preferences Updated", json!({}));

    let outcome = schedule.fold(&acts(&schedule, &history.happenings), None, instant(10, 60));

    let added: Vec<_> = outcome
        .ledger
        .entries()
        .iter()
        .map(|entry| entry.amount)
        .collect();
    assert_eq!(added, [2.0, 9.0]);
    assert_eq!(outcome.standing.stage, Stage::Acquaintance);
}

#[test]
fn a_half_life_applies_from_its_day_on() {
    let schedule = Schedule::single(Arc::new(rules().with_investment_half_life(100.0).unwrap()))
        .then(
            instant(100, 0),
            Arc::new(rules().with_investment_half_life(50.0).unwrap()),
        );
    let history = History::of_a_known_person().order(0);

    let at = |day| {
        let acts = acts(&schedule, &history.happenings);
        schedule
            .fold(&acts, None, instant(day, 30))
            .standing
            .scores
            .investment
    };

    assert!((at(100) - 5.0).abs() < 1e-12, "{}", at(100));
    assert!((at(150) - 2.5).abs() < 1e-12, "{}", at(150));
}

#[test]
fn an_order_of_the_old_rules_is_taken_back_as_it_counted() {
    let schedule = variant(0).then(instant(20, 0), Arc::clone(&VARIANTS[2]));
    let history = History::of_a_known_person().order(19).order(20).on(
        40,
        "Order Cancelled",
        json!({ "order_id": "order-19" }),
    );

    let outcome = schedule.fold(&acts(&schedule, &history.happenings), None, instant(41, 0));

    let added: Vec<_> = outcome
        .ledger
        .entries()
        .iter()
        .map(|entry| (entry.day.since(Day::of(instant(0, 0))), entry.amount))
        .collect();
    assert_eq!(added, [(19, 0.0), (20, 20.0)]);
}

#[test]
fn a_new_bar_gives_everybody_its_grace_from_the_day_it_was_set() {
    let mut set = RuleSet::default_set();
    for rule in &mut set.rules {
        if rule.id == "D3" {
            rule.when = serde_json::from_value(json!({ "score_below_for":
                { "of": ["familiarity", "investment"], "below": 8, "days": 30 } }))
            .expect("a condition");
        }
    }
    let higher = Arc::new(Rules::new(set).expect("usable rules"));
    let history = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let schedule = default_then(instant(60, 0), higher);

    let outcome = schedule.fold(&acts(&schedule, &history.happenings), None, instant(200, 0));

    assert_eq!(
        in_words(&outcome.transitions),
        ["d0 P1 acquaintance", "d90 D3 stranger"]
    );
}

#[test]
fn rules_that_begin_later_are_a_reason_to_look_again() {
    let review_at = |from, history: &History| {
        let schedule = default_then(from, two_orders_will_do());
        let acts = acts(&schedule, &history.happenings);
        schedule.fold(&acts, None, instant(60, 0)).review_at
    };
    let (soon, late) = (instant(100, 0), instant(2_000, 0));

    assert_eq!(review_at(soon, &buyer()), Some(soon));
    assert!(review_at(late, &buyer()) < Some(late), "they cool before");
    assert_eq!(review_at(late, &History::of_a_known_person()), Some(late));
}

#[test]
fn a_state_of_rules_that_were_taken_back_is_not_continued() {
    let (second, third) = (instant(40, 0), instant(50, 0));
    let with_second = default_then(second, two_orders_will_do());
    let both = with_second.clone().then(third, Arc::clone(&VARIANTS[3]));
    let without_second = default_then(third, Arc::clone(&VARIANTS[3]));
    let happenings = buyer().happenings;
    let state = both
        .fold(&acts(&both, &happenings), None, instant(60, 0))
        .state;

    // The last term is the same, but the state has lived under the second one too.
    assert!(!without_second.includes(state.lineage()));
    assert_eq!(
        without_second.advance(&state, &[], None, instant(61, 0)),
        Err(AdvanceError::OtherRules)
    );
    let before = with_second.fold(&acts(&with_second, &happenings), None, instant(60, 0));
    assert!(
        both.advance(&before.state, &[], None, instant(61, 0))
            .is_ok()
    );
}

#[test]
fn a_stored_state_says_what_it_has_lived_under() {
    let schedule = default_then(instant(40, 0), two_orders_will_do());
    let happenings = buyer().happenings;
    let acts = acts(&schedule, &happenings);

    let lineages: Vec<_> = [39, 41]
        .map(|day| schedule.fold(&acts, None, instant(day, 0)).state)
        .iter()
        .map(|state| stage::State::lineage_in(&serde_json::to_value(state).expect("JSON")))
        .collect();

    let terms: Vec<_> = schedule
        .terms()
        .iter()
        .map(|term| Some(term.lineage()))
        .collect();
    assert_eq!(lineages, terms);
    assert_ne!(terms[0], terms[1]);
}

#[test]
fn what_a_state_has_settled_after_a_change_that_is_learnt_of_later_is_folded_anew() {
    let alone = variant(0);
    let happenings = buyer().happenings;
    let state = alone
        .fold(&acts(&alone, &happenings), None, instant(60, 0))
        .state;
    let last = instant(31, 3);

    for (from, is_refused) in [
        (last, true),
        (last + TimeDelta::nanoseconds(1), false),
        (instant(50, 0), false),
        (instant(5, 0), true),
    ] {
        let changed = alone.clone().then(from, two_orders_will_do());
        let found = changed.advance(&state, &[], None, instant(70, 0));
        assert_eq!(
            found == Err(AdvanceError::OtherRules),
            is_refused,
            "{}",
            day_number(from)
        );
    }
}

#[test]
fn a_layer_outlives_a_change_of_rules() {
    let from = instant(200, 0);
    let mut set = RuleSet::default_set();
    set.layers[0].half_life_days = 30.0;
    set.layers
        .insert(0, layered_rules().set().layers[0].clone());
    set.layers[0].id = String::from("circle");
    set.layers[0].invitation.when = None;
    let schedule = default_then(from, Arc::new(Rules::new(set).expect("usable rules")));
    let joined = [61, 90, 120]
        .into_iter()
        .fold(buyer(), History::order)
        .on(123, "Invitation Accepted", json!({ "layer": "vip" }))
        .order(150);
    let refunded = joined
        .clone()
        .on(230, "Order Refunded", json!({ "order_id": "order-150" }));

    let points = |history: &History, day: i32| {
        let acts = acts(&schedule, &history.happenings);
        let standing = schedule.fold(&acts, None, instant(day, 600)).standing;
        assert_eq!(standing.layers.len(), 1);
        assert_eq!(standing.layers[0].status, LayerStatus::Active);
        standing.layers[0].points
    };

    let left_by_then = 10.0 * (-50.0_f64 / 365.0).exp2();
    assert!((points(&joined, 200) - left_by_then).abs() < 1e-12);
    assert!((points(&joined, 230) - left_by_then / 2.0).abs() < 1e-12);
    assert!(points(&refunded, 230).abs() < 1e-12);
}
