//! Why somebody is where they are: each rule that could move them, met or not.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::http::dashboard::rules::capitalised;
use crate::projection::{Basis, Life};
use crate::stage::Dimension;
use crate::stage::explain::{ConditionReading, Explanation, Forecast, RuleReading, Way, describe};
use crate::stage::ruleset::Condition;
use crate::view::dashboard::{ConditionView, DayLookedAt, Direction, RuleView, Score, WhyHere};
use crate::view::{StageTag, format};

/// Days ahead that can be looked at.
const AHEAD: Days = Days::new(366);

/// None until something has been judged.
pub(super) fn why(
    life: &Life,
    on: Option<NaiveDate>,
    created_at: DateTime<Utc>,
) -> Option<WhyHere> {
    let current = &life.current;
    current.standing.since?;
    let now = current.at;
    let first = created_at
        .min(current.standing.since.unwrap_or(now))
        .date_naive();
    let first = current
        .known_since
        .map_or(first, |known| first.min(known.date_naive()));
    let last = now.date_naive() + AHEAD;
    let on = on.filter(|day| *day != now.date_naive() && *day <= last);
    let at = on.map_or(now, end_of);
    let basis = life.basis();
    let (told, on, caution) = match life.explain(at) {
        Ok(told) if basis.whole => (told, on, String::new()),
        Ok(told) => (told, on, caution(basis)),
        // The past of a very long life cannot be told: today's reasons, and why.
        Err(error) => (life.explain(now).ok()?, None, format!("{error}.")),
    };
    let card = card(&told, on.map(|day| (day, day > now.date_naive())));
    Some(WhyHere {
        days: (first.to_string(), last.to_string()),
        day: on.unwrap_or(now.date_naive()).to_string(),
        caution,
        rule_version: u32::try_from(current.rules.version).unwrap_or(0),
        ..card
    })
}

/// The card of an explanation: on another day, and whether that is still to come, or now.
fn card(told: &Explanation, on: Option<(NaiveDate, bool)>) -> WhyHere {
    let next = told.next.as_ref();
    let ahead = next.map_or("If nothing happens nothing changes.", |next| &next.sentence);
    WhyHere {
        on: on.map(|(day, is_ahead)| DayLookedAt {
            day: format::date(day),
            is_ahead,
            stage: StageTag::from(told.standing.stage),
        }),
        days: Default::default(),
        day: String::new(),
        summary: format!("{} {ahead}", told.headline),
        keep: next
            .map(|next| next.keep_sentence.clone())
            .unwrap_or_default(),
        caution: String::new(),
        rule_version: 0,
        scores: scores(told),
        rules: views(told),
    }
}

/// The last instant of a day, UTC.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day);
    next.and_time(NaiveTime::MIN).and_utc() - TimeDelta::microseconds(1)
}

fn caution(basis: Basis) -> String {
    let events = u64::try_from(basis.events).unwrap_or(u64::MAX);
    format!(
        "Made from the latest {} and the stored state.",
        format::plural(events, "event", "events")
    )
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
            ways: rule.ways.iter().map(way).collect(),
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
    let (figure, threshold) = match (&reading.condition, reading.score) {
        (Condition::ScoreBelowFor(test), Some(score)) => {
            (format::score(score), format::score(test.below))
        }
        _ => figures(&reading.condition, reading.figure),
    };
    ConditionView {
        text: capitalised(&describe(&reading.condition)),
        met: reading.met,
        figure,
        threshold,
        slack: slack(reading),
        evidence: evidence(reading),
        ways: reading.ways.iter().map(way).collect(),
    }
}

fn way(way: &Way) -> String {
    let text = way.text.trim_end_matches(',');
    match way.then {
        Some(then) => format!(
            "{text}; they would move on {} at the earliest",
            format::date(then)
        ),
        None => text.to_owned(),
    }
}

/// The acts behind a figure, and what others add to it.
fn evidence(reading: &ConditionReading) -> Vec<String> {
    let mut lines: Vec<String> = reading
        .evidence
        .iter()
        .map(|one| one.text.clone())
        .collect();
    if let Some(rest) = reading.rest {
        lines.push(match rest.acts {
            0 => format!("Earlier acts: {} left", format::score(rest.left)),
            acts => format!("{acts} others: {} left", format::score(rest.left)),
        });
    }
    lines
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
    if let (Condition::ScoreBelowFor(test), Some(score)) = (&reading.condition, reading.score) {
        return grace(test.below, score, reading);
    }
    match (reading.met, &reading.missing, left) {
        (true, _, Some(left)) => format!("{left} left"),
        (false, Some(missing), _) => format!("needs {missing}"),
        (false, None, Some(left)) => format!("met in {left} if nothing happens"),
        (true, _, None) | (false, None, None) => String::new(),
    }
}

/// How far a sum is from having been low for long enough.
fn grace(below: f64, score: f64, reading: &ConditionReading) -> String {
    let room = score - below;
    let place = if room < 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a number of whole days, counted in 32 bits"
        )]
        let low_days = reading.figure.round() as i32;
        format!("below for {}", days(low_days))
    } else {
        format!("{} to spare", format::score(room))
    };
    match reading.days_left.map(days) {
        Some(left) if !reading.met => format!("{place}, {left} left"),
        _ => place,
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
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::stage::{self, Fact, Rules, Schedule};

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
    }

    fn told(events: &[(i64, &str)], now: DateTime<Utc>) -> Explanation {
        let schedule = Schedule::single(Arc::new(Rules::default_rules()));
        let nothing: Value = json!({});
        let ids: Vec<String> = (0..events.len()).map(|n| format!("m{n}")).collect();
        let acts: Vec<_> = events
            .iter()
            .zip(&ids)
            .map(|((day, name), id)| {
                schedule.interpret(&Fact {
                    at: at(*day),
                    source: "site",
                    message_id: id,
                    name,
                    properties: &nothing,
                    trusted: true,
                    known_after: true,
                    brand_initiated: false,
                })
            })
            .collect();
        stage::explain_history(&schedule, &acts, None, now)
    }

    #[test]
    fn an_acquaintance_is_told_what_is_missing_and_when_they_would_cool() {
        let events = [
            (0, "Signed Up"),
            (0, "Consent Given"),
            (1, "Order Completed"),
        ];

        let why = card(&told(&events, at(2)), None);

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
        assert!(
            warm.ways[0].starts_with("2 more orders, one a day, by "),
            "{warm:?}"
        );
        assert!(why.keep.starts_with("1 more order by "), "{}", why.keep);
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
        let investment = &warm.conditions[0];
        assert_eq!(investment.evidence.len(), 1, "{investment:?}");
        assert!(
            investment.ways[0].starts_with("2 more orders"),
            "{investment:?}"
        );
        assert!(all.iter().any(|view| view.met) && all.iter().any(|view| !view.met));
    }
}
