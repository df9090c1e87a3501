//! Why somebody is where they are, what is missing, and what happens next if nothing does.
//!
//! Owns the readings and the sentences. Decides nothing: every figure comes from the same
//! evaluation that moves people. Start with [`explain`] for a standing and [`explain_transition`]
//! for a move; `words.rs` has the vocabulary.

mod layers;
mod moves;
mod reading;
mod words;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::advance::Fold;
use super::day::Day;
use super::dimension::Dimension;
use super::evaluate::{Moment, Signs};
use super::ledger::Ledger;
use super::rules::Rules;
use super::ruleset::Condition;
use super::state::{Standing, State};
use super::tier::Stage;

pub use layers::{InvitationReading, KeepReading, LayerReading, read_layers};
pub(super) use moves::figure as figure_in_words;
pub use moves::{TransitionExplanation, explain_transition};
pub use reading::{ConditionReading, RuleReading};

/// Days shown as evidence for each dimension.
const EVIDENCE_DAYS: usize = 3;

/// A standing, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The instant it is about.
    pub at: DateTime<Utc>,
    /// The standing.
    pub standing: Standing,
    /// What the brand calls the stage.
    pub stage_name: String,
    /// The rules that would lead deeper.
    pub deeper: Vec<RuleReading>,
    /// The rules that would lead back.
    pub back: Vec<RuleReading>,
    /// What happens next if nothing happens; none if nothing ever would.
    pub next: Option<Forecast>,
    /// The days that count most, dimension by dimension.
    pub evidence: Vec<Evidence>,
    /// All of it in plain words.
    pub sentences: Vec<String>,
}

/// What comes next if nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// When.
    pub at: DateTime<Utc>,
    /// Whole days until then.
    pub days_left: i32,
    /// The stage entered; none when only a dispute moves on.
    pub to: Option<Stage>,
    /// The rule that moves.
    pub rule: Option<String>,
    /// In words.
    pub sentence: String,
}

/// A day that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The dimension.
    pub dimension: Dimension,
    /// The day.
    pub day: NaiveDate,
    /// Points it added.
    pub points: f64,
    /// What is left of them.
    pub worth_now: f64,
    /// The orders of that day, by message id, where they are still kept.
    pub message_ids: Vec<String>,
}

/// Explains where a profile stands at `at`. The ledger is asked for evidence only; an empty one
/// leaves it out.
pub fn explain(rules: &Rules, state: &State, ledger: &Ledger, at: DateTime<Utc>) -> Explanation {
    let (state, _) = Fold::new(rules, state.clone()).forecast(at);
    let standing = state.standing(rules, at);
    let moment = Moment {
        rules,
        state: &state,
        known: state.is_known_at(at),
        signs: Signs::default(),
    };
    let day = Day::of(at);
    let read = |(_, rule)| reading::read_rule(&moment, rule, day);
    let deeper: Vec<_> = rules.up(state.stage).map(read).collect();
    let back = rules.down(state.stage).map(read).collect();
    let next = forecast(rules, &state, at);
    let mut sentences = words::standing(rules.names(), &standing, &deeper, next.as_ref());
    sentences.splice(1..1, layers::beside(rules, &state, at));
    Explanation {
        at,
        stage_name: rules.names().of(state.stage).to_owned(),
        evidence: evidence(rules, &state, ledger, day),
        sentences,
        standing,
        deeper,
        back,
        next,
    }
}

/// What a condition asks, as a phrase: `familiarity at least 10`.
pub fn describe(condition: &Condition) -> String {
    words::condition(condition)
}

fn forecast(rules: &Rules, state: &State, at: DateTime<Utc>) -> Option<Forecast> {
    let fold = Fold::new(rules, state.clone());
    let then = fold.next_change()?;
    let (_, moves) = fold.forecast(then);
    let last = moves.last();
    Some(Forecast {
        at: then,
        days_left: Day::of(then).since(Day::of(at)),
        to: last.map(|step| step.to),
        rule: last.map(|step| step.rule.clone()),
        sentence: match last {
            None => layers::next_in_words(rules, state, then),
            Some(_) => None,
        }
        .unwrap_or_else(|| words::forecast(rules.names(), state, last, Day::of(then).date())),
    })
}

fn evidence(rules: &Rules, state: &State, ledger: &Ledger, day: Day) -> Vec<Evidence> {
    let mut found = Vec::new();
    for dimension in Dimension::ALL {
        let decay = rules.decay(dimension.index());
        let mut days: Vec<_> = ledger
            .entries()
            .iter()
            .filter(|entry| entry.dimension == dimension && entry.day <= day)
            .map(|entry| {
                (
                    entry,
                    entry.amount * decay.factor(state.age(entry.day, day)),
                )
            })
            .filter(|(_, worth)| worth.abs() > f64::EPSILON)
            .collect();
        days.sort_by(|(_, left), (_, right)| right.abs().total_cmp(&left.abs()));
        found.extend(
            days.into_iter()
                .take(EVIDENCE_DAYS)
                .map(|(entry, worth_now)| Evidence {
                    dimension,
                    day: entry.day.date(),
                    points: entry.amount,
                    worth_now,
                    message_ids: orders_of(state, dimension, entry.day),
                }),
        );
    }
    found
}

fn orders_of(state: &State, dimension: Dimension, day: Day) -> Vec<String> {
    state
        .orders
        .iter()
        .filter(|order| dimension == Dimension::Investment && !order.void)
        .filter(|order| Day::of(order.at) == day)
        .map(|order| order.message_id.clone())
        .collect()
}
