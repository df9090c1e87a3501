//! Why somebody would stand elsewhere, by the draft's own figures.

use chrono::{DateTime, Utc};

use super::Subject;
use super::preview::Sample;
use crate::stage::explain;
use crate::stage::tier::Stage;
use crate::stage::transition::{Figure, Transition};

/// What makes the difference.
enum Difference<'a> {
    /// The draft made the last move, and the rules in force did not.
    Made(&'a Transition),
    /// The rules in force made this move, and the draft did not.
    LeftOut(&'a Transition),
}

/// The rule that the reason is about: the one that would move, or whose move would be left out.
pub(super) fn deciding_rule(subject: &Subject<'_>) -> Option<String> {
    match difference(subject)? {
        Difference::Made(step) | Difference::LeftOut(step) => Some(step.rule.clone()),
    }
}

pub(super) fn sample(subject: &Subject<'_>, cell: (Stage, Stage), at: DateTime<Utc>) -> Sample {
    let (from, to) = cell;
    let (rule, reason, figures) = match difference(subject) {
        Some(Difference::Made(step)) => {
            let told = explain::explain_transition(subject.draft.rules, step);
            let reason = format!("{} {}", told.headline, told.cause);
            (Some(step.rule.clone()), reason, told.figures)
        }
        Some(Difference::LeftOut(step)) => {
            let told = explain::explain_transition(subject.present.rules, step);
            let reason = format!(
                "The rules in force say: {} The draft does not make that move.",
                told.headline
            );
            (
                Some(step.rule.clone()),
                reason,
                figures_now(subject, cell, at),
            )
        }
        None => (None, String::new(), figures_now(subject, cell, at)),
    };
    Sample {
        profile_id: subject.id.to_owned(),
        from,
        to,
        rule,
        reason,
        figures,
    }
}

fn difference<'a>(subject: &Subject<'a>) -> Option<Difference<'a>> {
    let present = &subject.present.outcome.transitions;
    let draft = &subject.draft.outcome.transitions;
    let last_only_in = |one: &'a [Transition], other: &'a [Transition]| {
        one.iter()
            .rev()
            .find(|step| !other.iter().any(|same| same.is_same_move(step)))
    };
    let is_last = |step: &&Transition| draft.last().is_some_and(|last| std::ptr::eq(last, *step));
    let made = last_only_in(draft, present).filter(is_last);
    made.map(Difference::Made)
        .or_else(|| last_only_in(present, draft).map(Difference::LeftOut))
}

/// What the draft's rules see at `at`, of those that lead from where it leaves the person towards
/// where they stand now.
fn figures_now(
    subject: &Subject<'_>,
    (from, to): (Stage, Stage),
    at: DateTime<Utc>,
) -> Vec<String> {
    let draft = &subject.draft;
    let told = explain::explain(draft.rules, &draft.outcome.state, at);
    let readings = if from > to { told.deeper } else { told.back };
    let conditions = readings.into_iter().flat_map(|reading| reading.conditions);
    conditions
        .map(|reading| {
            explain::figure_in_words(&Figure {
                condition: reading.condition,
                figure: reading.figure,
                met: reading.met,
            })
        })
        .collect()
}
