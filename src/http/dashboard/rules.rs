//! The rules in force, in words.

use axum::extract::State;
use axum::response::Response;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::postgres::{self, Inconsistency};
use crate::projection::ruleset_store;
use crate::stage::explain::describe;
use crate::stage::ruleset::{Amounts, Condition, Guard, HalfLives, Rule, Scalar, Signal};
use crate::stage::{Dimension, RuleSet, Stage};
use crate::view::dashboard::{Direction, RuleRow, RulesPage, WeightRow};
use crate::view::{StageTag, format};

/// The share of a price that was taken off, as rules name it.
const DISCOUNT_SHARE: &str = "$discount_share";

/// `GET /dashboard/{brand}/rules`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let brand_id = within.brand.brand_id;
    let published = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        ruleset_store::find_published(&mut conn, brand_id).await?
    };
    let broken = |fault| postgres::Error::from(Inconsistency::new("rule_set", brand_id, fault));
    let published = published.ok_or_else(|| broken("the brand has no rules"))?;
    let set: RuleSet = serde_json::from_value(published.document)
        .map_err(|_| broken("the document is no rule set"))?;
    page(&RulesPage {
        shell: within.shell(None),
        version: u32::try_from(published.version).unwrap_or(0),
        published: format::day_of(published.published_at),
        note: published.note,
        rules: rules(&set),
        weights: set.signals.iter().flat_map(weights).collect(),
        fading: fading(&set.half_life_days),
    })
}

/// Those that warm people first, each kind in the order in which they are tried.
fn rules(set: &RuleSet) -> Vec<RuleRow> {
    let (warm, cool): (Vec<_>, Vec<_>) = set
        .rules
        .iter()
        .map(rule)
        .partition(|row| row.direction == Direction::Warm);
    [warm, cool].concat()
}

fn rule(rule: &Rule) -> RuleRow {
    // A rule that applies in any stage takes people back, unless it leads to the deepest one.
    let from = rule.from.unwrap_or(Stage::Advocate);
    RuleRow {
        id: rule.id.clone(),
        direction: if rule.to > from {
            Direction::Warm
        } else {
            Direction::Cool
        },
        from: rule.from.map(StageTag::from),
        to: StageTag::from(rule.to),
        conditions: conditions(&rule.when),
    }
}

fn conditions(when: &Condition) -> Vec<String> {
    match when {
        Condition::All(list) => list.iter().flat_map(conditions).collect(),
        one => vec![capitalised(&describe(one))],
    }
}

/// What an event counts for, case by case and score by score.
fn weights(signal: &Signal) -> Vec<WeightRow> {
    let cases = signal.cases.iter().map(|case| {
        let asked: Vec<String> = case.when.iter().map(guard).collect();
        (format!("{}, {}", signal.event, asked.join(", ")), &case.add)
    });
    let plain = signal.add.iter().map(|add| (signal.event.clone(), add));
    cases
        .chain(plain)
        .flat_map(|(event, add)| amounts(&event, add, &signal.cap))
        .collect()
}

fn amounts(event: &str, add: &Amounts, cap: &Amounts) -> Vec<WeightRow> {
    Dimension::ALL
        .into_iter()
        .filter_map(|dimension| {
            let weight = add.of(dimension)?;
            let sign = if weight > 0.0 { "+" } else { "" };
            Some(WeightRow {
                event: event.to_owned(),
                score: capitalised(dimension.name()),
                weight: format!("{sign}{}", format::score(weight)),
                cap: cap.of(dimension).map(format::score).unwrap_or_default(),
            })
        })
        .collect()
}

fn guard(guard: &Guard) -> String {
    let share = guard.property == DISCOUNT_SHARE;
    let name = if share { "discount" } else { &guard.property };
    let figure = |value: f64| {
        if share {
            format!("{} %", format::score(value * 100.0))
        } else {
            format::score(value)
        }
    };
    if let Some(least) = guard.at_least {
        format!("{name} {} or more", figure(least))
    } else if let Some(most) = guard.at_most {
        format!("{name} {} or less", figure(most))
    } else if let Some(value) = &guard.equals {
        format!("{name} {}", scalar(value))
    } else if guard.present == Some(false) {
        format!("without {name}")
    } else {
        format!("with {name}")
    }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(true) => "yes".to_owned(),
        Scalar::Bool(false) => "no".to_owned(),
        Scalar::Number(number) => format::score(*number),
        Scalar::Text(text) => text.clone(),
    }
}

fn fading(half_lives: &HalfLives) -> Vec<String> {
    Dimension::ALL
        .into_iter()
        .map(|dimension| {
            let name = capitalised(dimension.name());
            let days = format::score(half_lives.of(dimension));
            match half_lives.investment.learnt() {
                Some(learnt) if dimension == Dimension::Investment => format!(
                    "{name} halves every {} times the usual gap between a customer's orders, at \
                     least {} and at most {} days; every {days} days until that is known.",
                    format::score(learnt.factor),
                    format::score(learnt.at_least),
                    format::score(learnt.at_most),
                ),
                _ => format!("{name} halves every {days} days."),
            }
        })
        .collect()
}

/// The text with a capital in front.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_read_as_sentences() {
        let set = RuleSet::default_set();

        let rules = rules(&set);
        let rows: Vec<_> = set.signals.iter().flat_map(weights).collect();

        assert_eq!(rules.len(), set.rules.len());
        assert!(rules.iter().all(|rule| !rule.conditions.is_empty()));
        let first_cool = rules.iter().position(|r| r.direction == Direction::Cool);
        let last_warm = rules.iter().rposition(|r| r.direction == Direction::Warm);
        assert!(last_warm < first_cool);
        let order = rows.iter().find(|row| row.event == "Order Completed");
        let order = order.expect("an order counts");
        assert_eq!((order.weight.as_str(), order.cap.as_str()), ("+10", "10"));
        let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
        assert!(
            events.contains(&"Order Completed, discount 20 % or more"),
            "{events:?}"
        );
        assert!(
            events.contains(&"Order Delivered, on_time yes"),
            "{events:?}"
        );
        assert_eq!(
            fading(&set.half_life_days)[0],
            "Familiarity halves every 60 days."
        );
    }
}
