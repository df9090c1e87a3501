//! Both models together: what somebody will be worth.

use super::{History, PurchaseModel, SpendModel, Spending};

/// How often customers buy, and what they spend where that could be estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueModel {
    /// How often, and until when.
    pub purchases: PurchaseModel,
    /// What each time; none where amounts are unknown or too few.
    pub spending: Option<SpendModel>,
}

/// What is expected of one customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// The probability that they are still active, 0 to 1.
    pub alive: f64,
    /// Periods with a purchase expected in the time asked about; at least 0.
    pub purchases: f64,
    /// What they are expected to spend in that time, not discounted, in the currency of the
    /// spending; none without a model of it, or where amounts are so uneven that they have no mean.
    pub value: Option<f64>,
}

impl ValueModel {
    /// What is expected of somebody within `time`, in the unit of the histories.
    pub fn forecast(&self, history: &History, spent: Option<&Spending>, time: f64) -> Forecast {
        let purchases = self.purchases.expected_purchases(history, time);
        let amount = self
            .spending
            .and_then(|spending| spending.expected_amount(spent));
        Forecast {
            alive: self.purchases.probability_alive(history),
            purchases,
            value: amount
                .map(|amount| amount * purchases)
                .filter(|value| value.is_finite()),
        }
    }
}
