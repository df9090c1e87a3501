//! One transaction: people of one brand are locked, loaded, folded and written together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::event_store::{ReadClosely, StoredEvent};
use super::history::{self, Folded, LiveTransition, Person, Plan, Work};
use super::layer_store::{self, NewLayerTransition};
use super::layers::{self, Believed, LayerMoves};
use super::rulebook::BrandRules;
use super::standing_store::NewTransition;
use super::{Error, Projector, earned, event_store, fact, queue_store, standing_store};
use crate::kernel::id::{BrandId, ProfileId, TransitionId};
use crate::outbox;
use crate::postgres::PgConnection;
use crate::referral;
use crate::stage::{self, Notice, Schedule};

/// What a batch did.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    /// The profiles that were asked for and are up to date. The rest is in another worker's hands.
    pub(super) profiles: HashSet<ProfileId>,
    /// Events folded.
    pub(super) events: usize,
}

/// People, each with the events that its plan asks for.
pub(super) type Loaded = Vec<(Person, Vec<StoredEvent>)>;

impl Projector {
    /// Brings people of one brand up to date, as far as nobody else is at it. Part of a transaction.
    pub(super) async fn project(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        work: &BTreeMap<ProfileId, Work>,
    ) -> Result<Done, Error> {
        let now = self.clock.now();
        if !queue_store::try_share_brand(conn, brand_id).await? {
            return Ok(Done::default());
        }
        let (people, mut done) = self.people_at_hand(conn, brand_id, work).await?;
        // Only now that nobody else can fold these people: whoever publishes after this finds them
        // locked, or folded under the rules as they were, and sees to them either way.
        let rules = self
            .book
            .in_force(conn, brand_id, now, &self.entropy)
            .await?;
        let (alive, erased): (Vec<_>, Vec<_>) = people.into_iter().partition(Person::is_alive);
        retire(conn, brand_id, &alive, &erased, now).await?;
        let folded = fold_all(conn, brand_id, alive, &rules, now).await?;
        done.events = folded.iter().map(|one| one.fresh).sum();
        let referrals = |at| rules.schedule().in_force_at(at).set().referrals;
        earned::settle(conn, brand_id, &folded, &referrals, now).await?;
        self.write(conn, brand_id, &rules, folded, now).await?;
        Ok(done)
    }

    /// Finds who is behind the profiles and locks them: all profiles of a person, or none.
    async fn people_at_hand(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        work: &BTreeMap<ProfileId, Work>,
    ) -> Result<(Vec<Person>, Done), Error> {
        let asked: Vec<Uuid> = work.keys().map(|id| id.uuid()).collect();
        let members = event_store::list_members(conn, brand_id, &asked).await?;
        let found: HashSet<ProfileId> = members.iter().map(|one| one.profile_id).collect();
        let (mut people, _) = lock(conn, history::people_of(members, work)).await?;
        load_standings(conn, brand_id, &mut people).await?;
        let members = people.iter().flat_map(|person| &person.members);
        let at_hand: HashSet<ProfileId> = members.map(|member| member.profile_id).collect();
        // Of a profile that does not exist there is nothing to keep up to date.
        let is_done = |id: &&ProfileId| at_hand.contains(id) || !found.contains(id);
        // Nor of somebody never seen to whom nothing new has happened.
        let has_something = |person: &Person| person.standing.is_some() || person.has_news();
        let profiles = work.keys().filter(is_done).copied().collect();
        people.retain(has_something);
        let done = Done {
            profiles,
            events: 0,
        };
        Ok((people, done))
    }

