//! From events to orders, and from orders to what the value model knows of a customer. Pure.
//!
//! What an order is, the rule set says: an event whose signal has the part of an order, from a sender
//! who may say so. As in the stage engine an order counts once however many messages name it, and
//! not at all once it is taken back, whichever of the two came first.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::kernel::id::ProfileId;
use crate::stage::ruleset::Role;
use crate::stage::{self, Fact, Rules, Verdict};
use crate::value::{History, Purchase, Spending};

/// Properties that may say what was paid, the surest first.
const AMOUNT_PROPERTIES: [&str; 4] = ["revenue", "total", "value", "subtotal"];

/// An event that may be an order or its refund.
#[derive(Clone, Debug)]
pub(super) struct OrderEvent {
    /// Who that is now.
    pub(super) profile_id: ProfileId,
    pub(super) message_id: String,
    pub(super) name: String,
    pub(super) trusted: bool,
    pub(super) at: DateTime<Utc>,
    pub(super) properties: Option<Value>,
}

/// An order that was not taken back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) day: NaiveDate,
    pub(super) amount: Option<f64>,
    /// As three capital letters; none where the event names none.
    pub(super) currency: Option<String>,
}

/// The names under which orders and refunds come, by the brand's rules.
pub(super) fn names(rules: &Rules) -> Vec<String> {
    roles(rules).into_keys().map(str::to_owned).collect()
}

fn roles(rules: &Rules) -> HashMap<&str, Role> {
    rules
        .set()
        .signals
        .iter()
        .filter_map(|signal| {
            let role = signal.role?;
            matches!(role, Role::Order | Role::Refund).then_some((signal, role))
        })
        .flat_map(|(signal, role)| {
            let names = std::iter::once(&signal.event).chain(&signal.aliases);
            names.map(move |name| (name.as_str(), role))
        })
        .collect()
}

/// Everybody's orders, by person; people without any have no entry. `events` in any order.
pub(super) fn orders_of(
    rules: &Rules,
    mut events: Vec<OrderEvent>,
) -> BTreeMap<ProfileId, Vec<Order>> {
    let roles = roles(rules);
    events.sort_by(|left, right| {
        (left.profile_id, left.at, &left.message_id).cmp(&(
            right.profile_id,
            right.at,
            &right.message_id,
        ))
    });
    let mut people = BTreeMap::new();
    for events in events.chunk_by(|left, right| left.profile_id == right.profile_id) {
        let counted: Vec<(Role, &OrderEvent)> = events
            .iter()
            .filter_map(|event| Some((*roles.get(event.name.as_str())?, event)))
            .filter(|(_, event)| is_counted(rules, event))
            .collect();
        let mut gone: HashSet<String> = counted
            .iter()
            .filter(|(role, _)| *role == Role::Refund)
            .filter_map(|(_, event)| order_id(event))
            .collect();
        let mut orders = Vec::new();
        for (role, event) in counted {
            // What was seen once is as gone as what was taken back.
            let is_new = order_id(event).is_none_or(|id| gone.insert(id));
            if role == Role::Order && is_new {
                orders.push(order(event));
            }
        }
        if !orders.is_empty() {
            people.insert(events[0].profile_id, orders);
        }
    }
    people
}

fn is_counted(rules: &Rules, event: &OrderEvent) -> bool {
    let fact = Fact {
        at: event.at,
        source: "",
        message_id: &event.message_id,
        name: &event.name,
        properties: event.properties.as_ref().unwrap_or(&Value::Null),
        trusted: event.trusted,
        known_after: false,
        brand_initiated: false,
    };
    match stage::interpret(rules, &fact).verdict {
        Verdict::Counted => true,
        Verdict::NoSignal | Verdict::NoCase | Verdict::Untrusted | Verdict::BrandInitiated => false,
    }
}

fn order(event: &OrderEvent) -> Order {
    let property = |name| event.properties.as_ref().and_then(|all| all.get(name));
    let currency = property("currency")
        .and_then(Value::as_str)
        .map(|text| text.trim().to_ascii_uppercase())
        .filter(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()));
    Order {
        day: event.at.date_naive(),
        amount: AMOUNT_PROPERTIES
            .into_iter()
            .find_map(|name| number(property(name)?)),
        currency,
    }
}

fn order_id(event: &OrderEvent) -> Option<String> {
    match event.properties.as_ref()?.get("order_id")? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number, or text that is one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// The currencies that orders name, and how many name each.
#[derive(Clone, Debug, Default)]
pub(super) struct Currencies(BTreeMap<String, u64>);

impl Currencies {
    /// Counts those of `orders`.
    pub(super) fn add(&mut self, orders: &[Order]) {
        for currency in orders.iter().filter_map(|order| order.currency.as_ref()) {
            *self.0.entry(currency.clone()).or_default() += 1;
        }
    }

    /// The one that most orders name; of equally common ones the first by the alphabet.
    pub(super) fn commonest(&self) -> Option<&str> {
        self.0
            .iter()
            .max_by_key(|(name, orders)| (**orders, std::cmp::Reverse(*name)))
            .map(|(name, _)| name.as_str())
    }

    /// Orders that name another one than the commonest.
    pub(super) fn others(&self) -> u64 {
        let all: u64 = self.0.values().sum();
        all - self.0.values().max().copied().unwrap_or_default()
    }
}

/// What a person's orders amount to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Summary {
    pub(super) history: History,
    /// In the currency that most of the person's orders name. Orders in another one count as orders,
    /// not as money; those that name none are taken to be in this one.
    pub(super) spending: Option<Spending>,
    pub(super) currency: Option<String>,
    pub(super) first_day: NaiveDate,
    pub(super) last_day: NaiveDate,
}

