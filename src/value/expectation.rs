//! How many purchases somebody who is still active makes in a time to come.
//!
//! With λ ~ Gamma(m, 1) scaled so that time is s = t / (α + T), and p ~ Beta(a, b′), the paper's
//! equation 10 is, before it is weighed by P(alive),
//!
//! ```text
//! E = ∫₀¹ (1 − (1 + p s)^−m) / p · Beta(p; a, b′) dp
//!   = c/(a−1) · (1 − (1−z)^m ₂F₁(m, b′; c; z)),   c = a + b′ − 1,  z = s / (1 + s)
//! ```
//!
//! The closed form is 0/0 at a = 1 and loses all figures near it. Euler's transformation
//! ₂F₁(m, b′; c; z) = (1−z)^(a−1−m) ₂F₁(c−m, a−1; c; z) takes the pole out: with ε = a − 1 and
//! L = ln(1−z),
//!
//! ```text
//! E = −c (e^{εL} − 1)/ε − e^{εL} Q,
//! Q = Σ_{k≥1} (c−m)_k (1+ε)_{k−1} / ((c+1)_{k−1} k!) z^k
//! ```
//!
//! which is regular for every a, b′ > 0 and whose terms fall like z^k. Where z is so near 1 that they
//! fall too slowly, or where the two parts nearly cancel, the integral itself is summed.

/// Above this z the series takes too many terms.
const Z_MAX: f64 = 0.995;
/// A result this much smaller than a part of it has lost too many figures.
const CANCELLED: f64 = 1e-6;
/// Terms of the series; at the greatest z fewer than this reach the last figure.
const TERMS_MAX: u32 = 20_000;
/// Halvings of the integral's step.
const REFINEMENTS_MAX: u32 = 9;
/// Two refinements that agree this well are the integral.
const AGREEMENT: f64 = 1e-11;

/// The purchases expected of somebody active in `time` = t / (α + T), where their rate has the shape
/// `rate` = m and their dropping out after each is Beta(`stops` = a, `stays` = b′). Finite, and at
/// least 0.
pub(super) fn purchases_while_active(rate: f64, stops: f64, stays: f64, time: f64) -> f64 {
    let share = time / (1.0 + time);
    if share <= 0.0 {
        return 0.0;
    }
    if share <= Z_MAX
        && let Some(found) = by_series(rate, stops, stays, time)
    {
        return found;
    }
    by_integral(rate, stops, stays, time)
}

/// The series; none where it would lose too many figures.
fn by_series(rate: f64, stops: f64, stays: f64, time: f64) -> Option<f64> {
    let (ratio, ln_rest) = (time / (1.0 + time), -time.ln_1p());
    let surplus = stops - 1.0;
    let next = stops + stays;
    let shape = next - 1.0 - rate;
    let mut term = shape * ratio;
    let mut sum = term;
    let mut largest = term.abs();
    let mut place = 1.0;
    for _ in 0..TERMS_MAX {
        term *=
            (shape + place) * (surplus + place) / ((next + place - 1.0) * (place + 1.0)) * ratio;
        sum += term;
        largest = largest.max(term.abs());
        place += 1.0;
        // Past the sign changes of a negative shape the terms only fall.
        if term.abs() <= 1e-17 * sum.abs() && place > -shape {
            let decayed = (surplus * ln_rest).exp();
            let grown = -(next - 1.0) * expm1_over(surplus, ln_rest);
            let found = grown - decayed * sum;
            return (found > CANCELLED * grown.abs().max(decayed * largest)).then_some(found);
        }
    }
    None
}

/// (e^{x y} − 1) / x, also at x = 0.
fn expm1_over(x: f64, y: f64) -> f64 {
    if x == 0.0 { y } else { (x * y).exp_m1() / x }
}

/// The integral by the trapezoid rule after p = σ(y), y = k + w sinh u, where k is the mode and w the
/// spread of the Beta in y. The ends fall off doubly exponentially, so every halving of the step
/// doubles the figures. The density is summed along with it, which spares its constant.
fn by_integral(rate: f64, stops: f64, stays: f64, time: f64) -> f64 {
    let centre = (stops / stays).ln();
    let width = (1.0 / stops + 1.0 / stays).sqrt().max(1e-6);
    // ln p and ln (1 − p), without loss at either end.
    let logs = |y: f64| (-softplus(-y), -softplus(y));
    let ln_density = |(ln_stop, ln_stay): (f64, f64)| stops * ln_stop + stays * ln_stay;
    let peak = ln_density(logs(centre));
    let at = |place: f64| {
        let both = logs(centre + width * place.sinh());
        let density = (ln_density(both) - peak).exp() * place.cosh();
        if density == 0.0 {
            return [0.0, 0.0];
        }
        let chance = both.0.exp();
        let bought = if chance * time < 1e-300 {
            rate * time
        } else {
            -(-rate * (chance * time).ln_1p()).exp_m1() / chance
        };
        [density, density * bought]
    };
    // Where the density has fallen to nothing on both sides whatever a and b′.
    let reach = (800.0 / (stops.min(stays) * width)).asinh().max(4.0);
    let sum_from = |start: f64, stride: f64| {
        let mut sums = [0.0, 0.0];
        let mut place = start;
        while place <= reach {
            for [density, bought] in [at(place), at(-place)] {
                sums[0] += density;
                sums[1] += bought;
            }
            place += stride;
        }
        sums
    };
    let mut step = reach / 16.0;
    let [mut density, mut bought] = at(0.0);
    let mut add = |[more_density, more_bought]: [f64; 2]| {
        density += more_density;
        bought += more_bought;
        bought / density
    };
    let mut found = add(sum_from(step, step));
    for _ in 0..REFINEMENTS_MAX {
        step *= 0.5;
        let finer = add(sum_from(step, 2.0 * step));
        let agrees = (finer - found).abs() <= AGREEMENT * finer;
        found = finer;
        if agrees {
            break;
        }
    }
    if found.is_finite() {
        found.max(0.0)
    } else {
        0.0
    }
}

/// ln(1 + e^x), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        let error = (found - expected).abs() / expected.abs();
        assert!(error < tolerance, "{found} is not {expected}");
    }

    #[test]
    fn series_and_integral_agree() {
        for rate in [0.05, 0.24, 1.0, 2.25, 40.0, 900.0] {
            for stops in [0.05, 0.5, 0.79, 0.999_999, 1.0, 1.000_001, 1.7, 30.0] {
                for stays in [0.3, 2.4, 12.0, 500.0] {
                    for time in [0.01, 0.9, 8.0, 90.0] {
                        let Some(series) = by_series(rate, stops, stays, time) else {
                            continue;
                        };
                        let integral = by_integral(rate, stops, stays, time);
                        let error = (integral / series - 1.0).abs();
                        assert!(
                            error < 1e-8,
                            "{integral}, {series}: {rate} {stops} {stays} {time}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn it_has_its_closed_forms() {
        // Who almost never drops out goes on at the rate m s; b so large that p is 0.
        close(purchases_while_active(2.5, 0.5, 1e9, 0.8), 2.0, 1e-8);
        // p uniform and m = 1: the integral is ln(1 + s).
        close(
            purchases_while_active(1.0, 1.0, 1.0, 3.0),
            4_f64.ln(),
            1e-12,
        );
        close(
            purchases_while_active(1.0, 1.0, 1.0, 1e4),
            10_001_f64.ln(),
            1e-9,
        );
        // Given for ever, and a > 1, somebody makes E[1/p] = (a + b − 1)/(a − 1) purchases.
        close(purchases_while_active(3.0, 3.0, 5.0, 1e12), 3.5, 1e-9);
    }
}
