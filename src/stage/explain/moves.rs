//! A move, explained: the rule, what set it off, what it saw, and what would have changed it.

use serde::{Deserialize, Serialize};

use super::otherwise::Otherwise;
use super::words;
use crate::stage::day::Day;
use crate::stage::rules::Rules;
use crate::stage::ruleset::{Comparison, Condition};
use crate::stage::transition::{Cause, Figure, MoveKind, Transition};

/// A move in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionExplanation {
    /// What happened: "Warmed from acquaintance to friend on 3 March 2026."
    pub headline: String,
    /// The rule and what set it off.
    pub cause: String,
    /// Each condition with the figure it saw.
    pub figures: Vec<String>,
    /// What would have changed it.
    pub otherwise: String,
    /// The same, found by folding without the cause; none where only the record was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual: Option<Otherwise>,
}

/// Explains a recorded move. `rules` should be those it was made under: they name the stages.
pub fn explain_transition(rules: &Rules, step: &Transition) -> TransitionExplanation {
    TransitionExplanation {
        headline: headline(rules, step),
        cause: cause(step),
        figures: step.figures.iter().map(figure).collect(),
        otherwise: otherwise(rules, step),
        counterfactual: None,
    }
}

fn headline(rules: &Rules, step: &Transition) -> String {
    let names = rules.names();
    let from = words::name(names, step.from);
    let to = words::name(names, step.to);
    let on = words::date(Day::of(step.effective_at).date());
    match step.kind {
        MoveKind::Promotion => format!("Warmed from {from} to {to} on {on}."),
        MoveKind::Reentry => format!("Came back from {from} to {to} on {on}."),
        MoveKind::Decay | MoveKind::Fall | MoveKind::Answer | MoveKind::Breach => {
            format!("Cooled from {from} to {to} on {on}.")
        }
        MoveKind::Annulment => format!("Back from {from} to {to} on {on}: the step was annulled."),
        MoveKind::Reconciliation => format!("Reconciled: back from {from} to {to} on {on}."),
        MoveKind::End => format!(
            "Ended the relationship on {on}, as {}.",
            words::a(names, step.from)
        ),
    }
}

fn cause(step: &Transition) -> String {
    let rule = &step.rule;
    match &step.cause {
        Cause::Act {
            message_id, event, ..
        } if event.is_empty() => {
            format!("Rule {rule}, because message {message_id} made them known.")
        }
        Cause::Act {
            message_id, event, ..
        } => {
            format!("Rule {rule}, because of {event} (message {message_id}).")
        }
        Cause::Date { day } => format!("Rule {rule}, because time passed: {}.", words::date(*day)),
        Cause::Known => format!("Rule {rule}, because they came to be known."),
        Cause::DisputeClock { message_id } => {
            format!("Rule {rule}, because the dispute of message {message_id} ran out.")
        }
        Cause::RulesChanged => format!(
            "Rule {rule}, because the rules changed on {}.",
            words::date(Day::of(step.effective_at).date())
        ),
    }
}

/// A condition and the figure it saw: "Investment at least 24: 26.8".
pub(in crate::stage) fn figure(figure: &Figure) -> String {
    let saw = match &figure.condition {
        Condition::ScoreBelowFor(_) => {
            format!("{} days", words::points(figure.figure))
        }
        Condition::Score(_)
        | Condition::Orders(_)
        | Condition::QualifyingDays(_)
        | Condition::ConvertedReferrals(_)
        | Condition::AdvocacyKinds(_)
        | Condition::DaysInStage { .. } => words::points(figure.figure),
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
            String::from(if figure.met { "yes" } else { "no" })
        }
    };
    let asked = words::capitalised(&words::condition(&figure.condition));
    format!(
        "{asked}: {saw}{}",
        if figure.met { "" } else { ", not met" }
    )
}

fn otherwise(rules: &Rules, step: &Transition) -> String {
    let stay = format!(
        "they would have stayed {}",
        words::a(rules.names(), step.from)
    );
    if step.cause == Cause::RulesChanged {
        return format!("Under the rules that held before, {stay}.");
    }
    match step.kind {
        MoveKind::Promotion | MoveKind::Reentry => promotion_otherwise(step, &stay),
        MoveKind::Decay => decay_otherwise(step, &stay),
        MoveKind::Fall => format!("Had the figures above stayed where they were, {stay}."),
        MoveKind::Answer => format!("Without that answer {stay}."),
        MoveKind::Annulment => format!("Had the order not been taken back, {stay}."),
        MoveKind::Breach => format!("Had a remedy been proposed before the clock ran out, {stay}."),
        MoveKind::Reconciliation => format!("Without a remedy that they accept {stay}."),
        MoveKind::End => String::from("Only the customer could have decided otherwise."),
    }
}

fn promotion_otherwise(step: &Transition, stay: &str) -> String {
    if !matches!(step.cause, Cause::Act { .. }) {
        return format!("It took no act: until that day a condition was not met, and {stay}.");
    }
    let short = step
        .figures
        .iter()
        .filter(|figure| figure.met)
        .find_map(|figure| without(step, figure).map(|left| (&figure.condition, left)));
    match short {
        Some((condition, left)) => format!(
            "Without it {} would have stood at {}, and {stay}.",
            subject(condition),
            words::points(left)
        ),
        None => format!("A day earlier not all of it was met, and {stay}."),
    }
}

/// What the figure would have been without the act, if that would not have been enough.
fn without(step: &Transition, figure: &Figure) -> Option<f64> {
    match &figure.condition {
        Condition::Score(test) => {
            let added: f64 = test
                .of
                .iter()
                .map(|dimension| step.added.of(dimension))
                .sum();
            let left = figure.figure - added;
            let is_short = !matches!(test.is, Comparison::Below(_)) && !test.is.holds(left);
            is_short.then_some(left)
        }
        Condition::QualifyingDays(test) => {
            let left = figure.figure - 1.0;
            (step.added.investment > 0.0 && left < f64::from(test.at_least)).then_some(left)
        }
        Condition::Orders(test) => {
            let left = figure.figure - 1.0;
            (step.added.investment > 0.0 && left < f64::from(test.at_least)).then_some(left)
        }
        Condition::ConvertedReferrals(test) | Condition::AdvocacyKinds(test) => {
            let left = figure.figure - 1.0;
            (step.added.advocacy > 0.0 && left < f64::from(test.at_least)).then_some(left)
        }
        _ => None,
    }
}

fn subject(condition: &Condition) -> String {
    match condition {
        Condition::Score(test) => words::sum(test.of),
        Condition::QualifyingDays(_) => String::from("the days with an order or the like"),
        Condition::Orders(_) => String::from("the orders"),
        Condition::ConvertedReferrals(_) => String::from("the converted referrals"),
        Condition::AdvocacyKinds(_) => String::from("the kinds of advocacy act"),
        other => words::condition(other),
    }
}

fn decay_otherwise(step: &Transition, stay: &str) -> String {
    let bar = step
        .figures
        .iter()
        .filter(|figure| figure.met)
        .find_map(|figure| match &figure.condition {
            Condition::ScoreBelowFor(test) => Some(test),
            _ => None,
        });
    match bar {
        Some(test) => format!(
            "Had {} reached {} on any of the {} days before, {stay}.",
            words::sum(test.of),
            words::points(test.below),
            test.days
        ),
        None => format!("With any act in time {stay}."),
    }
}
