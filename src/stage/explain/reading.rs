//! A rule read condition by condition.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::evidence::{self, Evidence, Rest};
use super::ground::Ground;
use super::ways::Way;
use super::words;
use crate::stage::advance::Trace;
use crate::stage::day::Day;
use crate::stage::evaluate::{Moment, Stretch};
use crate::stage::ruleset::{Condition, Rule};
use crate::stage::tier::Stage;

/// How far ahead a condition is followed: ten years.
const AHEAD_DAYS: i32 = 3_653;

/// A rule, and how near it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleReading {
    /// Its id.
    pub rule: String,
    /// Where it leads.
    pub to: Stage,
    /// Whether all that it asks holds.
    pub met: bool,
    /// Its conditions, those of nested lists included.
    pub conditions: Vec<ConditionReading>,
    /// What further acts would make the move, the fewest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
}

/// A condition, and how near it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConditionReading {
    /// The condition, with its threshold.
    pub condition: Condition,
    /// In words: "investment at least 24".
    pub text: String,
    /// Whether it is one of several of which any will do.
    pub alternative: bool,
    /// The figure compared with the threshold: points, days or a count; 1 or 0 for yes and no.
    pub figure: f64,
    /// Whether it is met.
    pub met: bool,
    /// What an unmet one lacks: "7.2 points more investment (about 1 more order)".
    pub missing: Option<String>,
    /// The day on which it turns (from met to unmet, or back) if nothing happens.
    pub turns_on: Option<NaiveDate>,
    /// Whole days until then.
    pub days_left: Option<i32>,
    /// What the scores asked about add up to, where the figure is a number of days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The acts it rests on, in the order in which they happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What further acts add that are not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
    /// What further acts would meet an unmet one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
}

pub(super) fn read_rule(
    moment: &Moment<'_>,
    rule: &Rule,
    day: Day,
    trace: Option<(Ground<'_>, &Trace)>,
) -> RuleReading {
    let mut conditions = Vec::new();
    read(moment, &rule.when, day, false, &mut conditions);
    if let Some(trace) = trace {
        for reading in &mut conditions {
            let found = evidence::of_condition(moment, trace, &reading.condition, day);
            (reading.evidence, reading.rest) = found;
        }
    }
    // Nobody is moved back by time while they rest.
    let rests = moment.state.resting && rule.to < moment.state.stage();
    RuleReading {
        rule: rule.id.clone(),
        to: rule.to,
        met: !rests && moment.holds(&rule.when, day),
        conditions,
        ways: Vec::new(),
    }
}

pub(super) fn read(
    moment: &Moment<'_>,
    condition: &Condition,
    day: Day,
    alternative: bool,
    into: &mut Vec<ConditionReading>,
) {
    match condition {
        Condition::All(list) | Condition::Any(list) => {
            let alternative = alternative || matches!(condition, Condition::Any(_));
            for inner in list {
                read(moment, inner, day, alternative, into);
            }
        }
        Condition::Not(_)
        | Condition::Score(_)
        | Condition::ScoreBelowFor(_)
        | Condition::Known
        | Condition::NoOpenDispute
        | Condition::StageAtLeast(_)
        | Condition::Orders(_)
        | Condition::QualifyingDays(_)
        | Condition::ConvertedReferrals(_)
        | Condition::AdvocacyKinds(_)
        | Condition::DaysInStage { .. }
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached
        | Condition::PromotingOrderRefunded { .. } => {
            into.push(read_one(moment, condition, day, alternative));
        }
    }
}

fn read_one(
    moment: &Moment<'_>,
    condition: &Condition,
    day: Day,
    alternative: bool,
) -> ConditionReading {
    let mut figure = moment.figure(condition, day);
    // The grace of a low sum begins anew once they wake.
    let is_suspended = moment.state.resting && matches!(condition, Condition::ScoreBelowFor(_));
    if is_suspended {
        (figure.figure, figure.met) = (0.0, false);
    }
    let ahead = Stretch {
        first: day.plus(1),
        last: day.plus(AHEAD_DAYS),
    };
    let turns = if is_suspended {
        None
    } else if figure.met {
        moment.first_day(&Condition::Not(Box::new(condition.clone())), ahead)
    } else {
        moment.first_day(condition, ahead)
    };
    let asked = match condition {
        Condition::QualifyingDays(test) => moment.qualifying_days(test, day).1,
        _ => 0,
    };
    let score = match condition {
        Condition::ScoreBelowFor(test) => Some(moment.state.sum(moment.rules, test.of, day)),
        _ => None,
    };
    ConditionReading {
        text: words::condition(condition),
        missing: words::missing(moment.rules.names(), &figure, asked),
        condition: figure.condition,
        alternative,
        figure: figure.figure,
        met: figure.met,
        turns_on: turns.map(Day::date),
        days_left: turns.map(|turn| turn.since(day)),
        score,
        evidence: Vec::new(),
        rest: None,
        ways: Vec::new(),
    }
}
