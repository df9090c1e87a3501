//! Gamma-Gamma: what somebody spends each time.
//!
//! The amounts of one customer vary as Gamma(p, ν) about a mean of their own, and ν varies over
//! customers as Gamma(q, v). What somebody spends is taken not to depend on how often they buy.

use std::collections::BTreeMap;

use super::likeliest::find_likeliest;
use super::special::{digamma, ln_gamma};
use super::{Error, Fit, REPEAT_BUYERS_MIN, Spending, check, figure};

/// A Gamma-Gamma model (Fader & Hardie 2013): its three parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendModel {
    p: f64,
    q: f64,
    v: f64,
}

/// All that the likelihood needs of the customers; amounts are scaled to a mean of 1.
#[derive(Debug)]
struct Sample {
    /// Periods x and mean amount z of each customer.
    spent: Vec<(f64, f64)>,
    /// How many customers have x periods.
    by_periods: Vec<(f64, f64)>,
    /// Σ x (ln z + ln x), and Σ ln z.
    weighed_logs: f64,
    logs: f64,
    customers: f64,
}

impl SpendModel {
    /// The model with these parameters, all positive; `v` is an amount of money.
    pub fn new(p: f64, q: f64, v: f64) -> Result<Self, Error> {
        Ok(Self {
            p: check("p", p)?,
            q: check("q", q)?,
            v: check("v", v)?,
        })
    }

    /// The shape of one customer's amounts.
    pub const fn p(&self) -> f64 {
        self.p
    }

    /// The shape of how customers differ.
    pub const fn q(&self) -> f64 {
        self.q
    }

    /// The scale of how customers differ, an amount of money.
    pub const fn v(&self) -> f64 {
        self.v
    }

    /// The parameters under which `spent`, one of each repeat buyer, is likeliest. Refused with fewer
    /// than [`REPEAT_BUYERS_MIN`].
    pub fn fit(spent: &[Spending]) -> Result<Fit<Self>, Error> {
        if spent.len() < REPEAT_BUYERS_MIN {
            return Err(Error::TooFewRepeatBuyers {
                found: spent.len(),
                needed: REPEAT_BUYERS_MIN,
            });
        }
        let count = figure(spent.len());
        let scale = spent.iter().map(|one| one.mean / count).sum::<f64>();
        let sample = Sample::new(spent, scale);
        let likeliest = find_likeliest(|[p, q, v]| sample.mean_log_likelihood(&Self { p, q, v }))?;
        let [p, q, v] = likeliest.parameters;
        let model = Self::new(p, q, v * scale)?;
        Ok(Fit {
            model,
            log_likelihood: model.log_likelihood(spent),
            customers: spent.len(),
            is_held: likeliest.is_held,
        })
    }

    /// The natural logarithm of the likelihood (density) of `spent` (the note's equation 1a).
    pub fn log_likelihood(&self, spent: &[Spending]) -> f64 {
        let sample = Sample::new(spent, 1.0);
        sample.mean_log_likelihood(self).0 * sample.customers
    }

    /// What somebody is expected to spend each time they buy, given what they spent on repeat
    /// purchases so far (the note's equation 5): between their own mean and everybody's, nearer their
    /// own the more they bought. Without repeat purchases it is everybody's mean, of which there is
    /// none where q ≤ 1: amounts that differ so wildly have no mean.
    pub fn expected_amount(&self, spent: Option<&Spending>) -> Option<f64> {
        let (periods, mean) = spent.map_or((0.0, 0.0), |one| (f64::from(one.periods), one.mean));
        let weight = self.p * periods + self.q - 1.0;
        let amount = self.p * (self.v + periods * mean) / weight;
        (weight > 0.0 && amount.is_finite()).then_some(amount)
    }
}

impl Sample {
    fn new(spent: &[Spending], scale: f64) -> Self {
        let mut by_periods: BTreeMap<u32, f64> = BTreeMap::new();
        let (mut weighed_logs, mut logs) = (0.0, 0.0);
        let mut scaled = Vec::with_capacity(spent.len());
        for one in spent {
            let (x, z) = (f64::from(one.periods), one.mean / scale);
            *by_periods.entry(one.periods).or_default() += 1.0;
            weighed_logs += x * (z.ln() + x.ln());
            logs += z.ln();
            scaled.push((x, z));
        }
        Self {
            spent: scaled,
            by_periods: by_periods
                .into_iter()
                .map(|(periods, customers)| (f64::from(periods), customers))
                .collect(),
            weighed_logs,
            logs,
            customers: figure(spent.len()),
        }
    }

    /// The logarithm of the likelihood per customer, and its slope by p, q and v.
    fn mean_log_likelihood(&self, model: &SpendModel) -> (f64, [f64; 3]) {
        let SpendModel { p, q, v } = *model;
        let mut sum = p * self.weighed_logs - self.logs;
        let (mut by_p, mut by_q, mut by_v) = (self.weighed_logs, 0.0, 0.0);
        for (x, customers) in &self.by_periods {
            let (shape, both) = (p * x, p * x + q);
            sum += customers * (ln_gamma(both) - ln_gamma(shape));
            by_p += customers * x * (digamma(both) - digamma(shape));
            by_q += customers * digamma(both);
        }
        for (x, z) in &self.spent {
            let both = p * x + q;
            let spread = x * z + v;
            sum -= both * spread.ln();
            by_p -= x * spread.ln();
            by_q -= spread.ln();
            by_v -= both / spread;
        }
        sum += self.customers * (q * v.ln() - ln_gamma(q));
        by_q += self.customers * (v.ln() - digamma(q));
        by_v += self.customers * q / v;
        let share = 1.0 / self.customers.max(1.0);
        (sum * share, [by_p, by_q, by_v].map(|part| part * share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_slope() {
        let spent: Vec<Spending> = [(1, 12.0), (2, 22.4), (2, 80.0), (9, 35.5), (30, 14.0)]
            .into_iter()
            .map(|(periods, mean)| Spending::new(periods, mean).unwrap())
            .collect();
        let sample = Sample::new(&spent, 1.0);
        let at = [6.0, 3.5, 15.0];
        let model = |[p, q, v]: [f64; 3]| SpendModel { p, q, v };
        let (_, slope) = sample.mean_log_likelihood(&model(at));

        for (place, slope) in slope.into_iter().enumerate() {
            let beside = |step: f64| {
                let mut beside = at;
                beside[place] += step;
                sample.mean_log_likelihood(&model(beside)).0
            };
            let measured = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            assert!((measured - slope).abs() < 1e-6, "{measured} is not {slope}");
        }
    }

    #[test]
    fn amounts_without_a_mean_have_none() {
        let model = SpendModel::new(0.2, 0.5, 10.0).unwrap();

        assert_eq!(model.expected_amount(None), None);
        assert_eq!(model.expected_amount(Spending::new(2, 9.0).as_ref()), None);
        assert!(
            model
                .expected_amount(Spending::new(9, 9.0).as_ref())
                .is_some()
        );
    }
}
