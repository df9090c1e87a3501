//! Why somebody is where they are: each rule that could move them, met or not.

use crate::http::dashboard::rules::capitalised;
use crate::projection::Current;
use crate::stage::explain::{
    ConditionReading, Explanation, Forecast, RuleReading, describe, explain,
};
use crate::stage::ruleset::Condition;
use crate::stage::{Dimension, Ledger};
use crate::view::dashboard::{ConditionView, Direction, RuleView, Score, WhyHere};
use crate::view::{StageTag, format};

/// None until something has been judged.
pub(super) fn why(current: &Current) -> Option<WhyHere> {
    current.standing.since?;
    let rules = &current.rules.rules;
    let told = explain(rules, &current.state, &Ledger::default(), current.at);
    Some(WhyHere {
        summary: summary(&told),
        rule_version: u32::try_from(current.rules.version).unwrap_or(0),
        scores: scores(&told),
        rules: views(&told),
    })
}

/// Where they stand, and what happens next if nothing does. What is missing stands at each rule.
fn summary(told: &Explanation) -> String {
    let needs = told.deeper.len();
    let count = told.sentences.len();
    let kept = told
        .sentences
        .iter()
        .enumerate()
        .filter(|(index, _)| *index + 1 + needs < count || *index + 1 == count)
        .map(|(_, sentence)| sentence.as_str());
    kept.collect::<Vec<_>>().join(" ")
}

fn scores(told: &Explanation) -> Vec<Score> {
    Dimension::ALL
        .into_iter()
        .map(|dimension| Score {
            name: capitalised(dimension.name()),
            value: format::score(told.standing.scores.of(dimension)),
            meaning: meaning(dimension).to_owned(),
        })
        .collect()
}

const fn meaning(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Familiarity => "visits and sign-ins",
        Dimension::Investment => "orders and efforts",
        Dimension::Trust => "promises kept and broken",
        Dimension::Advocacy => "shares and invitations",
    }
}

fn views(told: &Explanation) -> Vec<RuleView> {
    let next = told.next.as_ref();
    let warm = told.deeper.iter().map(|rule| (Direction::Warm, rule));
    let cool = told.back.iter().map(|rule| (Direction::Cool, rule));
    warm.chain(cool)
        .map(|(direction, rule)| RuleView {
            id: rule.rule.clone(),
            direction,
            to: StageTag::from(rule.to),
            met: rule.met,
            next: next_of(direction, rule, next),
            conditions: rule.conditions.iter().map(condition).collect(),
        })
        .collect()
}

fn next_of(direction: Direction, rule: &RuleReading, next: Option<&Forecast>) -> String {
    let verb = match direction {
        Direction::Warm => "warm",
        Direction::Cool => "cool",
    };
    let named = |next: &&Forecast| next.rule.as_deref() == Some(rule.rule.as_str());
    if let Some(next) = next.filter(named) {
        let days = days(next.days_left);
        return format!(
            "Would {verb} on {}, in {days}, if nothing happens.",
            format::day_of(next.at)
        );
    }
    let missing = missing(rule);
    match direction {
        Direction::Warm if missing.is_empty() => "Nothing is missing.".to_owned(),
        Direction::Warm => format!("Still needed: {}.", missing.join("; ")),
        Direction::Cool => "Not by waiting.".to_owned(),
    }
}

/// What the unmet conditions lack; of alternatives any one will do.
fn missing(rule: &RuleReading) -> Vec<String> {
    let lacks = |alternative: bool| {
        let unmet = rule.conditions.iter().filter(move |reading| !reading.met);
        unmet
            .filter(move |reading| reading.alternative == alternative)
            .filter_map(|reading| reading.missing.clone())
    };
    let mut missing: Vec<String> = lacks(false).collect();
    let mut alternatives = rule.conditions.iter().filter(|reading| reading.alternative);
    if !alternatives.any(|reading| reading.met) {
        let any: Vec<String> = lacks(true).collect();
        if !any.is_empty() {
            missing.push(any.join(" or "));
        }
    }
    missing
}

fn condition(reading: &ConditionReading) -> ConditionView {
    let (figure, threshold) = figures(&reading.condition, reading.figure);
    ConditionView {
        text: capitalised(&describe(&reading.condition)),
        met: reading.met,
        figure,
        threshold,
        slack: slack(reading),
    }
}

