//! How likely a customer is still active, how often they will order, and what that is worth.
//!
//! An independent check beside the stage: it looks only at the days on which somebody ordered and
//! at what they spent, by two published models. Orders follow BG/NBD (Fader, Hardie & Lee,
//! "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005), spending follows
//! Gamma-Gamma (Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013).
//!
//! Owns the arithmetic: histories, likelihoods, fits, predictions. Never does I/O, reads no clock,
//! knows no brand, no event and no stage. Time is measured in whatever unit the histories are in,
//! money in whatever currency the spending is in; every result is finite, or there is none.
//!
//! Start with [`History`], then [`PurchaseModel`], [`SpendModel`] and [`ValueModel`], which joins
//! the two.

mod expectation;
mod history;
mod likeliest;
mod minimise;
mod model;
mod purchases;
mod special;
mod spending;

pub use history::{History, Purchase, Spending};
pub use model::{Forecast, ValueModel};
pub use purchases::PurchaseModel;
pub use spending::SpendModel;

/// The fewest repeat buyers from whom parameters are estimated. Below that four parameters say more
/// about chance than about customers.
pub const REPEAT_BUYERS_MIN: usize = 30;

/// A fitted model and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit<M> {
    /// The model with the parameters of greatest likelihood.
    pub model: M,
    /// The natural logarithm of the likelihood of the data at those parameters.
    pub log_likelihood: f64,
    /// Customers it was estimated from.
    pub customers: usize,
    /// Whether some parameter would have run away without end, as when nobody ever stops buying,
    /// and was held at a limit. Predictions stay sensible; the parameter itself means nothing.
    pub is_held: bool,
}

/// Why there is no model.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Error {
    /// Too few customers ordered on more than one day.
    #[error("too few repeat buyers: {found} of {needed} needed")]
    TooFewRepeatBuyers {
        /// How many there are.
        found: usize,
        /// How many there must be: [`REPEAT_BUYERS_MIN`].
        needed: usize,
    },
    /// The search for the greatest likelihood did not end.
    #[error("the likelihood has no maximum that could be found")]
    NotConverged,
    /// A parameter that no fit gives and no prediction can be made from.
    #[error("the parameter {name} must be between 1e-12 and 1e12, not {value}")]
    Parameter {
        /// Its name in the paper.
        name: &'static str,
        /// What was given.
        value: f64,
    },
}

/// Checks a parameter: positive and of a size that can be reckoned with.
fn check(name: &'static str, value: f64) -> Result<f64, Error> {
    if (1e-12..=1e12).contains(&value) {
        Ok(value)
    } else {
        Err(Error::Parameter { name, value })
    }
}

/// A count as a figure.
fn figure(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests;
