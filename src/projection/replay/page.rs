//! One page of a replay that mends: people are locked, folded and compared, and who does not stand
//! where they should is noted, in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::batch::{self, Loaded};
use super::super::history::{self, LiveTransition, Person, Work};
use super::super::layers;
use super::super::{Error, Projector, layer_store, queue_store, round_store, standing_store};
use super::compare::Seen;
use super::store::{self, Note};
use super::{count, run::Run};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::PgConnection;
use crate::stage::Schedule;

/// How a page treats people for whom something is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// They are looked at again: the projector will have been there by then.
    First,
    /// They are compared like any other.
    Again,
}

/// What a page did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageDone {
    pub(super) events: u64,
    pub(super) projected: u64,
}

/// The people of a page, by what is to be done with them.
#[derive(Default)]
struct Sorted {
    /// Nothing at all is stored about their stages.
    new: Vec<ProfileId>,
    compare: Vec<Person>,
    /// In other hands, or about to be.
    again: Vec<ProfileId>,
}

/// People to compare, with all that is stored about their stages.
struct Looked {
    people: Loaded,
    believed: HashMap<ProfileId, Vec<LiveTransition>>,
    layers: layers::Believed,
}

/// What a comparison came to.
#[derive(Default)]
struct Compared {
    notes: Vec<Note>,
    /// People who stand where their events put them.
    sound: Vec<Uuid>,
    events: u64,
}

/// Work on people of whom everything is to be folded.
pub(super) fn anew(people: &[ProfileId]) -> BTreeMap<ProfileId, Work> {
    let work = Work {
        anew: true,
        ..Work::default()
    };
    people.iter().map(|id| (*id, work)).collect()
}

impl Projector {
    /// Compares a page of people and notes who does not stand where their events put them. People
    /// who do not stand anywhere yet are placed, as the projector would. Part of a transaction.
    pub(super) async fn replay_page(
        &self,
        conn: &mut PgConnection,
        run: &Run,
        page: &[(ProfileId, i64)],
        pass: Pass,
    ) -> Result<PageDone, Error> {
        let (now, brand_id) = (self.clock.now(), run.brand_id);
        let sorted = self.sort(conn, run, page, pass).await?;
        let placed = self.project(conn, brand_id, &anew(&sorted.new)).await?;
        let looked = look(conn, brand_id, sorted.compare, run.rules.schedule()).await?;
        let timeline = Arc::clone(&run.rules.timeline);
        let compared =
            batch::on_a_thread(move || compare_all(&looked, timeline.schedule(), now)).await?;
        let mut notes = compared.notes;
        notes.extend(sorted.again.into_iter().map(|profile_id| Note {
            profile_id,
            is_certain: false,
        }));
        if !notes.is_empty() {
            store::upsert_notes(conn, brand_id, run.replay_id, &notes).await?;
        }
        if pass == Pass::Again && !compared.sound.is_empty() {
            store::delete_notes(conn, brand_id, run.replay_id, &compared.sound).await?;
        }
        Ok(PageDone {
            events: compared.events + count(placed.events),
            projected: count(placed.profiles.len()),
        })
    }

    /// Locks people, and finds out what is to be done with each.
    async fn sort(
        &self,
        conn: &mut PgConnection,
        run: &Run,
        page: &[(ProfileId, i64)],
        pass: Pass,
    ) -> Result<Sorted, Error> {
        let brand_id = run.brand_id;
        let ids: Vec<ProfileId> = page.iter().map(|(id, _)| *id).collect();
        let people = self.people_in(conn, brand_id, &ids).await?;
        let (mut people, in_other_hands) = batch::lock(conn, people).await?;
        people.retain(Person::is_alive);
        batch::load_standings(conn, brand_id, &mut people).await?;
        let standless: Vec<Uuid> = people
            .iter()
            .filter(|person| person.standing.is_none())
            .map(|person| person.profile_id.uuid())
            .collect();
        let believed = standing_store::list_live_transitions(conn, brand_id, &standless).await?;
        let busy = if pass == Pass::First {
            let members = people.iter().flat_map(|person| &person.members);
            let members: Vec<Uuid> = members.map(|one| one.profile_id.uuid()).collect();
            queue_store::list_waiting(conn, brand_id, &members).await?
        } else {
            Vec::new()
        };
        let is_round = round_store::is_under_way(conn, brand_id).await?;
        let mut sorted = Sorted {
            again: in_other_hands.iter().map(|one| one.profile_id).collect(),
            ..Sorted::default()
        };
        let empty: Vec<ProfileId> = page
            .iter()
            .filter(|(_, events)| *events == 0)
            .map(|(id, _)| *id)
            .collect();
        for person in people {
            let id = person.profile_id;
            let is_new =
                person.standing.is_none() && !person.has_absorbed && !believed.contains_key(&id);
            if is_new {
                // Of somebody unknown who has done nothing there is nothing to say.
                if person.known_since().is_some() || !empty.contains(&id) {
                    sorted.new.push(id);
                }
            } else if person.is_among(&busy) {
                sorted.again.push(id);
            } else if !(is_round && person.awaits_round(run.rules.schedule())) {
                sorted.compare.push(person);
            }
        }
        Ok(sorted)
    }
}

async fn look(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: Vec<Person>,
    schedule: &Schedule,
) -> Result<Looked, Error> {
    let ids: Vec<Uuid> = people.iter().map(|one| one.profile_id.uuid()).collect();
    let believed = standing_store::list_live_transitions(conn, brand_id, &ids).await?;
    let layers = layer_store::list_live_layer_transitions(conn, brand_id, &ids).await?;
    let people = people.into_iter().map(|person| (person, None)).collect();
    Ok(Looked {
        people: batch::load_events(conn, brand_id, people, &[schedule], None).await?,
        believed,
        layers,
    })
}

fn compare_all(looked: &Looked, schedule: &Schedule, now: DateTime<Utc>) -> Compared {
    let mut compared = Compared::default();
    for (person, events) in &looked.people {
        let id = person.profile_id;
        compared.events += count(events.len());
        let replayed = history::outcome_of(person, events, schedule, now);
        let seen = Seen {
            person,
            events,
            believed: looked.believed.get(&id).map_or(&[], Vec::as_slice),
            layers: looked.layers.get(&id).map_or(&[], Vec::as_slice),
            replayed: &replayed,
        };
        if seen.is_sound(schedule, now) {
            compared.sound.push(id.uuid());
        } else {
            compared.notes.push(Note {
                profile_id: id,
                is_certain: true,
            });
        }
    }
    compared
}
