//! Being forgotten: asked for, taken back within two weeks, and done when the day has come.
//!
//! What is left of a person is an empty profile of status `erased`, audit entries, which name ids
//! alone, and keyed hashes of the ids by which events named them, so that a late event does not make
//! them anew.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Change, erase_store, erasure_store, store};
use crate::audit::{self, Actor};
use crate::event::suppression_store;
use crate::kernel::id::{BrandId, ErasureId, ProfileId};
use crate::kernel::{Clock, Entropy, HashKey, Secret};
use crate::mail::Message;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection, Pool, tx};
use crate::profile::Status;

/// How long somebody may think again.
pub const UNDO_LIFE: TimeDelta = TimeDelta::days(14);

/// How often at most somebody may ask within a day: each time a mail is written.
const ASKED_MAX: i64 = 3;

/// After this what was on its way while somebody was erased has arrived.
const SWEEP_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Between one round and the next.
const PAUSE: Duration = Duration::from_mins(1);

/// A wish to be forgotten that has not been fulfilled yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub erasure_id: ErasureId,
    /// Whose.
    pub profile_id: ProfileId,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it is fulfilled.
    pub due_at: DateTime<Utc>,
}

/// Why nothing was begun, or nothing taken back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such person.
    #[error("there is no such person")]
    NotActive,
    /// They asked too often today.
    #[error("it was asked for and taken back too often today: try again tomorrow")]
    TooOften,
    /// There is nothing to take back.
    #[error("there is no erasure that can still be taken back")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

/// Notes that somebody wants to be forgotten, signs them out everywhere, and writes to them how to
/// take it back. Asking again changes nothing.
pub async fn request(
    conn: &mut PgConnection,
    change: &Change<'_>,
    profile_id: ProfileId,
) -> Result<Erasure, Error> {
    let brand_id = change.brand.brand_id;
    let locked = store::lock_profiles(conn, brand_id, &[profile_id]).await?;
    let status = locked.first().and_then(|(_, status)| *status);
    if !matches!(
        status,
        Some(Status::Active | Status::Suspended | Status::Anonymous)
    ) {
        return Err(Error::NotActive);
    }
    if let Some(before) = erasure_store::find_under_way(conn, brand_id, profile_id).await? {
        return Ok(before);
    }
    let since = change.at - TimeDelta::days(1);
    if erasure_store::count_since(conn, brand_id, profile_id, since).await? >= ASKED_MAX {
        return Err(Error::TooOften);
    }
    let erasure = Erasure {
        erasure_id: ErasureId::new(change.at, change.entropy()),
        profile_id,
        requested_at: change.at,
        due_at: change.at + UNDO_LIFE,
    };
    let undo = Secret::random(change.entropy());
    let actor_kind = match change.actor {
        Actor::Customer(_) => "customer",
        Actor::Staff(_) => "staff",
        Actor::Key(_) => "key",
        Actor::System | Actor::Operator => "operator",
    };
    erasure_store::insert_erasure(conn, brand_id, &erasure, actor_kind, &undo).await?;
    store::end_everything(conn, brand_id, &[profile_id], None, change.at).await?;
    let payload = json!({ "due_at": erasure.due_at });
    change
        .tell(
            conn,
            profile_id,
            "erasure.requested",
            payload.clone(),
            payload,
        )
        .await?;
    let message = Message::ErasureBegun {
        undo_link: change.undo_link(&undo),
        until: erasure.due_at,
    };
    let boxes = store::list_boxes(conn, brand_id, &[profile_id]).await?;
    change
        .write_to(conn, &boxes, &message, erasure.due_at)
        .await?;
    Ok(erasure)
}

/// Takes a wish back.
pub async fn undo(
    conn: &mut PgConnection,
    change: &Change<'_>,
    erasure: &Erasure,
) -> Result<(), Error> {
    let brand_id = change.brand.brand_id;
    let undone =
        erasure_store::update_undone(conn, brand_id, erasure.erasure_id, change.at).await?;
    if !undone {
        return Err(Error::Unknown);
    }
    change
        .tell(
            conn,
            erasure.profile_id,
            "erasure.undone",
            json!({}),
            json!({}),
        )
        .await?;
    Ok(())
}

