//! Orders as money: what was bought, for how much, and not given back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::money::Money;
use crate::stage::event::{self, Fact, Verdict};
use crate::stage::rules::Rules;
use crate::stage::ruleset::Role;

/// Where an order's amount is found, best first.
const AMOUNTS: [&str; 3] = ["revenue", "total", "subtotal"];

/// An order that was not taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Purchase<'a> {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What was paid, if any of its messages says so.
    pub amount: Option<Money>,
    /// The currency as sent; none if no message names one.
    pub currency: Option<&'a str>,
}

/// The orders among `facts`, in order of time. Several messages about one order are one purchase of
/// their summed amounts; an order that was refunded, before or after, is none.
pub fn purchases<'a>(
    rules: &Rules,
    facts: impl IntoIterator<Item = Fact<'a>>,
) -> Vec<Purchase<'a>> {
    let mut found: Vec<Purchase<'a>> = Vec::new();
    // By the order's id: its place, or none once it was taken back.
    let mut named: HashMap<u64, Option<usize>> = HashMap::new();
    let mut gone = Vec::new();
    for fact in facts {
        let role = rules.signal_named(fact.name).and_then(|signal| signal.role);
        if !matches!(role, Some(Role::Order | Role::Refund)) {
            continue;
        }
        let act = event::interpret(rules, &fact);
        if act.verdict != Verdict::Counted {
            continue;
        }
        if role == Some(Role::Refund) {
            if act.thing != 0
                && let Some(place) = named.insert(act.thing, None).flatten()
            {
                gone.push(place);
            }
            continue;
        }
        let purchase = read(&fact);
        match named.get(&act.thing).filter(|_| act.thing != 0) {
            Some(None) => {}
            Some(Some(place)) => found[*place] = together(found[*place], purchase),
            None => {
                if act.thing != 0 {
                    named.insert(act.thing, Some(found.len()));
                }
                found.push(purchase);
            }
        }
    }
    let mut place = 0;
    found.retain(|_| {
        place += 1;
        !gone.contains(&(place - 1))
    });
    found.sort_by_key(|purchase| purchase.at);
    found
}

fn read<'a>(fact: &Fact<'a>) -> Purchase<'a> {
    let properties = fact.properties;
    Purchase {
        at: fact.at,
        amount: AMOUNTS
            .into_iter()
            .find_map(|name| event::number(properties.get(name)))
            .map(Money::of),
        currency: properties
            .get("currency")
            .and_then(Value::as_str)
            .filter(|currency| !currency.is_empty()),
    }
}

fn together<'a>(one: Purchase<'a>, other: Purchase<'a>) -> Purchase<'a> {
    Purchase {
        at: one.at.min(other.at),
        amount: match (one.amount, other.amount) {
            (Some(one), Some(other)) => Some(one.plus(other)),
            (one, other) => one.or(other),
        },
        currency: one.currency.or(other.currency),
    }
}
