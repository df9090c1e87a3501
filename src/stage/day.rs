//! Whole UTC days, the only grain in which scores age.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// Seconds in a UTC day.
const DAY_SECONDS: i64 = 86_400;

/// A UTC calendar day, counted from 1970-01-01.
///
/// Ages are differences of these, never of instants: two acts of one day are equally old, so that
/// "sign up, then consent seconds later" sums to exactly what the rules say.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Day(i32);

impl Day {
    /// The day in which `instant` falls.
    pub fn of(instant: DateTime<Utc>) -> Self {
        let days = instant.timestamp().div_euclid(DAY_SECONDS);
        Self(i32::try_from(days).expect("chrono's range of years fits in 32 bits of days"))
    }

    /// The day's first instant, 00:00 UTC.
    pub fn start(self) -> DateTime<Utc> {
        Utc.from_utc_datetime(&self.date().and_time(NaiveTime::MIN))
    }

    /// The calendar date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(NaiveDate::MAX)
    }

    /// Days from `earlier` to this day; negative when this day comes first.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// The day `days` later (earlier when negative).
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Half way between two days, rounded towards `self`.
    pub(super) const fn midpoint(self, later: Self) -> Self {
        Self(self.0 + (later.0 - self.0) / 2)
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }
}

/// `days` whole days after `instant`, at the same time of day.
pub(super) fn days_after(instant: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    instant
        .checked_add_days(Days::new(u64::from(days)))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_lies_between_the_two() {
        let day = |number| Day::default().plus(number);

        for (from, to, middle) in [(10, 20, 15), (10, 11, 10), (7, 7, 7), (-4, 6, 1)] {
            assert_eq!(day(from).midpoint(day(to)), day(middle), "{from} {to}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc_and_ends_before_the_next() {
        let day = Day::from(NaiveDate::from_ymd_opt(1997, 9, 30).unwrap());

        assert_eq!(Day::of(day.start()), day);
        assert_eq!(
            Day::of(day.start() - chrono::TimeDelta::nanoseconds(1)),
            day.plus(-1)
        );
        assert_eq!(day.date().to_string(), "1997-09-30");
    }

    #[test]
    fn days_before_1970_count_downwards() {
        let day = Day::from(NaiveDate::from_ymd_opt(1969, 12, 31).unwrap());

        assert_eq!(day, Day(-1));
        assert_eq!(Day::of(day.start()), day);
    }
}
