//! BG/NBD: how often somebody buys, and when they stop.
//!
//! While active, somebody buys at random at a rate λ, which varies over customers as Gamma(r, α);
//! after each purchase they stop for good with probability p, which varies as Beta(a, b).

use super::expectation::purchases_while_active;
use super::likeliest::find_likeliest;
use super::{Error, Fit, History, REPEAT_BUYERS_MIN, check, figure};

/// The greatest age is scaled to this while fitting, so that α is of the size of the others.
const SCALED_AGE: f64 = 10.0;

/// A BG/NBD model (Fader, Hardie & Lee 2005): its four parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PurchaseModel {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
}

/// Customers of one history.
#[derive(Debug, Clone, Copy)]
struct Group {
    customers: f64,
    /// With r it makes the exponent of both terms: x.
    repeats: f64,
    recency: f64,
    age: f64,
}

/// All that the likelihood needs of the customers.
#[derive(Debug)]
struct Sample {
    groups: Vec<Group>,
    /// At place j, how many customers have more than j repeats.
    beyond: Vec<f64>,
    customers: f64,
}

impl PurchaseModel {
    /// The model with these parameters, all positive; `alpha` is in units of time.
    pub fn new(r: f64, alpha: f64, a: f64, b: f64) -> Result<Self, Error> {
        Ok(Self {
            r: check("r", r)?,
            alpha: check("alpha", alpha)?,
            a: check("a", a)?,
            b: check("b", b)?,
        })
    }

    /// The shape of the purchase rates' distribution.
    pub const fn r(&self) -> f64 {
        self.r
    }

    /// The scale of the purchase rates' distribution, in units of time.
    pub const fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The first shape of the distribution of the chance to stop after a purchase.
    pub const fn a(&self) -> f64 {
        self.a
    }

    /// The second shape of it.
    pub const fn b(&self) -> f64 {
        self.b
    }

    /// The parameters under which `histories` are likeliest. Equal histories are reckoned once.
    /// Refused with fewer than [`REPEAT_BUYERS_MIN`] customers who bought again.
    pub fn fit(histories: &[History]) -> Result<Fit<Self>, Error> {
        let found = histories.iter().filter(|one| one.repeats() > 0).count();
        if found < REPEAT_BUYERS_MIN {
            return Err(Error::TooFewRepeatBuyers {
                found,
                needed: REPEAT_BUYERS_MIN,
            });
        }
        // Somebody bought again, so somebody's age is positive.
        let greatest = histories.iter().map(|one| one.age()).fold(0.0, f64::max);
        let scale = SCALED_AGE / greatest;
        let sample = Sample::new(histories, scale);
        let likeliest = find_likeliest(|[r, alpha, a, b]| {
            sample.mean_log_likelihood(&Self { r, alpha, a, b })
        })?;
        let [r, alpha, a, b] = likeliest.parameters;
        let model = Self::new(r, alpha / scale, a, b)?;
        Ok(Fit {
            model,
            log_likelihood: model.log_likelihood(histories),
            customers: histories.len(),
            is_held: likeliest.is_held,
        })
    }

    /// The natural logarithm of the likelihood of `histories` (the paper's section 4, with the terms
    /// arranged as in Fader & Hardie's note 004 so that none overflows).
    pub fn log_likelihood(&self, histories: &[History]) -> f64 {
        let sample = Sample::new(histories, 1.0);
        sample.mean_log_likelihood(self).0 * sample.customers
    }

    /// The probability that somebody with `history` is still active, 0 to 1 (Fader, Hardie & Lee,
    /// Computing P(alive) Using the BG/NBD Model, 2008). The model lets nobody stop before their
    /// second purchase, so it is 1 for whoever bought once, however long ago: for them it says
    /// nothing.
    pub fn probability_alive(&self, history: &History) -> f64 {
        if history.repeats() == 0 {
            return 1.0;
        }
        let x = f64::from(history.repeats());
        let silence = (history.age() - history.recency()) / (self.alpha + history.recency());
        let ln_odds = (self.r + x) * silence.ln_1p() + (self.a / (self.b + (x - 1.0))).ln();
        1.0 / (1.0 + ln_odds.exp())
    }

