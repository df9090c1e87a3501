//! The days on which conditions turn, against the slow and obvious way: day by day.

use proptest::prelude::*;

use super::history::{day_zero, instant, rules};
use crate::stage::evaluate::{Moment, Signs, Stretch};
use crate::stage::ruleset::{Comparison, Condition, ScoreBelowFor, ScoreTest};
use crate::stage::state::Running;
use crate::stage::{Day, Dimension, Dimensions, State};

/// Days of silence looked through.
const DAYS: i32 = 1_200;

/// Somebody whose scores, some below zero, were last touched on day zero.
fn state() -> impl Strategy<Value = State> {
    prop::array::uniform4(-20.0..20.0_f64).prop_map(|values| State {
        scores: values.map(|value| Running {
            value,
            day: day_zero(),
        }),
        settled: Some(instant(0, 0)),
        since: Some(instant(0, 0)),
        ..State::new(rules())
    })
}

fn dimensions() -> impl Strategy<Value = Dimensions> {
    prop::sample::subsequence(Dimension::ALL.to_vec(), 1..=4).prop_map(Dimensions::from)
}

fn condition() -> impl Strategy<Value = Condition> {
    let threshold = || -8.0..8.0_f64;
    let leaf = prop_oneof![
        (dimensions(), threshold()).prop_map(|(of, points)| {
            Condition::Score(ScoreTest {
                of,
                is: Comparison::Above(points),
            })
        }),
        (dimensions(), threshold(), 1..60_u16).prop_map(|(of, below, days)| {
            Condition::ScoreBelowFor(ScoreBelowFor { of, below, days })
        }),
        (1..400_u16).prop_map(|at_least| Condition::DaysInStage { at_least }),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Condition::Any),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

/// What a condition means, read off the scores of each day.
fn holds(state: &State, condition: &Condition, day: Day) -> bool {
    let sum = |of, day| state.sum(rules(), of, day);
    match condition {
        Condition::All(list) => list.iter().all(|inner| holds(state, inner, day)),
        Condition::Any(list) => list.iter().any(|inner| holds(state, inner, day)),
        Condition::Not(inner) => !holds(state, inner, day),
        Condition::Score(test) => test.is.holds(sum(test.of, day)),
        Condition::ScoreBelowFor(test) => {
            let is_low = |day| Comparison::Below(test.below).holds(sum(test.of, day));
            let days = i32::from(test.days);
            day.since(day_zero()) > days && (0..=days).all(|back| is_low(day.plus(-back)))
        }
        Condition::DaysInStage { at_least } => day.since(day_zero()) >= i32::from(*at_least),
        other => unreachable!("{other:?} is not drawn"),
    }
}

proptest! {
    #![proptest_config(super::histories(300))]

    #[test]
    fn the_first_day_found_is_the_first_day_there_is(
        state in state(),
        condition in condition(),
        from in 1..200_i32,
    ) {
        let moment = Moment { rules: rules(), state: &state, known: true, signs: Signs::default() };
        let stretch = Stretch { first: day_zero().plus(from), last: day_zero().plus(DAYS) };

        let found = moment.first_day(&condition, stretch);

        let there_is = (from..=DAYS)
            .map(|day| day_zero().plus(day))
            .find(|day| holds(&state, &condition, *day));
        prop_assert_eq!(found, there_is);
    }
}
