//! The brand's rhythm, learnt every month: how long its customers take from one order day to the
//! next, which decides how fast investment fades where the rules say `learnt`.
//!
//! A month's value counts from its first instant and is measured from what happened before it, so
//! it does not matter when somebody gets around to measuring.

use chrono::{DateTime, Datelike as _, Months, NaiveTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::learn_store::{self, NewRow};
use super::timeline::{GAPS_MIN, Rhythm};
use super::{Error, Projector, round_store, ruleset_store};
use crate::audit::{self, Actor};
use crate::kernel::id::BrandId;
use crate::outbox;
use crate::postgres::{self, PgConnection};
use crate::stage::ruleset::Role;
use crate::stage::{Dimension, RuleSet, Schedule, Term};

/// From when on what is learnt counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearnFor {
    /// From this instant on; only what happened before it is measured.
    From(DateTime<Utc>),
    /// From now on.
    Now,
    /// For all history: everybody's stages are computed again.
    History,
}

/// What was learnt of a brand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearntRhythm {
    /// The median gap between a customer's consecutive order days, in days; none where nobody has
    /// ordered on two days.
    pub median_gap_days: Option<f64>,
    /// How many gaps that is the median of.
    pub gaps: i64,
    /// The half-life of investment that holds from `effective_from` on, in days.
    pub half_life_days: f64,
    /// From when it counts; none: for all history.
    pub effective_from: Option<DateTime<Utc>>,
    /// Whether there are gaps enough to say anything: [`GAPS_MIN`].
    pub is_enough: bool,
    /// Whether the rules in force ask for it.
    pub is_asked_for: bool,
}

impl Projector {
    /// Learns the brand's rhythm and lets it count. None if it has been learnt for that very
    /// instant already.
    pub async fn learn(
        &self,
        brand_id: BrandId,
        learn_for: LearnFor,
        actor: Actor,
    ) -> Result<Option<LearntRhythm>, Error> {
        postgres::tx(&self.pool, async |conn| {
            self.learn_within(conn, brand_id, learn_for, actor).await
        })
        .await
    }

    /// Learns, for every brand, each month that has begun since it last learnt.
    pub async fn learn_monthly(&self) -> Result<(), Error> {
        let month = start_of_month(self.clock.now());
        let due = {
            let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
            learn_store::list_due(&mut conn, month).await?
        };
        for (brand_id, since) in due {
            let mut next = next_month(since);
            while next <= month {
                self.learn(brand_id, LearnFor::From(next), Actor::System)
                    .await?;
                next = next_month(next);
            }
        }
        Ok(())
    }

    async fn learn_within(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        learn_for: LearnFor,
        actor: Actor,
    ) -> Result<Option<LearntRhythm>, Error> {
        ruleset_store::lock_rules(conn, brand_id).await?;
        let now = self.clock.now();
        let from = match learn_for {
            LearnFor::From(at) => Some(at),
            LearnFor::Now => Some(now),
            LearnFor::History => None,
        };
        let before = self.rules_in_force(conn, brand_id).await?.timeline;
        let set = before.edition_at(from.unwrap_or(now)).rules.set().clone();
        let (orders, refunds) = (names(&set, Role::Order), names(&set, Role::Refund));
        let until = from.unwrap_or(now);
        let gaps = learn_store::measure_gaps(conn, brand_id, &orders, &refunds, until).await?;
        let rhythm = gaps.median_days.filter(|_| gaps.count >= GAPS_MIN);
        let after = rhythm.map(|median_gap_days| {
            before.with_rhythm(Rhythm {
                from,
                median_gap_days,
            })
        });
        let (old, new) = (
            before.schedule(),
            after
                .as_ref()
                .map_or(before.schedule(), |after| after.schedule()),
        );
        let found = LearntRhythm {
            median_gap_days: gaps.median_days,
            gaps: gaps.count,
            half_life_days: new.in_force_at(until).half_life(Dimension::Investment),
            effective_from: from,
            is_enough: rhythm.is_some(),
            is_asked_for: set.half_life_days.investment.learnt().is_some(),
        };
        let row = NewRow {
            effective_from: from,
            gaps,
            half_life_days: found.half_life_days,
            computed_at: now,
        };
        if !learn_store::insert_learnt(conn, brand_id, &row).await? {
            return Ok(None);
        }
        if lineages(old) != lineages(new) {
            round_store::start_round(conn, brand_id, now).await?;
        }
        self.tell_learnt(conn, brand_id, &found, actor, now).await?;
        Ok(Some(found))
    }

    async fn tell_learnt(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        found: &LearntRhythm,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<(), postgres::Error> {
        let detail = json!(found);
        let fact = outbox::Fact {
            kind: "rules.learnt",
            profile_id: None,
            payload: detail.clone(),
            at: now,
        };
        outbox::insert_fact(conn, brand_id, &self.entropy, fact).await?;
        let entry = audit::Entry {
            actor,
            action: "rules.learnt",
            subject: brand_id.to_string(),
            detail,
            at: now,
        };
        audit::store::insert_entry(conn, brand_id, &self.entropy, entry).await
    }
}

/// What a schedule computes: two that give the same compute the same for everybody.
fn lineages(schedule: &Schedule) -> Vec<u64> {
    let mut lineages: Vec<_> = schedule.terms().iter().map(Term::lineage).collect();
    lineages.dedup();
    lineages
}

/// The names of the events that play a part, aliases too.
fn names(set: &RuleSet, role: Role) -> Vec<String> {
    let signals = set
        .signals
        .iter()
        .filter(|signal| signal.role == Some(role));
    signals
        .flat_map(|signal| std::iter::once(&signal.event).chain(&signal.aliases))
        .cloned()
        .collect()
}

/// The first instant of the month in which `at` falls, UTC.
fn start_of_month(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = at.date_naive();
    let first = day.with_day(1).expect("every month has a first day");
    first.and_time(NaiveTime::MIN).and_utc()
}

fn next_month(at: DateTime<Utc>) -> DateTime<Utc> {
    start_of_month(at)
        .checked_add_months(Months::new(1))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_on_its_first_at_midnight() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");

        for (instant, start, next) in [
            (
                "2026-01-15T12:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-02-01T00:00:00Z",
            ),
            (
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-02-01T00:00:00Z",
            ),
            (
                "2026-12-31T23:59:59Z",
                "2026-12-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
        ] {
            assert_eq!(start_of_month(at(instant)), at(start), "{instant}");
            assert_eq!(next_month(at(instant)), at(next), "{instant}");
        }
    }

    #[test]
    fn orders_and_refunds_are_what_the_rules_call_so() {
        let set = RuleSet::default_set();

        assert_eq!(
            names(&set, Role::Order),
            ["Order Completed", "Completed Order"]
        );
        assert_eq!(
            names(&set, Role::Refund),
            ["Order Refunded", "Order Cancelled"]
        );
    }
}
