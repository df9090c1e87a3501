//! A small line on its own scale: shape, not size.

use super::scale::Scale;
use super::{CURVE_UNITS, Percent, along, count_f64, push_point};

/// A sparkline.
#[derive(Debug, Clone, PartialEq)]
pub struct Spark {
    /// Path data in [`CURVE_UNITS`] a side.
    pub line: String,
    /// The height of the last value, from the top, where the dot sits.
    pub end: Percent,
}

/// The sparkline of a series, or none for fewer than two values.
pub fn spark(values: &[u64]) -> Option<Spark> {
    let (first, last) = (values.first()?, values.last()?);
    if values.len() < 2 {
        return None;
    }
    let low = values.iter().min().unwrap_or(first);
    let high = values.iter().max().unwrap_or(first);
    let scale = Scale::new(count_f64(*low), count_f64(*high));
    let mut line = String::new();
    for (index, &value) in values.iter().enumerate() {
        push_point(
            &mut line,
            if index == 0 { 'M' } else { 'L' },
            along(index, values.len()) * CURVE_UNITS,
            scale.share_from_top(count_f64(value)) * CURVE_UNITS,
        );
    }
    Some(Spark {
        line,
        end: scale.percent_from_top(count_f64(*last)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Percent, spark};

    #[test]
    fn the_line_fills_its_own_scale() {
        let drawn = spark(&[10, 20, 15]).unwrap();

        assert_eq!(drawn.line, "M0,1000L500,0L1000,500");
        assert_eq!(drawn.end, Percent(50.0));
    }

    #[test]
    fn a_flat_series_runs_through_the_middle() {
        assert_eq!(spark(&[4, 4]).unwrap().line, "M0,500L1000,500");
    }

    #[test]
    fn fewer_than_two_values_are_no_line() {
        assert_eq!(spark(&[]), None);
        assert_eq!(spark(&[3]), None);
    }
}
