//! What one transaction does with the events of a batch, brand by brand.
//!
//! Locks are always taken in one order: brands by id, then user aliases, other aliases, events by
//! message id, profiles by id. So commits side by side never wait for each other in a circle.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::effects;
use super::resolve::{self, Resolution};
use crate::event::store::{self, NewEvent, NewReject};
use crate::event::{Event, Form, Judged, Outcome, Rejection, Sender};
use crate::kernel::id::{BrandId, RejectId};
use crate::kernel::{Entropy, HashKey};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// One judged event and who sent it.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) sender: &'a Sender,
    pub(super) judged: &'a Judged,
}

/// An event that is to be stored: the first of its message id in the batch.
#[derive(Clone, Copy)]
pub(super) struct Fresh<'a> {
    pub(super) event: &'a Event,
    pub(super) sender: &'a Sender,
    /// Its place in the batch: the order of arrival.
    pub(super) place: usize,
}

/// What every step needs.
pub(super) struct Scope<'a> {
    pub(super) brand_id: BrandId,
    pub(super) entropy: &'a Entropy,
    pub(super) hash_key: &'a HashKey,
    pub(super) now: DateTime<Utc>,
}

/// Stores a batch. The outcomes are in the order of the items.
pub(super) async fn write(
    conn: &mut PgConnection,
    (entropy, hash_key): (&Entropy, &HashKey),
    now: DateTime<Utc>,
    items: &[Item<'_>],
) -> Result<Vec<Outcome>, Error> {
    let mut brands: BTreeMap<BrandId, Vec<usize>> = BTreeMap::new();
    for (position, item) in items.iter().enumerate() {
        brands
            .entry(item.sender.brand_id)
            .or_default()
            .push(position);
    }
    let mut outcomes = vec![Outcome::Duplicate; items.len()];
    for (brand_id, positions) in brands {
        let scope = Scope {
            brand_id,
            entropy,
            hash_key,
            now,
        };
        let of_brand: Vec<Item<'_>> = positions.iter().map(|p| items[*p]).collect();
        let stored = write_brand(conn, &scope, &of_brand).await?;
        for (position, outcome) in positions.into_iter().zip(stored) {
            outcomes[position] = outcome;
        }
    }
    Ok(outcomes)
}

async fn write_brand(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    items: &[Item<'_>],
) -> Result<Vec<Outcome>, Error> {
    let mut fresh = first_of_each(items);
    let (mut resolutions, forgotten) = resolve::subjects(conn, scope, &fresh).await?;
    if !forgotten.is_empty() {
        (fresh, resolutions) = fresh
            .into_iter()
            .zip(resolutions)
            .filter(|(fresh, _)| !forgotten.contains(&fresh.event.message_id))
            .unzip();
    }
    let stored = store_events(conn, scope, &fresh, &resolutions).await?;
    let known = hashes(conn, scope, &fresh, &stored).await?;
    let flags: HashMap<&str, &[&'static str]> = fresh
        .iter()
        .zip(&resolutions)
        .filter_map(|(fresh, resolution)| {
            let resolution = resolution.as_ref()?;
            Some((fresh.event.message_id.as_str(), resolution.flags.as_slice()))
        })
        .collect();
    let mut unclaimed: HashSet<&str> = stored.iter().map(String::as_str).collect();
    let outcomes: Vec<Outcome> = items
        .iter()
        .map(|item| match item.judged {
            Judged::Rejected(rejection) => refused(rejection),
            Judged::Accepted(event) => {
                let id = event.message_id.as_str();
                if forgotten.contains(id) {
                    of_somebody_forgotten()
                } else if unclaimed.remove(id) {
                    let flags = flags.get(id).copied().unwrap_or_default().to_vec();
                    Outcome::Accepted { flags }
                } else if known
                    .get(id)
                    .is_some_and(|hash| *hash == event.payload_hash)
                {
                    Outcome::Duplicate
                } else {
                    Outcome::Conflict
                }
            }
        })
        .collect();
    effects::apply(conn, scope, &effects::of(&fresh, &resolutions, &stored)).await?;
    write_rejects(conn, scope, items, &outcomes).await?;
    Ok(outcomes)
}

/// The first event of each message id, by message id.
fn first_of_each<'a>(items: &[Item<'a>]) -> Vec<Fresh<'a>> {
    let mut firsts: BTreeMap<&str, Fresh<'a>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        if let Judged::Accepted(event) = item.judged {
            firsts.entry(&event.message_id).or_insert(Fresh {
                event,
                sender: item.sender,
                place,
            });
        }
    }
    firsts.into_values().collect()
}

