//! The least value of a smooth function of a few variables.
//!
//! BFGS (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 6.1) with a backtracking line
//! search. Four variables need no library: the crates that offer this bring ten others along.

/// Steps after which the search is given up.
const STEPS_MAX: usize = 500;
/// Halvings of one step after which it leads nowhere.
const HALVINGS_MAX: usize = 60;
/// A slope below this is level ground.
const SLOPE_LEVEL: f64 = 1e-9;
/// A slope below this share of the value (or of 1) is level ground once rounding hides any further
/// descent.
const SLOPE_ROUNDED: f64 = 1e-5;
/// How much of the promised descent a step must make (Armijo).
const DESCENT_SHARE: f64 = 1e-4;
/// The longest first step, so that a steep start does not leap out of sight.
const FIRST_STEP_MAX: f64 = 0.5;

/// Where `function`, which returns its value and its gradient, is least, and how little that is.
/// None if the search does not end or meets values that are no figures.
pub(super) fn minimise<const N: usize>(
    start: [f64; N],
    mut function: impl FnMut(&[f64; N]) -> (f64, [f64; N]),
) -> Option<([f64; N], f64)> {
    let mut place = start;
    let (mut value, mut slope) = function(&place);
    if !value.is_finite() {
        return None;
    }
    let mut inverse = scaled_identity::<N>(1.0 / (norm(&slope) / FIRST_STEP_MAX).max(1.0));
    let mut is_fresh = true;
    for _ in 0..STEPS_MAX {
        if largest(&slope) < SLOPE_LEVEL {
            return Some((place, value));
        }
        let mut direction = times(&inverse, &slope).map(|part| -part);
        let mut descent = dot(&direction, &slope);
        if descent >= 0.0 {
            direction = slope.map(|part| -part);
            descent = -dot(&slope, &slope);
        }
        let Some((next, next_value, next_slope)) =
            step(&place, value, &direction, descent, &mut function)
        else {
            if largest(&slope) < SLOPE_ROUNDED * value.abs().max(1.0) {
                return Some((place, value));
            }
            if is_fresh {
                return None;
            }
            inverse = scaled_identity::<N>(1.0 / (norm(&slope) / FIRST_STEP_MAX).max(1.0));
            is_fresh = true;
            continue;
        };
        let moved = minus(&next, &place);
        let bent = minus(&next_slope, &slope);
        if is_fresh {
            let curvature = dot(&moved, &bent);
            if curvature > 0.0 {
                inverse = scaled_identity::<N>(curvature / dot(&bent, &bent));
            }
        }
        is_fresh = false;
        update(&mut inverse, &moved, &bent);
        (place, value, slope) = (next, next_value, next_slope);
    }
    None
}

/// A step along `direction` that descends far enough.
fn step<const N: usize>(
    place: &[f64; N],
    value: f64,
    direction: &[f64; N],
    descent: f64,
    function: &mut impl FnMut(&[f64; N]) -> (f64, [f64; N]),
) -> Option<([f64; N], f64, [f64; N])> {
    let mut length = 1.0;
    for _ in 0..HALVINGS_MAX {
        let next = std::array::from_fn(|i| place[i] + length * direction[i]);
        let (next_value, next_slope) = function(&next);
        let is_figure = next_value.is_finite() && next_slope.iter().all(|part| part.is_finite());
        if is_figure && next_value <= value + DESCENT_SHARE * length * descent {
            // A step too short to change anything is none.
            return (next_value < value || largest(&next_slope) < SLOPE_LEVEL)
                .then_some((next, next_value, next_slope));
        }
        length *= 0.5;
    }
    None
}

/// The BFGS update of an inverse Hessian, left out where the curvature is not positive.
fn update<const N: usize>(inverse: &mut [[f64; N]; N], moved: &[f64; N], bent: &[f64; N]) {
    let curvature = dot(moved, bent);
    if curvature <= f64::EPSILON * norm(moved) * norm(bent) {
        return;
    }
    let carried = times(inverse, bent);
    let stretch = (1.0 + dot(bent, &carried) / curvature) / curvature;
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] += stretch * moved[i] * moved[j]
                - (carried[i] * moved[j] + moved[i] * carried[j]) / curvature;
        }
    }
}

fn scaled_identity<const N: usize>(scale: f64) -> [[f64; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j { scale } else { 0.0 }))
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| dot(&matrix[i], vector))
}

fn minus<const N: usize>(left: &[f64; N], right: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| left[i] - right[i])
}

fn dot<const N: usize>(left: &[f64; N], right: &[f64; N]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

fn norm<const N: usize>(vector: &[f64; N]) -> f64 {
    dot(vector, vector).sqrt()
}

fn largest<const N: usize>(vector: &[f64; N]) -> f64 {
    vector.iter().fold(0.0, |most, part| most.max(part.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_end_of_rosenbrocks_valley() {
        let valley = |[x, y]: &[f64; 2]| {
            let bend = y - x * x;
            let value = (1.0 - x).powi(2) + 100.0 * bend * bend;
            (value, [-2.0 * (1.0 - x) - 400.0 * x * bend, 200.0 * bend])
        };

        for start in [[-1.2, 1.0], [5.0, -5.0], [0.0, 0.0]] {
            let (place, value) = minimise(start, valley).unwrap();

            assert!(value < 1e-14, "{value} from {start:?}");
            assert!(place.iter().all(|part| (part - 1.0).abs() < 1e-7));
        }
    }

    #[test]
    fn it_finds_the_bottom_of_a_lopsided_bowl() {
        let bowl = |at: &[f64; 4]| {
            let scales = [1.0, 1e-3, 1e3, 10.0];
            let value = (0..4).map(|i| scales[i] * (at[i] - 2.0).powi(2)).sum();
            let slope = std::array::from_fn(|i| 2.0 * scales[i] * (at[i] - 2.0));
            (value, slope)
        };

        let (place, _) = minimise([0.0; 4], bowl).unwrap();

        assert!(
            place.iter().all(|part| (part - 2.0).abs() < 1e-5),
            "{place:?}"
        );
    }

    #[test]
    fn what_has_no_bottom_is_given_up() {
        assert_eq!(minimise([1.0], |[x]| (-x * x, [-2.0 * x])), None);
        assert_eq!(minimise([1.0], |_| (f64::NAN, [f64::NAN])), None);
        let jump = |[x]: &[f64; 1]| (if *x > 0.9 { *x } else { f64::NAN }, [1.0]);
        assert_eq!(minimise([1.0], jump), None);
    }
}
