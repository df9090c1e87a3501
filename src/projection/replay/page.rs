//! One page of a replay that mends: people are locked, folded, compared, and what is wrong is kept
//! aside, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::batch::{self, Loaded};
use super::super::history::{self, Folded, LiveTransition, Person};
use super::super::{Error, Projector, queue_store, round_store, standing_store};
use super::compare::Seen;
use super::store::{self, Shadow};
use super::{count, run::Run};
use crate::kernel::id::ProfileId;
use crate::postgres::PgConnection;
use crate::stage::Schedule;

/// What is to be written of a person when the replay takes effect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) folded: Folded,
    /// Profiles that were merged into the person's and have standings all the same.
    pub(super) absorbed: Vec<ProfileId>,
}

/// How a page treats people for whom something is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// They are looked at again: the projector will have been there by then.
    First,
    /// Everything that is stored of them is folded, queued or not.
    Again,
}

/// What a page did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageDone {
    pub(super) people: u64,
    pub(super) events: u64,
    pub(super) projected: u64,
}

/// People to fold, with all that is stored about their stages.
struct Looked {
    people: Loaded,
    believed: HashMap<ProfileId, Vec<LiveTransition>>,
    versions: HashMap<ProfileId, String>,
}

/// What a page of people came to.
#[derive(Default)]
struct Found {
    /// Of people who had no standing: written at once.
    projected: Vec<Folded>,
    /// Of people who had one: kept aside.
    aside: Vec<Shadow>,
    /// People who stand where their events put them.
    sound: Vec<Uuid>,
    events: u64,
}

impl Projector {
    /// Folds a page of people and keeps aside what is stored otherwise. Part of a transaction.
    pub(super) async fn replay_page(
        &self,
        conn: &mut PgConnection,
        run: &Run,
        page: &[ProfileId],
        pass: Pass,
    ) -> Result<PageDone, Error> {
        let now = self.clock.now();
        let mut done = PageDone {
            people: count(page.len()),
            ..PageDone::default()
        };
        let (looked, again) = self.look(conn, run, page, pass).await?;
        let timeline = Arc::clone(&run.rules.timeline);
        let found =
            batch::on_a_thread(move || find_all(looked, timeline.schedule(), now)).await??;
        let mut shadows = found.aside;
        shadows.extend(again.into_iter().map(|profile_id| Shadow {
            profile_id,
            seen: None,
            found: None,
        }));
        if !shadows.is_empty() {
            store::upsert_shadows(conn, run.brand_id, run.replay_id, &shadows).await?;
        }
        if pass == Pass::Again && !found.sound.is_empty() {
            store::delete_shadows(conn, run.brand_id, run.replay_id, &found.sound).await?;
        }
        done.events = found.events;
        done.projected = count(found.projected.len());
        self.write(conn, run.brand_id, &run.rules, found.projected, now)
            .await?;
        Ok(done)
    }

    /// Locks and loads. Returns, beside what was loaded, who is to be looked at again.
    async fn look(
        &self,
        conn: &mut PgConnection,
        run: &Run,
        page: &[ProfileId],
        pass: Pass,
    ) -> Result<(Looked, Vec<ProfileId>), Error> {
        let brand_id = run.brand_id;
        let people = self.people_in(conn, brand_id, page).await?;
        let (mut people, in_other_hands) = batch::lock(conn, people).await?;
        people.retain(Person::is_alive);
        let mut again: Vec<ProfileId> = in_other_hands.iter().map(|one| one.profile_id).collect();
        batch::load_standings(conn, brand_id, &mut people).await?;
        if round_store::is_under_way(conn, brand_id).await? {
            people.retain(|person| !person.awaits_round(run.rules.schedule()));
        }
        let ids: Vec<Uuid> = people.iter().map(|one| one.profile_id.uuid()).collect();
        let believed = standing_store::list_live_transitions(conn, brand_id, &ids).await?;
        if pass == Pass::First {
            let members = people.iter().flat_map(|person| &person.members);
            let members: Vec<Uuid> = members.map(|one| one.profile_id.uuid()).collect();
            let busy = queue_store::list_waiting(conn, brand_id, &members).await?;
            people.retain(|person| {
                let waits = !is_new(person, &believed) && person.is_among(&busy);
                if waits {
                    again.push(person.profile_id);
                }
                !waits
            });
        }
        let versions = store::list_versions(conn, brand_id, &ids).await?;
        let people = people.into_iter().map(|person| (person, None)).collect();
        let looked = Looked {
            people: batch::load_events(conn, brand_id, people, run.rules.schedule(), None).await?,
            believed,
            versions: versions.into_iter().collect(),
        };
        Ok((looked, again))
    }
}

/// Whether nothing at all is stored about a person's stages: then the projector has merely not been
/// there, and nobody believes anything that could be corrected.
fn is_new(person: &Person, believed: &HashMap<ProfileId, Vec<LiveTransition>>) -> bool {
    person.standing.is_none() && !person.has_absorbed && !believed.contains_key(&person.profile_id)
}

fn find_all(mut looked: Looked, schedule: &Schedule, now: DateTime<Utc>) -> Result<Found, Error> {
    let mut found = Found::default();
    for (person, events) in &looked.people {
        found.events += count(events.len());
        let is_new = is_new(person, &looked.believed);
        let believed = looked
            .believed
            .remove(&person.profile_id)
            .unwrap_or_default();
        let replayed = history::outcome_of(person, events, schedule, now);
        let seen = Seen {
            person,
            events,
            believed: &believed,
            replayed: &replayed,
        };
        if seen.is_sound(schedule, now) {
            found.sound.push(person.profile_id.uuid());
            continue;
        }
        let folded = history::anew_from(person, events, believed, replayed, now);
        if is_new {
            found.projected.push(folded);
        } else {
            let seen = looked.versions.remove(&person.profile_id);
            found.aside.push(keep(person, folded, seen)?);
        }
    }
    Ok(found)
}

fn keep(person: &Person, folded: Folded, seen: Option<String>) -> Result<Shadow, Error> {
    let absorbed = if person.has_absorbed {
        let members = person.members.iter().map(|member| member.profile_id);
        members.filter(|id| *id != person.profile_id).collect()
    } else {
        Vec::new()
    };
    let finding = serde_json::to_string(&Finding { folded, absorbed });
    Ok(Shadow {
        profile_id: person.profile_id,
        seen,
        found: Some(finding.map_err(|error| Error::Broken(error.to_string()))?),
    })
}
