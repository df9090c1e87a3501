//! Amounts that add up to the same sum in any order.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Parts of a currency's unit that are told apart.
const PARTS: f64 = 10_000.0;

/// An amount in some currency, to a ten-thousandth of its unit. A plain number in JSON.
///
/// Kept as a whole number, so that shards of a preview add up to the same sum whichever is ready
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// The nearest amount; an amount beyond 922 million million is cut there.
    pub fn of(amount: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float outside the range becomes the end of the range"
        )]
        Self((amount * PARTS).round() as i64)
    }

    /// The amount in units of its currency.
    pub fn amount(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact to a ten-thousandth below 900 thousand million"
        )]
        let parts = self.0 as f64;
        parts / PARTS
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.amount().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        f64::deserialize(from).map(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_the_order() {
        let amounts = [0.1, 0.2, 0.3, 1e9, 29.33, -0.6];

        let forth = amounts
            .iter()
            .fold(Money::default(), |sum, amount| sum.plus(Money::of(*amount)));
        let back = amounts
            .iter()
            .rev()
            .fold(Money::default(), |sum, amount| sum.plus(Money::of(*amount)));

        assert_eq!(forth, back);
        assert_eq!(forth, Money::of(1_000_000_029.33));
        let json = serde_json::to_string(&forth).unwrap();
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), forth);
    }
}
