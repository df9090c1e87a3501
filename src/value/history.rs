//! What the models know of a customer: how often, how lately, for how long, and what was spent.

/// Somebody's purchases within one period, such as a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Purchase {
    /// The period's number: any count of periods that grows by one from each to the next.
    pub period: i32,
    /// What was spent in it, in the currency reckoned in; none if that is not known.
    pub amount: Option<f64>,
}

/// When somebody bought, as BG/NBD sees it. The first purchase only begins it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct History {
    repeats: u32,
    recency: f64,
    age: f64,
}

/// What somebody spent on the periods after their first in which they bought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// On how many such periods the amount is known and positive; at least 1.
    pub periods: u32,
    /// The mean of those amounts; positive.
    pub mean: f64,
}

impl History {
    /// A history of `repeats` periods with a purchase after the first one (`x` in the paper), the last
    /// of them `recency` after it (`t_x`), seen `age` after it (T). None unless 0 ≤ recency ≤ age,
    /// both finite, and recency is 0 exactly where there was no repeat.
    pub fn new(repeats: u32, recency: f64, age: f64) -> Option<Self> {
        let in_range = age.is_finite() && (0.0..=age).contains(&recency);
        (in_range && (repeats == 0) == (recency == 0.0)).then_some(Self {
            repeats,
            recency,
            age,
        })
    }

    /// The history of these purchases, in any order, as known at the end of the period `end`, and
    /// what was spent. Later purchases are left out; purchases of one period are one, and their
    /// amounts add. None if there is no purchase up to `end`.
    pub fn of(purchases: &[Purchase], end: i32) -> Option<(Self, Option<Spending>)> {
        let mut known: Vec<Purchase> = purchases
            .iter()
            .filter(|purchase| purchase.period <= end)
            .copied()
            .collect();
        known.sort_unstable_by_key(|purchase| purchase.period);
        let first = known.first()?.period;
        let (mut repeats, mut last) = (0, first);
        let (mut paid_periods, mut paid) = (0_u32, 0.0);
        for day in known.chunk_by(|left, right| left.period == right.period) {
            if day[0].period == first {
                continue;
            }
            repeats += 1;
            last = day[0].period;
            let amount: f64 = day.iter().filter_map(|purchase| purchase.amount).sum();
            if amount > 0.0 && amount.is_finite() {
                paid_periods += 1;
                paid += amount;
            }
        }
        let since_first = |period: i32| f64::from(period) - f64::from(first);
        let history = Self {
            repeats,
            recency: since_first(last),
            age: since_first(end),
        };
        let spending = Spending::new(paid_periods, paid / f64::from(paid_periods));
        Some((history, spending))
    }

    /// The same in units `factor` times as long: 7 makes weeks of days.
    #[must_use]
    pub fn in_units_of(self, factor: f64) -> Self {
        debug_assert!(factor.is_finite() && factor > 0.0, "{factor} is no unit");
        Self {
            repeats: self.repeats,
            recency: self.recency / factor,
            age: self.age / factor,
        }
    }

    /// Periods with a purchase after the first one: x.
    pub const fn repeats(self) -> u32 {
        self.repeats
    }

    /// From the first purchase to the last: `t_x`.
    pub const fn recency(self) -> f64 {
        self.recency
    }

    /// From the first purchase to now: T.
    pub const fn age(self) -> f64 {
        self.age
    }
}

impl Spending {
    /// None unless there is at least one period and the mean is positive and finite.
    pub fn new(periods: u32, mean: f64) -> Option<Self> {
        (periods > 0 && mean > 0.0 && mean.is_finite()).then_some(Self { periods, mean })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(period: i32, amount: f64) -> Purchase {
        Purchase {
            period,
            amount: Some(amount),
        }
    }

    #[test]
    fn purchases_of_one_day_are_one_and_the_first_day_only_begins() {
        let purchases = [
            purchase(30, 5.0),
            purchase(10, 99.0),
            purchase(10, 1.0),
            purchase(20, 7.0),
            purchase(30, 2.0),
            purchase(41, 1000.0),
        ];

        let (history, spending) = History::of(&purchases, 40).unwrap();

        assert_eq!(History::new(2, 20.0, 30.0), Some(history));
        assert_eq!(Spending::new(2, 7.0), spending);
    }

    #[test]
    fn one_day_is_no_repeat_and_none_is_no_history() {
        let (history, spending) = History::of(&[purchase(10, 9.0)], 10).unwrap();

        assert_eq!(History::new(0, 0.0, 0.0), Some(history));
        assert_eq!(spending, None);
        assert_eq!(History::of(&[purchase(11, 9.0)], 10), None);
        assert_eq!(History::of(&[], 10), None);
    }

    #[test]
    fn days_whose_amount_is_unknown_or_nothing_are_left_out_of_the_mean() {
        let unknown = Purchase {
            period: 3,
            amount: None,
        };
        let purchases = [
            purchase(1, 4.0),
            purchase(2, 6.0),
            unknown,
            purchase(4, 0.0),
        ];

        let (history, spending) = History::of(&purchases, 9).unwrap();

        assert_eq!(history.repeats(), 3);
        assert_eq!(Spending::new(1, 6.0), spending);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (repeats, recency, age) in [
            (1, 5.0, 4.0),
            (1, 0.0, 4.0),
            (0, 1.0, 4.0),
            (1, -1.0, 4.0),
            (1, 1.0, f64::NAN),
            (1, f64::NAN, 4.0),
            (1, 1.0, f64::INFINITY),
        ] {
            assert_eq!(History::new(repeats, recency, age), None);
        }
        assert_eq!(Spending::new(0, f64::NAN), None);
        assert_eq!(Spending::new(3, -1.0), None);
    }
}
