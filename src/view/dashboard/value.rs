//! What customers will be worth, by their orders alone: of one, and by stage.

use crate::view::chart::Percent;
use crate::view::{StageTag, format};

/// Groups smaller than this are not shown: a mean of few says who they are.
pub const SHOWN_MIN: u64 = 10;

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueAbsence {
    /// No model was fitted yet.
    NotYet,
    /// Too few customers came back.
    TooFew {
        /// How many did, as in `12`.
        found: String,
        /// How many it takes, as in `30`.
        needed: String,
    },
    /// The orders fit no model.
    NoFit,
    /// This customer has not ordered.
    NoOrders,
}

impl ValueAbsence {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NotYet => "Not reckoned yet. Orders are looked through once a day.".to_owned(),
            Self::TooFew { found, needed } => {
                format!("Too few repeat buyers to say: {found} of {needed} needed.")
            }
            Self::NoFit => "The orders follow no pattern that could be estimated.".to_owned(),
            Self::NoOrders => "No order so far, so there is nothing to reckon from.".to_owned(),
        }
    }
}

/// The card of one customer.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueCard {
    /// There is nothing to say.
    Absent(ValueAbsence),
    /// There is.
    Known(CustomerForecast),
}

/// What is expected of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerForecast {
    /// The probability that they are still active; none where they ordered on one day only, of whom
    /// orders cannot tell.
    pub alive: Option<f64>,
    /// Orders expected in the weeks ahead.
    pub orders: f64,
    /// What they are expected to spend, with its currency; none where amounts are unknown.
    pub worth: Option<(f64, Option<String>)>,
    /// The weeks ahead.
    pub weeks: u64,
    /// What differs from the stage, in one sentence; none where the two agree.
    pub disagreement: Option<&'static str>,
    /// The last day whose orders are in it, as in `10 Mar 2026`.
    pub as_of: String,
}

impl CustomerForecast {
    pub(super) fn chance_width(&self) -> Percent {
        Percent(100.0 * self.alive.unwrap_or(0.0))
    }

    pub(super) fn chance_text(&self) -> Option<String> {
        self.alive.map(format::chance)
    }

    pub(super) fn sentence(&self) -> String {
        let span = format::plural(self.weeks, "week", "weeks");
        let orders = if self.orders < 0.05 {
            format!("Next to no order is expected in the {span} after that.")
        } else {
            let orders = format::score(self.orders);
            let noun = if orders == "1" { "order" } else { "orders" };
            let worth = self.worth.as_ref().map_or_else(String::new, |worth| {
                let (amount, currency) = worth;
                format!(
                    ", worth about {}",
                    format::money(*amount, currency.as_deref())
                )
            });
            format!("{orders} {noun} expected in the {span} after that{worth}.")
        };
        match self.alive {
            Some(alive) => format!(
                "The chance that this customer is still active is {}. {orders}",
                format::chance(alive)
            ),
            None => format!(
                "They ordered on one day only, which cannot tell whether they are still active. \
                 {orders}"
            ),
        }
    }
}

/// The figure by stage.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueByStage {
    /// There is nothing to say.
    Absent(ValueAbsence),
    /// There is.
    Known(ValueFigure),
}

/// What is expected of customers at each stage.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueFigure {
    /// A row for each stage, warmest first.
    pub rows: Vec<StageValueRow>,
    /// The weeks ahead.
    pub weeks: u64,
    /// The currency of worth; none where orders name none.
    pub currency: Option<String>,
    /// What is left out, in sentences: other currencies, unknown amounts. Often empty.
    pub notes: Vec<String>,
    /// The last day whose orders are in it, as in `10 Mar 2026`.
    pub as_of: String,
    /// When the stages were looked at, as in `10 Mar 2026, 14:05 UTC`.
    pub fitted_at: String,
}

/// One stage of the figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageValueRow {
    /// The stage.
    pub stage: StageTag,
    /// Known people at it who ordered.
    pub buyers: u64,
    /// Of them, those who ordered on more than one day.
    pub repeat_buyers: u64,
    /// The mean probability that a repeat buyer is still active.
    pub alive: Option<f64>,
    /// The mean number of orders expected of a buyer.
    pub orders: Option<f64>,
    /// Buyers with an expected worth.
    pub valued: u64,
    /// The mean of it.
    pub worth: Option<f64>,
}

/// What stands where a group is too small.
const HIDDEN: &str = "too few to show";

impl StageValueRow {
    fn shown(count: u64, text: impl FnOnce() -> Option<String>) -> String {
        if count < SHOWN_MIN {
            return HIDDEN.to_owned();
        }
        text().unwrap_or_else(|| "not known".to_owned())
    }

    pub(super) fn buyers_text(&self) -> String {
        Self::shown(self.buyers, || Some(format::count(self.buyers)))
    }

    pub(super) fn alive_text(&self) -> String {
        Self::shown(self.repeat_buyers, || self.alive.map(format::chance))
    }

    pub(super) fn orders_text(&self) -> String {
        Self::shown(self.buyers, || {
            self.orders.map(|orders| format!("{orders:.2}"))
        })
    }

    pub(super) fn worth_text(&self, currency: Option<&str>) -> String {
        Self::shown(self.valued, || {
            self.worth.map(|worth| format::money(worth, currency))
        })
    }

