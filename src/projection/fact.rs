//! What followers are told of a move.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::history::LiveTransition;
use crate::kernel::id::{ProfileId, TransitionId};
use crate::outbox::Fact;
use crate::stage::Transition;

/// A move that is news.
const CHANGED: &str = "stage.changed";
/// A move that was not believed before, or is believed no longer.
const CORRECTED: &str = "stage.corrected";

/// Tells of a move.
pub(super) fn changed(
    profile_id: ProfileId,
    transition_id: TransitionId,
    transition: &Transition,
    now: DateTime<Utc>,
) -> Fact {
    let mut payload = shown_new(transition_id, transition);
    payload["profile_id"] = json!(profile_id);
    payload["recorded_at"] = json!(now);
    Fact {
        kind: CHANGED,
        profile_id: Some(profile_id),
        payload,
        at: now,
    }
}

/// Tells, once for all of them, that the moves `old` are believed no longer and the moves `new` are
/// from now on.
pub(super) fn corrected(
    profile_id: ProfileId,
    old: &[LiveTransition],
    new: &[(TransitionId, Transition)],
    now: DateTime<Utc>,
) -> Fact {
    let old = old
        .iter()
        .map(|old| shown(old.transition_id, &old.evidence));
    let new = new.iter().map(|(id, new)| shown_new(*id, new));
    Fact {
        kind: CORRECTED,
        profile_id: Some(profile_id),
        payload: json!({
            "profile_id": profile_id,
            "recorded_at": now,
            "old": old.collect::<Vec<_>>(),
            "new": new.collect::<Vec<_>>(),
        }),
        at: now,
    }
}

/// [`shown`] of a move that is not stored yet.
fn shown_new(transition_id: TransitionId, transition: &Transition) -> Value {
    json!({
        "transition_id": transition_id,
        "from": transition.from,
        "to": transition.to,
        "rule": transition.rule,
        "kind": transition.kind,
        "cause": transition.cause,
        "effective_at": transition.effective_at,
    })
}

/// A transition without the figures, which can be asked for.
fn shown(transition_id: TransitionId, evidence: &Value) -> Value {
    json!({
        "transition_id": transition_id,
        "from": evidence["from"],
        "to": evidence["to"],
        "rule": evidence["rule"],
        "kind": evidence["kind"],
        "cause": evidence["cause"],
        "effective_at": evidence["effective_at"],
    })
}
