//! Round numbers for axes.

use chrono::{Datelike, NaiveDate};

use super::{Percent, Tick, along};
use crate::view::format;

/// The most month labels an axis shows at full width.
const MONTH_LABELS_MAX: usize = 13;

/// How near the end of the axis, in per cent, a label no longer fits.
const LABEL_ROOM_PERCENT: f64 = 96.0;

/// The step between ticks, 1, 2 or 5 times a power of ten, that divides `max` into at most `parts`.
///
/// At least 1, because what is counted comes in wholes.
pub fn nice_step(max: u64, parts: u64) -> u64 {
    let least = max.div_ceil(parts.max(1)).max(1);
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step >= least {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// The multiples of a [`nice_step`] from 0 to the first that is at least `max`; never fewer than
/// two.
pub fn nice_ticks(max: u64, parts: u64) -> Vec<u64> {
    let step = nice_step(max, parts);
    let top = max.div_ceil(step).max(1);
    (0..=top).map(|index| index.saturating_mul(step)).collect()
}

/// Labels at the first of `days` in each month, thinned to fit.
///
/// `days` are in order and evenly spaced. Every second label is minor. Where no month begins within
/// the days, the first day is labelled.
pub fn month_ticks(days: &[NaiveDate], centred: bool) -> Vec<Tick> {
    let position = |index: usize| {
        if centred {
            (super::as_f64(index) + 0.5) / super::as_f64(days.len()) * 100.0
        } else {
            along(index, days.len()) * 100.0
        }
    };
    let starts: Vec<usize> = days
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0].month() != pair[1].month())
        .map(|(index, _)| index + 1)
        .filter(|&index| position(index) <= LABEL_ROOM_PERCENT)
        .collect();
    if starts.is_empty() {
        return days
            .first()
            .map(|&day| Tick {
                at: Percent(position(0)),
                label: format::day_short(day),
                minor: false,
            })
            .into_iter()
            .collect();
    }
    let every = starts.len().div_ceil(MONTH_LABELS_MAX);
    // A short axis has room for each of its few labels.
    let thin = starts.len() > 4;
    starts
        .into_iter()
        .step_by(every)
        .enumerate()
        .map(|(nth, index)| Tick {
            at: Percent(position(index)),
            label: format::month_short(days[index]),
            minor: thin && nth % 3 != 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_reach_the_maximum() {
        for (max, ticks) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (3, vec![0, 1, 2, 3]),
            (7, vec![0, 2, 4, 6, 8]),
            (41, vec![0, 20, 40, 60]),
            (4_812, vec![0, 2_000, 4_000, 6_000]),
        ] {
            assert_eq!(nice_ticks(max, 4), ticks, "{max}");
        }
    }

    #[test]
    fn months_are_labelled_where_they_begin() {
        let first = NaiveDate::from_ymd_opt(2025, 12, 8).unwrap();
        let days: Vec<_> = (0..12).map(|week| first + Days::new(week * 7)).collect();

        let ticks = month_ticks(&days, false);

        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["2026", "Feb"]);
        assert_eq!(ticks[0].at.to_string(), "36.36%");
    }

    #[test]
    fn days_within_one_month_are_labelled_once() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();

        let ticks = month_ticks(&[day, day + Days::new(7)], true);

        assert_eq!(ticks.len(), 1);
        assert_eq!(ticks[0].label, "2 Mar");
        assert_eq!(month_ticks(&[], false), []);
    }

    proptest! {
        #[test]
        fn ticks_are_few_and_enclose(max in 0_u64..u64::MAX / 4, parts in 1_u64..10) {
            let ticks = nice_ticks(max, parts);

            prop_assert!(ticks.len() >= 2 && ticks.len() as u64 <= parts + 1);
            prop_assert!(*ticks.last().unwrap() >= max);
        }
    }
}
