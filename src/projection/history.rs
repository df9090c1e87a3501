//! A person's history: what must be folded, the fold, and what differs from what was believed.
//! Pure: everything here is a function of what was loaded.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize as _;
use serde_json::Value;

use super::complaints::Complaints;
use super::earned::{Part, Told};
use super::event_store::{Member, StoredEvent};
use super::layers::{self, LayerMoves, LiveLayerMove};
use super::standing_store::StoredStanding;
use crate::kernel::id::{ProfileId, TransitionId};
use crate::stage::{
    self, Act, AdvanceError, Cause, Fact, Notice, Schedule, Standing, Transition, Trend,
};

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
    /// What they earned by bringing others; loaded where everything is folded.
    pub(super) earned: Vec<Told>,
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
            earned: Vec::new(),
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

    /// Whether the person stands under rules that have changed: a round that is under way comes to
    /// them yet.
    pub(super) fn awaits_round(&self, schedule: &Schedule) -> bool {
        let lineage = |standing: &StoredStanding| standing.state.lineage();
        let lineage = self.standing.as_ref().and_then(lineage);
        lineage.is_some_and(|lineage| !schedule.includes(lineage))
    }

    /// Whether one of the profiles is among these.
    pub(super) fn is_among(&self, profile_ids: &[ProfileId]) -> bool {
        let is_listed = |member: &Member| profile_ids.contains(&member.profile_id);
        self.members.iter().any(is_listed)
    }

    /// Since when one of the profiles has somebody behind it, by what the profiles themselves say.
    pub(super) fn known_since(&self) -> Option<DateTime<Utc>> {
        earliest(self.members.iter().map(|member| member.known_since))
    }

    /// Whether more than time has passed.
    pub(super) fn has_news(&self) -> bool {
        self.work.since.is_some() || self.work.anew || self.has_absorbed
    }

    fn created_at(&self) -> DateTime<Utc> {
        earliest(self.members.iter().map(|member| Some(member.created_at)))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// How little will do.
    pub(super) fn plan(&self, schedule: &Schedule) -> Plan {
        let Some(standing) = &self.standing else {
            return Plan::Anew;
        };
        let lineage = standing.state.lineage();
        let goes_on = lineage.is_some_and(|lineage| schedule.includes(lineage));
        if self.work.anew || self.has_absorbed || !goes_on {
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
    pub(super) from_stage: i16,
    pub(super) to_stage: i16,
    pub(super) effective_at: DateTime<Utc>,
    /// The [`Transition`].
    pub(super) evidence: Value,
}

/// Puts moves of one instant, which a time cannot tell apart, so that each begins where the one
/// before it led. The rest is in order already.
pub(super) fn put_in_chain(moves: &mut [LiveTransition]) {
    let mut stage = 0;
    for place in 0..moves.len() {
        let at = moves[place].effective_at;
        let rest = moves[place..]
            .iter()
            .take_while(|one| one.effective_at == at);
        let next = rest.enumerate().find(|(_, one)| one.from_stage == stage);
        if let Some((ahead, _)) = next {
            moves[place..=place + ahead].rotate_right(1);
        }
        stage = moves[place].to_stage;
    }
}

/// What is to be written of a person.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) profile_id: ProfileId,
    /// The state, as JSON.
    pub(super) state: String,
    pub(super) standing: Standing,
    pub(super) stage_since: DateTime<Utc>,
    pub(super) review_at: Option<DateTime<Utc>>,
    pub(super) known_since: Option<DateTime<Utc>>,
    /// The order key of the last event.
    pub(super) last: Option<(DateTime<Utc>, String)>,
    /// Events folded in all.
    pub(super) total: i64,
    /// Of these, folded now.
    pub(super) fresh: usize,
    pub(super) moves: Moves,
    pub(super) layers: LayerMoves,
    pub(super) complaints: Complaints,
    pub(super) part: Part,
}

/// How the moves differ from what was believed.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    /// No longer believed.
    pub(super) gone: Vec<LiveTransition>,
    /// Believed from now on.
    pub(super) new: Vec<Transition>,
    /// What to tell followers.
    pub(super) notice: Notice,
}

