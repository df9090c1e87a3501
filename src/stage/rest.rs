//! Hibernation: days on which nothing fades.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::state::State;

/// Days on which the relationship hibernated: a score is at the end of `until` what it was at the
/// end of `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) from: Day,
    pub(super) until: Day,
}

impl Rest {
    /// Days of the rest between the ends of two days.
    pub(super) fn between(self, from: Day, to: Day) -> i32 {
        self.until.min(to).since(self.from.max(from)).max(0)
    }
}

impl State {
    /// By how many days what is of `from` has aged on `to`: those that were not rest.
    #[inline]
    pub(super) fn age(&self, from: Day, to: Day) -> i32 {
        let days = to.since(from);
        if self.rests.is_empty() {
            return days;
        }
        days - self.rested(from, to)
    }

    fn rested(&self, from: Day, to: Day) -> i32 {
        self.rests.iter().map(|rest| rest.between(from, to)).sum()
    }

    /// The day on which the relationship wakes by itself; none while it is awake.
    pub(super) fn wakes_on(&self) -> Option<Day> {
        let last = self.rests.last().filter(|_| self.resting)?;
        Some(last.until)
    }

    /// Until when the whole relationship hibernates; none while it is awake.
    pub fn hibernating_until(&self) -> Option<DateTime<Utc>> {
        self.wakes_on().map(Day::start)
    }
}
