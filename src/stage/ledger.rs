//! The day ledger: what each UTC day added to each dimension, never decayed.

use serde::{Deserialize, Serialize};

use super::day::Day;
use super::dimension::{Dimension, Scores};
use super::exact;
use super::rules::Rules;

/// What one UTC day added to one dimension, after caps and with refunds taken out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The day.
    pub day: Day,
    /// The dimension.
    pub dimension: Dimension,
    /// Points, before any decay; as text in JSON, so that it comes back exactly.
    #[serde(with = "exact")]
    pub amount: f64,
}

impl LedgerEntry {
    const fn key(&self) -> (Day, Dimension) {
        (self.day, self.dimension)
    }
}

/// Sums per day and dimension. Adding is all there is to it: two ledgers merge by adding, in any
/// order, which is what makes profiles mergeable and the order of arrival irrelevant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger(Vec<LedgerEntry>);

impl Ledger {
    /// The entries, by day, then by dimension.
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.0
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds `amount` to a day.
    #[inline]
    pub fn add(&mut self, entry: LedgerEntry) {
        let from = match self.0.last_mut() {
            None => return self.0.push(entry),
            Some(last) if last.key() == entry.key() => {
                last.amount += entry.amount;
                return;
            }
            Some(last) if last.key() < entry.key() => return self.0.push(entry),
            Some(_) => self.0.binary_search_by_key(&entry.key(), LedgerEntry::key),
        };
        match from {
            Ok(place) => self.0[place].amount += entry.amount,
            Err(place) => self.0.insert(place, entry),
        }
    }

    /// Adds every entry of `other`.
    pub fn merge(&mut self, other: &Self) {
        for entry in &other.0 {
            self.add(*entry);
        }
    }

    /// Drops the entries of days before `day`.
    pub(super) fn forget_before(&mut self, day: Day) {
        let gone = self.0.iter().take_while(|entry| entry.day < day).count();
        self.0.drain(..gone);
    }

    /// The scores on `day`, from entries up to and including it.
    pub fn scores(&self, rules: &Rules, day: Day) -> Scores {
        let mut sums = [0.0; 4];
        for entry in self.0.iter().filter(|entry| entry.day <= day) {
            let dimension = entry.dimension.index();
            sums[dimension] += entry.amount * rules.decay(dimension).factor(day.since(entry.day));
        }
        sums.into()
    }
}

impl FromIterator<LedgerEntry> for Ledger {
    fn from_iter<I: IntoIterator<Item = LedgerEntry>>(entries: I) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.add(entry);
        }
        ledger
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
        let entry =
            (0..20_i32, 0..4_usize, -24..24_i32).prop_map(|(day, dimension, halves)| LedgerEntry {
                day: Day::default().plus(day),
                dimension: Dimension::ALL[dimension],
                amount: f64::from(halves) / 2.0,
            });
        prop::collection::vec(entry, 0..40)
    }

    proptest! {
        #[test]
        fn merging_is_adding_in_any_order(left in entries(), right in entries()) {
            let together: Ledger = left.iter().chain(&right).rev().copied().collect();

            let mut merged: Ledger = left.into_iter().collect();
            merged.merge(&right.into_iter().collect());

            prop_assert_eq!(merged, together);
        }
    }

    #[test]
    fn days_before_are_forgotten_and_the_day_itself_is_kept() {
        let entry = |day: i32| LedgerEntry {
            day: Day::default().plus(day),
            dimension: Dimension::Trust,
            amount: 1.0,
        };
        let mut ledger: Ledger = [entry(3), entry(4), entry(5)].into_iter().collect();

        ledger.forget_before(Day::default().plus(4));

        assert_eq!(ledger.entries(), [entry(4), entry(5)]);
        assert!(!ledger.is_empty());
        ledger.forget_before(Day::default().plus(9));
        assert!(ledger.is_empty() && Ledger::default().is_empty());
    }

    #[test]
    fn a_score_is_the_sum_of_what_is_left_of_each_day() {
        let rules = Rules::default_rules();
        let first = Day::default();
        let order = |day: i32| LedgerEntry {
            day: first.plus(day),
            dimension: Dimension::Investment,
            amount: 10.0,
        };
        let ledger: Ledger = [order(180), order(0), order(400)].into_iter().collect();

        let scores = ledger.scores(&rules, first.plus(180));

        assert!((scores.investment - 15.0).abs() < 1e-12, "{scores:?}");
    }
}