/// Continues from what is stored. None if that is not possible, so that all must be folded.
pub(super) fn continue_fold(
    person: &Person,
    events: &[StoredEvent],
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Option<Folded> {
    let stored = person.standing.as_ref()?;
    let state = stored.state.read()?;
    let acts = acts_of(schedule, person, events);
    let outcome = match schedule.advance(state, &acts, person.known_since(), now) {
        Ok(outcome) => outcome,
        Err(AdvanceError::Late | AdvanceError::OtherRules) => return None,
    };
    let stored_last = stored.folded_time.zip(stored.folded_message_id.clone());
    let fresh = events.len();
    Some(Folded {
        profile_id: person.profile_id,
        state: json(&outcome.state),
        stage_since: outcome.standing.since.unwrap_or(person.created_at()),
        standing: outcome.standing,
        review_at: outcome.review_at,
        known_since: earliest([
            stored.known_since,
            person.known_since(),
            first_identified(events),
        ]),
        last: last_of(events).or(stored_last),
        complaints: Complaints::of(&outcome.state, schedule.in_force_at(now), now),
        part: Part::of(person, events, outcome.state.conversion()),
        total: stored.events_folded + i64::try_from(fresh).unwrap_or(i64::MAX),
        fresh,
        moves: differences(person, Vec::new(), outcome.transitions, now),
        layers: layers::differences(person, Vec::new(), outcome.layer_moves, now),
    })
}

/// Folds everything, and compares with what was believed.
pub(super) fn fold_anew(
    person: &Person,
    events: &[StoredEvent],
    believed: (Vec<LiveTransition>, Vec<LiveLayerMove>),
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Folded {
    let outcome = outcome_of(person, events, schedule, now);
    Folded {
        profile_id: person.profile_id,
        state: json(&outcome.state),
        stage_since: outcome.standing.since.unwrap_or(person.created_at()),
        standing: outcome.standing,
        review_at: outcome.review_at,
        known_since: earliest([person.known_since(), first_identified(events)]),
        last: last_of(events),
        complaints: Complaints::of(&outcome.state, schedule.in_force_at(now), now),
        part: Part::of(person, events, outcome.state.conversion()),
        total: i64::try_from(events.len()).unwrap_or(i64::MAX),
        fresh: events.len(),
        moves: differences(person, believed.0, outcome.transitions, now),
        layers: layers::differences(person, believed.1, outcome.layer_moves, now),
    }
}

/// The state and moves that a fold of everything gives, for comparison with what is stored.
pub(super) fn outcome_of(
    person: &Person,
    events: &[StoredEvent],
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> stage::Outcome {
    schedule.fold(
        &acts_of(schedule, person, events),
        person.known_since(),
        now,
    )
}

pub(super) fn acts_of<'e>(
    schedule: &Schedule,
    person: &'e Person,
    events: &'e [StoredEvent],
) -> Vec<Act<'e>> {
    let earned = person.earned.iter();
    let earned = earned.map(|told| schedule.interpret(&told.fact()));
    events
        .iter()
        .map(|event| schedule.interpret(&fact_of(event)))
        .chain(earned)
        .collect()
}

/// An event as the engine takes it.
pub(super) fn fact_of(event: &StoredEvent) -> Fact<'_> {
    Fact {
        at: event.at,
        source: SOURCE,
        message_id: &event.message_id,
        name: &event.name,
        properties: event.properties.as_ref().unwrap_or(&Value::Null),
        trusted: event.trusted,
        known_after: event.identifies,
        // Whether the brand does it is a property of the event's name: the rules say.
        brand_initiated: false,
    }
}

/// What is believed no longer, what from now on, and what to tell of it.
fn differences(
    person: &Person,
    believed: Vec<LiveTransition>,
    folded: Vec<Transition>,
    now: DateTime<Utc>,
) -> Moves {
    // A row that cannot be read can be no move of the new timeline.
    let (known, unreadable): (Vec<_>, Vec<_>) = believed
        .into_iter()
        .map(|live| (Transition::deserialize(&live.evidence).ok(), live))
        .partition(|(transition, _): &(Option<Transition>, _)| transition.is_some());
    let (recorded, rows): (Vec<_>, Vec<_>) = known.into_iter().unzip();
    let recorded: Vec<Transition> = recorded.into_iter().flatten().collect();
    let arrived_at = person.work.arrived_at.map_or(now, |at| at.min(now));
    let found = stage::correct(&recorded, &folded, arrived_at);
    let is_first_look = person.standing.is_none() && rows.is_empty();
    let mut folded: Vec<_> = folded.into_iter().map(Some).collect();
    let superseded = found.superseded.iter().map(|row| rows[*row].clone());
    Moves {
        gone: superseded
            .chain(unreadable.into_iter().map(|(_, live)| live))
            .collect(),
        new: found
            .added
            .iter()
            .filter_map(|place| folded[*place].take())
            .collect(),
        notice: match found.notice {
            // Nothing was believed of somebody never looked at, so nothing is corrected.
            Notice::Corrected if is_first_look => Notice::Changed,
            notice => notice,
        },
    }
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
        Cause::Date { .. } | Cause::Known | Cause::DisputeClock { .. } | Cause::RulesChanged => {
            None
        }
    }
}

/// A transition as stored: JSON.
pub(super) fn evidence(transition: &Transition) -> String {
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

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the engine's values are plain data")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::Entropy;

    fn step(day: i64, from_stage: i16, to_stage: i16) -> LiveTransition {
        let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day);
        LiveTransition {
            transition_id: TransitionId::new(at, &Entropy::seeded(1)),
            from_stage,
            to_stage,
            effective_at: at,
            evidence: json!({}),
        }
    }

    #[test]
    fn moves_of_one_instant_are_put_end_to_end() {
        let mut moves = vec![
            step(1, 1, 2),
            step(1, 0, 1),
            step(5, 1, 0),
            step(5, 2, 1),
            step(9, 0, 1),
        ];

        put_in_chain(&mut moves);

        let stages: Vec<_> = moves
            .iter()
            .map(|one| (one.from_stage, one.to_stage))
            .collect();
        assert_eq!(stages, [(0, 1), (1, 2), (2, 1), (1, 0), (0, 1)]);
    }

    #[test]
    fn work_that_meets_is_done_from_the_earliest_on() {
        let at = |days| Some(DateTime::UNIX_EPOCH + chrono::TimeDelta::days(days));
        let one = Work {
            since: at(5),
            arrived_at: at(9),
            anew: false,
        };
        let other = Work {
            since: at(3),
            arrived_at: at(10),
            anew: true,
        };

        let both = one.and(other).and(Work::default());

        assert_eq!(
            (both.since, both.arrived_at, both.anew),
            (at(3), at(9), true)
        );
    }
}
