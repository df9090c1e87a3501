//! What time alone brings about.

use chrono::{DateTime, TimeDelta, Utc};

use super::Fold;
use super::moves::Trigger;
use crate::stage::day::Day;
use crate::stage::evaluate::{Moment, Signs, Stretch};

/// Changes that silence may bring about in one go; far more than rules that settle ever need.
const CHANGES_MAX: usize = 1_000;
/// How far ahead a change is looked for: a century.
const HORIZON_DAYS: i32 = 36_525;

/// The next thing that happens if nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// A rule comes to hold as this day begins.
    Rule(Day),
    /// The profile is known from here on.
    Known(DateTime<Utc>),
    /// A dispute's clock runs out.
    Dispute(DateTime<Utc>),
}

impl Change {
    fn at(self) -> DateTime<Utc> {
        match self {
            Self::Rule(day) => day.start(),
            Self::Known(at) | Self::Dispute(at) => at,
        }
    }
}

impl Fold<'_> {
    /// Brings about all that changes by itself up to and including `until`.
    pub(super) fn pass_time(&mut self, until: DateTime<Utc>) {
        let Some(mut now) = self.start_of_silence() else {
            return;
        };
        for _ in 0..CHANGES_MAX {
            let Some(change) = self.change_after(now, until) else {
                return;
            };
            now = change.at();
            self.signs = Signs::default();
            self.added = Default::default();
            self.counted = false;
            match change {
                Change::Rule(day) => {
                    self.wake_by_itself(now);
                    self.evaluate(now, Trigger::Day(day));
                }
                Change::Known(at) => {
                    if self.state.since.is_none() {
                        self.state.since = Some(at);
                        self.state.settled = Some(at);
                    }
                    self.evaluate(now, Trigger::Known);
                }
                Change::Dispute(at) => self.run_out(at),
            }
        }
    }

    /// The next instant at which the stage or a condition changes by itself.
    pub(in crate::stage) fn next_change(&self) -> Option<DateTime<Utc>> {
        let mut now = self.start_of_silence()?;
        let horizon = Day::of(now).plus(HORIZON_DAYS).start();
        for _ in 0..CHANGES_MAX {
            match self.change_after(now, horizon)? {
                Change::Rule(day) => return Some(day.start()),
                Change::Dispute(at) => return Some(at),
                Change::Known(at) if self.known_would_move(at) => return Some(at),
                Change::Known(at) => now = at,
            }
        }
        None
    }

    /// The last change, or just before the profile is known: nothing can happen any earlier.
    fn start_of_silence(&self) -> Option<DateTime<Utc>> {
        let before_known = || {
            self.state
                .known_since
                .map(|at| at - TimeDelta::nanoseconds(1))
        };
        self.state.settled.or_else(before_known)
    }

    fn known_would_move(&self, at: DateTime<Utc>) -> bool {
        let moment = self.moment(at);
        let mut rules = self.rules.up(self.state.stage);
        (!self.state.estranged && rules.any(|(_, rule)| moment.holds(&rule.when, Day::of(at))))
            || self.layers_would_invite(at)
    }

    fn change_after(&self, now: DateTime<Utc>, until: DateTime<Utc>) -> Option<Change> {
        let fixed = self
            .fixed_change_after(now)
            .filter(|change| change.at() <= until);
        let mut last = Day::of(until);
        if let Some(fixed) = fixed {
            // What is due at midnight is judged together with the day that then begins.
            last = Day::of(fixed.at() - TimeDelta::nanoseconds(1));
        }
        let stretch = Stretch {
            first: Day::of(now).plus(1),
            last,
        };
        let moment = Moment {
            signs: Signs::default(),
            ..self.moment(now)
        };
        self.first_move(&moment, stretch)
            .map(Change::Rule)
            .or(fixed)
    }

    /// What is due at a set instant.
    fn fixed_change_after(&self, now: DateTime<Utc>) -> Option<Change> {
        let due = self
            .state
            .disputes
            .iter()
            .filter_map(|dispute| dispute.due)
            .min();
        let known = self.state.known_since.filter(|at| *at > now);
        match (due, known) {
            (Some(due), Some(known)) if known < due => Some(Change::Known(known)),
            (Some(due), _) => Some(Change::Dispute(due)),
            (None, known) => known.map(Change::Known),
        }
    }

    /// The first day of the stretch on which anything changes.
    fn first_move(&self, moment: &Moment<'_>, mut stretch: Stretch) -> Option<Day> {
        let mut found = self
            .state
            .wakes_on()
            .map(|day| day.max(stretch.first))
            .filter(|day| *day <= stretch.last);
        if let Some(day) = found {
            stretch.last = day.plus(-1);
        }
        if !self.state.resting
            && let Some(day) = self.first_stage_day(moment, stretch)
        {
            found = Some(day);
            stretch.last = day.plus(-1);
        }
        self.first_layer_day(moment, stretch).or(found)
    }

    /// The first day of the stretch on which a rule of the base moves the profile.
    fn first_stage_day(&self, moment: &Moment<'_>, mut stretch: Stretch) -> Option<Day> {
        let mut found = None;
        let stage = self.state.stage;
        let down = self.rules.down(stage);
        // Whoever was lost comes back by an act of their own, not by waiting.
        let up = self.rules.up(stage).filter(|_| !self.state.estranged);
        for (_, rule) in down.chain(up) {
            if let Some(day) = moment.first_day(&rule.when, stretch) {
                found = Some(day);
                stretch.last = day.plus(-1);
            }
        }
        found
    }
}