/// The customer's own figure, and the one that is asked for.
fn figures(condition: &Condition, figure: f64) -> (String, String) {
    let count = |asked: u16| (format::score(figure), asked.to_string());
    match condition {
        Condition::Score(test) => (format::score(figure), format::score(test.is.threshold())),
        Condition::ScoreBelowFor(test) => (format::score(figure), counted(test.days)),
        Condition::Orders(test) => count(test.at_least),
        Condition::QualifyingDays(test) => count(test.at_least),
        Condition::ConvertedReferrals(test) | Condition::AdvocacyKinds(test) => {
            count(test.at_least)
        }
        Condition::DaysInStage { at_least } => (format::score(figure), counted(*at_least)),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::Known
        | Condition::NoOpenDispute
        | Condition::StageAtLeast(_)
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached
        | Condition::PromotingOrderRefunded { .. } => {
            let answer = if figure > 0.5 { "yes" } else { "no" };
            (answer.to_owned(), "yes".to_owned())
        }
    }
}

fn slack(reading: &ConditionReading) -> String {
    let left = reading.days_left.map(days);
    match (reading.met, &reading.missing, left) {
        (true, _, Some(left)) => format!("{left} left"),
        (false, Some(missing), _) => format!("needs {missing}"),
        (false, None, Some(left)) => format!("met in {left} if nothing happens"),
        (true, _, None) | (false, None, None) => String::new(),
    }
}

fn days(count: i32) -> String {
    let count = u64::try_from(count).unwrap_or(0);
    format::plural(count, "day", "days")
}

fn counted(count: u16) -> String {
    format::plural(u64::from(count), "day", "days")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::id::RuleSetId;
    use crate::projection::BrandRules;
    use crate::stage::{self, Fact, Rules};

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
    }

    fn current(events: &[(i64, &str)], now: DateTime<Utc>) -> Current {
        let rules = Rules::default_rules();
        let nothing: Value = json!({});
        let ids: Vec<String> = (0..events.len()).map(|n| format!("m{n}")).collect();
        let acts: Vec<_> = events
            .iter()
            .zip(&ids)
            .map(|((day, name), id)| {
                let fact = Fact {
                    at: at(*day),
                    source: "site",
                    message_id: id,
                    name,
                    properties: &nothing,
                    trusted: true,
                    known_after: true,
                    brand_initiated: false,
                };
                stage::interpret(&rules, &fact)
            })
            .collect();
        let outcome = stage::fold(&rules, &acts, None, now);
        Current {
            standing: outcome.standing,
            state: outcome.state,
            unwritten: Vec::new(),
            review_at: outcome.review_at,
            known_since: None,
            at: now,
            rules: BrandRules::single(
                RuleSetId::from_uuid(crate::audit::INSTALLATION.uuid()),
                1,
                std::sync::Arc::new(rules),
            ),
        }
    }

    #[test]
    fn somebody_of_whom_nothing_is_known_has_no_reasons() {
        assert!(why(&current(&[], at(0))).is_none());
    }

    #[test]
    fn an_acquaintance_is_told_what_is_missing_and_when_they_would_cool() {
        let events = [
            (0, "Signed Up"),
            (0, "Consent Given"),
            (1, "Order Completed"),
        ];

        let why = why(&current(&events, at(2))).expect("there are reasons");

        assert!(
            why.summary.starts_with("An acquaintance since"),
            "{}",
            why.summary
        );
        assert!(
            why.summary.contains("If nothing happens they cool"),
            "{}",
            why.summary
        );
        assert!(!why.summary.contains("To become"), "{}", why.summary);
        let warm = why
            .rules
            .iter()
            .find(|rule| rule.direction == Direction::Warm);
        let warm = warm.expect("a way up");
        assert_eq!(warm.to, StageTag::Friend);
        assert!(warm.next.starts_with("Still needed: "), "{}", warm.next);
        let cool = why
            .rules
            .iter()
            .find(|rule| rule.next.starts_with("Would cool on"));
        assert!(cool.is_some_and(|rule| rule.next.ends_with("if nothing happens.")));
        let all: Vec<_> = why.rules.iter().flat_map(|rule| &rule.conditions).collect();
        assert!(
            all.iter()
                .all(|view| !view.figure.is_empty() && !view.threshold.is_empty())
        );
        assert!(all.iter().any(|view| view.met) && all.iter().any(|view| !view.met));
    }
}