    /// What the bar shows: worth, or orders where nothing is known of worth.
    fn bar(&self, by_worth: bool) -> f64 {
        let (count, figure) = if by_worth {
            (self.valued, self.worth)
        } else {
            (self.buyers, self.orders)
        };
        figure.filter(|_| count >= SHOWN_MIN).unwrap_or(0.0)
    }
}

impl ValueFigure {
    fn by_worth(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.worth.is_some() && row.valued >= SHOWN_MIN)
    }

    pub(super) fn width(&self, row: &StageValueRow) -> Percent {
        let by_worth = self.by_worth();
        let most = self
            .rows
            .iter()
            .map(|row| row.bar(by_worth))
            .fold(0.0, f64::max);
        Percent(if most > 0.0 {
            100.0 * row.bar(by_worth) / most
        } else {
            0.0
        })
    }

    pub(super) fn bar_text(&self, row: &StageValueRow) -> String {
        if self.by_worth() {
            row.worth_text(self.currency.as_deref())
        } else {
            row.orders_text()
        }
    }

    pub(super) fn title(&self) -> String {
        let span = format::plural(self.weeks, "week", "weeks");
        if self.by_worth() {
            format!("Expected worth in the next {span}, by stage")
        } else {
            format!("Expected orders in the next {span}, by stage")
        }
    }

    /// The warmest and the coldest stage that can be shown, compared.
    pub(super) fn finding(&self) -> String {
        let shown: Vec<&StageValueRow> = self
            .rows
            .iter()
            .filter(|row| row.buyers >= SHOWN_MIN && row.orders.is_some())
            .collect();
        let [warm, .., cold] = shown[..] else {
            return "Too few people at most stages to compare them.".to_owned();
        };
        let text = |row: &StageValueRow| {
            let orders = row.orders_text();
            let noun = row.stage.noun(2);
            match row.alive.filter(|_| row.repeat_buyers >= SHOWN_MIN) {
                Some(alive) => format!(
                    "{noun} {orders} orders each, repeat buyers among them {} likely to be active",
                    format::chance(alive)
                ),
                None => format!("{noun} {orders} orders each"),
            }
        };
        format!("By their orders alone: {}; {}.", text(warm), text(cold))
    }
}

#[cfg(test)]
impl ValueCard {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self::Known(CustomerForecast {
            alive: Some(0.266),
            orders: 1.23,
            worth: Some((30.31, Some(words.text("CHF")))),
            weeks: 39,
            disagreement: Some("The stage is warmer than the orders."),
            as_of: "10 Mar 2026".to_owned(),
        })
    }
}

#[cfg(test)]
impl ValueByStage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |stage, buyers, alive, orders, worth| StageValueRow {
            stage,
            buyers,
            repeat_buyers: buyers / 2,
            alive: Some(alive),
            orders: Some(orders),
            valued: buyers,
            worth: Some(worth),
        };
        Self::Known(ValueFigure {
            rows: vec![
                row(StageTag::Advocate, 7, 0.9, 6.0, 190.0),
                row(StageTag::Friend, 310, 0.82, 4.1, 122.0),
                row(StageTag::Acquaintance, 940, 0.51, 0.9, 24.4),
                row(StageTag::Stranger, 205, 0.11, 0.2, 5.1),
            ],
            weeks: 39,
            currency: Some(words.text("CHF")),
            notes: vec![words.text("14 orders in other currencies are counted without amounts.")],
            as_of: "10 Mar 2026".to_owned(),
            fitted_at: "10 Mar 2026, 14:05 UTC".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::Words;

    fn forecast() -> CustomerForecast {
        CustomerForecast {
            alive: Some(0.726),
            orders: 1.23,
            worth: Some((30.31, Some("CHF".to_owned()))),
            weeks: 39,
            disagreement: None,
            as_of: "10 Mar 2026".to_owned(),
        }
    }

    #[test]
    fn one_customer_is_put_in_plain_words() {
        assert_eq!(
            forecast().sentence(),
            "The chance that this customer is still active is 73 %. 1.2 orders expected in the 39 \
             weeks after that, worth about CHF 30.31."
        );
        let once = CustomerForecast {
            alive: None,
            orders: 0.01,
            ..forecast()
        };
        assert_eq!(
            once.sentence(),
            "They ordered on one day only, which cannot tell whether they are still active. Next to \
             no order is expected in the 39 weeks after that."
        );
    }

    #[test]
    fn too_few_are_said_and_not_shown() {
        let absence = ValueAbsence::TooFew {
            found: "12".to_owned(),
            needed: "30".to_owned(),
        };
        assert_eq!(
            absence.sentence(),
            "Too few repeat buyers to say: 12 of 30 needed."
        );
        let ValueByStage::Known(figure) = ValueByStage::sample(Words::Plain) else {
            panic!("the sample has figures");
        };

        // Seven advocates: neither a figure nor a bar, which would tell it too.
        assert_eq!(figure.bar_text(&figure.rows[0]), HIDDEN);
        assert_eq!(figure.rows[0].orders_text(), HIDDEN);
        assert_eq!(figure.width(&figure.rows[0]).to_string(), "0%");
        assert_eq!(figure.width(&figure.rows[1]).to_string(), "100%");
        assert_eq!(figure.width(&figure.rows[2]).to_string(), "20%");
        assert_eq!(
            figure.finding(),
            "By their orders alone: friends 4.10 orders each, repeat buyers among them 82 % likely \
             to be active; strangers 0.20 orders each, repeat buyers among them 11 % likely to be \
             active."
        );
    }
}
