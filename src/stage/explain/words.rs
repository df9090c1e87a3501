//! The vocabulary of explanations. People warm and cool.

use chrono::NaiveDate;

use super::reading::{ConditionReading, RuleReading};
use super::ways::Way;
use super::{Forecast, Standing};
use crate::stage::day::Day;
use crate::stage::dimension::{Dimension, Dimensions};
use crate::stage::ruleset::{Comparison, Condition, StageNames, Within};
use crate::stage::state::State;
use crate::stage::tier::Stage;
use crate::stage::transition::{Figure, Transition};

/// "friend": the brand's name for the stage as it reads within a sentence.
pub(super) fn name(names: &StageNames, stage: Stage) -> String {
    let name = names.of(stage);
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if letters.clone().all(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => name.to_owned(),
    }
}

/// "a friend", "an advocate".
pub(super) fn a(names: &StageNames, stage: Stage) -> String {
    let name = name(names, stage);
    let is_vowel = name
        .chars()
        .next()
        .is_some_and(|first| "aeiouAEIOU".contains(first));
    format!("{} {name}", if is_vowel { "an" } else { "a" })
}

/// "3 March 2026".
pub(super) fn date(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// "26.8", "24": one decimal where there is one.
pub(super) fn points(figure: f64) -> String {
    let tenths = (figure * 10.0).round() / 10.0;
    // Adding zero turns a rounded "-0" into "0".
    format!("{}", tenths + 0.0)
}

/// "1 point", "8.9 points".
pub(super) fn counted_points(figure: f64) -> String {
    let text = points(figure);
    let unit = if text == "1" { "point" } else { "points" };
    format!("{text} {unit}")
}

/// "1 day", "2 days".
pub(super) fn counted(number: impl Into<i64>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { many })
}

/// "familiarity and investment".
pub(super) fn sum(of: Dimensions) -> String {
    of.iter()
        .map(Dimension::name)
        .collect::<Vec<_>>()
        .join(" and ")
}

/// A condition, as a phrase.
pub(super) fn condition(condition: &Condition) -> String {
    match condition {
        Condition::All(list) => join(list, " and "),
        Condition::Any(list) => join(list, " or "),
        Condition::Not(inner) => format!("not: {}", self::condition(inner)),
        Condition::Score(test) => {
            let comparison = match test.is {
                Comparison::AtLeast(_) => "at least",
                Comparison::Above(_) => "above",
                Comparison::Below(_) => "below",
            };
            format!(
                "{} {comparison} {}",
                sum(test.of),
                points(test.is.threshold())
            )
        }
        Condition::ScoreBelowFor(test) => {
            let days = counted(test.days, "day", "days");
            format!("{} below {} for {days}", sum(test.of), points(test.below))
        }
        Condition::Known => String::from("known by an identifier"),
        Condition::NoOpenDispute => String::from("no open dispute"),
        Condition::StageAtLeast(stage) => format!("at least {}", plain_name(*stage)),
        Condition::Orders(test) => format!(
            "at least {} within {}",
            counted(test.at_least, "order", "orders"),
            counted(test.within_days, "day", "days")
        ),
        Condition::QualifyingDays(test) => {
            let days = counted(test.at_least, "day", "different days");
            format!(
                "orders or the like on {days} within {}",
                counted(test.within_days, "day", "days")
            )
        }
        Condition::ConvertedReferrals(test) => {
            within(*test, "converted referral", "converted referrals")
        }
        Condition::AdvocacyKinds(test) => {
            within(*test, "kind of advocacy act", "kinds of advocacy act")
        }
        Condition::DaysInStage { at_least } => {
            format!("{} in the present stage", counted(*at_least, "day", "days"))
        }
        Condition::DetractorAnswer => String::from("an answer that advises against the brand"),
        Condition::RelationshipEnded => String::from("the customer ends the relationship"),
        Condition::DisputeBreached => String::from("a dispute runs out with no remedy"),
        Condition::PromotingOrderRefunded { within_days } => format!(
            "the order that earned the stage is refunded within {}",
            counted(*within_days, "day", "days")
        ),
    }
}

/// The stage where no rule set is at hand to name it.
const fn plain_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Stranger => "stranger",
        Stage::Acquaintance => "acquaintance",
        Stage::Friend => "friend",
        Stage::Advocate => "advocate",
    }
}

fn join(list: &[Condition], with: &str) -> String {
    list.iter().map(condition).collect::<Vec<_>>().join(with)
}

fn within(test: Within, one: &str, many: &str) -> String {
    let number = counted(test.at_least, one, many);
    match test.within_days {
        Some(days) => format!("at least {number} within {}", counted(days, "day", "days")),
        None => format!("at least {number}"),
    }
}

