//! What happened, newest first.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::http::dashboard::customers::tag;
use crate::insight::{self, Happening};
use crate::projection::Life;
use crate::stage::{self, Dimension, Fact, Rules, Transition, Verdict};
use crate::view::dashboard::{Move, MoveTold, TimelineEntry};
use crate::view::format;

/// Properties that tell people what an event was about, most telling first.
const TELLING: [&str; 12] = [
    "order_id", "product", "name", "title", "rating", "score", "reason", "channel", "provider",
    "purpose", "path", "url",
];

/// The most properties that are told.
const TOLD_MAX: usize = 2;

/// The longest text of a property that is told, in characters.
const TEXT_CHARS_MAX: usize = 60;

pub(super) fn entry(life: &Life, entry: &insight::TimelineEntry) -> TimelineEntry {
    let rules = life.rules_at(entry.at);
    let blank = TimelineEntry {
        datetime: format::machine(entry.at),
        day: format::day_of(entry.at),
        time: entry.at.format("%H:%M").to_string(),
        title: String::new(),
        detail: String::new(),
        effect: String::new(),
        stage: tag(entry.stage),
        moved: None,
        told: None,
    };
    match &entry.happening {
        Happening::Event {
            message_id,
            name,
            trusted,
            payload,
            ..
        } => {
            let properties = payload.get("properties").unwrap_or(&Value::Null);
            let fact = Fact {
                at: entry.at,
                source: "",
                message_id,
                name,
                properties,
                trusted: *trusted,
                known_after: false,
                brand_initiated: false,
            };
            TimelineEntry {
                title: name.clone(),
                detail: detail(payload),
                effect: effect(rules, &fact),
                ..blank
            }
        }
        Happening::Move {
            from_stage,
            to_stage,
            rule,
            evidence,
            recorded_at,
            version,
        } => {
            let step = serde_json::from_value::<Transition>(evidence.clone()).ok();
            let told = step.as_ref().map(|step| life.explain_move(step));
            TimelineEntry {
                title: "Stage changed".to_owned(),
                detail: told
                    .as_ref()
                    .map_or_else(|| format!("Rule {rule}."), |told| told.cause.clone()),
                moved: Some(Move {
                    from: tag(*from_stage),
                    to: tag(*to_stage),
                }),
                told: told.map(|told| MoveTold {
                    figures: told.figures,
                    otherwise: told.otherwise,
                    recorded: recorded(entry.at, *recorded_at),
                    rule_version: u32::try_from(*version).unwrap_or(0),
                }),
                ..blank
            }
        }
    }
}

/// When a move became known, if that was on a later day than it took effect.
fn recorded(effective: DateTime<Utc>, recorded: DateTime<Utc>) -> String {
    if recorded.date_naive() > effective.date_naive() {
        format!("Recorded on {}.", format::day_of(recorded))
    } else {
        String::new()
    }
}

/// What an event is worth before the caps of its day, or why it counts for nothing.
fn effect(rules: &Rules, fact: &Fact<'_>) -> String {
    let act = stage::interpret(rules, fact);
    match act.verdict {
        Verdict::Counted => {
            let worth = act.worth(rules);
            let parts: Vec<String> = Dimension::ALL
                .into_iter()
                .map(|dimension| (dimension, worth.of(dimension)))
                .filter(|(_, points)| *points != 0.0)
                .map(|(dimension, points)| {
                    let sign = if points > 0.0 { "+" } else { "" };
                    format!("{sign}{} {}", format::score(points), dimension.name())
                })
                .collect();
            parts.join(", ")
        }
        Verdict::Untrusted => "sent by a browser, counts for nothing".to_owned(),
        Verdict::NoSignal | Verdict::NoCase | Verdict::BrandInitiated => String::new(),
    }
}

/// An amount and what else tells people what it was about.
fn detail(payload: &Value) -> String {
    let properties = payload.get("properties").unwrap_or(&Value::Null);
    let mut parts: Vec<String> = amount(properties).into_iter().collect();
    let told = TELLING
        .into_iter()
        .filter_map(|name| properties.get(name).and_then(|value| text(name, value)))
        .take(TOLD_MAX);
    parts.extend(told);
    parts.join(", ")
}

fn amount(properties: &Value) -> Option<String> {
    let figure = ["total", "revenue", "value", "amount"]
        .into_iter()
        .find_map(|name| properties.get(name).and_then(Value::as_f64))?;
    let currency = properties.get("currency").and_then(Value::as_str);
    let currency = currency.filter(|code| code.len() == 3).unwrap_or_default();
    Some(format!("{currency} {figure:.2}").trim().to_owned())
}

fn text(name: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        // A number alone says nothing.
        Value::Number(number) => format!("{name} {number}"),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if text.is_empty() {
        return None;
    }
    if text.chars().count() <= TEXT_CHARS_MAX {
        return Some(text);
    }
    let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    Some(format!("{cut}…"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_tells_its_amount_and_what_it_was_about() {
        for (properties, said) in [
            (
                json!({"total": 42.5, "currency": "CHF", "order_id": "4711"}),
                "CHF 42.50, 4711",
            ),
            (
                json!({"rating": 5, "product": "Rye loaf", "reason": "x"}),
                "Rye loaf, rating 5",
            ),
            (json!({"path": "/breads"}), "/breads"),
            (json!({"products": [1, 2], "coupon": true}), ""),
            (json!(null), ""),
            (json!("text"), ""),
        ] {
            assert_eq!(detail(&json!({ "properties": properties })), said);
        }
        let long = detail(&json!({ "properties": { "title": "x".repeat(200) } }));
        assert_eq!(long.chars().count(), TEXT_CHARS_MAX + 1);
    }

    #[test]
    fn an_event_says_what_it_is_worth_or_why_nothing() {
        let rules = Rules::default_rules();
        let nothing = json!({});
        let worth = |name, trusted| {
            let fact = Fact {
                at: chrono::DateTime::UNIX_EPOCH,
                source: "",
                message_id: "m",
                name,
                properties: &nothing,
                trusted,
                known_after: true,
                brand_initiated: false,
            };
            effect(&rules, &fact)
        };

        assert_eq!(worth("Order Completed", true), "+10 investment");
        assert_eq!(worth("Dispute Opened", true), "−4 trust");
        assert_eq!(
            worth("Order Completed", false),
            "sent by a browser, counts for nothing"
        );
        assert_eq!(worth("Signed Up", false), "+6 familiarity");
        assert_eq!(worth("Something Else", true), "");
    }
}
