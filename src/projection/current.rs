//! Where a person stands at this very moment: the stored standing, brought forward in memory.

use chrono::{DateTime, Utc};

use super::rulebook::BrandRules;
use super::{Error, Projector, standing_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, Inconsistency, PgConnection};
use crate::stage::{self, Standing, State, Transition};

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
        let ids = [profile_id.uuid()];
        let stored = standing_store::list_standings(conn, brand_id, &ids)
            .await?
            .pop();
        let Some(stored) = stored else {
            let rules = self
                .book
                .in_force(conn, brand_id, now, &self.entropy)
                .await?;
            let state = State::new(&rules.rules);
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
        let rules = self
            .book
            .version(conn, brand_id, stored.rule_set_id)
            .await?;
        let unusable = |fault| {
            let fault = Inconsistency::new("standing", profile_id, fault);
            Error::Database(postgres::Error::Inconsistent(fault))
        };
        let state: State = serde_json::from_value(stored.state)
            .map_err(|_| unusable("the state cannot be read"))?;
        let outcome = stage::advance(&rules.rules, &state, &[], None, now)
            .map_err(|_| unusable("the state was computed under other rules"))?;
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

    /// The brand's rules in force.
    pub async fn rules_in_force(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
    ) -> Result<BrandRules, Error> {
        let now = self.clock.now();
        self.book.in_force(conn, brand_id, now, &self.entropy).await
    }
}
