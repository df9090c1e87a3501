//! The rules by which things are told: those of a schedule, each in its time, or one set alone.

use chrono::{DateTime, Utc};

use crate::stage::advance::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::Dimension;
use crate::stage::rules::Rules;
use crate::stage::schedule::Schedule;
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

    /// What is left on day `to` of a point added on day `from`.
    pub(super) fn left(&self, dimension: Dimension, from: Day, to: Day) -> f64 {
        match self.schedule {
            Some(schedule) => schedule.left(dimension, from, to),
            None => self.rules.decay(dimension.index()).factor(to.since(from)),
        }
    }
}
