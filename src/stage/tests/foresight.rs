//! What explanations say, against what the engine does.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::Value;

use super::history::{Happening, instant, mixed_rules, mixed_schedule, rules, schedule};
use super::properties::{DAYS, acts, history};
use crate::stage::advance::fold_traced;
use crate::stage::explain::{Explanation, Way};
use crate::stage::{self, Act, Day, Fact, Outcome, Rules, Schedule, Scores};
use crate::stage::{Dimension, Stage, Transition};

/// A history, and an instant within it or after it.
fn lives() -> impl Strategy<Value = (Vec<Happening>, DateTime<Utc>)> {
    (history(), 0..DAYS + 200, 0..1_440_i64)
        .prop_map(|(happenings, day, minute)| (happenings, instant(day, minute - 540)))
}

fn explained(schedule: &Schedule, acts: &[Act<'_>], at: DateTime<Utc>) -> Explanation {
    stage::explain_history(schedule, acts, None, at)
}

fn folded(rules: &Rules, acts: &[Act<'_>], until: DateTime<Utc>) -> Outcome {
    let past: Vec<_> = acts.iter().filter(|act| act.at <= until).copied().collect();
    stage::fold(rules, &past, None, until)
}

/// What a way says to do, as events of which the last falls on `last`.
struct Done<'w> {
    way: &'w Way,
    events: Vec<(DateTime<Utc>, String, String, Value, bool)>,
}

impl<'w> Done<'w> {
    fn by(way: &'w Way, at: DateTime<Utc>, last: NaiveDate) -> Self {
        let times: usize = way.acts.iter().map(|one| usize::from(one.times)).sum();
        let last = last.and_time(at.time()).and_utc();
        let mut events = Vec::new();
        for needed in &way.acts {
            for _ in 0..needed.times {
                let before = u64::try_from(times - 1 - events.len()).expect("a few");
                events.push((
                    last - Days::new(before),
                    format!("~{}", events.len()),
                    needed.event.clone(),
                    needed.properties.clone(),
                    needed.identifies,
                ));
            }
        }
        Self { way, events }
    }

    fn acts(&self, rules: &Rules) -> Vec<Act<'_>> {
        self.events
            .iter()
            .map(|(at, id, name, properties, identifies)| {
                let fact = Fact {
                    at: *at,
                    source: "",
                    message_id: id,
                    name,
                    properties,
                    trusted: true,
                    known_after: *identifies,
                    brand_initiated: false,
                };
                stage::interpret(rules, &fact)
            })
            .collect()
    }

    /// The moves after `at` with these acts added, up to a year and a month after the last.
    fn moves(&self, rules: &Rules, acts: &[Act<'_>], at: DateTime<Utc>) -> Vec<Transition> {
        let mut all: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();
        let added = self.acts(rules);
        all.extend(&added);
        let until = added.last().map_or(at, |act| act.at) + TimeDelta::days(400);
        let outcome = stage::fold(rules, &all, None, until);
        let known = folded(rules, acts, at).transitions.len();
        outcome.transitions[known.min(outcome.transitions.len())..].to_vec()
    }

    fn last(&self) -> DateTime<Utc> {
        self.events.last().map_or(DateTime::UNIX_EPOCH, |one| one.0)
    }
}

/// The day on which the last act of a way falls, if it is begun as soon as can be.
fn soonest(way: &Way) -> NaiveDate {
    let times: u64 = way.acts.iter().map(|one| u64::from(one.times)).sum();
    way.from + Days::new(times - 1)
}

fn is_by(step: &Transition, rule: &str) -> bool {
    step.rule == rule || (rule == "P1" && step.rule == "R")
}

proptest! {
    #![proptest_config(super::histories(120))]

    #[test]
    fn the_acts_behind_a_score_add_up_to_it((happenings, at) in lives()) {
        for (rules, schedule) in [(rules(), schedule()), (mixed_rules(), mixed_schedule())] {
            let acts = acts(rules, &happenings);
            let past: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();

            let (outcome, trace) = fold_traced(schedule.terms(), &past, None, at);

            let day = Day::of(at);
            let mut sums = [0.0; 4];
            for one in &trace.acts {
                for dimension in Dimension::ALL {
                    let decay = rules.decay(dimension.index());
                    let left = decay.factor(trace.age(one.day(), day));
                    sums[dimension.index()] += one.amounts[dimension.index()] * left;
                }
            }
            let (found, expected) = (Scores::from(sums), outcome.standing.scores);
            for dimension in Dimension::ALL {
                let (found, expected) = (found.of(dimension), expected.of(dimension));
                prop_assert!((found - expected).abs() < 1e-6, "{dimension:?}: {found} {expected}");
            }
            let told = explained(schedule, &acts, at);
            for score in &told.scores {
                let named: f64 = score.evidence.iter().filter_map(|one| one.left).sum();
                let rest = score.rest.map_or(0.0, |rest| rest.left);
                prop_assert!((named + rest - score.score).abs() < 1e-6);
                prop_assert!(score.rest.is_none_or(|rest| rest.acts > 0), "{score:?}");
            }
        }
    }

    #[test]
    fn a_rule_is_called_met_only_if_the_engine_moves_by_it((happenings, at) in lives()) {
        for (rules, schedule) in [(rules(), schedule()), (mixed_rules(), mixed_schedule())] {
            let acts = acts(rules, &happenings);

            let told = explained(schedule, &acts, at);

            prop_assert_eq!(&told.standing, &folded(rules, &acts, at).standing);
            // What is met has moved them already, or does as the next day begins, if it is met then:
            // nobody warms at the instant at which they cooled. Whoever ended it comes back by an
            // act alone.
            let tomorrow = Day::of(at).plus(1).start();
            let past: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();
            let moved = stage::fold(rules, &past, None, tomorrow).standing.since;
            for rule in told.deeper.iter().chain(&told.back).filter(|rule| rule.met) {
                let is_kept = told.standing.estranged && rule.to > told.standing.stage;
                let is_of_today = rule.to > told.standing.stage
                    && told.standing.since.is_some_and(|since| Day::of(since) == Day::of(at))
                    && {
                        let next = explained(schedule, &past, tomorrow);
                        next.deeper.iter().all(|then| then.rule != rule.rule || !then.met)
                    };
                prop_assert!(is_kept || is_of_today || moved == Some(tomorrow), "{rule:?}");
            }
        }
    }

    #[test]
    fn what_comes_next_is_the_next_move_of_the_fold((happenings, at) in lives()) {
        for (rules, schedule) in [(rules(), schedule()), (mixed_rules(), mixed_schedule())] {
            let acts = acts(rules, &happenings);
            let past: Vec<_> = acts.iter().filter(|act| act.at <= at).copied().collect();
            let known = stage::fold(rules, &past, None, at).transitions.len();

            let told = explained(schedule, &acts, at);

            let Some(next) = &told.next else {
                let ever = stage::fold(rules, &past, None, at + TimeDelta::days(3_650));
                prop_assert_eq!(ever.transitions.len(), known);
                continue;
            };
            let before = stage::fold(rules, &past, None, next.at - TimeDelta::microseconds(1));
            prop_assert_eq!(before.transitions.len(), known, "nothing moves any sooner");
            let then = stage::fold(rules, &past, None, next.at).transitions;
            if let Some(rule) = &next.rule {
                let last = then.last().expect("a move");
                prop_assert_eq!((&last.rule, last.effective_at), (rule, next.at));
                prop_assert_eq!(next.to, Some(last.to));
            } else {
                prop_assert_eq!(then.len(), known);
            }
        }
    }

    #[test]
    fn what_is_missing_is_enough_until_the_day_it_says((happenings, at) in lives()) {
        for (rules, schedule) in [(rules(), schedule()), (mixed_rules(), mixed_schedule())] {
            let acts = acts(rules, &happenings);
            let told = explained(schedule, &acts, at);
            for rule in &told.deeper {
                for way in &rule.ways {
                    let moves = |last| Done::by(way, at, last).moves(rules, &acts, at);
                    let first = moves(soonest(way)).into_iter().next();
                    let first = first.expect("the move that the way leads to");
                    prop_assert!(is_by(&first, &rule.rule), "{way:?} {first:?}");
                    prop_assert_eq!(Some(first.effective_at.date_naive()), way.then);
                    let Some(by) = way.by else { continue };
                    let at_last = moves(by).into_iter().next();
                    prop_assert!(at_last.is_some_and(|step| is_by(&step, &rule.rule)), "{way:?}");
                    let too_late = moves(by + Days::new(1)).into_iter().next();
                    prop_assert!(
                        too_late.as_ref().is_none_or(|step| !is_by(step, &rule.rule)),
                        "{way:?} {too_late:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_condition_is_met_by_what_it_is_said_to_miss((happenings, at) in lives()) {
        let (rules, schedule) = (rules(), schedule());
        let acts = acts(rules, &happenings);
        let told = explained(schedule, &acts, at);
        for rule in &told.deeper {
            for (place, condition) in rule.conditions.iter().enumerate() {
                prop_assert!(!condition.met || condition.ways.is_empty());
                for way in &condition.ways {
                    let suffices = |last| {
                        let done = Done::by(way, at, last);
                        let added = done.acts(rules);
                        let mut all: Vec<_> =
                            acts.iter().filter(|act| act.at <= at).copied().collect();
                        all.extend(&added);
                        let then = explained(schedule, &all, done.last());
                        let moves = done.moves(rules, &acts, at);
                        let moved = moves.first().filter(|step| step.effective_at <= done.last());
                        match moved {
                            Some(step) => is_by(step, &rule.rule),
                            None => then
                                .deeper
                                .iter()
                                .find(|other| other.rule == rule.rule)
                                .is_some_and(|other| other.conditions[place].met),
                        }
                    };
                    prop_assert!(suffices(soonest(way)), "{way:?}");
                    if let Some(by) = way.by {
                        prop_assert!(suffices(by), "{way:?}");
                        prop_assert!(!suffices(by + Days::new(1)), "{way:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_keeps_somebody_keeps_them((happenings, at) in lives()) {
        for (rules, schedule) in [(rules(), schedule()), (mixed_rules(), mixed_schedule())] {
            let acts = acts(rules, &happenings);
            let told = explained(schedule, &acts, at);
            let Some(next) = told.next else { continue };
            let Some(way) = next.keep else { continue };
            let by = way.by.expect("the day before the fall");
            prop_assert_eq!(by + Days::new(1), next.at.date_naive());
            let done = Done::by(&way, at, by);
            let first = done.moves(rules, &acts, at).into_iter().next();
            let stays = first.as_ref().is_none_or(|step| {
                step.effective_at > next.at || step.to > told.standing.stage
            });
            prop_assert!(stays, "{:?} {first:?}", done.way);
        }
    }

    #[test]
    fn what_a_brand_sends_promotes_nobody(
        happenings in history(),
        contacts in prop::collection::vec((0..DAYS, 0..900_i64), 1..12),
    ) {
        let rules = rules();
        let sent = |(number, (day, minute)): (usize, (i32, i64))| Happening {
            at: instant(day, minute),
            id: format!("sent-{number}"),
            name: "Contact Sent",
            properties: serde_json::json!({ "channel": "email" }),
            known: false,
        };
        let with: Vec<_> = happenings
            .iter()
            .cloned()
            .chain(contacts.into_iter().enumerate().map(sent))
            .collect();

        let without = stage::fold(rules, &acts(rules, &happenings), None, instant(DAYS, 0));
        let with = stage::fold(rules, &acts(rules, &with), None, instant(DAYS, 0));

        prop_assert_eq!(without.transitions, with.transitions);
        prop_assert_eq!(without.standing.scores, with.standing.scores);
        prop_assert!(with.standing.stage <= Stage::Advocate);
    }
}