/// What an unmet condition lacks, if anything the customer or the brand does can supply it.
/// `asked` is the number of days that a discount guard asks for.
pub(super) fn missing(names: &StageNames, figure: &Figure, asked: usize) -> Option<String> {
    if figure.met {
        return None;
    }
    let lacking = |asked: f64| rounded_up(asked - figure.figure);
    match &figure.condition {
        Condition::Score(test) => missing_points(test.of, test.is, figure.figure),
        Condition::Known => Some(String::from("a sign-in, or an id that names them")),
        Condition::NoOpenDispute => Some(String::from("the open dispute settled")),
        Condition::StageAtLeast(stage) => Some(format!("the stage of {}", name(names, *stage))),
        Condition::Orders(test) => Some(counted(
            lacking(f64::from(test.at_least)),
            "more order",
            "more orders",
        )),
        Condition::QualifyingDays(_) => {
            let asked = f64::from(u16::try_from(asked).unwrap_or(u16::MAX));
            let days = lacking(asked);
            let other = if days == 1 {
                "another day"
            } else {
                "other days, one a day"
            };
            Some(format!(
                "{} on {other}",
                counted(days, "more order", "more orders")
            ))
        }
        Condition::ConvertedReferrals(test) => Some(counted(
            lacking(f64::from(test.at_least)),
            "more converted referral",
            "more converted referrals",
        )),
        Condition::AdvocacyKinds(test) => Some(counted(
            lacking(f64::from(test.at_least)),
            "more kind of advocacy act",
            "more kinds of advocacy act",
        )),
        Condition::DaysInStage { at_least } => Some(format!(
            "{} in this stage",
            counted(lacking(f64::from(*at_least)), "more day", "more days")
        )),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::ScoreBelowFor(_)
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached
        | Condition::PromotingOrderRefunded { .. } => None,
    }
}

fn missing_points(of: Dimensions, is: Comparison, figure: f64) -> Option<String> {
    let short = match is {
        Comparison::AtLeast(threshold) | Comparison::Above(threshold) => threshold - figure,
        Comparison::Below(_) => return None,
    };
    Some(format!(
        "{} points more {}",
        points(short.max(0.1)),
        sum(of)
    ))
}

fn rounded_up(figure: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "counts and points are bounded by the rules"
    )]
    let whole = (figure - 1e-9).ceil() as i64;
    whole
}

/// What happens next if nothing does.
pub(super) fn forecast(
    names: &StageNames,
    state: &State,
    step: Option<&Transition>,
    day: NaiveDate,
) -> String {
    let on = date(day);
    match step {
        Some(step) if step.to > state.stage => {
            format!(
                "If nothing happens they warm to {} on {on}.",
                name(names, step.to)
            )
        }
        Some(step) => {
            format!(
                "If nothing happens they cool to {} on {on}.",
                name(names, step.to)
            )
        }
        None => format!("If nothing happens the open dispute moves on by itself on {on}."),
    }
}

/// Where somebody stands, in a few sentences.
pub(super) fn headline(names: &StageNames, standing: &Standing) -> Vec<String> {
    let mut sentences = Vec::new();
    let stage = capitalised(&a(names, standing.stage));
    sentences.push(match standing.since {
        Some(since) => format!("{stage} since {}.", date(Day::of(since).date())),
        None => format!("{stage}, of whom nothing is known yet."),
    });
    if standing.estranged {
        sentences.push(String::from(
            "The relationship was ended; only an act of their own can begin it again.",
        ));
    }
    if standing.second_chance {
        sentences.push(String::from(
            "A dispute has run out; this is the second chance.",
        ));
    } else if standing.strained {
        sentences.push(String::from(
            "A dispute is open; nobody is promoted while it is.",
        ));
    }
    sentences
}

/// A standing with what is missing and what comes next.
pub(super) fn standing(
    names: &StageNames,
    headline: &[String],
    deeper: &[RuleReading],
    next: Option<&Forecast>,
) -> Vec<String> {
    let mut sentences = headline.to_vec();
    for rule in deeper {
        sentences.push(what_is_missing(names, rule));
        sentences.extend(what_would_do(names, rule));
    }
    sentences.push(match next {
        Some(next) => next.sentence.clone(),
        None => String::from("If nothing happens nothing changes."),
    });
    let keep = next.map(|next| next.keep_sentence.clone());
    sentences.extend(keep.filter(|sentence| !sentence.is_empty()));
    sentences
}

fn what_is_missing(names: &StageNames, rule: &RuleReading) -> String {
    let missing = lacking(&rule.conditions);
    let to = a(names, rule.to);
    if missing.is_empty() {
        format!("Nothing is missing to become {to}.")
    } else {
        format!("To become {to} they need {}.", missing.join("; "))
    }
}

/// What unmet conditions lack; of alternatives of which none is met, any will do.
pub(super) fn lacking(conditions: &[ConditionReading]) -> Vec<String> {
    let lacks = |alternative| {
        conditions
            .iter()
            .filter(move |reading| !reading.met && reading.alternative == alternative)
            .filter_map(|reading| reading.missing.clone())
    };
    let mut missing: Vec<String> = lacks(false).collect();
    let has_choice = conditions
        .iter()
        .any(|reading| reading.alternative && reading.met);
    let choice: Vec<String> = lacks(true).collect();
    if !has_choice && !choice.is_empty() {
        missing.push(choice.join(" or "));
    }
    missing
}

/// The shortest way, and when it would lead there.
fn what_would_do(names: &StageNames, rule: &RuleReading) -> Option<String> {
    let way = rule.ways.first()?;
    let text = capitalised(&way.text);
    Some(match way.then {
        Some(then) => format!(
            "{text} would do; they could become {} on {} at the earliest.",
            a(names, rule.to),
            date(then)
        ),
        None => format!("{text} would do."),
    })
}

pub(super) fn what_keeps(names: &StageNames, stage: Stage, way: &Way) -> String {
    let text = capitalised(&way.text);
    let stage = a(names, stage);
    match way.then {
        Some(until) => format!("{text} would keep them {stage} until {}.", date(until)),
        None => format!("{text} would keep them {stage}."),
    }
}

/// The same text beginning with a capital.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