    async fn write(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        rules: &BrandRules,
        folded: Vec<Folded>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if folded.is_empty() {
            return Ok(());
        }
        let id = rules.rule_set_id;
        standing_store::upsert_standings(conn, brand_id, id, &folded, now).await?;
        let mut writing = Writing::default();
        for profile in folded {
            writing.add(profile, rules, now, || {
                TransitionId::new(now, &self.entropy)
            });
        }
        if !writing.gone.is_empty() {
            standing_store::supersede_transitions(conn, brand_id, &writing.gone, now).await?;
        }
        if !writing.new.is_empty() {
            standing_store::insert_transitions(conn, brand_id, &writing.new, now).await?;
        }
        let layers = &writing.layers;
        if !layers.gone.is_empty() {
            layer_store::supersede_layer_transitions(conn, brand_id, &layers.gone, now).await?;
        }
        if !layers.new.is_empty() {
            layer_store::insert_layer_transitions(conn, brand_id, &layers.new, now).await?;
        }
        outbox::insert_facts(conn, brand_id, &self.entropy, &writing.facts).await?;
        Ok(())
    }
}

/// Locks people: all profiles of a person, or none. Returns those that are locked now, and those
/// that are in other hands.
pub(super) async fn lock(
    conn: &mut PgConnection,
    people: Vec<Person>,
) -> Result<(Vec<Person>, Vec<Person>), Error> {
    let members = people.iter().flat_map(|person| &person.members);
    let keys: Vec<i64> = members.map(|one| lock_key(one.profile_id)).collect();
    let locked = queue_store::try_locks(conn, &keys).await?;
    let locked: HashSet<i64> = locked.into_iter().collect();
    let is_locked = |person: &Person| {
        let mut keys = person.members.iter().map(|one| lock_key(one.profile_id));
        keys.all(|key| locked.contains(&key))
    };
    Ok(people.into_iter().partition(is_locked))
}

/// Rows to write for the moves of many people.
#[derive(Default)]
struct Writing {
    gone: Vec<Uuid>,
    new: Vec<NewTransition>,
    layers: WritingLayers,
    facts: Vec<outbox::Fact>,
}

/// Rows to write for the layers of many people.
#[derive(Default)]
struct WritingLayers {
    gone: Vec<Uuid>,
    new: Vec<NewLayerTransition>,
}

impl Writing {
    fn add(
        &mut self,
        folded: Folded,
        rules: &BrandRules,
        now: DateTime<Utc>,
        next_id: impl Fn() -> TransitionId,
    ) {
        let profile_id = folded.profile_id;
        self.add_layers(profile_id, folded.layers, rules, now, &next_id);
        let moves = folded.moves;
        self.gone
            .extend(moves.gone.iter().map(|gone| gone.transition_id.uuid()));
        // In order of their ids too, where several moves have one instant.
        let mut ids: Vec<_> = moves.new.iter().map(|_| next_id()).collect();
        ids.sort_unstable();
        let new: Vec<_> = ids.into_iter().zip(moves.new).collect();
        match moves.notice {
            Notice::Nothing => {}
            Notice::Changed => {
                let facts = new
                    .iter()
                    .map(|(id, new)| fact::changed(profile_id, *id, new, now));
                self.facts.extend(facts);
            }
            Notice::Corrected => {
                let fact = fact::corrected(profile_id, &moves.gone, &new, now);
                self.facts.push(fact);
            }
        }
        let rows = new.into_iter();
        self.new.extend(rows.map(|(transition_id, transition)| {
            NewTransition {
                transition_id,
                rule_set_id: rules
                    .timeline
                    .edition_at(transition.effective_at)
                    .rule_set_id,
                profile_id,
                transition,
            }
        }));
    }
}

impl Writing {
    fn add_layers(
        &mut self,
        profile_id: ProfileId,
        moves: LayerMoves,
        rules: &BrandRules,
        now: DateTime<Utc>,
        next_id: impl Fn() -> TransitionId,
    ) {
        let gone = moves.gone.iter().map(|gone| gone.transition_id.uuid());
        self.layers.gone.extend(gone);
        let mut ids: Vec<_> = moves.new.iter().map(|_| next_id()).collect();
        ids.sort_unstable();
        self.facts
            .extend(layers::facts(profile_id, &moves, &ids, now));
        let rows = ids.into_iter().zip(moves.new);
        self.layers
            .new
            .extend(rows.map(|(transition_id, (place, transition))| {
                let in_force = rules.timeline.edition_at(transition.effective_at);
                NewLayerTransition {
                    transition_id,
                    rule_set_id: in_force.rule_set_id,
                    profile_id,
                    place,
                    transition,
                }
            }));
    }
}

