//! What is stored of a person beside what their events fold to. Pure.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::event_store::StoredEvent;
use super::super::history::{self, LiveTransition, Person};
use super::super::layers::{self, LiveLayerMove};
use super::Difference;
use crate::stage::{Outcome, Schedule, Transition};
use chrono::{DateTime, Utc};

/// Something that is stored otherwise than it should be.
struct Fault {
    what: &'static str,
    /// Leads to the field, where it is not within the state.
    at: String,
    stored: Value,
    replayed: Value,
}

impl Fault {
    fn new(what: &'static str, stored: Value, replayed: Value) -> Self {
        Self {
            what,
            at: what.replace(' ', "_"),
            stored,
            replayed,
        }
    }
}

/// A person with everything that was loaded to compare them.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) person: &'a Person,
    pub(super) events: &'a [StoredEvent],
    /// The moves that are stored and not superseded, in order.
    pub(super) believed: &'a [LiveTransition],
    /// The same of places in layers.
    pub(super) layers: &'a [LiveLayerMove],
    /// What the events fold to at the instant of the comparison.
    pub(super) replayed: &'a Outcome,
}

impl Seen<'_> {
    /// The first thing that differs between what is stored and the fold of the events.
    pub(super) fn difference(&self, schedule: &Schedule, now: DateTime<Utc>) -> Option<Difference> {
        let fault = self.fault(schedule, now)?;
        let (path, stored, replayed) = first_difference(&fault.at, &fault.stored, &fault.replayed);
        let (path, stored, replayed) = (path, stored.clone(), replayed.clone());
        let standing = self.person.standing.as_ref();
        let moves = self.believed.iter().map(|live| &live.evidence);
        let layers = self.layers.iter().map(|live| &live.evidence);
        Some(Difference {
            profile_id: self.person.profile_id,
            what: fault.what,
            path,
            stored,
            replayed,
            stored_whole: json!({
                "state": standing.map(|standing| standing.state.shown()),
                "moves": moves.collect::<Vec<_>>(),
                "layers": layers.collect::<Vec<_>>(),
            }),
            replayed_whole: json!({
                "state": self.replayed.state,
                "moves": self.replayed.transitions,
                "layers": self.replayed.layer_moves,
            }),
        })
    }

    /// Whether what is stored is the fold of the events.
    pub(super) fn is_sound(&self, schedule: &Schedule, now: DateTime<Utc>) -> bool {
        self.fault(schedule, now).is_none()
    }

    fn fault(&self, schedule: &Schedule, now: DateTime<Utc>) -> Option<Fault> {
        let (person, replayed) = (self.person, self.replayed);
        let identified = history::first_identified(self.events);
        let known_since = history::earliest([person.known_since(), identified]);
        if person.has_absorbed {
            let what = "a merged profile has a standing";
            return Some(Fault::new(what, json!(true), json!(false)));
        }
        let Some(stored) = &person.standing else {
            let is_blank = self.events.is_empty() && known_since.is_none();
            let fault = || Fault::new("no standing is stored", Value::Null, json!(replayed.state));
            return (!is_blank).then(fault);
        };
        let unusable = |what| Fault::new(what, stored.state.shown(), json!(replayed.state));
        let Some(state) = stored.state.read() else {
            return Some(unusable("the state cannot be read"));
        };
        // The sweeper may not have been there yet: that is no difference.
        let Ok(brought) = schedule.advance(state, &[], None, now) else {
            return Some(unusable("the state is under other rules"));
        };
        if let Some(fault) = self.fault_of_moves(brought.transitions) {
            return Some(fault);
        }
        let (brought_layers, replayed_layers) = (&brought.layer_moves, &replayed.layer_moves);
        if let Some((what, stored, replayed)) =
            layers::compare(self.layers, brought_layers, replayed_layers)
        {
            return Some(Fault::new(what, stored, replayed));
        }
        if brought.state != replayed.state {
            let (brought, replayed) = (json!(brought.state), json!(replayed.state));
            return Some(Fault::new("state", brought, replayed));
        }
        let pairs = [
            ("stage", json!(stored.stage), json!(state.stage().rank())),
            (
                "events folded",
                json!(stored.events_folded),
                json!(self.events.len()),
            ),
            ("known since", json!(stored.known_since), json!(known_since)),
        ];
        pairs
            .into_iter()
            .find(|(_, stored, replayed)| stored != replayed)
            .map(|(what, stored, replayed)| Fault::new(what, stored, replayed))
    }

    /// The first move that is not the one it should be.
    fn fault_of_moves(&self, unwritten: Vec<Transition>) -> Option<Fault> {
        let stored: Vec<Option<Transition>> = self
            .believed
            .iter()
            .map(|live| Transition::deserialize(&live.evidence).ok())
            .chain(unwritten.into_iter().map(Some))
            .collect();
        let replayed = &self.replayed.transitions;
        let is_same = |place: &usize| match (stored.get(*place), replayed.get(*place)) {
            (Some(Some(stored)), Some(replayed)) => stored.is_same_move(replayed),
            _ => false,
        };
        let place = (0..stored.len().max(replayed.len())).find(|place| !is_same(place))?;
        Some(Fault {
            what: "moves",
            at: format!("moves[{place}]"),
            stored: json!(stored.get(place)),
            replayed: json!(replayed.get(place)),
        })
    }
}

/// The way to the first thing in which two values differ, and what is there in each.
fn first_difference<'v>(
    path: &str,
    stored: &'v Value,
    replayed: &'v Value,
) -> (String, &'v Value, &'v Value) {
    const NOTHING: &Value = &Value::Null;
    match (stored, replayed) {
        (Value::Object(one), Value::Object(other)) => {
            let mut fields: Vec<_> = one.keys().chain(other.keys()).collect();
            fields.sort_unstable();
            for field in fields {
                let one = one.get(field).unwrap_or(NOTHING);
                let other = other.get(field).unwrap_or(NOTHING);
                if one != other {
                    return first_difference(&format!("{path}.{field}"), one, other);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for place in 0..one.len().max(other.len()) {
                let one = one.get(place).unwrap_or(NOTHING);
                let other = other.get(place).unwrap_or(NOTHING);
                if one != other {
                    return first_difference(&format!("{path}[{place}]"), one, other);
                }
            }
        }
        _ => {}
    }
    (path.to_owned(), stored, replayed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_to_the_first_difference() {
        let stored = json!({"b": [1, {"c": 2, "d": 3}], "a": 1});
        let table = [
            (json!({"b": [1, {"c": 2, "d": 4}], "a": 1}), "state.b[1].d"),
            (json!({"b": [1], "a": 1}), "state.b[1]"),
            (json!({"b": [1, {"c": 2, "d": 3}]}), "state.a"),
            (json!({"b": 7, "a": 1}), "state.b"),
            (
                json!({"b": [1, {"c": 2, "d": 3, "e": 0}], "a": 1}),
                "state.b[1].e",
            ),
            (json!({"a": 2, "b": 3}), "state.a"),
        ];

        for (replayed, path) in table {
            let found = first_difference("state", &stored, &replayed);

            assert_eq!(found.0, path);
            assert_ne!(found.1, found.2, "{path}");
        }
    }
}
