//! Joining two people who turn out to be one, and taking them apart again.
//!
//! Events never move: each keeps the profile that it came with, and a merged profile says into whom.
//! So both standings are folded anew from the same events, and come out as they were when a merge is
//! undone. What signs in and what was said moves, and is written down with the merge.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Change, NOTICE_LIFE, erasure_store, merge_store, store};
use crate::audit::Actor;
use crate::credential;
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, MergeId, ProfileId, SessionId};
use crate::mail::Message;
use crate::postgres::{self, PgConnection};
use crate::profile::Status;

/// How long a merge can be undone.
pub const UNDO_LIFE: TimeDelta = TimeDelta::days(30);

/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// Two profiles that were joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Its id.
    pub merge_id: MergeId,
    /// Who went on.
    pub survivor_id: ProfileId,
    /// Who was joined into them.
    pub merged_id: ProfileId,
    /// When.
    pub merged_at: DateTime<Utc>,
    /// Until when it can be undone.
    pub undo_until: DateTime<Utc>,
}

/// Why two were not joined, or not taken apart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are one already.
    #[error("these are one and the same profile")]
    Same,
    /// One of them is not there, or nobody stands behind it, or it is suspended.
    #[error("both profiles must be there, known, and not suspended")]
    NotActive,
    /// One of them is about to be erased.
    #[error("one of the profiles is about to be erased: take that back first")]
    Erasing,
    /// There is no such merge, or it was undone, or it is too late.
    #[error("there is no such merge that can still be undone")]
    Unknown,
    /// The one who goes on would have no way in.
    #[error("taking them apart would leave no way in: add another one first")]
    LastWay,
    /// Somebody with a role must say why.
    #[error("a reason of 1 to {REASON_CHARS_MAX} characters is needed")]
    NoReason,
    /// The database.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

/// Joins `merged` into `survivor`. The caller has seen both proven, or has staff or a key with the
/// right to it and a `reason`. Whoever is signed in to `merged` is signed out.
pub async fn merge(
    conn: &mut PgConnection,
    change: &Change<'_>,
    survivor: ProfileId,
    merged: ProfileId,
    reason: &str,
) -> Result<Merge, Error> {
    let brand_id = change.brand.brand_id;
    let (actor_kind, actor_id) = actor_of(change.actor).ok_or(Error::NotActive)?;
    let reason = reason.trim();
    let is_said = !reason.is_empty() && reason.chars().count() <= REASON_CHARS_MAX;
    if actor_kind != "customer" && !is_said {
        return Err(Error::NoReason);
    }
    if survivor == merged {
        return Err(Error::Same);
    }
    let both = [survivor, merged];
    let locked = store::lock_profiles(conn, brand_id, &both).await?;
    let is_active = |(_, status): &(_, Option<Status>)| *status == Some(Status::Active);
    if locked.len() != both.len() || !locked.iter().all(is_active) {
        return Err(Error::NotActive);
    }
    for profile_id in both {
        let under_way = erasure_store::find_under_way(conn, brand_id, profile_id).await?;
        if under_way.is_some() {
            return Err(Error::Erasing);
        }
    }
    let boxes = store::list_boxes(conn, brand_id, &both).await?;
    let moved = merge_store::update_joined(conn, brand_id, survivor, merged, change.at).await?;
    let done = Merge {
        merge_id: MergeId::new(change.at, change.entropy()),
        survivor_id: survivor,
        merged_id: merged,
        merged_at: change.at,
        undo_until: change.at + UNDO_LIFE,
    };
    let undo = Secret::random(change.entropy());
    let by = (actor_kind, actor_id.as_str(), reason);
    merge_store::insert_merge(conn, brand_id, &done, by, &moved, &undo).await?;
    store::end_everything(conn, brand_id, &[merged], None, change.at).await?;
    store::insert_queued(conn, brand_id, &both, change.at).await?;
    let payload = json!({ "merge_id": done.merge_id, "merged_profile_id": merged });
    let detail = json!({
        "merge_id": done.merge_id,
        "merged_profile_id": merged,
        "reason": reason,
        "identities": moved.identities.len(),
        "credentials": moved.credentials.len(),
    });
    change
        .tell(conn, survivor, "profile.merged", payload, detail)
        .await?;
    let message = Message::ProfilesMerged {
        undo_link: change.undo_link(&undo),
        until: done.undo_until,
    };
    change
        .write_to(conn, &boxes, &message, done.undo_until)
        .await?;
    Ok(done)
}

fn actor_of(actor: Actor) -> Option<(&'static str, String)> {
    match actor {
        Actor::Customer(id) => Some(("customer", id.to_string())),
        Actor::Staff(id) => Some(("staff", id.to_string())),
        Actor::Key(id) => Some(("key", id.to_string())),
        Actor::System | Actor::Operator => None,
    }
}

/// By whom a merge is undone, and what that asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The person, in this browser, which stays signed in. They keep a way in.
    Session(SessionId),
    /// Whoever holds the link from the mail, staff, or a key. Every browser is signed out: who else
    /// was let in cannot be told.
    Other,
}

/// Takes a merge back. What was linked since stays with whom it was linked to.
pub async fn part(
    conn: &mut PgConnection,
    change: &Change<'_>,
    merge: &Merge,
    by: By,
) -> Result<(), Error> {
    let brand_id = change.brand.brand_id;
    let merged = merge.merged_id;
    let found = merge_store::find_holder(conn, brand_id, merged).await?;
    let holder = found.ok_or(Error::Unknown)?;
    let both = [holder, merged];
    store::lock_profiles(conn, brand_id, &both).await?;
    // It may have moved on while the lock was waited for.
    if merge_store::find_holder(conn, brand_id, merged).await? != Some(holder) {
        return Err(Error::Unknown);
    }
    let moved = merge_store::update_undone(conn, brand_id, merge.merge_id, change.at).await?;
    let moved = moved.ok_or(Error::Unknown)?;
    merge_store::update_parted(conn, brand_id, holder, merged, &moved).await?;
    let kept = match by {
        By::Session(session_id) => {
            if credential::store::count_ways_in(conn, brand_id, holder).await? == 0 {
                return Err(Error::LastWay);
            }
            Some(session_id)
        }
        By::Other => None,
    };
    store::end_everything(conn, brand_id, &both, kept, change.at).await?;
    store::insert_queued(conn, brand_id, &both, change.at).await?;
    let payload = json!({ "merge_id": merge.merge_id, "parted_profile_id": merged });
    change
        .tell(conn, holder, "profile.parted", payload.clone(), payload)
        .await?;
    let boxes = store::list_boxes(conn, brand_id, &both).await?;
    let expires_at = change.at + NOTICE_LIFE;
    change
        .write_to(conn, &boxes, &Message::ProfilesParted, expires_at)
        .await?;
    Ok(())
}

/// The merge that the link from a mail stands for, if it can still be undone.
pub async fn find_by_link(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Merge>, postgres::Error> {
    merge_store::find_by_undo(conn, brand_id, token, now).await
}

/// The merges that made a person what they are now and can still be undone, latest first.
pub async fn list_undoable(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    now: DateTime<Utc>,
) -> Result<Vec<Merge>, postgres::Error> {
    merge_store::list_undoable(conn, brand_id, profile_id, now).await
}