/// The random half of the id: two profiles that share it only wait for each other.
fn lock_key(profile_id: ProfileId) -> i64 {
    i64::from_be_bytes(
        *profile_id
            .uuid()
            .as_bytes()
            .last_chunk()
            .expect("a UUID has 16 bytes"),
    )
}

pub(super) async fn load_standings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &mut [Person],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = people
        .iter()
        .flat_map(|person| person.members.iter().map(|member| member.profile_id.uuid()))
        .collect();
    let standings = standing_store::list_standings(conn, brand_id, &ids).await?;
    let mut standings: HashMap<ProfileId, _> = standings
        .into_iter()
        .map(|standing| (standing.profile_id, standing))
        .collect();
    for person in people {
        person.standing = standings.remove(&person.profile_id);
        person.has_absorbed = person
            .members
            .iter()
            .any(|member| standings.contains_key(&member.profile_id));
    }
    Ok(())
}

/// Takes the standings of profiles that are no people of their own any more: merged and erased ones.
async fn retire(
    conn: &mut PgConnection,
    brand_id: BrandId,
    alive: &[Person],
    erased: &[Person],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let gone: Vec<Uuid> = erased
        .iter()
        .flat_map(|person| person.members.iter().map(|member| member.profile_id.uuid()))
        .collect();
    if !gone.is_empty() {
        referral::forget(conn, brand_id, &gone).await?;
    }
    let absorbed = alive
        .iter()
        .filter(|person| person.has_absorbed)
        .flat_map(|person| {
            let merged = person.members.iter().map(|member| member.profile_id);
            merged.filter(|id| *id != person.profile_id)
        });
    let ids: Vec<Uuid> = absorbed.map(ProfileId::uuid).chain(gone).collect();
    if !ids.is_empty() {
        standing_store::delete_standings(conn, brand_id, &ids).await?;
        standing_store::supersede_all(conn, brand_id, &ids, now).await?;
        layer_store::supersede_all_layers(conn, brand_id, &ids, now).await?;
    }
    Ok(())
}

/// Loads as little as will do and folds it.
async fn fold_all(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: Vec<Person>,
    rules: &BrandRules,
    now: DateTime<Utc>,
) -> Result<Vec<Folded>, Error> {
    let counts = count_where_asked(conn, brand_id, &people, rules).await?;
    let (mut onward, mut anew) = (Vec::new(), Vec::new());
    for person in people {
        match person.plan(rules.schedule()) {
            Plan::Continue(after) => onward.push((person, after)),
            Plan::AnewIfMore if !has_more(&person, &counts) => {
                let after = person.standing.as_ref().and_then(|one| one.folded_time);
                onward.push((person, after));
            }
            Plan::AnewIfMore | Plan::Anew => anew.push((person, None)),
        }
    }
    let loaded = load_events(conn, brand_id, onward, &[rules.schedule()], None).await?;
    let ready = Arc::clone(&rules.timeline);
    let (mut folded, refused) =
        on_a_thread(move || continue_all(loaded, ready.schedule(), now)).await?;
    anew.extend(refused.into_iter().map(|person| (person, None)));

    let ids: Vec<Uuid> = anew
        .iter()
        .map(|(person, _)| person.profile_id.uuid())
        .collect();
    if ids.is_empty() {
        return Ok(folded);
    }
    let believed = (
        standing_store::list_live_transitions(conn, brand_id, &ids).await?,
        layer_store::list_live_layer_transitions(conn, brand_id, &ids).await?,
    );
    let loaded = load_events(conn, brand_id, anew, &[rules.schedule()], None).await?;
    let ready = Arc::clone(&rules.timeline);
    folded.extend(on_a_thread(move || anew_all(loaded, believed, ready.schedule(), now)).await?);
    Ok(folded)
}

