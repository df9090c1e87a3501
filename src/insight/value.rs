//! Where the stage and the value model say different things of somebody.

use super::value_store::CustomerValue;
use crate::stage::Stage;

/// At most this likely to be active, somebody has probably stopped buying.
pub const PROBABLY_GONE: f64 = 0.3;
/// At least this likely to be active, somebody probably still buys.
pub const PROBABLY_ACTIVE: f64 = 0.7;

/// How the stage and the orders differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// A friend or an advocate who has probably stopped buying.
    WarmerThanOrders,
    /// A stranger or an acquaintance who probably still buys.
    CoolerThanOrders,
}

impl CustomerValue {
    /// The probability that they are active, where the model can tell: it takes whoever ordered on
    /// one day only to be active without looking.
    pub fn alive_if_told(&self) -> Option<f64> {
        self.alive.filter(|_| self.repeats > 0)
    }

    /// Whether somebody at `stage` with these orders is judged differently by the two; none where
    /// they agree or the model cannot tell.
    pub fn disagreement(&self, stage: Stage) -> Option<Disagreement> {
        let alive = self.alive_if_told()?;
        let is_close = matches!(stage, Stage::Friend | Stage::Advocate);
        if is_close && alive <= PROBABLY_GONE {
            Some(Disagreement::WarmerThanOrders)
        } else if !is_close && alive >= PROBABLY_ACTIVE {
            Some(Disagreement::CoolerThanOrders)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn they_disagree_only_where_the_model_is_fairly_sure() {
        let value = |repeats, alive| CustomerValue {
            repeats,
            first_day: NaiveDate::MIN,
            last_day: NaiveDate::MIN,
            spend_days: 0,
            spend_mean: None,
            currency: None,
            alive: Some(alive),
            purchases: Some(1.0),
            worth: None,
        };

        for (stage, repeats, alive, expected) in [
            (Stage::Friend, 3, 0.2, Some(Disagreement::WarmerThanOrders)),
            (
                Stage::Advocate,
                3,
                0.3,
                Some(Disagreement::WarmerThanOrders),
            ),
            (Stage::Friend, 3, 0.5, None),
            (Stage::Friend, 3, 0.9, None),
            (
                Stage::Acquaintance,
                1,
                0.9,
                Some(Disagreement::CoolerThanOrders),
            ),
            (Stage::Stranger, 1, 0.5, None),
            // Who ordered once is active by definition, which says nothing.
            (Stage::Stranger, 0, 1.0, None),
        ] {
            assert_eq!(value(repeats, alive).disagreement(stage), expected);
        }
    }
}
