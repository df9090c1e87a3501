//! Turns of a relationship as a spiral: each turn goes round once, each layer is a ring, and what is
//! closer to the middle is closer.

use std::f64::consts::TAU;

use super::{Short, as_f64, push_point};

/// The width and height of the figure's coordinate system; its middle is half of it.
pub const SPIRAL_UNITS: f64 = 200.0;

/// The radius of the outermost ring.
const RADIUS: f64 = 96.0;

/// The radius of what is left free in the middle.
const RADIUS_FREE: f64 = 16.0;

/// Points on one round of the spiral.
const POINTS: u32 = 48;

/// A turn to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnMark {
    /// In how many layers they were: 0 for the base.
    pub depth: usize,
    /// How much of the round is drawn, 0 to 1.
    pub share: f64,
}

/// The figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Spiral {
    /// Radii of the rings' outer edges, the base first.
    pub rings: Vec<Length>,
    /// Path data of each turn, in the order given.
    pub turns: Vec<String>,
    /// Where the last turn ends.
    pub end: Option<Point>,
}

/// A length within the figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length(f64);

impl std::fmt::Display for Length {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", Short(self.0))
    }
}

/// A place within the figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: Length,
    /// From the top.
    pub y: Length,
}

/// Draws turns, earliest first, each beginning at the top and going round clockwise, on at least
/// `rings` rings. Turns that follow each other in one layer share its ring.
pub fn spiral(turns: &[TurnMark], rings: usize) -> Spiral {
    let deepest = turns.iter().map(|turn| turn.depth).max().unwrap_or(0);
    let rings = rings.max(deepest + 1);
    let band = (RADIUS - RADIUS_FREE) / as_f64(rings);
    let outer = |depth: usize| RADIUS - as_f64(depth) * band;
    let mut paths = Vec::with_capacity(turns.len());
    let mut end = None;
    for run in turns.chunk_by(|left, right| left.depth == right.depth) {
        let step = band / as_f64(run.len());
        for (index, turn) in run.iter().enumerate() {
            let from = outer(turn.depth) - as_f64(index) * step;
            let (path, last) = round(from, step, turn.share.clamp(0.0, 1.0));
            paths.push(path);
            end = Some(last);
        }
    }
    Spiral {
        rings: (0..rings).map(|depth| Length(outer(depth))).collect(),
        turns: paths,
        end,
    }
}

/// One round from the radius `from`, which shrinks by `step` over a whole round.
fn round(from: f64, step: f64, share: f64) -> (String, Point) {
    let mut path = String::new();
    let mut last = at(from, 0.0);
    for point in 0..=POINTS {
        let done = share * f64::from(point) / f64::from(POINTS);
        last = at(from - done * step, done);
        let command = if point == 0 { 'M' } else { 'L' };
        push_point(&mut path, command, last.x.0, last.y.0);
    }
    (path, last)
}

/// The place at a radius after a share of the round.
fn at(radius: f64, share: f64) -> Point {
    let (sine, cosine) = (share * TAU).sin_cos();
    let middle = SPIRAL_UNITS / 2.0;
    Point {
        x: Length(middle + radius * sine),
        y: Length(middle - radius * cosine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places at the top, right, bottom, left and top again of a whole round.
    fn quarters(path: &str) -> Vec<&str> {
        let points: Vec<&str> = path[1..].split('L').collect();
        [0, 12, 24, 36, 48].map(|point| points[point]).into()
    }

    fn whole(depth: usize) -> TurnMark {
        TurnMark { depth, share: 1.0 }
    }

    #[test]
    fn turns_of_one_layer_wind_inwards_through_its_ring() {
        let drawn = spiral(&[whole(0), whole(0)], 1);

        assert_eq!(
            quarters(&drawn.turns[0]),
            ["100,4", "186,100", "100,176", "34,100", "100,44"]
        );
        assert_eq!(
            quarters(&drawn.turns[1]),
            ["100,44", "146,100", "100,136", "74,100", "100,84"]
        );
        assert_eq!(drawn.rings, [Length(96.0)]);
    }

    #[test]
    fn a_deeper_layer_has_a_ring_further_in_and_leaving_it_leads_out_again() {
        let drawn = spiral(&[whole(0), whole(1), whole(0)], 1);

        assert_eq!(drawn.rings, [Length(96.0), Length(56.0)]);
        let starts: Vec<_> = drawn.turns.iter().map(|path| quarters(path)[0]).collect();
        assert_eq!(starts, ["100,4", "100,44", "100,4"]);
    }

    #[test]
    fn a_turn_under_way_ends_where_its_step_is() {
        let half = TurnMark {
            depth: 0,
            share: 0.5,
        };

        let end = spiral(&[half], 1).end.expect("a turn");

        assert_eq!(
            (end.x.to_string(), end.y.to_string()),
            ("100".to_owned(), "156".to_owned())
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing_but_its_rings() {
        let drawn = spiral(&[], 2);

        assert_eq!((drawn.rings.len(), drawn.turns.len()), (2, 0));
        assert_eq!(drawn.end, None);
    }
}