fn continue_all(
    loaded: Loaded,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> (Vec<Folded>, Vec<Person>) {
    let (mut folded, mut refused) = (Vec::new(), Vec::new());
    for (person, events) in loaded {
        match history::continue_fold(&person, &events, schedule, now) {
            Some(one) => folded.push(one),
            None => refused.push(person),
        }
    }
    (folded, refused)
}

fn anew_all(
    loaded: Loaded,
    mut believed: (HashMap<ProfileId, Vec<LiveTransition>>, Believed),
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Vec<Folded> {
    loaded
        .into_iter()
        .map(|(person, events)| {
            let of_person = (
                believed.0.remove(&person.profile_id).unwrap_or_default(),
                believed.1.remove(&person.profile_id).unwrap_or_default(),
            );
            history::fold_anew(&person, &events, of_person, schedule, now)
        })
        .collect()
}

/// How many events there are up to the last one folded, of the people of whom it must be known: where
/// these are as many as were folded, nothing came late.
async fn count_where_asked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &[Person],
    rules: &BrandRules,
) -> Result<HashMap<ProfileId, i64>, Error> {
    let (ids, untils): (Vec<Uuid>, Vec<_>) = people
        .iter()
        .filter(|person| person.plan(rules.schedule()) == Plan::AnewIfMore)
        .flat_map(|person| {
            let until = person.standing.as_ref().and_then(|one| one.folded_time);
            let members = person.members.iter();
            members.map(move |member| (member.profile_id.uuid(), until))
        })
        .unzip();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let counts = event_store::count_events(conn, brand_id, &ids, &untils).await?;
    Ok(counts.into_iter().collect())
}

fn has_more(person: &Person, counts: &HashMap<ProfileId, i64>) -> bool {
    let stored: i64 = person
        .members
        .iter()
        .filter_map(|member| counts.get(&member.profile_id))
        .sum();
    person
        .standing
        .as_ref()
        .is_none_or(|standing| standing.events_folded != stored)
}

/// Loads each person's events later than the given instant (all, where none is given) and not later
/// than `until`; with their properties as far as `schedules` look at them; where all are, what
/// they earned by then as well.
pub(super) async fn load_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mut people: Vec<(Person, Option<DateTime<Utc>>)>,
    schedules: &[&Schedule],
    until: Option<DateTime<Utc>>,
) -> Result<Loaded, Error> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let whole = people.iter_mut().filter(|(_, after)| after.is_none());
    let mut whole: Vec<&mut Person> = whole.map(|(person, _)| person).collect();
    earned::load(conn, brand_id, &mut whole, until).await?;
    let (mut ids, mut afters, mut places) = (Vec::new(), Vec::new(), HashMap::new());
    for (place, (person, after)) in people.iter().enumerate() {
        for member in &person.members {
            ids.push(member.profile_id.uuid());
            afters.push(*after);
            places.insert(member.profile_id, place);
        }
    }
    let mut loaded: Loaded = people
        .into_iter()
        .map(|(person, _)| (person, Vec::new()))
        .collect();
    let read = ReadClosely {
        names: events_read_closely(schedules),
        marks: stage::READ_OF_ANY
            .iter()
            .map(|name| (*name).to_owned())
            .chain(referral::marks())
            .collect(),
    };
    for event in event_store::list_events(conn, brand_id, &ids, &afters, until, &read).await? {
        if let Some(place) = places.get(&event.profile_id) {
            loaded[*place].1.push(event);
        }
    }
    Ok(loaded)
}

/// The names of the events whose properties the rules of a schedule or referrals look at.
fn events_read_closely(schedules: &[&Schedule]) -> Vec<String> {
    let by_rules = schedules.iter();
    let mut names: Vec<String> = by_rules
        .flat_map(|schedule| schedule.events_read_closely())
        .collect();
    names.extend(referral::events_read_closely().map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names
}

/// Runs the engine where it holds up nobody, and where a fault in it is an error of its own.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Broken(error.to_string()))
}
