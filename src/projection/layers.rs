//! People's places in layers: what differs from what was believed, and what followers are told.
//! Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::history::Person;
use crate::kernel::id::{ProfileId, TransitionId};
use crate::outbox::Fact;
use crate::stage::{self, Cause, LayerMove, LayerTransition, Notice};

/// Something that was believed and is believed no longer.
const CORRECTED: &str = "layer.corrected";

/// A change of somebody's place in a layer that is believed at present.
#[derive(Clone, Debug)]
pub(super) struct LiveLayerMove {
    pub(super) transition_id: TransitionId,
    pub(super) recorded_at: DateTime<Utc>,
    /// The [`LayerTransition`].
    pub(super) evidence: Value,
}

/// What is believed of people's places in layers, each person's in order.
pub(super) type Believed = HashMap<ProfileId, Vec<LiveLayerMove>>;

/// How the changes differ from what was believed.
#[derive(Clone, Debug, Default)]
pub(super) struct LayerMoves {
    /// No longer believed.
    pub(super) gone: Vec<LiveLayerMove>,
    /// Believed from now on, each with its place among those of its instant.
    pub(super) new: Vec<(i16, LayerTransition)>,
    /// What to tell followers.
    pub(super) notice: Notice,
}

/// What is believed no longer, what from now on, and what to tell of it.
pub(super) fn differences(
    person: &Person,
    believed: Vec<LiveLayerMove>,
    folded: Vec<LayerTransition>,
    now: DateTime<Utc>,
) -> LayerMoves {
    if believed.is_empty() && folded.is_empty() {
        return LayerMoves::default();
    }
    let is_first_look = person.standing.is_none() && believed.is_empty();
    // A row that cannot be read can be nothing that was folded.
    let (known, unreadable): (Vec<_>, Vec<_>) = believed
        .into_iter()
        .map(|live| (read(&live), live))
        .partition(|(known, _)| known.is_some());
    let (recorded, rows): (Vec<_>, Vec<_>) = known.into_iter().unzip();
    let recorded: Vec<LayerTransition> = recorded.into_iter().flatten().collect();
    let arrived_at = person.work.arrived_at.map_or(now, |at| at.min(now));
    let found = stage::correct(&recorded, &folded, arrived_at);
    let superseded = found.superseded.iter().map(|row| rows[*row].clone());
    let mut folded: Vec<_> = placed(folded).into_iter().map(Some).collect();
    LayerMoves {
        gone: superseded
            .chain(unreadable.into_iter().map(|(_, live)| live))
            .collect(),
        new: found
            .added
            .iter()
            .filter_map(|place| folded[*place].take())
            .collect(),
        notice: match found.notice {
            Notice::Corrected if is_first_look => Notice::Changed,
            notice => notice,
        },
    }
}

/// Each with its place among those of its instant.
fn placed(folded: Vec<LayerTransition>) -> Vec<(i16, LayerTransition)> {
    let mut place = 0_i16;
    let mut last = None;
    folded
        .into_iter()
        .map(|step| {
            place = if last == Some(step.effective_at) {
                place.saturating_add(1)
            } else {
                0
            };
            last = Some(step.effective_at);
            (place, step)
        })
        .collect()
}

fn read(live: &LiveLayerMove) -> Option<LayerTransition> {
    serde_json::from_value(live.evidence.clone()).ok()
}

/// What differs between what is believed, with what time has brought about since, and what the fold
/// of everything gives.
pub(super) fn compare(
    believed: &[LiveLayerMove],
    brought: &[LayerTransition],
    replayed: &[LayerTransition],
) -> Option<(&'static str, Value, Value)> {
    let mut moves: Vec<LayerTransition> = believed.iter().filter_map(read).collect();
    moves.extend(brought.iter().cloned());
    let is_same = moves.len() == replayed.len()
        && moves
            .iter()
            .zip(replayed)
            .all(|(stored, replayed)| stored.is_same_move(replayed));
    (!is_same).then(|| ("layers", json!(moves), json!(replayed)))
}

/// The message whose arrival changed the place, if one did.
pub(super) fn cause_message_id(step: &LayerTransition) -> Option<&str> {
    match &step.cause {
        Cause::Act { message_id, .. } => Some(message_id),
        Cause::Date { .. } | Cause::Known | Cause::DisputeClock { .. } | Cause::RulesChanged => {
            None
        }
    }
}

/// What followers are told of a person's places in layers.
pub(super) fn facts(
    profile_id: ProfileId,
    moves: &LayerMoves,
    ids: &[TransitionId],
    now: DateTime<Utc>,
) -> Vec<Fact> {
    let new = || ids.iter().zip(&moves.new).map(|(id, new)| (*id, &new.1));
    match moves.notice {
        Notice::Nothing => Vec::new(),
        Notice::Changed => new()
            .map(|(id, step)| {
                let mut payload = shown(id, &json!(step));
                payload["profile_id"] = json!(profile_id);
                payload["recorded_at"] = json!(now);
                Fact {
                    kind: noun_and_verb(step.kind),
                    profile_id: Some(profile_id),
                    payload,
                    at: now,
                }
            })
            .collect(),
        Notice::Corrected => vec![Fact {
            kind: CORRECTED,
            profile_id: Some(profile_id),
            payload: json!({
                "profile_id": profile_id,
                "recorded_at": now,
                "old": moves.gone.iter().map(believed_until_now).collect::<Vec<_>>(),
                "new": new().map(|(id, step)| shown(id, &json!(step))).collect::<Vec<_>>(),
            }),
            at: now,
        }],
    }
}

/// What was done on the strength of it (an invitation that was sent) was done on what was known when
/// it was recorded, and is not undone.
fn believed_until_now(gone: &LiveLayerMove) -> Value {
    let mut payload = shown(gone.transition_id, &gone.evidence);
    payload["taken_on_the_knowledge_of"] = json!(gone.recorded_at);
    payload
}

/// A change without the figures, which can be asked for.
fn shown(transition_id: TransitionId, evidence: &Value) -> Value {
    json!({
        "transition_id": transition_id,
        "layer": evidence["layer"],
        "kind": evidence["kind"],
        "from": evidence["from"],
        "to": evidence["to"],
        "stage": evidence["stage"],
        "rule": evidence["rule"],
        "cause": evidence["cause"],
        "effective_at": evidence["effective_at"],
    })
}

const fn noun_and_verb(kind: LayerMove) -> &'static str {
    match kind {
        LayerMove::Invited => "layer.invited",
        LayerMove::Joined => "layer.joined",
        LayerMove::Declined => "layer.declined",
        LayerMove::Expired => "layer.expired",
        LayerMove::Notice => "layer.notice",
        LayerMove::Kept => "layer.kept",
        LayerMove::Lapsed => "layer.lapsed",
        LayerMove::Left => "layer.left",
        LayerMove::Hibernated => "layer.hibernated",
        LayerMove::Woke => "layer.woke",
        LayerMove::Warmed => "layer.warmed",
        LayerMove::Cooled => "layer.cooled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_told_under_its_own_name() {
        for kind in LayerMove::ALL {
            assert_eq!(noun_and_verb(kind), format!("layer.{}", kind.slug()));
        }
    }
}
