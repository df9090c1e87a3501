//! Compares everybody, or one person, with what is stored; writes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::super::batch::{self, Loaded};
use super::super::history::{self, LiveTransition, Person};
use super::super::layers;
use super::super::rulebook::BrandRules;
use super::super::timeline::Timeline;
use super::super::{
    Error, Projector, event_store, layer_store, queue_store, round_store, standing_store,
};
use super::compare::Seen;
use super::{DIFFERENCES_MAX, Report, count};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A page of people with all that is stored about their stages.
struct Page {
    people: Loaded,
    believed: HashMap<ProfileId, Vec<LiveTransition>>,
    layers: layers::Believed,
    timeline: Arc<Timeline>,
    waiting: usize,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.people += other.people;
        self.events += other.events;
        self.waiting += other.waiting;
        self.differing += other.differing;
        let room = DIFFERENCES_MAX.saturating_sub(self.differences.len());
        self.differences
            .extend(other.differences.into_iter().take(room));
    }
}

impl Projector {
    /// Compares one person with what is stored. Nobody is compared if the profile does not exist;
    /// of a merged one, whom it was merged into.
    pub async fn check_person(
        &self,
        brand_id: BrandId,
        profile_id: ProfileId,
    ) -> Result<Report, Error> {
        self.clone().check_page(brand_id, vec![profile_id]).await
    }

    pub(super) async fn check_everybody(
        &self,
        brand_id: BrandId,
        progress: impl Fn(u64),
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        self.for_each_page(
            brand_id,
            |projector, page| projector.check_page(brand_id, page),
            |page| {
                progress(page.people + page.waiting);
                report.add(page);
            },
        )
        .await?;
        let differences = self.check_referrals(brand_id).await?;
        report.add(Report {
            differing: count(differences.len()),
            differences,
            ..Report::default()
        });
        report.differences.sort_by_key(|one| one.profile_id);
        Ok(report)
    }

    async fn check_page(self, brand_id: BrandId, page: Vec<ProfileId>) -> Result<Report, Error> {
        let now = self.clock.now();
        let page = postgres::tx(&self.pool, async |conn| {
            event_store::see_one_state(conn).await?;
            let in_force = self.rules_in_force(conn, brand_id).await?;
            self.see(conn, brand_id, &page, in_force).await
        })
        .await?;
        batch::on_a_thread(move || check_all(&page, now)).await
    }

    /// Loads all there is about a page of people for whom nothing waits.
    async fn see(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
        in_force: BrandRules,
    ) -> Result<Page, Error> {
        let mut people = self.people_in(conn, brand_id, page).await?;
        let members: Vec<Uuid> = people
            .iter()
            .flat_map(|person| person.members.iter().map(|one| one.profile_id.uuid()))
            .collect();
        let busy = queue_store::list_waiting(conn, brand_id, &members).await?;
        let before = people.len();
        people.retain(|person| !person.is_among(&busy));
        batch::load_standings(conn, brand_id, &mut people).await?;
        if round_store::is_under_way(conn, brand_id).await? {
            people.retain(|person| !person.awaits_round(in_force.schedule()));
        }
        let waiting = before - people.len();
        let ids: Vec<Uuid> = people.iter().map(|one| one.profile_id.uuid()).collect();
        let believed = standing_store::list_live_transitions(conn, brand_id, &ids).await?;
        let layers = layer_store::list_live_layer_transitions(conn, brand_id, &ids).await?;
        let people = people.into_iter().map(|person| (person, None)).collect();
        let timeline = in_force.timeline;
        Ok(Page {
            people: batch::load_events(conn, brand_id, people, &[timeline.schedule()], None)
                .await?,
            believed,
            layers,
            timeline,
            waiting,
        })
    }

    pub(in crate::projection) async fn people_in(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
    ) -> Result<Vec<Person>, Error> {
        let ids: Vec<Uuid> = page.iter().map(|id| id.uuid()).collect();
        let members = event_store::list_members(conn, brand_id, &ids).await?;
        Ok(history::people_of(members, &BTreeMap::new()))
    }
}

fn check_all(page: &Page, now: DateTime<Utc>) -> Report {
    let mut report = Report {
        waiting: count(page.waiting),
        ..Report::default()
    };
    let schedule = page.timeline.schedule();
    for (person, events) in &page.people {
        report.people += 1;
        report.events += count(events.len());
        let replayed = history::outcome_of(person, events, schedule, now);
        let seen = Seen {
            person,
            events,
            believed: page
                .believed
                .get(&person.profile_id)
                .map_or(&[], Vec::as_slice),
            layers: page
                .layers
                .get(&person.profile_id)
                .map_or(&[], Vec::as_slice),
            replayed: &replayed,
        };
        if let Some(difference) = seen.difference(schedule, now) {
            report.differing += 1;
            if report.differences.len() < DIFFERENCES_MAX {
                report.differences.push(difference);
            }
        }
    }
    report
}
