//! Why somebody is where they are, what is missing, and what happens next if nothing does.
//!
//! Owns the readings and the sentences. Decides nothing: every figure comes from the same
//! evaluation that moves people, and every "would" from a fold of the acts it speaks of. Start with
//! [`explain_history`] for a standing at any instant and [`explain_move`] for a move; `evidence.rs`
//! has the acts behind a figure, `ways.rs` what is missing, `words.rs` the vocabulary.

mod evidence;
mod examples;
mod ground;
mod layers;
mod moves;
mod otherwise;
mod phrases;
mod plan;
mod reading;
mod ways;
mod words;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::advance::{Trace, fold_traced};
use super::day::Day;
use super::evaluate::{Moment, Signs};
use super::event::Act;
use super::rules::Rules;
use super::ruleset::Condition;
use super::schedule::Schedule;
use super::state::{Standing, State};
use super::tier::Stage;

pub use evidence::{Evidence, Rest, ScoreEvidence};
pub use layers::{InvitationReading, KeepReading, LayerReading, read_layers};
pub(super) use moves::figure as figure_in_words;
pub use moves::{TransitionExplanation, explain_transition};
pub use otherwise::{Otherwise, explain_move};
pub use reading::{ConditionReading, RuleReading};
pub use ways::{Needed, Way};

use ground::Ground;
use ways::Outlook;

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
    /// Each score, and the acts behind it; empty where only a state was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreEvidence>,
    /// Where they stand, in plain words.
    pub headline: String,
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
    /// What would keep them where they are; none where they warm, or nothing they do would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Way>,
    /// In words.
    pub sentence: String,
    /// What would keep them, in words; empty where nothing is told of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keep_sentence: String,
}

/// Explains where a profile stands at `at`, by the state alone: without the acts behind the
/// figures, and without what further acts would bring about.
pub fn explain(rules: &Rules, state: &State, at: DateTime<Utc>) -> Explanation {
    Teller {
        ground: Ground::alone(rules),
        trace: None,
        at,
    }
    .tell(state)
}

/// Explains where a profile stands at `at`, past or to come, from all of its acts. Acts after `at`
/// are left aside; those that are given must have been interpreted by the schedule. `known_since` is
/// as for [`fold`](super::fold()).
pub fn explain_history(
    schedule: &Schedule,
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Explanation {
    let past = acts_until(acts, at);
    let (outcome, trace) = fold_traced(schedule.terms(), &past, known_since, at);
    Teller {
        ground: Ground::at(schedule, at),
        trace: Some(&trace),
        at,
    }
    .tell(&outcome.state)
}

/// Explains where a profile with too many acts to fold for one question stands: the figures are the
/// state's, the acts behind them are looked for among the `latest` ones, and what these leave
/// unexplained is given as a rest. `at` lies after all of them.
pub fn explain_latest(
    schedule: &Schedule,
    state: &State,
    latest: &[Act<'_>],
    at: DateTime<Utc>,
) -> Explanation {
    let (_, trace) = fold_traced(schedule.terms(), latest, None, at);
    Teller {
        ground: Ground::at(schedule, at),
        trace: Some(&trace),
        at,
    }
    .tell(state)
}

/// What a condition asks, as a phrase: `familiarity at least 10`.
pub fn describe(condition: &Condition) -> String {
    words::condition(condition)
}

/// The brand's name for people at a stage, as within a sentence: "friends".
pub fn plural_of(rules: &Rules, stage: Stage) -> String {
    format!("{}s", words::name(rules.names(), stage))
}

/// "3 March 2026", in UTC.
pub(super) fn date_in_words(at: DateTime<Utc>) -> String {
    words::date(date_of(at))
}

/// "a friend", by the brand's names.
pub(super) fn stage_in_words(rules: &Rules, stage: Stage) -> String {
    words::a(rules.names(), stage)
}

fn acts_until<'a>(acts: &[Act<'a>], at: DateTime<Utc>) -> Vec<Act<'a>> {
    acts.iter().filter(|act| act.at <= at).copied().collect()
}

/// What an explanation is made of.
struct Teller<'t> {
    ground: Ground<'t>,
    /// The acts behind the figures, where they are asked for.
    trace: Option<&'t Trace>,
    at: DateTime<Utc>,
}

impl Teller<'_> {
    fn tell(&self, state: &State) -> Explanation {
        let (ground, rules, at) = (self.ground, self.ground.rules, self.at);
        let (state, _) = ground.fold(state).forecast(at);
        let standing = state.standing(rules, at);
        let moment = Moment {
            rules,
            state: &state,
            known: state.is_known_at(at),
            signs: Signs::default(),
        };
        let outlook = self
            .trace
            .map(|trace| Outlook::new(ground, &state, trace, at));
        let day = Day::of(at);
        let trace = self.trace.map(|trace| (ground, trace));
        let read = |(_, rule)| reading::read_rule(&moment, rule, day, trace);
        let mut deeper: Vec<_> = rules.up(state.stage).map(read).collect();
        let back = rules.down(state.stage).map(read).collect();
        let mut next = forecast(ground, &state, at);
        if let Some(outlook) = &outlook {
            for (reading, (_, rule)) in deeper.iter_mut().zip(rules.up(state.stage)) {
                outlook.fill_in(rule, reading);
            }
            if let Some(next) = &mut next {
                next.keep = outlook.keep(next);
                if let Some(way) = &next.keep {
                    next.keep_sentence = words::what_keeps(rules.names(), standing.stage, way);
                }
            }
        }
        let mut headline = words::headline(rules.names(), &standing);
        headline.extend(layers::beside(rules, &state, at));
        let sentences = words::standing(rules.names(), &headline, &deeper, next.as_ref());
        Explanation {
            at,
            stage_name: rules.names().of(state.stage).to_owned(),
            scores: trace
                .map(|trace| evidence::of_scores(&moment, trace, day))
                .unwrap_or_default(),
            sentences,
            headline: headline.join(" "),
            standing,
            deeper,
            back,
            next,
        }
    }
}

fn forecast(ground: Ground<'_>, state: &State, at: DateTime<Utc>) -> Option<Forecast> {
    let (then, moves) = ground.fold(state).next_step()?;
    let last = moves.last();
    Some(Forecast {
        at: then,
        days_left: Day::of(then).since(Day::of(at)),
        to: last.map(|step| step.to),
        rule: last.map(|step| step.rule.clone()),
        keep: None,
        keep_sentence: String::new(),
        sentence: match last {
            None => layers::next_in_words(ground.fold(state), state, then),
            Some(_) => None,
        }
        .unwrap_or_else(|| {
            words::forecast(ground.rules.names(), state, last, Day::of(then).date())
        }),
    })
}

/// The day of an instant, as data.
fn date_of(at: DateTime<Utc>) -> NaiveDate {
    Day::of(at).date()
}
