//! The acts behind a figure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ground::Ground;
use super::phrases;
use crate::stage::advance::{Trace, Traced};
use crate::stage::day::Day;
use crate::stage::dimension::{Dimension, Dimensions};
use crate::stage::evaluate::Moment;
use crate::stage::ruleset::{Condition, Role};

/// Acts named for one figure; the rest is given as a sum.
const NAMED_MAX: usize = 12;
/// Points that are as good as none.
const NOTHING: f64 = 1e-9;

/// An act that a figure rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The event's name in the rule set.
    pub event: String,
    /// The sender's id of it; for a dispute that ran out, of the message that opened it.
    pub message_id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it added to the score or sum asked about, after caps; none where acts or days count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    /// What it would have added without the caps of its day, where these cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncapped: Option<f64>,
    /// What is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
    /// When the order was taken back; it counts for nothing since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_at: Option<DateTime<Utc>>,
    /// In words.
    pub text: String,
}

/// What the acts that are not named add up to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// How many they are, of those that were looked at.
    pub acts: usize,
    /// What is left of them; with what is left of the named ones, this is the figure.
    pub left: f64,
}

/// A score and the acts behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreEvidence {
    /// Which.
    pub dimension: Dimension,
    /// What it stands at.
    pub score: f64,
    /// The acts that weigh most, in the order in which they happened.
    pub evidence: Vec<Evidence>,
    /// All others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// Every score with its acts.
pub(super) fn of_scores(
    moment: &Moment<'_>,
    trace: (Ground<'_>, &Trace),
    day: Day,
) -> Vec<ScoreEvidence> {
    Dimension::ALL
        .into_iter()
        .map(|dimension| {
            let of = Dimensions::from(vec![dimension]);
            let score = moment.state.sum(moment.rules, of, day);
            let (evidence, rest) = of_sum(trace, of, score, day);
            ScoreEvidence {
                dimension,
                score,
                evidence,
                rest,
            }
        })
        .collect()
}

/// The acts that a condition rests on.
pub(super) fn of_condition(
    moment: &Moment<'_>,
    traced: (Ground<'_>, &Trace),
    condition: &Condition,
    day: Day,
) -> (Vec<Evidence>, Option<Rest>) {
    let (_, trace) = traced;
    let within = |one: &Traced, days: Option<u16>| {
        days.is_none_or(|days| day.since(one.day()) < i32::from(days))
    };
    match condition {
        Condition::Score(test) => {
            let score = moment.state.sum(moment.rules, test.of, day);
            of_sum(traced, test.of, score, day)
        }
        Condition::ScoreBelowFor(test) => {
            let score = moment.state.sum(moment.rules, test.of, day);
            of_sum(traced, test.of, score, day)
        }
        Condition::QualifyingDays(test) => named(trace, |one| {
            one.qualifying && within(one, Some(test.within_days))
        }),
        Condition::ConvertedReferrals(test) => named(trace, |one| {
            one.role == Some(Role::ReferralConverted) && within(one, test.within_days)
        }),
        Condition::AdvocacyKinds(test) => named(trace, |one| {
            one.advocacy_kind.is_some() && within(one, test.within_days)
        }),
        Condition::Orders(test) => named(trace, |one| {
            one.role == Some(Role::Order) && !one.repeated && within(one, Some(test.within_days))
        }),
        Condition::NoOpenDispute => {
            let is_open = |one: &Traced| {
                one.role == Some(Role::DisputeOpened)
                    && moment.state.disputes.iter().any(|dispute| {
                        dispute.status.is_open()
                            && dispute.opened_at == one.at
                            && dispute.message_id == one.message_id
                    })
            };
            named(trace, is_open)
        }
        Condition::Known => {
            let first = trace.acts.iter().find(|one| one.identifies);
            (first.map(of_act).into_iter().collect(), None)
        }
        Condition::PromotingOrderRefunded { .. } => {
            let promoting = moment.state.promoting;
            let is_it = |one: &Traced| {
                promoting.is_some_and(|order| one.day() == order.day)
                    && one.role == Some(Role::Order)
            };
            named(trace, is_it)
        }
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::StageAtLeast(_)
        | Condition::DaysInStage { .. }
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached => (Vec::new(), None),
    }
}

/// The acts behind a sum of scores, the weightiest named and the others added up.
fn of_sum(
    (ground, trace): (Ground<'_>, &Trace),
    of: Dimensions,
    score: f64,
    day: Day,
) -> (Vec<Evidence>, Option<Rest>) {
    let over = |amounts: [f64; 4]| -> f64 { of.iter().map(|one| amounts[one.index()]).sum() };
    let left = |one: &Traced| -> f64 {
        of.iter()
            .map(|dimension| {
                one.amounts[dimension.index()] * ground.left(trace, dimension, one.day(), day)
            })
            .sum()
    };
    let weighs = |one: &&Traced| {
        of.iter().any(|dimension| {
            let index = dimension.index();
            one.amounts[index].abs() > NOTHING || one.weights[index].abs() > NOTHING
        }) && !one.repeated
    };
    let mut found: Vec<_> = trace
        .acts
        .iter()
        .filter(weighs)
        .map(|one| (one, left(one)))
        .collect();
    found.sort_by(|(one, left), (other, right)| {
        right
            .abs()
            .total_cmp(&left.abs())
            .then(other.at.cmp(&one.at))
    });
    let others = found.split_off(found.len().min(NAMED_MAX));
    found.sort_by_key(|(one, _)| one.at);
    let named: f64 = found.iter().map(|(_, left)| left).sum();
    let rest = Rest {
        acts: others.len(),
        left: score - named,
    };
    let evidence = found
        .into_iter()
        .map(|(one, left)| {
            let points = over(one.amounts);
            let uncapped = Some(over(one.weights))
                .filter(|whole| one.taken_back.is_none() && (whole - points).abs() > NOTHING)
                .filter(|_| !one.by_clock && one.role.is_none_or(is_plain));
            let mut evidence = Evidence {
                points: Some(points),
                left: Some(left),
                uncapped,
                ..of_act(one)
            };
            evidence.text = phrases::evidence(&evidence, one.by_clock);
            evidence
        })
        .collect();
    (
        evidence,
        Some(rest).filter(|rest| rest.acts > 0 || rest.left.abs() > NOTHING),
    )
}

/// Whether an act of this role adds its weights and nothing else.
fn is_plain(role: Role) -> bool {
    matches!(role, Role::Order | Role::ReferralConverted)
}

/// The latest acts that `is_asked` for.
fn named(trace: &Trace, is_asked: impl Fn(&Traced) -> bool) -> (Vec<Evidence>, Option<Rest>) {
    let mut found: Vec<_> = trace.acts.iter().filter(|one| is_asked(one)).collect();
    let others = found.len().saturating_sub(NAMED_MAX);
    let rest = Rest {
        acts: others,
        left: 0.0,
    };
    let evidence = found.drain(others..).map(of_act).collect();
    (evidence, Some(rest).filter(|rest| rest.acts > 0))
}

fn of_act(one: &Traced) -> Evidence {
    let mut evidence = Evidence {
        event: one.event.clone(),
        message_id: one.message_id.clone(),
        at: one.at,
        points: None,
        uncapped: None,
        left: None,
        taken_back_at: one.taken_back,
        text: String::new(),
    };
    evidence.text = phrases::evidence(&evidence, one.by_clock);
    evidence
}
