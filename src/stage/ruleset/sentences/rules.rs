//! When customers move.

use super::{Sentence, SlotKind, counted};
use crate::stage::dimension::{Dimension, Dimensions};
use crate::stage::ruleset::{
    Comparison, Condition, QualifyingDays, Rule, RuleSet, ScoreBelowFor, Within,
};
use crate::stage::tier::Stage;

/// One rule: who moves where, and what must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSentence {
    /// The rule's id.
    pub id: String,
    /// The stage it moves from; none where it moves from any.
    pub from: Option<Stage>,
    /// The stage it moves to.
    pub to: Stage,
    /// "A newcomer becomes a regular when all of these hold:".
    pub lead: String,
    /// What must hold, one condition a line.
    pub lines: Vec<Line>,
}

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// How deep it is nested; 0 for the outermost conditions.
    pub depth: usize,
    /// The condition.
    pub sentence: Sentence,
}

impl RuleSentence {
    /// Whether it leads to a deeper stage.
    pub fn warms(&self) -> bool {
        self.from.is_some_and(|from| from < self.to)
    }
}

pub(super) fn rules(set: &RuleSet) -> Vec<RuleSentence> {
    let sentences = set.rules.iter().enumerate();
    let (warm, cool): (Vec<_>, Vec<_>) = sentences
        .map(|(index, rule)| sentence(set, index, rule))
        .partition(RuleSentence::warms);
    [warm, cool].concat()
}

fn sentence(set: &RuleSet, index: usize, rule: &Rule) -> RuleSentence {
    let path = format!("rules[{index}].when");
    let mut lines = Vec::new();
    let how = match &rule.when {
        Condition::All(list) => {
            each(list, &format!("{path}.all"), 0, &mut lines);
            if list.len() > 1 {
                "all of these hold"
            } else {
                "this holds"
            }
        }
        Condition::Any(list) => {
            each(list, &format!("{path}.any"), 0, &mut lines);
            if list.len() > 1 {
                "one of these holds"
            } else {
                "this holds"
            }
        }
        one => {
            write(one, &path, 0, &mut lines);
            "this holds"
        }
    };
    let to = set.stages.of(rule.to);
    let lead = match rule.from {
        Some(from) if from < rule.to => {
            format!("{} warms to {to} when {how}:", set.stages.of(from))
        }
        Some(from) => format!("{} cools to {to} when {how}:", set.stages.of(from)),
        None => format!("Anybody is {to} again when {how}:"),
    };
    RuleSentence {
        id: rule.id.clone(),
        from: rule.from,
        to: rule.to,
        lead,
        lines,
    }
}

fn each(list: &[Condition], path: &str, depth: usize, lines: &mut Vec<Line>) {
    for (index, inner) in list.iter().enumerate() {
        write(inner, &format!("{path}[{index}]"), depth, lines);
    }
}

fn write(condition: &Condition, path: &str, depth: usize, lines: &mut Vec<Line>) {
    let mut group = |words: &str, list: &[Condition], key: &str| {
        lines.push(Line {
            depth,
            sentence: Sentence::default().words(words),
        });
        each(list, &format!("{path}.{key}"), depth + 1, lines);
    };
    match condition {
        Condition::All(list) => group("all of these:", list, "all"),
        Condition::Any(list) => group("one of these:", list, "any"),
        Condition::Not(inner) => {
            lines.push(Line {
                depth,
                sentence: Sentence::default().words("not:"),
            });
            write(inner, &format!("{path}.not"), depth + 1, lines);
        }
        one => lines.push(Line {
            depth,
            sentence: leaf(one, path),
        }),
    }
}

