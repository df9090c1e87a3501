//! A person's history: what must be folded, the fold, and what differs from what was believed.
//! Pure: everything here is a function of what was loaded.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::event_store::{Member, StoredEvent};
use super::standing_store::StoredStanding;
use crate::kernel::id::{ProfileId, RuleSetId, TransitionId};
use crate::stage::{
    self, Act, AdvanceError, Cause, Fact, Rules, Standing, State, Transition, Trend,
};

/// A move that takes effect this long before its cause arrived was not known in time: followers are
/// told of a correction, not of a change. A day, since the engine's grain is the day, and senders
/// hold events back for minutes.
const LATE_AFTER: TimeDelta = TimeDelta::days(1);

/// Message ids are unique within a brand, so that no further source is needed to tell events apart.
const SOURCE: &str = "";

/// A person to bring up to date: a profile and those merged into it.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) profile_id: ProfileId,
    /// With the person's own profile.
    pub(super) members: Vec<Member>,
    pub(super) standing: Option<StoredStanding>,
    /// Whether a profile that is merged into this one still has a standing of its own.
    pub(super) has_absorbed: bool,
    /// What there is to do.
    pub(super) work: Work,
}

/// Why a person is brought up to date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// The earliest event time among what is new; none when only time has passed.
    pub(super) since: Option<DateTime<Utc>>,
    /// When the earliest of it arrived; none when only time has passed.
    pub(super) arrived_at: Option<DateTime<Utc>>,
    /// Fold everything, whatever is stored.
    pub(super) anew: bool,
}

impl Work {
    /// Both at once.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            since: earliest([self.since, other.since]),
            arrived_at: earliest([self.arrived_at, other.arrived_at]),
            anew: self.anew || other.anew,
        }
    }
}

/// Puts together who belongs together, with what there is to do for each.
pub(super) fn people_of(members: Vec<Member>, work: &BTreeMap<ProfileId, Work>) -> Vec<Person> {
    let mut people: BTreeMap<ProfileId, Person> = BTreeMap::new();
    for member in members {
        let person = people.entry(member.current_id).or_insert_with(|| Person {
            profile_id: member.current_id,
            members: Vec::new(),
            standing: None,
            has_absorbed: false,
            work: Work::default(),
        });
        if let Some(asked) = work.get(&member.profile_id) {
            // What is queued under another id than the person's own tells of a merge.
            let anew = asked.anew || member.profile_id != member.current_id;
            person.work = person.work.and(Work { anew, ..*asked });
        }
        person.members.push(member);
    }
    people.into_values().collect()
}

/// What must be loaded to bring a person up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// What came after the last event folded.
    Continue(Option<DateTime<Utc>>),
    /// Everything, unless the number of stored events says that nothing is new.
    AnewIfMore,
    /// Everything.
    Anew,
}

impl Person {
    /// Whether this is still a person: not erased.
    pub(super) fn is_alive(&self) -> bool {
        let own = |member: &&Member| member.profile_id == self.profile_id;
        self.members
            .iter()
            .find(own)
            .is_some_and(|member| member.status != "erased")
    }

    /// Since when one of the profiles has somebody behind it, by what the profiles themselves say.
    pub(super) fn known_since(&self) -> Option<DateTime<Utc>> {
        earliest(self.members.iter().map(|member| member.known_since))
    }

    fn created_at(&self) -> DateTime<Utc> {
        earliest(self.members.iter().map(|member| Some(member.created_at)))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// How little will do.
    pub(super) fn plan(&self, rule_set_id: RuleSetId) -> Plan {
        let Some(standing) = &self.standing else {
            return Plan::Anew;
        };
        if self.work.anew || self.has_absorbed || standing.rule_set_id != rule_set_id {
            return Plan::Anew;
        }
        match (self.work.since, standing.folded_time) {
            (None, folded) => Plan::Continue(folded),
            (Some(since), Some(folded)) if since > folded => Plan::Continue(Some(folded)),
            // Several requests may have queued what one fold has already taken in.
            (Some(_), _) => Plan::AnewIfMore,
        }
    }
}

/// A transition that is believed at present.
#[derive(Clone, Debug)]
pub(super) struct LiveTransition {
    pub(super) transition_id: TransitionId,
    /// The [`Transition`].
    pub(super) evidence: Value,
}

/// What is to be written of a person.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) profile_id: ProfileId,
    pub(super) state: Value,
    pub(super) standing: Standing,
    pub(super) stage_since: DateTime<Utc>,
    pub(super) review_at: Option<DateTime<Utc>>,
    pub(super) known_since: Option<DateTime<Utc>>,
    /// The order key of the last event.
    pub(super) last: Option<(DateTime<Utc>, String)>,
    pub(super) events_folded: i64,
    pub(super) events_new: usize,
    pub(super) moves: Moves,
}

/// How the moves differ from what was believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// No longer believed.
    pub(super) gone: Vec<LiveTransition>,
    /// Believed from now on, about a time of which something else was believed.
    pub(super) late: Vec<Transition>,
    /// Believed from now on, and news.
    pub(super) news: Vec<Transition>,
}

