//! From values to positions.

use super::Percent;

/// A straight scale from the values `low..=high` to heights, the highest value at the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A scale over `low..=high`; where both are equal it is widened by one each way, so that the
    /// value lies in the middle.
    pub fn new(low: f64, high: f64) -> Self {
        if high > low {
            Self { low, high }
        } else {
            Self {
                low: low - 1.0,
                high: low + 1.0,
            }
        }
    }

    /// Where a value lies, as a share of the height from the top: 0 for the highest, 1 for the
    /// lowest.
    pub fn share_from_top(self, value: f64) -> f64 {
        ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Where a value lies, in per cent of the height from the top.
    pub fn percent_from_top(self, value: f64) -> Percent {
        Percent(self.share_from_top(value) * 100.0)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the positions tested are exact in binary")]
mod tests {
    use super::Scale;

    #[test]
    fn values_lie_between_top_and_bottom() {
        let scale = Scale::new(0.0, 200.0);

        assert_eq!(scale.share_from_top(200.0), 0.0);
        assert_eq!(scale.share_from_top(50.0), 0.75);
        assert_eq!(scale.share_from_top(0.0), 1.0);
        assert_eq!(scale.share_from_top(900.0), 0.0);
    }

    #[test]
    fn a_single_value_lies_in_the_middle() {
        assert_eq!(Scale::new(7.0, 7.0).share_from_top(7.0), 0.5);
    }
}
