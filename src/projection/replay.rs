//! The proof that what is stored is what happened: every person's events folded from scratch, and
//! compared with the stored standing, or written over it. Also stages at any date, which are a
//! matter of folding up to that date.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::batch::{self, Loaded};
use super::event_store::{self, StoredEvent};
use super::history::{self, LiveTransition, Person, Plan, Work};
use super::layers::{self, LiveLayerMove};
use super::rulebook::BrandRules;
use super::timeline::Timeline;
use super::{Error, Projector, layer_store, queue_store, round_store, standing_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::stage::{Schedule, State, Transition};

/// People per page: what one task holds in memory.
const PAGE_PEOPLE: i64 = 256;
/// Differences that are kept to be shown; all are counted.
const DIFFERENCES_MAX: usize = 10;

/// What a replay does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Compares and writes nothing.
    Check,
    /// Folds everybody anew and writes what comes out.
    Rewrite,
}

/// What a replay found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// People replayed.
    pub people: u64,
    /// Events folded.
    pub events: u64,
    /// People left out because something waits for them, or another worker was at them.
    pub waiting: u64,
    /// People whose stored standing is not the fold of their events.
    pub differing: u64,
    /// The first of these.
    pub differences: Vec<Difference>,
}

/// A stored standing that is not the fold of the stored events.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Whose.
    pub profile_id: ProfileId,
    /// What differs.
    pub what: &'static str,
    /// As stored.
    pub stored: Value,
    /// As it should be.
    pub replayed: Value,
}

