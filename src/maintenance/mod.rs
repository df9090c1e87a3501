//! Keeping house: what has served its time is deleted, a little at a time.
//!
//! Owns no table; each rule below names what goes and when. Never deletes an event, a transition, a
//! consent or an audit entry. Several processes may do it at once: they take different rows.
//!
//! | What | Goes when |
//! |---|---|
//! | refused, repeated and conflicting events | 7 days after they came |
//! | sign-ins in progress, with their attempts | a day after they ended |
//! | questions to passkeys | when they can be answered no longer |
//! | authorization codes, access and refresh tokens | a day after they ended |
//! | marks of ID tokens that apps handed over | a day after those expired |
//! | pushed requests, questions for consent | a day after they ended |
//! | which applications a session reached | a day after the session expired |
//! | news of sign-outs | 30 days after the sign-out |
//! | outbox facts | 30 days after they were written |
//! | set-up links | 30 days after they ended |
//! | mail, sent or not | 30 days after it was queued |
//! | counters of tries | two days after the last |

pub mod store;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::kernel::Clock;
use crate::postgres::{Error, Pool};

/// How long refused, repeated and conflicting events are kept.
pub const REJECTS_KEPT: TimeDelta = TimeDelta::days(7);
const ENDED_KEPT: TimeDelta = TimeDelta::days(1);
const FACTS_KEPT: TimeDelta = TimeDelta::days(30);
const MAIL_KEPT: TimeDelta = TimeDelta::days(30);
/// Twice as long as any of them counts.
const COUNTERS_KEPT: TimeDelta = TimeDelta::days(2);

/// Between one round and the next.
const PAUSE: Duration = Duration::from_mins(5);

/// Keeps house until `stop`.
pub async fn run(pool: Pool, clock: Clock, stop: CancellationToken) {
    loop {
        if let Err(error) = clean(&pool, clock.now()).await {
            tracing::warn!(%error, "keeping house failed; the next round tries again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// One round: deletes everything that has served its time at `now`.
pub async fn clean(pool: &Pool, now: DateTime<Utc>) -> Result<(), Error> {
    let mut conn = pool.acquire().await?;
    while store::delete_rejects(&mut conn, now - REJECTS_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_access_tokens(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_codes(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_refresh_families(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_passkey_challenges(&mut conn, now).await? == store::BATCH_ROWS {}
    while store::delete_spent_id_tokens(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_pushed_requests(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_consent_requests(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_session_reach(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_logout_deliveries(&mut conn, now - FACTS_KEPT).await? == store::BATCH_ROWS {
    }
    while store::delete_flows(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_handoffs(&mut conn, now - ENDED_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_preference_links(&mut conn, now).await? == store::BATCH_ROWS {}
    while store::delete_facts(&mut conn, now - FACTS_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_invitations(&mut conn, now - FACTS_KEPT).await? == store::BATCH_ROWS {}
    while store::delete_mails(&mut conn, now - MAIL_KEPT).await? == store::BATCH_ROWS {}
    let counters = now - COUNTERS_KEPT;
    while store::delete_attempt_counters(&mut conn, counters).await? == store::BATCH_ROWS {}
    Ok(())
}
