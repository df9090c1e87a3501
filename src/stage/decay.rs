//! Halving with age, the same to the last bit on every machine.

use std::sync::Arc;

/// Ages answered from one table; older ones take a step in a second, coarser one.
const TABLE_DAYS: i32 = 2_048;
/// Steps of the coarse table: together the two reach 179 years.
const STEPS: i32 = 32;
/// Terms of the exponential series; the 24th is below the precision of `f64` on this range.
const SERIES_TERMS: i32 = 24;
/// Beyond this many half-lives nothing is left.
const HALVINGS_MAX: u64 = 1_022;

/// What is left of a weight after whole days, for one half-life. Clones share the tables.
#[derive(Debug, Clone)]
pub(super) struct Decay {
    days: Arc<[f64]>,
    steps: Arc<[f64]>,
}

impl Decay {
    pub(super) fn new(half_life_days: f64) -> Self {
        let after = |days: i32| two_to_minus(f64::from(days) / half_life_days);
        Self {
            days: (0..TABLE_DAYS).map(after).collect(),
            steps: (0..STEPS).map(|step| after(step * TABLE_DAYS)).collect(),
        }
    }

    /// The share left after `days`: all of it for an age below zero, nothing after 179 years.
    #[inline]
    pub(super) fn factor(&self, days: i32) -> f64 {
        let index = usize::try_from(days).unwrap_or_default();
        match self.days.get(index) {
            Some(factor) => *factor,
            None => self.factor_of_old(index),
        }
    }

    fn factor_of_old(&self, days: usize) -> f64 {
        match self.steps.get(days / self.days.len()) {
            Some(step) => step * self.days[days % self.days.len()],
            None => 0.0,
        }
    }
}

/// 2^-x for x ≥ 0, by arithmetic alone: the mathematics library of the platform may differ in the
/// last bit from one machine to the next, and a replay must not.
fn two_to_minus(x: f64) -> f64 {
    let whole = x.floor();
    let rest = (x - whole) * -std::f64::consts::LN_2;
    let series = (1..SERIES_TERMS)
        .rev()
        .fold(1.0, |sum, term| 1.0 + sum * rest / f64::from(term));
    series * power_of_half(whole)
}

fn power_of_half(whole: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from zero up; the cast saturates and the limit cuts it"
    )]
    let halvings = whole as u64;
    if halvings > HALVINGS_MAX {
        return 0.0;
    }
    f64::from_bits((1_023 - halvings) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platform_to_the_last_digits() {
        for tenths in 0..40_000 {
            let x = f64::from(tenths) / 10.0;
            let expected = (-x).exp2();
            let ours = two_to_minus(x);
            assert!(
                (ours - expected).abs() <= expected * 1e-15 + 1e-307,
                "{x}: {ours} {expected}"
            );
        }
    }

    #[test]
    fn halves_exactly_at_each_half_life() {
        let decay = Decay::new(60.0);

        assert_eq!(decay.factor(0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(decay.factor(60).to_bits(), 0.5_f64.to_bits());
        assert_eq!(decay.factor(60 * 30).to_bits(), 0.5_f64.powi(30).to_bits());
        assert!((decay.factor(60 * 90) / 0.5_f64.powi(90) - 1.0).abs() < 1e-15);
        assert_eq!(decay.factor(i32::MAX).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn never_rises_with_age() {
        let decay = Decay::new(365.0);

        assert!((0..5_000).all(|day| decay.factor(day + 1) < decay.factor(day)));
    }
}