/// The wish of a profile that waits for its day, if there is one.
pub async fn find_under_way(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Option<Erasure>, postgres::Error> {
    erasure_store::find_under_way(conn, brand_id, profile_id).await
}

/// The wish that the link from a mail stands for, if it can still be taken back.
pub async fn find_by_link(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token: &Secret,
) -> Result<Option<Erasure>, postgres::Error> {
    erasure_store::find_by_undo(conn, brand_id, token).await
}

/// Fulfils wishes whose day has come until `stop`.
pub async fn run(
    pool: Pool,
    clock: Clock,
    entropy: Entropy,
    hash_key: HashKey,
    stop: CancellationToken,
) {
    loop {
        if let Err(error) = fulfil_due(&pool, clock.now(), &entropy, &hash_key).await {
            tracing::warn!(%error, "forgetting people failed; the next round tries again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// One round: forgets everybody whose day has come, each in a transaction of their own, and what was
/// on its way when earlier ones were forgotten. Returns how many people were forgotten.
pub async fn fulfil_due(
    pool: &Pool,
    now: DateTime<Utc>,
    entropy: &Entropy,
    hash_key: &HashKey,
) -> Result<usize, postgres::Error> {
    let mut failed: Vec<Uuid> = Vec::new();
    let mut done = 0;
    loop {
        let mut at_hand = None;
        let round = tx(pool, async |conn: &mut PgConnection| {
            let claimed = erasure_store::claim_due(conn, now, &failed).await?;
            let Some((brand_id, erasure_id, profile_id)) = claimed else {
                return Ok::<_, postgres::Error>(false);
            };
            at_hand = Some(erasure_id);
            let wish = (brand_id, erasure_id, profile_id);
            erase(conn, wish, now, entropy, hash_key).await?;
            Ok(true)
        })
        .await;
        match (round, at_hand) {
            (Ok(true), _) => done += 1,
            (Ok(false), _) => break,
            (Err(error), Some(erasure_id)) if !error.is_transient() => {
                tracing::error!(%error, erasure = %erasure_id, "somebody could not be forgotten");
                failed.push(erasure_id.uuid());
            }
            (Err(error), _) => return Err(error),
        }
    }
    while sweep_one(pool, now).await? {}
    Ok(done)
}

async fn erase(
    conn: &mut PgConnection,
    (brand_id, erasure_id, profile_id): (BrandId, ErasureId, ProfileId),
    now: DateTime<Utc>,
    entropy: &Entropy,
    hash_key: &HashKey,
) -> Result<(), postgres::Error> {
    let profiles = erase_store::list_members(conn, brand_id, profile_id).await?;
    let aliases = erase_store::list_aliases(conn, brand_id, &profiles).await?;
    suppression_store::insert_suppressed(conn, brand_id, hash_key, &aliases, now).await?;
    erase_store::delete_rows(conn, brand_id, &profiles).await?;
    erase_store::update_erased(conn, brand_id, &profiles).await?;
    // Should they be folded at this very moment, what comes of it is taken away again.
    let ids: Vec<ProfileId> = profiles
        .iter()
        .map(|id| ProfileId::from_uuid(*id))
        .collect();
    store::insert_queued(conn, brand_id, &ids, now).await?;
    erasure_store::update_done(conn, brand_id, erasure_id, &profiles, now).await?;
    let fact = Fact {
        kind: "profile.erased",
        profile_id: Some(profile_id),
        payload: json!({}),
        at: now,
    };
    outbox::insert_fact(conn, brand_id, entropy, fact).await?;
    let entry = audit::Entry {
        actor: Actor::System,
        action: "profile.erased",
        subject: profile_id.to_string(),
        detail: json!({ "erasure_id": erasure_id, "profiles": profiles.len() }),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, entropy, entry).await
}

/// Deletes what reached a profile while it was erased: an event whose sender had looked them up a
/// moment before, and what was folded of it.
async fn sweep_one(pool: &Pool, now: DateTime<Utc>) -> Result<bool, postgres::Error> {
    tx(pool, async |conn: &mut PgConnection| {
        let claimed = erasure_store::claim_unswept(conn, now - SWEEP_AFTER).await?;
        let Some((brand_id, erasure_id, profiles)) = claimed else {
            return Ok(false);
        };
        // The fact that they were erased stays for those who follow.
        erase_store::delete_stragglers(conn, brand_id, &profiles).await?;
        erasure_store::update_swept(conn, brand_id, erasure_id, now).await?;
        Ok(true)
    })
    .await
}