    /// The purchases (periods with one, rather) expected of somebody with `history` in the next
    /// `time`, in the unit of the histories (the paper's equation 10). At least 0; 0 for no time.
    pub fn expected_purchases(&self, history: &History, time: f64) -> f64 {
        if time.is_nan() || time <= 0.0 {
            return 0.0;
        }
        let x = f64::from(history.repeats());
        let relative = (time / (self.alpha + history.age())).min(f64::MAX);
        let while_active = purchases_while_active(self.r + x, self.a, self.b + x, relative);
        while_active * self.probability_alive(history)
    }
}

impl Sample {
    fn new(histories: &[History], scale: f64) -> Self {
        let mut sorted: Vec<(u32, u64, u64)> = histories
            .iter()
            // Figures that are not negative sort as their bits do.
            .map(|one| (one.repeats(), one.recency().to_bits(), one.age().to_bits()))
            .collect();
        sorted.sort_unstable();
        let groups: Vec<Group> = sorted
            .chunk_by(|left, right| left == right)
            .map(|equal| Group {
                customers: figure(equal.len()),
                repeats: f64::from(equal[0].0),
                recency: f64::from_bits(equal[0].1) * scale,
                age: f64::from_bits(equal[0].2) * scale,
            })
            .collect();
        let most = sorted.last().map_or(0, |last| last.0);
        let beyond = (0..most)
            .map(|repeats| {
                let upto = sorted.partition_point(|one| one.0 <= repeats);
                figure(sorted.len() - upto)
            })
            .collect();
        Self {
            groups,
            beyond,
            customers: figure(sorted.len()),
        }
    }

    /// The logarithm of the likelihood per customer, and its slope by r, α, a and b.
    fn mean_log_likelihood(&self, model: &PurchaseModel) -> (f64, [f64; 4]) {
        let PurchaseModel { r, alpha, a, b } = *model;
        let (mut sum, mut by_r, mut by_alpha, mut by_a, mut by_b) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for group in &self.groups {
            let shape = r + group.repeats;
            let ln_now = (alpha + group.age).ln();
            let active = -shape * ln_now;
            let (value, stopped, ln_last) = if group.repeats > 0.0 {
                let ln_last = (alpha + group.recency).ln();
                let last = a.ln() - (b + (group.repeats - 1.0)).ln() - shape * ln_last;
                let most = active.max(last);
                let value = most + ((active - most).exp() + (last - most).exp()).ln();
                (value, (last - value).exp(), ln_last)
            } else {
                (active, 0.0, 0.0)
            };
            let still = 1.0 - stopped;
            sum += group.customers * value;
            by_r -= group.customers * (still * ln_now + stopped * ln_last);
            by_alpha -= group.customers
                * shape
                * (still / (alpha + group.age) + stopped / (alpha + group.recency));
            by_a += group.customers * stopped / a;
            if stopped > 0.0 {
                by_b -= group.customers * stopped / (b + (group.repeats - 1.0));
            }
        }
        sum += self.customers * r * alpha.ln();
        by_r += self.customers * alpha.ln();
        by_alpha += self.customers * r / alpha;
        // Γ(r + x)/Γ(r), and B(a, b + x)/B(a, b), as products over the repeats.
        let mut step = 0.0;
        for customers in &self.beyond {
            let (rate, kept, both) = (r + step, b + step, a + b + step);
            sum += customers * (rate.ln() + kept.ln() - both.ln());
            by_r += customers / rate;
            by_a -= customers / both;
            by_b += customers * (1.0 / kept - 1.0 / both);
            step += 1.0;
        }
        let share = 1.0 / self.customers.max(1.0);
        (
            sum * share,
            [by_r, by_alpha, by_a, by_b].map(|part| part * share),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_slope() {
        let histories: Vec<History> = [
            (0, 0.0, 38.9),
            (0, 0.0, 38.9),
            (1, 1.7, 38.9),
            (2, 30.4, 38.9),
            (7, 12.0, 30.0),
            (29, 38.0, 38.1),
        ]
        .into_iter()
        .map(|(x, recency, age)| History::new(x, recency, age).unwrap())
        .collect();
        let sample = Sample::new(&histories, 1.0);
        let at = [0.3, 4.0, 0.8, 2.5];
        let model = |[r, alpha, a, b]: [f64; 4]| PurchaseModel { r, alpha, a, b };
        let (_, slope) = sample.mean_log_likelihood(&model(at));

        for (place, slope) in slope.into_iter().enumerate() {
            let beside = |step: f64| {
                let mut beside = at;
                beside[place] += step;
                sample.mean_log_likelihood(&model(beside)).0
            };
            let measured = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            assert!((measured - slope).abs() < 1e-7, "{measured} is not {slope}");
        }
    }
}
