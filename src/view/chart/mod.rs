//! The geometry of the figures: where marks, ticks and labels go, as plain numbers.
//!
//! A figure is drawn as a grid of small SVGs (axis, plot, labels) whose positions are percentages,
//! so that it survives any width while its text keeps its size. Only curves live in a stretched
//! layer, in units of [`CURVE_UNITS`] a side.
//!
//! This module must never write markup (the templates do) nor choose words beyond a tick's figure.
//! Start reading at [`area`], the largest of the figures.

pub mod area;
pub mod bars;
pub mod labels;
pub mod scale;
pub mod spark;
pub mod spiral;
pub mod ticks;
pub mod tree;

use std::fmt;

/// The width and height of a curve's own coordinate system, stretched to the plot.
pub const CURVE_UNITS: f64 = 1000.0;

/// A position or length as a share of the plot, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", Short(self.0))
    }
}

/// A labelled position on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where on the axis: from the top for heights, from the start for times.
    pub at: Percent,
    /// What is written there.
    pub label: String,
    /// Whether the label gives way where the figure is narrow.
    pub minor: bool,
}

/// A number to at most two decimals, without trailing zeros, as SVG attributes hold it.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.2}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        out.write_str(if text == "-0" { "0" } else { text })
    }
}

/// Appends a point to SVG path data, preceded by its command.
fn push_point(path: &mut String, command: char, x: f64, y: f64) {
    use fmt::Write as _;

    // Writing to a string cannot fail.
    let _ = write!(path, "{command}{},{}", Short(x), Short(y));
}

/// The share of the width at which the `index`-th of `len` points lies, first at 0 and last at 1.
fn along(index: usize, len: usize) -> f64 {
    if len < 2 {
        0.0
    } else {
        as_f64(index) / as_f64(len - 1)
    }
}

/// An index as a number; series are far shorter than the 2^53 that would lose precision.
#[expect(
    clippy::cast_precision_loss,
    reason = "indices of a series of weeks are small"
)]
fn as_f64(index: usize) -> f64 {
    index as f64
}

/// A count as a number; a loss beyond 2^53 is far below a pixel.
#[expect(
    clippy::cast_precision_loss,
    reason = "the result is a position on a screen"
)]
fn count_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_short() {
        for (value, text) in [
            (0.0, "0%"),
            (12.5, "12.5%"),
            (33.333, "33.33%"),
            (100.0, "100%"),
            (-0.001, "0%"),
        ] {
            assert_eq!(Percent(value).to_string(), text);
        }
    }
}