async fn store_events(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    fresh: &[Fresh<'_>],
    resolutions: &[Option<Resolution>],
) -> Result<HashSet<String>, Error> {
    let new: Vec<NewEvent<'_>> = fresh
        .iter()
        .zip(resolutions)
        .filter_map(|(fresh, resolution)| {
            let resolution = resolution.as_ref()?;
            Some(NewEvent {
                event: fresh.event,
                sender: fresh.sender,
                profile_id: resolution.subject,
                identifies: resolution.identifies,
                flags: &resolution.flags,
            })
        })
        .collect();
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let stored = store::insert_events(conn, scope.brand_id, &new).await?;
    Ok(stored.into_iter().collect())
}

/// The hash of what is stored under each message id of the batch.
async fn hashes(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    fresh: &[Fresh<'_>],
    stored: &HashSet<String>,
) -> Result<HashMap<String, [u8; 32]>, Error> {
    let mut known: HashMap<String, [u8; 32]> = HashMap::new();
    let mut before = Vec::new();
    for Fresh { event, .. } in fresh {
        if stored.contains(&event.message_id) {
            known.insert(event.message_id.clone(), event.payload_hash);
        } else {
            before.push(event.message_id.as_str());
        }
    }
    if before.is_empty() {
        return Ok(known);
    }
    for (id, hash) in store::list_payload_hashes(conn, scope.brand_id, &before).await? {
        let hash = hash
            .try_into()
            .map_err(|_| Inconsistency::new("event", &id, "its hash has another length"))?;
        known.insert(id, hash);
    }
    if let Some(lost) = before.iter().find(|id| !known.contains_key(**id)) {
        let fault = "it was refused as taken and is not there";
        return Err(Inconsistency::new("event", lost, fault).into());
    }
    Ok(known)
}

/// Nothing is kept of such an event, not even as a refused one.
fn of_somebody_forgotten() -> Outcome {
    Outcome::Rejected {
        code: "erased",
        detail: "the person asked to be forgotten after this happened; nothing was kept".into(),
        pointer: "",
    }
}

pub(super) fn refused(rejection: &Rejection) -> Outcome {
    Outcome::Rejected {
        code: rejection.code,
        detail: rejection.detail.clone(),
        pointer: rejection.pointer,
    }
}

async fn write_rejects(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    items: &[Item<'_>],
    outcomes: &[Outcome],
) -> Result<(), Error> {
    let rejects: Vec<NewReject<'_>> = items
        .iter()
        .zip(outcomes)
        .filter_map(|(item, outcome)| reject_row(scope, *item, outcome))
        .collect();
    if rejects.is_empty() {
        return Ok(());
    }
    store::insert_rejects(conn, scope.brand_id, &rejects).await
}

fn reject_row<'a>(scope: &Scope<'_>, item: Item<'a>, outcome: &Outcome) -> Option<NewReject<'a>> {
    let row = NewReject {
        reject_id: RejectId::new(scope.now, scope.entropy),
        status: "rejected",
        code: "",
        detail: "",
        message_id: None,
        name: None,
        payload: None,
        form: Form::Tracking,
        routed_kind: None,
        sent_at: None,
        key_id: item.sender.key_id,
        received_at: scope.now,
    };
    match (item.judged, outcome) {
        (Judged::Rejected(rejection), _) => rejection.is_noted.then_some(NewReject {
            code: rejection.code,
            detail: &rejection.detail,
            message_id: rejection.message_id.as_deref(),
            name: rejection.name.as_deref(),
            payload: Some(&rejection.payload),
            form: rejection.form,
            routed_kind: rejection.routed_kind,
            sent_at: rejection.sent_at,
            received_at: rejection.received_at,
            ..row
        }),
        (Judged::Accepted(event), Outcome::Duplicate) => Some(NewReject {
            status: "duplicate",
            code: "duplicate",
            detail: "the same event is stored already",
            message_id: Some(&event.message_id),
            name: Some(&event.name),
            received_at: event.received_at,
            ..row
        }),
        (Judged::Accepted(event), Outcome::Conflict) => Some(NewReject {
            status: "conflict",
            code: "message_id_reused",
            detail: "another event is stored under this message id; the first is kept",
            message_id: Some(&event.message_id),
            name: Some(&event.name),
            payload: Some(cut(&event.payload)),
            routed_kind: Some(event.kind),
            sent_at: event.sent_at,
            received_at: event.received_at,
            ..row
        }),
        (Judged::Accepted(_), Outcome::Accepted { .. } | Outcome::Rejected { .. }) => None,
    }
}

fn cut(payload: &str) -> &str {
    let end = payload.floor_char_boundary(crate::event::validate::REJECT_PAYLOAD_LENGTH_MAX);
    &payload[..end]
}
