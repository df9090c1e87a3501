//! The positive parameters of greatest likelihood.

use super::Error;
use super::minimise::minimise;

/// Where the search begins: e^this for each parameter. Data are scaled so that this is near.
const LOG_START: f64 = 0.1;
/// Beyond e^±this a parameter counts as running away and is pulled back.
const LOG_FENCE: f64 = 9.2;
/// Beyond e^±this nothing is tried.
const LOG_MAX: f64 = 40.0;

/// Parameters of greatest likelihood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likeliest<const N: usize> {
    pub(super) parameters: [f64; N],
    /// Whether one of them was running away and is held at the fence.
    pub(super) is_held: bool,
}

/// The parameters at which `log_likelihood` is greatest; it returns its value per customer and its
/// slope by each parameter. The search is over the parameters' logarithms, fenced in by a penalty
/// that is nothing within the fence, so that a maximum within it is the exact one.
pub(super) fn find_likeliest<const N: usize>(
    mut log_likelihood: impl FnMut([f64; N]) -> (f64, [f64; N]),
) -> Result<Likeliest<N>, Error> {
    let (logs, _) = minimise([LOG_START; N], |logs| {
        if logs.iter().any(|log| log.is_nan() || log.abs() > LOG_MAX) {
            return (f64::INFINITY, [f64::NAN; N]);
        }
        let parameters = logs.map(f64::exp);
        let (mean, by_parameter) = log_likelihood(parameters);
        let mut value = -mean;
        let slope = std::array::from_fn(|i| {
            let over = (logs[i].abs() - LOG_FENCE).max(0.0);
            value += over * over;
            2.0 * over * logs[i].signum() - by_parameter[i] * parameters[i]
        });
        (value, slope)
    })
    .ok_or(Error::NotConverged)?;
    Ok(Likeliest {
        parameters: logs.map(f64::exp),
        is_held: logs.iter().any(|log| log.abs() > LOG_FENCE),
    })
}