/// Continues from what is stored. None if that is not possible, so that all must be folded.
pub(super) fn continue_fold(
    person: &Person,
    events: &[StoredEvent],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Option<Folded> {
    let stored = person.standing.as_ref()?;
    let state: State = serde_json::from_value(stored.state.clone()).ok()?;
    let acts = acts_of(rules, events);
    let outcome = match stage::advance(rules, &state, &acts, person.known_since(), now) {
        Ok(outcome) => outcome,
        Err(AdvanceError::Late | AdvanceError::OtherRules) => return None,
    };
    let stored_last = stored.folded_time.zip(stored.folded_message_id.clone());
    let mut news = outcome.transitions;
    let late_from = late_from_cause(&news, person.work.arrived_at);
    let late = late_from.map_or_else(Vec::new, |from| news.split_off(from));
    let fresh = events.len();
    Some(Folded {
        profile_id: person.profile_id,
        state: json(&outcome.state),
        standing: outcome.standing,
        stage_since: outcome.standing.since.unwrap_or(person.created_at()),
        review_at: outcome.review_at,
        known_since: earliest([
            stored.known_since,
            person.known_since(),
            first_identified(events),
        ]),
        last: last_of(events).or(stored_last),
        events_folded: stored.events_folded + i64::try_from(fresh).unwrap_or(i64::MAX),
        events_new: fresh,
        moves: Moves {
            gone: Vec::new(),
            late,
            news,
        },
    })
}

/// Folds everything, and compares with what was believed.
pub(super) fn fold_anew(
    person: &Person,
    events: &[StoredEvent],
    believed: Vec<LiveTransition>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Folded {
    let outcome = outcome_of(person, events, rules, now);
    let (gone, mut late) = differences(believed, outcome.transitions);
    let mut late_count = 0;
    if person.standing.is_some() {
        let horizon = person.work.arrived_at.map_or(now, |at| at.min(now)) - LATE_AFTER;
        let dated_late = late.iter().take_while(|new| new.effective_at < horizon);
        late_count = dated_late.count().max(gone.len().min(late.len()));
    }
    let news = late.split_off(late_count);
    Folded {
        profile_id: person.profile_id,
        state: json(&outcome.state),
        standing: outcome.standing,
        stage_since: outcome.standing.since.unwrap_or(person.created_at()),
        review_at: outcome.review_at,
        known_since: earliest([person.known_since(), first_identified(events)]),
        last: last_of(events),
        events_folded: i64::try_from(events.len()).unwrap_or(i64::MAX),
        events_new: events.len(),
        moves: Moves { gone, late, news },
    }
}

/// The state and moves that a fold of everything gives, for comparison with what is stored.
pub(super) fn outcome_of(
    person: &Person,
    events: &[StoredEvent],
    rules: &Rules,
    now: DateTime<Utc>,
) -> stage::Outcome {
    stage::fold(rules, &acts_of(rules, events), person.known_since(), now)
}

fn acts_of<'e>(rules: &Rules, events: &'e [StoredEvent]) -> Vec<Act<'e>> {
    events
        .iter()
        .map(|event| {
            stage::interpret(
                rules,
                &Fact {
                    at: event.at,
                    source: SOURCE,
                    message_id: &event.message_id,
                    name: &event.name,
                    properties: event.properties.as_ref().unwrap_or(&Value::Null),
                    trusted: event.trusted,
                    known_after: event.identifies,
                    // Whether the brand does it is a property of the event's name: the rules say.
                    brand_initiated: false,
                },
            )
        })
        .collect()
}

/// From which transition on what follows corrects the past: the first whose cause arrived late.
/// What time alone brought about before it was due anyway, whenever it was noticed.
fn late_from_cause(new: &[Transition], arrived_at: Option<DateTime<Utc>>) -> Option<usize> {
    let horizon = arrived_at? - LATE_AFTER;
    new.iter()
        .position(|new| matches!(new.cause, Cause::Act { .. }) && new.effective_at < horizon)
}

/// What is believed no longer, and what from now on.
fn differences(
    believed: Vec<LiveTransition>,
    mut new: Vec<Transition>,
) -> (Vec<LiveTransition>, Vec<Transition>) {
    let mut gone = Vec::new();
    for live in believed {
        let known: Option<Transition> = serde_json::from_value(live.evidence.clone()).ok();
        let place = known.and_then(|known| new.iter().position(|new| new.is_same_move(&known)));
        match place {
            Some(place) => {
                new.remove(place);
            }
            None => gone.push(live),
        }
    }
    (gone, new)
}

fn last_of(events: &[StoredEvent]) -> Option<(DateTime<Utc>, String)> {
    events
        .iter()
        .map(|event| (event.at, &event.message_id))
        .max()
        .map(|(at, id)| (at, id.clone()))
}

pub(super) fn first_identified(events: &[StoredEvent]) -> Option<DateTime<Utc>> {
    let identifying = events.iter().filter(|event| event.identifies);
    identifying.map(|event| event.at).min()
}

pub(super) fn earliest(
    instants: impl IntoIterator<Item = Option<DateTime<Utc>>>,
) -> Option<DateTime<Utc>> {
    instants.into_iter().flatten().min()
}

/// The message whose arrival moved the person, if one did.
pub(super) fn cause_message_id(transition: &Transition) -> Option<&str> {
    match &transition.cause {
        Cause::Act { message_id, .. } => Some(message_id),
        Cause::Date { .. } | Cause::Known | Cause::DisputeClock { .. } => None,
    }
}

/// A transition as stored.
pub(super) fn evidence(transition: &Transition) -> Value {
    json(transition)
}

/// −1 cooling, 0 steady, 1 warming.
pub(super) const fn trend_number(trend: Trend) -> i16 {
    match trend {
        Trend::Cooling => -1,
        Trend::Steady => 0,
        Trend::Warming => 1,
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("the engine's values are plain data")
}