/// Sums up a person's orders until `as_of`, in days; none if there is none by then.
pub(super) fn summarise(orders: &[Order], as_of: NaiveDate) -> Option<Summary> {
    let mut currencies = Currencies::default();
    currencies.add(orders);
    let currency = currencies.commonest();
    let purchases: Vec<Purchase> = orders
        .iter()
        .map(|order| {
            let is_other = order.currency.is_some() && order.currency.as_deref() != currency;
            Purchase {
                period: order.day.to_epoch_days(),
                amount: order.amount.filter(|_| !is_other),
            }
        })
        .collect();
    let (history, spending) = History::of(&purchases, as_of.to_epoch_days())?;
    let days = || {
        orders
            .iter()
            .map(|order| order.day)
            .filter(|day| *day <= as_of)
    };
    Some(Summary {
        history,
        spending,
        first_day: days().min()?,
        last_day: days().max()?,
        currency: currency.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::kernel::Entropy;

    const PERSON: u64 = 7;

    fn event(day: i64, name: &str, properties: Value) -> OrderEvent {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(day) + TimeDelta::hours(9);
        OrderEvent {
            profile_id: ProfileId::new(DateTime::UNIX_EPOCH, &Entropy::seeded(PERSON)),
            message_id: format!("{day} {name} {properties}"),
            name: name.to_owned(),
            trusted: true,
            at,
            properties: Some(properties),
        }
    }

    fn orders(events: Vec<OrderEvent>) -> Vec<Order> {
        orders_of(&Rules::default_rules(), events)
            .into_values()
            .next()
            .unwrap_or_default()
    }

    fn day(day: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Days::new(day)
    }

    #[test]
    fn the_rules_name_what_is_an_order() {
        let mut names = names(&Rules::default_rules());
        names.sort();

        assert_eq!(
            names,
            [
                "Completed Order",
                "Order Cancelled",
                "Order Completed",
                "Order Refunded"
            ]
        );
    }

    #[test]
    fn an_order_counts_once_and_not_at_all_once_it_is_taken_back() {
        let found = orders(vec![
            event(9, "Order Completed", json!({"order_id": "a", "revenue": 5})),
            event(3, "Completed Order", json!({"order_id": "a", "revenue": 4})),
            event(5, "Order Refunded", json!({"order_id": 17})),
            event(6, "Order Completed", json!({"order_id": 17, "revenue": 9})),
            event(
                7,
                "Order Completed",
                json!({"revenue": "12.5", "currency": "chf"}),
            ),
            event(
                7,
                "Order Completed",
                json!({"total": 3, "currency": "francs"}),
            ),
            event(8, "Product Viewed", json!({"order_id": "z"})),
        ]);

        let shown: Vec<_> = found
            .iter()
            .map(|order| (order.day, order.amount, order.currency.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                (day(3), Some(4.0), None),
                (day(7), Some(12.5), Some("CHF")),
                (day(7), Some(3.0), None),
            ]
        );
    }

    #[test]
    fn what_a_browser_says_is_no_order() {
        let mut said = event(3, "Order Completed", json!({"order_id": "a", "revenue": 4}));
        said.trusted = false;

        assert_eq!(orders(vec![said]), []);
    }

    #[test]
    fn other_currencies_are_orders_but_no_money() {
        let priced = |day_number, amount, currency: Option<&str>| Order {
            day: day(day_number),
            amount,
            currency: currency.map(str::to_owned),
        };
        let orders = [
            priced(1, Some(10.0), Some("EUR")),
            priced(2, Some(20.0), Some("EUR")),
            priced(3, Some(900.0), Some("JPY")),
            priced(4, Some(40.0), None),
            priced(5, None, Some("EUR")),
            priced(90, Some(1.0), Some("EUR")),
        ];

        let summary = summarise(&orders, day(30)).unwrap();

        assert_eq!(History::new(4, 4.0, 29.0), Some(summary.history));
        assert_eq!(Spending::new(2, 30.0), summary.spending);
        assert_eq!(summary.currency.as_deref(), Some("EUR"));
        assert_eq!((summary.first_day, summary.last_day), (day(1), day(5)));
        assert_eq!(summarise(&orders, day(0)), None);
        let mut currencies = Currencies::default();
        currencies.add(&orders);
        assert_eq!(
            (currencies.commonest(), currencies.others()),
            (Some("EUR"), 1)
        );
    }
}
