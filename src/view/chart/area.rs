//! How a whole divides into stages over time, as stacked areas with the advocates at the bottom.

use chrono::NaiveDate;

use super::labels::spread;
use super::scale::Scale;
use super::ticks::{month_ticks, nice_ticks};
use super::{CURVE_UNITS, Percent, Tick, along, count_f64, push_point};
use crate::view::StageTag;
use crate::view::format;

/// How many parts the height is divided into, at most.
const HEIGHT_PARTS: u64 = 4;

/// The least distance between two side labels, in per cent of the plot's height.
const LABEL_GAP_PERCENT: f64 = 9.0;

/// Whether the areas show people or shares of all people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// People at each stage.
    #[default]
    People,
    /// Each stage's share of all people, in per cent.
    Share,
}

impl Mix {
    /// Reads the `mix` parameter of an address; anything but `share` means people.
    pub fn from_parameter(text: &str) -> Self {
        if text == "share" {
            Self::Share
        } else {
            Self::People
        }
    }

    /// Whether shares are shown.
    pub fn is_share(self) -> bool {
        self == Self::Share
    }
}

/// One stage's area.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The stage.
    pub stage: StageTag,
    /// Path data of the filled area, in [`CURVE_UNITS`] a side.
    pub area: String,
    /// Path data of its upper edge.
    pub edge: String,
}

/// The name and latest figure of a stage, beside the end of its area.
#[derive(Debug, Clone, PartialEq)]
pub struct SideLabel {
    /// The stage.
    pub stage: StageTag,
    /// The height of the text's middle, from the top.
    pub at: Percent,
    /// The stage's latest figure, as in `1,204` or `23 %`.
    pub figure: String,
}

/// The whole figure.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaFigure {
    /// What the height shows.
    pub mix: Mix,
    /// The areas, warmest (bottom) first.
    pub bands: Vec<Band>,
    /// Labels of the height.
    pub heights: Vec<Tick>,
    /// Labels of the time.
    pub times: Vec<Tick>,
    /// Names at the end of the areas.
    pub labels: Vec<SideLabel>,
}

/// One point in time: a day, and the people at each stage by tier.
pub type Point = (NaiveDate, [u64; 4]);

/// Lays out the figure. `points` are in order of time and evenly spaced.
pub fn area(points: &[Point], mix: Mix) -> AreaFigure {
    let totals: Vec<u64> = points.iter().map(|(_, tiers)| tiers.iter().sum()).collect();
    let top = match mix {
        Mix::People => totals.iter().copied().max().unwrap_or(0),
        Mix::Share => 100,
    };
    let ticks = match mix {
        Mix::People => nice_ticks(top, HEIGHT_PARTS),
        Mix::Share => vec![0, 25, 50, 75, 100],
    };
    let scale = Scale::new(0.0, count_f64(ticks.last().copied().unwrap_or(1)));

    let mut floor = vec![0.0; points.len()];
    let mut bands = Vec::with_capacity(4);
    let mut middles = Vec::with_capacity(4);
    for stage in StageTag::WARMEST_FIRST {
        let ceiling: Vec<f64> = points
            .iter()
            .zip(&totals)
            .zip(&floor)
            .map(|(((_, tiers), &total), &below)| below + height(tiers[stage.tier()], total, mix))
            .collect();
        bands.push(band(stage, &floor, &ceiling, scale));
        if let (Some(&low), Some(&high)) = (floor.last(), ceiling.last()) {
            middles.push(scale.percent_from_top(f64::midpoint(low, high)).0);
        }
        floor = ceiling;
    }
    AreaFigure {
        mix,
        bands,
        heights: ticks
            .iter()
            .map(|&value| Tick {
                at: scale.percent_from_top(count_f64(value)),
                label: match mix {
                    Mix::People => format::count(value),
                    Mix::Share => format!("{value} %"),
                },
                minor: false,
            })
            .collect(),
        times: month_ticks(
            &points.iter().map(|&(day, _)| day).collect::<Vec<_>>(),
            false,
        ),
        labels: side_labels(points.last(), &middles, mix),
    }
}

