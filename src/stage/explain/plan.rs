//! Acts on successive days, spun on from a state: whether they bring about what is hoped for, how
//! many are needed and how long they may wait.

use chrono::{DateTime, Days, Utc};

use super::examples::Example;
use super::ground::Ground;
use crate::stage::advance::Fold;
use crate::stage::day::Day;
use crate::stage::evaluate::{Moment, Signs};
use crate::stage::ruleset::{Condition, Rule};
use crate::stage::state::State;
use crate::stage::transition::Transition;

/// Most acts in a plan: who asks for more asks for another customer.
pub(super) const ACTS_MAX: usize = 12;
/// How far ahead a last day is looked for; past it there is none.
const LAST_DAY_MAX: i32 = 1_096;
/// How long a move may take to follow once the acts are done.
const FOLLOWS_DAYS: u64 = 400;

/// What acts are hoped to bring about.
#[derive(Clone, Copy)]
pub(super) enum Goal<'g> {
    /// This condition of this rule holds once they are done.
    Meet(&'g Rule, &'g Condition),
    /// The rule moves the person, at once or when its time comes.
    Move(&'g Rule),
    /// The person does not move back on the day on which silence would have moved them.
    Stay(DateTime<Utc>),
}

/// A state to spin on from.
#[derive(Clone, Copy)]
pub(super) struct Start<'s> {
    pub(super) ground: Ground<'s>,
    pub(super) state: &'s State,
    pub(super) at: DateTime<Utc>,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// When the move happens, if a move is hoped for; when the next one back does, if staying is.
    pub(super) on: Option<DateTime<Utc>>,
}

/// How a plan lies in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timing {
    /// Days from the start to the first act.
    pub(super) first: i32,
    /// The latest day on which the last act still does; none if any day ahead would.
    pub(super) last: Option<i32>,
    /// What comes of it, at the earliest.
    pub(super) reached: Reached,
}

impl Start<'_> {
    /// The fold after `acts`, one a day, the last one `last` days from the start.
    fn spun(&self, acts: &[&Example], last: i32) -> Fold<'_> {
        let mut fold = self.ground.fold(self.state);
        let before = i32::try_from(acts.len()).unwrap_or(i32::MAX) - 1;
        for (number, example) in (0_i32..).zip(acts) {
            let at = self.after(last - before + number);
            let moved = fold.moves().len();
            fold.be_silent(at);
            if number == 0 && fold.moves().len() > moved {
                break;
            }
            // Ids that sort after those of real acts of the same instant.
            let id = format!("~{number:03}");
            fold.imagine(&example.act(fold.rules(), at, &id));
        }
        fold
    }

    /// The instant `days` after the start.
    pub(super) fn after(&self, days: i32) -> DateTime<Utc> {
        let days = u64::try_from(days).unwrap_or_default();
        self.at
            .checked_add_days(Days::new(days))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether `acts`, done so that the last one falls `last` days from the start, reach the goal.
    pub(super) fn reaches(&self, acts: &[&Example], last: i32, goal: Goal<'_>) -> Option<Reached> {
        let count = i32::try_from(acts.len()).unwrap_or(i32::MAX);
        if last < count - 1 {
            return None;
        }
        let mut fold = self.spun(acts, last);
        let done = self.after(last);
        match goal {
            Goal::Meet(rule, condition) => match fold.moves().first() {
                Some(step) => by_rule(step, rule),
                None => holds(&fold, condition, done).then_some(Reached { on: None }),
            },
            Goal::Move(rule) => {
                if fold.moves().is_empty() {
                    fold.be_silent(done + chrono::TimeDelta::days(FOLLOWS_DAYS.cast_signed()));
                }
                fold.moves().first().and_then(|step| by_rule(step, rule))
            }
            Goal::Stay(fall) => {
                if let Some(step) = fold.moves().first() {
                    return step.is_up().then_some(Reached { on: None });
                }
                let next = fold.next_move();
                let is_later = next.as_ref().is_none_or(|step| step.effective_at > fall);
                is_later.then(|| Reached {
                    on: next.map(|step| step.effective_at),
                })
            }
        }
    }

    /// The fold once `acts` are done from day `first` on, and when that is.
    pub(super) fn done_from(&self, acts: &[&Example], first: i32) -> (Fold<'_>, DateTime<Utc>) {
        let last = first + i32::try_from(acts.len()).unwrap_or(i32::MAX) - 1;
        (self.spun(acts, last), self.after(last.max(first)))
    }

    /// When `acts` reach the goal, beginning today or, where today's caps are used up, tomorrow.
    pub(super) fn timing(&self, acts: &[&Example], goal: Goal<'_>) -> Option<Timing> {
        let count = i32::try_from(acts.len()).ok()?;
        (0..=1).find_map(|first| {
            let earliest = first + count - 1;
            let reached = self.reaches(acts, earliest, goal)?;
            Some(Timing {
                first,
                last: self.last_day(acts, earliest, goal),
                reached,
            })
        })
    }

    /// The last day that suffices, with the next one not sufficing; by doubling, then by halving.
    fn last_day(&self, acts: &[&Example], earliest: i32, goal: Goal<'_>) -> Option<i32> {
        let suffices = |last: i32| self.reaches(acts, last, goal).is_some();
        let (mut good, mut step) = (earliest, 1);
        let mut bad = loop {
            let ahead = good + step;
            if !suffices(ahead) {
                break ahead;
            }
            if ahead - earliest > LAST_DAY_MAX {
                return None;
            }
            good = ahead;
            step *= 2;
        };
        while bad - good > 1 {
            let middle = i32::midpoint(good, bad);
            if suffices(middle) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        Some(good)
    }
}

/// Whether a condition holds for somebody whose fold has come to `at`.
pub(super) fn holds(fold: &Fold<'_>, condition: &Condition, at: DateTime<Utc>) -> bool {
    let moment = Moment {
        rules: fold.rules(),
        state: fold.state(),
        known: fold.state().is_known_at(at),
        signs: Signs::default(),
    };
    moment.holds(condition, Day::of(at))
}

fn by_rule(step: &Transition, rule: &Rule) -> Option<Reached> {
    let is_it = step.rule == rule.id || Some(&step.rule) == rule.reentry_as.as_ref();
    is_it.then_some(Reached {
        on: Some(step.effective_at),
    })
}
