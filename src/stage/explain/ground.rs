//! The rules by which things are told: those of a schedule, each in its time, or one set alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::stage::advance::{Fold, Trace};
use crate::stage::day::Day;
use crate::stage::dimension::Dimension;
use crate::stage::rules::Rules;
use crate::stage::schedule::{self, Schedule};
use crate::stage::state::State;

/// What an explanation is judged by.
#[derive(Clone, Copy)]
pub(super) struct Ground<'r> {
    /// The rules at the instant that is explained.
    pub(super) rules: &'r Rules,
    schedule: Option<&'r Schedule>,
}

impl<'r> Ground<'r> {
    /// These rules, as if they held since ever and for ever.
    pub(super) const fn alone(rules: &'r Rules) -> Self {
        Self {
            rules,
            schedule: None,
        }
    }

    /// The rules of a schedule, seen from `at`.
    pub(super) fn at(schedule: &'r Schedule, at: DateTime<Utc>) -> Self {
        Self {
            rules: schedule.in_force_at(at),
            schedule: Some(schedule),
        }
    }

    /// A fold that goes on from `state`.
    pub(super) fn fold(&self, state: &State) -> Fold<'r> {
        let terms = self.schedule.map(Schedule::terms).unwrap_or_default();
        Fold::going_on(self.rules, terms, state.clone())
    }

    /// What is left on day `to` of a point added on day `from`, in the life that was traced.
    pub(super) fn left(&self, trace: &Trace, dimension: Dimension, from: Day, to: Day) -> f64 {
        let age = |from, to| trace.age(from, to);
        let Some(schedule) = self.schedule else {
            let decay = self.rules.decay(dimension.index());
            return decay.factor(age(from, to));
        };
        let ends = to.plus(1).start() - TimeDelta::nanoseconds(1);
        let begun = schedule::place_at(schedule.terms(), ends);
        let terms = &schedule.terms()[..=begun];
        schedule::left(terms, dimension.index(), (from, to), age)
    }
}