fn height(people: u64, total: u64, mix: Mix) -> f64 {
    match mix {
        Mix::People => count_f64(people),
        Mix::Share if total == 0 => 0.0,
        Mix::Share => count_f64(people) / count_f64(total) * 100.0,
    }
}

fn band(stage: StageTag, floor: &[f64], ceiling: &[f64], scale: Scale) -> Band {
    let x = |index: usize| along(index, ceiling.len()) * CURVE_UNITS;
    let y = |value: f64| scale.share_from_top(value) * CURVE_UNITS;
    let mut edge = String::new();
    for (index, &value) in ceiling.iter().enumerate() {
        push_point(
            &mut edge,
            if index == 0 { 'M' } else { 'L' },
            x(index),
            y(value),
        );
    }
    if let [only] = ceiling {
        push_point(&mut edge, 'L', CURVE_UNITS, y(*only));
    }
    let mut area = edge.clone();
    if let [only] = floor {
        push_point(&mut area, 'L', CURVE_UNITS, y(*only));
    }
    for (index, &value) in floor.iter().enumerate().rev() {
        push_point(&mut area, 'L', x(index), y(value));
    }
    if !area.is_empty() {
        area.push('Z');
    }
    Band { stage, area, edge }
}

fn side_labels(last: Option<&Point>, middles: &[f64], mix: Mix) -> Vec<SideLabel> {
    let Some((_, tiers)) = last else {
        return Vec::new();
    };
    let total = tiers.iter().sum();
    let placed = spread(middles, LABEL_GAP_PERCENT, 4.0, 96.0);
    StageTag::WARMEST_FIRST
        .into_iter()
        .zip(placed)
        .map(|(stage, at)| SideLabel {
            stage,
            at: Percent(at),
            figure: match mix {
                Mix::People => format::count(tiers[stage.tier()]),
                Mix::Share => format::share(tiers[stage.tier()], total),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;

    fn points(tiers: &[[u64; 4]]) -> Vec<Point> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        tiers
            .iter()
            .zip(0_u64..)
            .map(|(&tiers, week)| (first + Days::new(week * 7), tiers))
            .collect()
    }

    #[test]
    fn areas_stack_from_the_advocates_up() {
        let figure = area(&points(&[[4, 3, 2, 1], [2, 2, 2, 2]]), Mix::People);

        let areas: Vec<_> = figure.bands.iter().map(|band| band.area.as_str()).collect();
        assert_eq!(
            areas,
            [
                "M0,900L1000,800L1000,1000L0,1000Z",
                "M0,700L1000,600L1000,800L0,900Z",
                "M0,400L1000,400L1000,600L0,700Z",
                "M0,0L1000,200L1000,400L0,400Z",
            ]
        );
        assert_eq!(figure.bands[0].stage, StageTag::Advocate);
        let heights: Vec<_> = figure
            .heights
            .iter()
            .map(|tick| tick.label.as_str())
            .collect();
        assert_eq!(heights, ["0", "5", "10"]);
    }

    #[test]
    fn shares_fill_the_height() {
        let figure = area(&points(&[[1, 0, 0, 1], [0, 0, 0, 0]]), Mix::Share);

        assert_eq!(figure.bands[0].edge, "M0,500L1000,1000");
        assert_eq!(figure.bands[3].edge, "M0,0L1000,1000");
        assert_eq!(figure.heights.last().unwrap().label, "100 %");
    }

    #[test]
    fn one_point_is_drawn_across_and_none_is_drawn_empty() {
        assert_eq!(
            area(&points(&[[0, 0, 0, 1]]), Mix::People).bands[0].area,
            "M0,0L1000,0L1000,1000L0,1000Z"
        );
        let empty = area(&[], Mix::People);
        assert_eq!(empty.bands[0].area, "");
        assert_eq!(empty.labels, []);
    }

    #[test]
    fn labels_of_thin_areas_do_not_overlap() {
        let figure = area(&points(&[[1000, 1, 1, 1]]), Mix::People);

        for pair in figure.labels.windows(2) {
            assert!(pair[0].at.0 - pair[1].at.0 >= LABEL_GAP_PERCENT - 1e-9);
        }
        assert_eq!(figure.labels[3].figure, "1,000");
    }
}
