//! How many people warmed and cooled each week, as bars above and below a common line.

use chrono::NaiveDate;

use super::scale::Scale;
use super::ticks::{month_ticks, nice_step};
use super::{Percent, Tick, as_f64, count_f64};
use crate::view::format;

/// How many parts the whole height is divided into, about.
const HEIGHT_PARTS: u64 = 8;

/// The room left beyond the longest bar, and the least room on each side of the line, as shares of
/// the longest bars of both sides together.
const MARGIN_SHARE: f64 = 0.06;

/// The share of a week's width that its bar fills.
const BAR_SHARE: f64 = 0.68;

/// One week: the day it starts, people warmed, people cooled.
pub type Week = (NaiveDate, u64, u64);

/// A rectangle in per cent of the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The near edge, from the start.
    pub x: Percent,
    /// The upper edge, from the top.
    pub y: Percent,
    /// The width.
    pub width: Percent,
    /// The height; 0 for a week in which nobody moved this way.
    pub height: Percent,
}

/// The whole figure.
#[derive(Debug, Clone, PartialEq)]
pub struct BarFigure {
    /// People warmed, above the line.
    pub warmed: Vec<Bar>,
    /// People cooled, below the line.
    pub cooled: Vec<Bar>,
    /// Where the line is, from the top.
    pub zero: Percent,
    /// Labels of the height, both ways from the line.
    pub heights: Vec<Tick>,
    /// Labels of the time.
    pub times: Vec<Tick>,
}

/// Lays out the figure. `weeks` are in order of time and evenly spaced.
pub fn bars(weeks: &[Week]) -> BarFigure {
    let most_warmed = weeks.iter().map(|week| week.1).max().unwrap_or(0);
    let most_cooled = weeks.iter().map(|week| week.2).max().unwrap_or(0);
    let step = nice_step(most_warmed.saturating_add(most_cooled), HEIGHT_PARTS);
    let margin = (count_f64(most_warmed) + count_f64(most_cooled)).max(1.0) * MARGIN_SHARE;
    let scale = Scale::new(
        -(count_f64(most_cooled) + margin),
        count_f64(most_warmed) + margin,
    );
    let zero = scale.percent_from_top(0.0);

    let slot = 100.0 / as_f64(weeks.len().max(1));
    let bar = |index: usize, from: f64, to: f64| {
        let y = scale.percent_from_top(to);
        Bar {
            x: Percent(slot * (as_f64(index) + (1.0 - BAR_SHARE) / 2.0)),
            y,
            width: Percent(slot * BAR_SHARE),
            height: Percent(scale.percent_from_top(from).0 - y.0),
        }
    };
    let numbered = || weeks.iter().enumerate();
    BarFigure {
        warmed: numbered()
            .map(|(index, week)| bar(index, 0.0, count_f64(week.1)))
            .collect(),
        cooled: numbered()
            .map(|(index, week)| bar(index, -count_f64(week.2), 0.0))
            .collect(),
        zero,
        heights: heights(most_warmed, most_cooled, step, scale),
        times: month_ticks(&weeks.iter().map(|week| week.0).collect::<Vec<_>>(), true),
    }
}

fn heights(most_warmed: u64, most_cooled: u64, step: u64, scale: Scale) -> Vec<Tick> {
    let up = (0..=most_warmed / step).map(|index| (index * step, 1.0));
    let down = (1..=most_cooled / step).map(|index| (index * step, -1.0));
    up.chain(down)
        .map(|(value, sign)| Tick {
            at: scale.percent_from_top(sign * count_f64(value)),
            label: format::count(value),
            minor: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;

    fn weeks(moves: &[(u64, u64)]) -> Vec<Week> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        moves
            .iter()
            .zip(0_u64..)
            .map(|(&(warmed, cooled), week)| (first + Days::new(week * 7), warmed, cooled))
            .collect()
    }

    #[test]
    fn bars_grow_both_ways_from_the_line() {
        let figure = bars(&weeks(&[(20, 10), (10, 0)]));

        assert_eq!(figure.zero.to_string(), "64.88%");
        assert_eq!(figure.warmed[0].y.to_string(), "5.36%");
        assert_eq!(figure.warmed[0].height.to_string(), "59.52%");
        assert_eq!(figure.cooled[0].y.to_string(), "64.88%");
        assert_eq!(figure.cooled[0].height.to_string(), "29.76%");
        assert_eq!(figure.cooled[1].height.to_string(), "0%");
        assert_eq!(figure.warmed[1].x.to_string(), "58%");
        let labels: Vec<_> = figure
            .heights
            .iter()
            .map(|tick| tick.label.as_str())
            .collect();
        assert_eq!(labels, ["0", "5", "10", "15", "20", "5", "10"]);
    }

    #[test]
    fn quiet_weeks_still_have_a_line() {
        let figure = bars(&weeks(&[(0, 0)]));

        assert_eq!(figure.zero.to_string(), "50%");
        assert_eq!(figure.warmed[0].height.to_string(), "0%");
        assert_eq!(bars(&[]).warmed, []);
    }
}
