//! How many people stood where, at any instant: everybody folded up to it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::batch::{self, Loaded};
use super::super::{Error, Projector, history};
use super::count;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres;
use crate::stage::Schedule;

/// How many people stood where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Known people by stage, strangers first.
    pub people: [u64; 4],
    /// Visitors whom nobody had put a name to; in no stage.
    pub anonymous: u64,
}

impl Projector {
    /// How many of the brand's people stood at each stage at `at`, by the rules in force (with
    /// another half-life of investment, in days, if one is given), from all that is known now.
    pub async fn stages_at(
        &self,
        brand_id: BrandId,
        at: DateTime<Utc>,
        investment_half_life: Option<f64>,
        progress: impl Fn(u64),
    ) -> Result<Counts, Error> {
        let in_force = postgres::tx(&self.pool, async |conn| {
            self.rules_in_force(conn, brand_id).await
        })
        .await?;
        let schedule = match investment_half_life {
            None => in_force.schedule().clone(),
            Some(days) => {
                let unusable = |faults| Error::RuleSet {
                    rule_set_id: in_force.rule_set_id,
                    reason: format!("{faults:?}"),
                };
                let rules = in_force.rules.with_investment_half_life(days);
                Schedule::single(Arc::new(rules.map_err(unusable)?))
            }
        };
        let mut total = Counts::default();
        self.for_each_page(
            brand_id,
            |projector, page| {
                let schedule = schedule.clone();
                async move { projector.count_page(brand_id, page, schedule, at).await }
            },
            |(people, counts): (u64, Counts)| {
                progress(people);
                for (sum, page) in total.people.iter_mut().zip(counts.people) {
                    *sum += page;
                }
                total.anonymous += counts.anonymous;
            },
        )
        .await?;
        Ok(total)
    }

    async fn count_page(
        self,
        brand_id: BrandId,
        page: Vec<ProfileId>,
        schedule: Schedule,
        at: DateTime<Utc>,
    ) -> Result<(u64, Counts), Error> {
        let loaded = postgres::tx(&self.pool, async |conn| {
            let people = self.people_in(conn, brand_id, &page).await?;
            let people = people.into_iter().map(|person| (person, None)).collect();
            batch::load_events(conn, brand_id, people, &[&schedule], Some(at)).await
        })
        .await?;
        let people = count(loaded.len());
        let counts = batch::on_a_thread(move || count_all(&loaded, &schedule, at)).await?;
        Ok((people, counts))
    }
}

fn count_all(loaded: &Loaded, schedule: &Schedule, at: DateTime<Utc>) -> Counts {
    let mut counts = Counts::default();
    for (person, events) in loaded {
        let known = history::earliest([person.known_since(), history::first_identified(events)]);
        if known.is_some_and(|since| since <= at) {
            let outcome = history::outcome_of(person, events, schedule, at);
            counts.people[usize::from(outcome.standing.stage.rank())] += 1;
        } else if !events.is_empty() {
            counts.anonymous += 1;
        }
    }
    counts
}
