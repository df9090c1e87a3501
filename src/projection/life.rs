//! One person's life, loaded to be explained: at any instant, and move by move.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::event_store::{self, StoredEvent};
use super::history::Person;
use super::life_store;
use super::standing_store::RecordedTransition;
use super::{Current, Error, Projector, earned, history};
use crate::kernel::id::{BrandId, ProfileId, RuleSetId, TransitionId};
use crate::postgres::{self, Inconsistency, PgConnection};
use crate::stage::{
    self, Act, Explanation, Rules, Schedule, Transition, TransitionExplanation, explain_transition,
};

/// Events loaded for one explanation, the latest ones. Who has more is explained by the stored
/// state, with the acts behind it as far as they are among these.
pub const EVENTS_MAX: usize = 2_000;

/// A person's events, rules and state, for explanations.
#[derive(Clone, Debug)]
pub struct Life {
    /// Where the person stands now.
    pub current: Current,
    person: Person,
    events: Vec<StoredEvent>,
    /// Whether these are all events there are.
    is_whole: bool,
}

/// What an explanation was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// The events that were looked at, the latest there are.
    pub events: usize,
    /// Whether these are all. If not, the figures are those of the stored state all the same, and
    /// what earlier acts left of them is given as a rest.
    pub whole: bool,
}

/// The past of somebody with more than [`EVENTS_MAX`] events cannot be told: their state is known
/// as it is now, not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("with more than {EVENTS_MAX} events only the present and what is to come are explained")]
pub struct PastTooLong;

impl Life {
    /// Why the person stands where they do at `at`: past, present, or, if nothing happens, to come.
    pub fn explain(&self, at: DateTime<Utc>) -> Result<Explanation, PastTooLong> {
        let acts = self.acts();
        if self.is_whole {
            return Ok(stage::explain_history(
                self.schedule(),
                &acts,
                self.person.known_since(),
                at,
            ));
        }
        if at < self.current.at {
            return Err(PastTooLong);
        }
        Ok(stage::explain_latest(
            self.schedule(),
            &self.current.state,
            &acts,
            at,
        ))
    }

    /// Why the person moved, and what would have come of it otherwise; the latter only of a move
    /// that is believed, and of somebody whose events are all at hand.
    pub fn explain_move(&self, step: &Transition) -> TransitionExplanation {
        if !self.is_whole {
            return explain_transition(self.schedule().in_force_at(step.effective_at), step);
        }
        stage::explain_move(
            self.schedule(),
            &self.acts(),
            self.person.known_since(),
            step,
            self.current.at,
        )
    }

    /// The rules that held at `at`.
    pub fn rules_at(&self, at: DateTime<Utc>) -> &Rules {
        self.schedule().in_force_at(at)
    }

    /// What explanations of this life are made from.
    pub fn basis(&self) -> Basis {
        Basis {
            events: self.events.len(),
            whole: self.is_whole,
        }
    }

    fn acts(&self) -> Vec<Act<'_>> {
        history::acts_of(self.schedule(), &self.person, &self.events)
    }

    fn schedule(&self) -> &Schedule {
        self.current.rules.schedule()
    }
}

/// A recorded move with its explanation.
#[derive(Clone, Debug)]
pub struct ExplainedMove {
    /// The move as it was recorded.
    pub recorded: RecordedTransition,
    /// The number of the rule-set version that made it.
    pub version: i32,
    /// That version's id.
    pub rule_set_id: RuleSetId,
    /// Why.
    pub explanation: TransitionExplanation,
    /// What that was made from.
    pub basis: Basis,
}

impl Projector {
    /// Loads what is needed to explain a profile that exists.
    pub async fn life(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        profile_id: ProfileId,
    ) -> Result<Life, Error> {
        let current = self.current(conn, brand_id, profile_id).await?;
        let members = event_store::list_members(conn, brand_id, &[profile_id.uuid()]).await?;
        let mut people = history::people_of(members, &BTreeMap::new());
        let mut person = people.pop().ok_or_else(|| {
            let fault = Inconsistency::new("profile", profile_id, "it is nobody");
            Error::Database(postgres::Error::Inconsistent(fault))
        })?;
        earned::load(conn, brand_id, &mut [&mut person], None).await?;
        let ids: Vec<_> = person
            .members
            .iter()
            .map(|member| member.profile_id.uuid())
            .collect();
        let limit = i64::try_from(EVENTS_MAX + 1).unwrap_or(i64::MAX);
        let mut events = life_store::list_latest_events(conn, brand_id, &ids, limit).await?;
        let is_whole = events.len() <= EVENTS_MAX;
        events.truncate(EVENTS_MAX);
        Ok(Life {
            current,
            person,
            events,
            is_whole,
        })
    }

    /// Explains a recorded move of a profile; none if it has no such move.
    pub async fn explain_recorded_move(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        profile_id: ProfileId,
        transition_id: TransitionId,
    ) -> Result<Option<ExplainedMove>, Error> {
        let found = life_store::find_move(conn, brand_id, profile_id, transition_id).await?;
        let Some((recorded, rule_set_id, version)) = found else {
            return Ok(None);
        };
        let step: Transition = serde_json::from_value(recorded.evidence.clone())
            .map_err(|error| Error::Broken(format!("{transition_id}: {error}")))?;
        let life = self.life(conn, brand_id, profile_id).await?;
        let explanation = if recorded.superseded_at.is_none() {
            life.explain_move(&step)
        } else {
            explain_transition(life.schedule().in_force_at(step.effective_at), &step)
        };
        Ok(Some(ExplainedMove {
            basis: life.basis(),
            recorded,
            version,
            rule_set_id,
            explanation,
        }))
    }
}