/// How many people stood where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Known people by stage, strangers first.
    pub people: [u64; 4],
    /// Visitors whom nobody had put a name to; in no stage.
    pub anonymous: u64,
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
    /// How many people of the brand a replay goes through.
    pub async fn count_people(&self, brand_id: BrandId) -> Result<u64, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        let count = event_store::count_people(&mut conn, brand_id).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Replays everybody of a brand. `progress` hears how many people each page had.
    pub async fn replay(
        &self,
        brand_id: BrandId,
        mode: Mode,
        progress: impl Fn(u64),
    ) -> Result<Report, Error> {
        let in_force = self.in_force(brand_id).await?;
        let mut report = Report::default();
        self.for_each_page(
            brand_id,
            |projector, page| {
                let in_force = in_force.clone();
                async move {
                    match mode {
                        Mode::Check => projector.check_page(brand_id, page, in_force).await,
                        Mode::Rewrite => projector.rewrite_page(brand_id, page).await,
                    }
                }
            },
            |page| {
                progress(page.people + page.waiting);
                report.add(page);
            },
        )
        .await?;
        if mode == Mode::Check {
            let differences = self.check_referrals(brand_id).await?;
            report.add(Report {
                differing: count(differences.len()),
                differences,
                ..Report::default()
            });
        }
        Ok(report)
    }

    /// How many of the brand's people stood at each stage at `at`, by the rules in force (with
    /// another half-life of investment, in days, if one is given), from all that is known now.
    pub async fn stages_at(
        &self,
        brand_id: BrandId,
        at: DateTime<Utc>,
        investment_half_life: Option<f64>,
        progress: impl Fn(u64),
    ) -> Result<Counts, Error> {
        let in_force = self.in_force(brand_id).await?;
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

    async fn in_force(&self, brand_id: BrandId) -> Result<BrandRules, Error> {
        postgres::tx(&self.pool, async |conn| {
            self.rules_in_force(conn, brand_id).await
        })
        .await
    }

    /// Works through all people in pages, as many at once as there are cores.
    pub(super) async fn for_each_page<T, W, F>(
        &self,
        brand_id: BrandId,
        work: W,
        mut take: impl FnMut(T),
    ) -> Result<(), Error>
    where
        T: Send + 'static,
        W: Fn(Self, Vec<ProfileId>) -> F,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let mut tasks: JoinSet<Result<T, Error>> = JoinSet::new();
        let mut after = None;
        loop {
            let page = {
                let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
                event_store::list_people(&mut conn, brand_id, after, PAGE_PEOPLE).await?
            };
            after = page.last().copied();
            let is_last = page.is_empty();
            if !is_last {
                tasks.spawn(work(self.clone(), page));
            }
            while is_last && !tasks.is_empty() || tasks.len() > cores {
                if let Some(done) = tasks.join_next().await {
                    take(done.map_err(|error| Error::Broken(error.to_string()))??);
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn rewrite_page(self, brand_id: BrandId, page: Vec<ProfileId>) -> Result<Report, Error> {
        let anew = Work {
            anew: true,
            ..Work::default()
        };
        let work: BTreeMap<_, _> = page.into_iter().map(|id| (id, anew)).collect();
        let done = postgres::tx(&self.pool, async |conn| {
            self.project(conn, brand_id, &work).await
        })
        .await?;
        Ok(Report {
            people: count(done.profiles.len()),
            events: count(done.events),
            waiting: count(work.len() - done.profiles.len()),
            ..Report::default()
        })
    }

    async fn check_page(
        self,
        brand_id: BrandId,
        page: Vec<ProfileId>,
        in_force: BrandRules,
    ) -> Result<Report, Error> {
        let now = self.clock.now();
        let seen = postgres::tx(&self.pool, async |conn| {
            event_store::see_one_state(conn).await?;
            self.see(conn, brand_id, &page, in_force).await
        })
        .await?;
        let waiting = count(seen.waiting);
        let mut report = batch::on_a_thread(move || check_all(seen, now)).await?;
        report.waiting = waiting;
        Ok(report)
    }

    /// Loads all there is about a page of people for whom nothing waits.
    async fn see(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
        in_force: BrandRules,
    ) -> Result<Seen, Error> {
        let mut people = self.people_in(conn, brand_id, page).await?;
        let members: Vec<Uuid> = people
            .iter()
            .flat_map(|person| person.members.iter().map(|one| one.profile_id.uuid()))
            .collect();
        let busy = queue_store::list_waiting(conn, brand_id, &members).await?;
        let before = people.len();
        people.retain(|person| {
            !person
                .members
                .iter()
                .any(|one| busy.contains(&one.profile_id))
        });
        let waiting = before - people.len();
        batch::load_standings(conn, brand_id, &mut people).await?;
        // Whom a round has not reached yet stands under other rules for good reason.
        let progress = round_store::find_progress(conn, brand_id).await?;
        let is_round_over = progress.is_none_or(|round| round.finished_at.is_some());
        let before = people.len();
        let schedule = in_force.schedule();
        people.retain(|person| is_round_over || person.plan(schedule) != Plan::Anew);
        let waiting = waiting + before - people.len();
        let ids: Vec<Uuid> = people.iter().map(|one| one.profile_id.uuid()).collect();
        let believed = standing_store::list_live_transitions(conn, brand_id, &ids).await?;
        let layers = layer_store::list_live_layer_transitions(conn, brand_id, &ids).await?;
        let people = people.into_iter().map(|person| (person, None)).collect();
        Ok(Seen {
            people: batch::load_events(conn, brand_id, people, None).await?,
            believed,
            layers,
            timeline: in_force.timeline,
            waiting,
        })
    }

    pub(super) async fn people_in(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
    ) -> Result<Vec<Person>, Error> {
        let ids: Vec<Uuid> = page.iter().map(|id| id.uuid()).collect();
        let members = event_store::list_members(conn, brand_id, &ids).await?;
        Ok(history::people_of(members, &BTreeMap::new()))
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
            batch::load_events(conn, brand_id, people, Some(at)).await
        })
        .await?;
        let people = count(loaded.len());
        let counts = batch::on_a_thread(move || count_all(&loaded, &schedule, at)).await?;
        Ok((people, counts))
    }
}

/// A page of people with all that is stored about their stages.
struct Seen {
    people: Loaded,
    believed: HashMap<ProfileId, Vec<LiveTransition>>,
    layers: layers::Believed,
    timeline: Arc<Timeline>,
    waiting: usize,
}

fn check_all(mut seen: Seen, now: DateTime<Utc>) -> Report {
    let mut report = Report::default();
    for (person, events) in &seen.people {
        report.people += 1;
        report.events += count(events.len());
        let believed = (
            seen.believed.remove(&person.profile_id).unwrap_or_default(),
            seen.layers.remove(&person.profile_id).unwrap_or_default(),
        );
        let schedule = seen.timeline.schedule();
        if let Some((what, stored, replayed)) = compare(person, events, &believed, schedule, now) {
            report.differing += 1;
            if report.differences.len() < DIFFERENCES_MAX {
                report.differences.push(Difference {
                    profile_id: person.profile_id,
                    what,
                    stored,
                    replayed,
                });
            }
        }
    }
    report
}

/// The first thing that differs between what is stored of a person and the fold of their events.
fn compare(
    person: &Person,
    events: &[StoredEvent],
    (believed, layers): &(Vec<LiveTransition>, Vec<LiveLayerMove>),
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Option<(&'static str, Value, Value)> {
    let replayed = history::outcome_of(person, events, schedule, now);
    let known_since = history::earliest([person.known_since(), history::first_identified(events)]);
    if person.has_absorbed {
        return Some(("a merged profile has a standing", json!(true), json!(false)));
    }
    let Some(stored) = &person.standing else {
        let is_blank = events.is_empty() && known_since.is_none();
        return (!is_blank).then(|| ("no standing is stored", Value::Null, json!(replayed.state)));
    };
    let Ok(state) = serde_json::from_value::<State>(stored.state.clone()) else {
        return Some((
            "the state cannot be read",
            stored.state.clone(),
            json!(replayed.state),
        ));
    };
    // The sweeper may not have been there yet: that is no difference.
    let Ok(brought) = schedule.advance(&state, &[], None, now) else {
        return Some((
            "the state is under other rules",
            json!(state),
            json!(replayed.state),
        ));
    };
    let stored_moves: Vec<Value> = believed.iter().map(|live| live.evidence.clone()).collect();
    let mut moves: Vec<Transition> = stored_moves
        .iter()
        .filter_map(|evidence| serde_json::from_value(evidence.clone()).ok())
        .collect();
    moves.extend(brought.transitions);
    let same_moves = moves.len() == replayed.transitions.len()
        && moves
            .iter()
            .zip(&replayed.transitions)
            .all(|(stored, replayed)| stored.is_same_move(replayed));
    let pairs = [
        ("state", json!(brought.state), json!(replayed.state)),
        ("stage", json!(stored.stage), json!(state.stage().rank())),
        (
            "events folded",
            json!(stored.events_folded),
            json!(events.len()),
        ),
        ("known since", json!(stored.known_since), json!(known_since)),
    ];
    let differs = |pair: &(_, Value, Value)| pair.1 != pair.2;
    if !same_moves {
        return Some(("moves", json!(moves), json!(replayed.transitions)));
    }
    layers::compare(layers, &brought.layer_moves, &replayed.layer_moves)
        .or_else(|| pairs.into_iter().find(differs))
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

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
