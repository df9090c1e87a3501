//! What would have come of it otherwise: a move's counterfactual, by folding without its cause.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ground::Ground;
use super::moves::{TransitionExplanation, explain_transition};
use super::ways::{Outlook, Way};
use super::{Forecast, acts_until, date_of, forecast, words};
use crate::stage::advance::{Outcome, fold_traced};
use crate::stage::event::Act;
use crate::stage::ruleset::StageNames;
use crate::stage::schedule::Schedule;
use crate::stage::tier::Stage;
use crate::stage::transition::{Cause, Transition};

/// What would have come of it otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Otherwise {
    /// The message that was left out of the fold; none where time caused the move.
    pub without: Option<String>,
    /// What done in time would have prevented the move; for moves that time caused.
    pub unless: Option<Way>,
    /// The stage right after the instant of the move.
    pub stage_then: Stage,
    /// The stage now.
    pub stage_now: Stage,
    /// When the same stage would have been entered all the same: in the past, or, if nothing
    /// happens, in the future. None if it would not.
    pub entered_on: Option<DateTime<Utc>>,
    /// In words.
    pub sentence: String,
}

/// Explains a recorded move, and works out what would have come of it otherwise by folding all of
/// the profile's acts anew without its cause. `now` is how far time has come. Whether the move is
/// still believed is for the caller to know: of one that is not, nothing would be otherwise.
pub fn explain_move(
    schedule: &Schedule,
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    step: &Transition,
    now: DateTime<Utc>,
) -> TransitionExplanation {
    let mut told = explain_transition(schedule.in_force_at(step.effective_at), step);
    let teller = Teller {
        schedule,
        acts,
        known_since,
        step,
        now,
    };
    if let Some(otherwise) = teller.otherwise() {
        told.otherwise.clone_from(&otherwise.sentence);
        told.counterfactual = Some(otherwise);
    }
    told
}

struct Teller<'t, 'a> {
    schedule: &'t Schedule,
    acts: &'t [Act<'a>],
    known_since: Option<DateTime<Utc>>,
    step: &'t Transition,
    now: DateTime<Utc>,
}

impl Teller<'_, '_> {
    fn otherwise(&self) -> Option<Otherwise> {
        match &self.step.cause {
            Cause::Act { message_id, .. } => self.without(message_id),
            Cause::DisputeClock { message_id } => {
                let mut otherwise = self.without(message_id)?;
                if let Some(unless) = self.unless() {
                    let more = self.sentence_unless(&unless);
                    otherwise.sentence = format!("{} {more}", otherwise.sentence);
                    otherwise.unless = Some(unless);
                }
                Some(otherwise)
            }
            Cause::Date { .. } => {
                let unless = self.unless()?;
                Some(Otherwise {
                    without: None,
                    stage_then: self.step.from,
                    stage_now: self.fold_of(self.acts).standing.stage,
                    entered_on: None,
                    sentence: self.sentence_unless(&unless),
                    unless: Some(unless),
                })
            }
            // Of these the record itself says all there is to say.
            Cause::Known | Cause::RulesChanged => None,
        }
    }

    fn names(&self) -> &StageNames {
        self.schedule.in_force_at(self.now).names()
    }

    fn fold_of(&self, acts: &[Act<'_>]) -> Outcome {
        let past = acts_until(acts, self.now);
        self.schedule.fold(&past, self.known_since, self.now)
    }

    /// The same life without one message.
    fn without(&self, message_id: &str) -> Option<Otherwise> {
        let rest: Vec<Act<'_>> = self
            .acts
            .iter()
            .filter(|act| act.message_id != message_id)
            .copied()
            .collect();
        if rest.len() == self.acts.len() {
            return None;
        }
        let outcome = self.fold_of(&rest);
        let stage_then = stage_at(&outcome.transitions, self.step.effective_at);
        let stage_now = outcome.standing.stage;
        let entered_on = self.entered_on(&outcome);
        let mut otherwise = Otherwise {
            without: Some(message_id.to_owned()),
            unless: None,
            stage_then,
            stage_now,
            entered_on,
            sentence: String::new(),
        };
        otherwise.sentence = self.sentence_without(&otherwise);
        Some(otherwise)
    }

    /// When the stage that the move led to would have been entered without its cause.
    fn entered_on(&self, outcome: &Outcome) -> Option<DateTime<Utc>> {
        let enters = |step: &&Transition| {
            step.effective_at >= self.step.effective_at && step.to == self.step.to
        };
        if let Some(step) = outcome.transitions.iter().find(enters) {
            return Some(step.effective_at);
        }
        if outcome.standing.stage == self.step.to {
            return None;
        }
        let ahead = Ground::at(self.schedule, self.now)
            .fold(&outcome.state)
            .next_move();
        ahead
            .filter(|step| step.to == self.step.to)
            .map(|step| step.effective_at)
    }

    /// What would have prevented a move that time caused, done at the last moment.
    fn unless(&self) -> Option<Way> {
        let before = self.step.effective_at - TimeDelta::days(1);
        let past = acts_until(self.acts, before);
        let terms = self.schedule.terms();
        let (outcome, trace) = fold_traced(terms, &past, self.known_since, before);
        let ground = Ground::at(self.schedule, before);
        let next: Forecast = forecast(ground, &outcome.state, before)?;
        if next.at != self.step.effective_at {
            return None;
        }
        Outlook::new(ground, &outcome.state, &trace, before).keep(&next)
    }

    fn sentence_without(&self, otherwise: &Otherwise) -> String {
        let names = self.names();
        let what = match &self.step.cause {
            Cause::Act { event, .. } if event.is_empty() => String::from("this message"),
            Cause::Act { event, .. } => format!("this {event}"),
            _ => String::from("this dispute"),
        };
        let then = words::a(names, otherwise.stage_then);
        if otherwise.stage_then == self.step.to {
            return format!("Without {what} they would have been {then} all the same.");
        }
        let verb = if otherwise.stage_then == self.step.from {
            "remained"
        } else {
            "been"
        };
        let first = format!("Without {what} they would have {verb} {then}");
        let to = words::a(names, self.step.to);
        match otherwise.entered_on {
            Some(on) if on <= self.now => {
                let on = words::date(date_of(on));
                format!("{first} until {on}.")
            }
            Some(on) => {
                let on = words::date(date_of(on));
                format!("{first}; if nothing happens they would become {to} on {on}.")
            }
            None if otherwise.stage_now == otherwise.stage_then => {
                format!("{first}, and would be one today.")
            }
            None => format!(
                "{first}, and would be {} today.",
                words::a(names, otherwise.stage_now)
            ),
        }
    }

    fn sentence_unless(&self, way: &Way) -> String {
        let stage = words::a(self.names(), self.step.from);
        let text = words::capitalised(&way.text);
        match way.then {
            Some(until) => format!(
                "{text} would have kept them {stage} until {}.",
                words::date(until)
            ),
            None => format!("{text} would have kept them {stage}."),
        }
    }
}

/// The stage that a timeline has at an instant.
fn stage_at(moves: &[Transition], at: DateTime<Utc>) -> Stage {
    moves
        .iter()
        .rfind(|step| step.effective_at <= at)
        .map_or(Stage::Stranger, |step| step.to)
}