fn leaf(condition: &Condition, path: &str) -> Sentence {
    let say = |words: &str| Sentence::default().words(words);
    match condition {
        Condition::Score(test) => score(test.of, test.is, &format!("{path}.score")),
        Condition::ScoreBelowFor(test) => below(test, &format!("{path}.score_below_for")),
        Condition::QualifyingDays(test) => qualifying(test, &format!("{path}.qualifying_days")),
        Condition::Orders(test) => {
            let path = format!("{path}.orders");
            say("at least ")
                .count(&format!("{path}.at_least"), test.at_least, "orders")
                .words(counted(
                    f64::from(test.at_least),
                    " order within ",
                    " orders within ",
                ))
                .days(
                    &format!("{path}.within_days"),
                    test.within_days,
                    ", without those taken back",
                )
        }
        Condition::ConvertedReferrals(test) => {
            let path = format!("{path}.converted_referrals");
            let who = match test.at_least {
                1 => " person they brought who became a customer",
                _ => " people they brought who became customers",
            };
            within(*test, &path, who)
        }
        Condition::AdvocacyKinds(test) => {
            let path = format!("{path}.advocacy_kinds");
            let how = match test.at_least {
                1 => " way of speaking up for you, such as a review or an invitation",
                _ => " different ways of speaking up for you, such as a review and an invitation",
            };
            within(*test, &path, how)
        }
        Condition::DaysInStage { at_least } => say("they have stood there for ").days(
            &format!("{path}.days_in_stage.at_least"),
            *at_least,
            " or more",
        ),
        Condition::PromotingOrderRefunded { within_days } => {
            let path = format!("{path}.promoting_order_refunded.within_days");
            say("the order that brought them here is refunded within ").days(
                &path,
                *within_days,
                "",
            )
        }
        Condition::Known => say("we know who they are: they signed in or gave an address"),
        Condition::NoOpenDispute => say("no complaint is open"),
        Condition::StageAtLeast(stage) => {
            say(&format!("they stand at stage {} or deeper", stage.rank()))
        }
        Condition::DetractorAnswer => say("they answer that they would not recommend you"),
        Condition::RelationshipEnded => say("they end it: they delete their account or say stop"),
        Condition::DisputeBreached => say("a complaint runs out without a remedy"),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => Sentence::default(),
    }
}

fn below(test: &ScoreBelowFor, path: &str) -> Sentence {
    let label = format!("points of {}", sum(test.of));
    let verb = if test.of.iter().count() > 1 {
        "have"
    } else {
        "has"
    };
    Sentence::default()
        .words(&format!("{} {verb} been below ", sum(test.of)))
        .slot(
            &format!("{path}.below"),
            test.below,
            SlotKind::Points,
            &label,
        )
        .words(" points for ")
        .days(&format!("{path}.days"), test.days, "")
}

fn score(of: Dimensions, is: Comparison, path: &str) -> Sentence {
    let (words, field, threshold) = match is {
        Comparison::AtLeast(threshold) => ("at least", "at_least", threshold),
        Comparison::Above(threshold) => ("above", "above", threshold),
        Comparison::Below(threshold) => ("below", "below", threshold),
    };
    let verb = if of.iter().count() > 1 { "are" } else { "is" };
    let label = format!("points of {}", sum(of));
    Sentence::default()
        .words(&format!("{} {verb} {words} ", sum(of)))
        .slot(
            &format!("{path}.{field}"),
            threshold,
            SlotKind::Points,
            &label,
        )
        .words(" points")
}

fn qualifying(test: &QualifyingDays, path: &str) -> Sentence {
    let sentence = Sentence::default()
        .words("orders or the like on ")
        .slot(
            &format!("{path}.at_least"),
            f64::from(test.at_least),
            SlotKind::Count,
            "different days",
        )
        .words(counted(
            f64::from(test.at_least),
            " day within ",
            " different days within ",
        ))
        .days(&format!("{path}.within_days"), test.within_days, "");
    let Some(guard) = test.if_discounted else {
        return sentence;
    };
    let path = format!("{path}.if_discounted");
    sentence
        .words("; on ")
        .slot(
            &format!("{path}.at_least"),
            f64::from(guard.at_least),
            SlotKind::Count,
            "different days for those who come for the discount",
        )
        .words(" if ")
        .slot(
            &format!("{path}.share"),
            guard.share,
            SlotKind::Percent,
            "percent of them at a discount",
        )
        .words(" % or more of them took a discount")
}

fn within(test: Within, path: &str, what: &str) -> Sentence {
    let sentence = Sentence::default().words("at least ").slot(
        &format!("{path}.at_least"),
        f64::from(test.at_least),
        SlotKind::Count,
        what.trim(),
    );
    let sentence = sentence.words(what);
    match test.within_days {
        Some(days) => sentence
            .words(", within ")
            .days(&format!("{path}.within_days"), days, ""),
        None => sentence,
    }
}

/// "familiarity and investment together".
pub(super) fn sum(of: Dimensions) -> String {
    let names: Vec<&str> = of.iter().map(Dimension::name).collect();
    match names[..] {
        [_, _, ..] => format!("{} together", names.join(" and ")),
        _ => names.concat(),
    }
}
