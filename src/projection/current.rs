//! Where a person stands at this very moment: the stored standing, brought forward in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::rulebook::BrandRules;
use super::{Error, Projector, batch, event_store, history, queue_store, standing_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, Inconsistency, PgConnection};
use crate::stage::{Outcome, Standing, State, Transition};

/// How often it is looked whether somebody is folded.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A person's standing at an instant.
#[derive(Clone, Debug)]
pub struct Current {
    /// The rules it was computed under.
    pub rules: BrandRules,
    /// The engine's state: what [`crate::stage`] explains and forecasts from.
    pub state: State,
    /// The standing.
    pub standing: Standing,
    /// Moves that time has brought about and the sweeper has not written yet.
    pub unwritten: Vec<Transition>,
    /// When silence alone would next change something.
    pub review_at: Option<DateTime<Utc>>,
    /// Since when the person is known; none for somebody anonymous.
    pub known_since: Option<DateTime<Utc>>,
    /// The instant all this is true of.
    pub at: DateTime<Utc>,
}

impl Projector {
    /// The standing of a profile that exists, at the clock's present instant. A profile that has not
    /// been projected yet is a stranger.
    pub async fn current(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        profile_id: ProfileId,
    ) -> Result<Current, Error> {
        let now = self.clock.now();
        let rules = self.rules_in_force(conn, brand_id).await?;
        let ids = [profile_id.uuid()];
        let stored = standing_store::list_standings(conn, brand_id, &ids)
            .await?
            .pop();
        let Some(stored) = stored else {
            let state = rules.schedule().blank();
            return Ok(Current {
                standing: state.standing(&rules.rules, now),
                rules,
                state,
                unwritten: Vec::new(),
                review_at: None,
                known_since: None,
                at: now,
            });
        };
        let unusable = |fault| {
            let fault = Inconsistency::new("standing", profile_id, fault);
            Error::Database(postgres::Error::Inconsistent(fault))
        };
        let state = stored.state.read();
        let state = state.ok_or_else(|| unusable("the state cannot be read"))?;
        let outcome = match rules.schedule().advance(state, &[], None, now) {
            Ok(outcome) => outcome,
            // The rules have changed and nobody has got to this person yet.
            Err(_) => {
                self.fold_now(conn, brand_id, profile_id, &rules, now)
                    .await?
            }
        };
        Ok(Current {
            rules,
            state: outcome.state,
            standing: outcome.standing,
            unwritten: outcome.transitions,
            review_at: outcome.review_at,
            known_since: stored.known_since,
            at: now,
        })
    }

    /// Waits until what has happened to these profiles is folded, at most `patience`. Returns whether
    /// it is.
    pub async fn wait_until_folded(
        &self,
        brand_id: BrandId,
        profile_ids: &[ProfileId],
        patience: Duration,
    ) -> Result<bool, Error> {
        let ids: Vec<_> = profile_ids.iter().map(|id| id.uuid()).collect();
        let until = Instant::now() + patience;
        loop {
            let waiting = {
                let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
                queue_store::list_unfolded(&mut conn, brand_id, &ids).await?
            };
            // What is parked will not be folded by waiting for it.
            let is_hopeless = waiting.iter().all(|(_, is_parked)| *is_parked);
            if is_hopeless || Instant::now() >= until {
                return Ok(waiting.is_empty());
            }
            self.wake.poke();
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Folds everything that has happened to somebody; of the moves only those not written yet.
    async fn fold_now(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        profile_id: ProfileId,
        rules: &BrandRules,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let ids = [profile_id.uuid()];
        let members = event_store::list_members(conn, brand_id, &ids).await?;
        let people = history::people_of(members, &BTreeMap::new());
        let people = people.into_iter().map(|person| (person, None)).collect();
        let loaded = batch::load_events(conn, brand_id, people, &[rules.schedule()], None).await?;
        let written = standing_store::list_live_transitions(conn, brand_id, &ids).await?;
        let written: Vec<Transition> = written
            .into_values()
            .flatten()
            .filter_map(|live| serde_json::from_value(live.evidence).ok())
            .collect();
        let timeline = Arc::clone(&rules.timeline);
        batch::on_a_thread(move || {
            let (person, events) = loaded.first()?;
            let mut outcome = history::outcome_of(person, events, timeline.schedule(), now);
            outcome
                .transitions
                .retain(|step| !written.iter().any(|other| other.is_same_move(step)));
            Some(outcome)
        })
        .await?
        .ok_or_else(|| {
            let fault = Inconsistency::new("standing", profile_id, "it belongs to no profile");
            Error::Database(postgres::Error::Inconsistent(fault))
        })
    }

    /// The brand's rules, in force and over time.
    pub async fn rules_in_force(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
    ) -> Result<BrandRules, Error> {
        let now = self.clock.now();
        self.book.in_force(conn, brand_id, now, &self.entropy).await
    }
}
