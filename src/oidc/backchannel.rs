//! Telling applications that somebody signed out (OpenID Connect Back-Channel Logout 1.0).
//!
//! Whoever ends a session writes nothing here: the database queues a row for each application that
//! got tokens in that session, in the transaction that ends it. This worker sends what is due, holds
//! no connection meanwhile, and tries again for some hours.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

use super::backchannel_store::{self, Due};
use crate::egress::{self, Egress, Method, Request};
use crate::kernel::Clock;
use crate::postgres::{self, Pool};
use crate::token::{self, Keyring, Keys, LogoutClaims};

/// How long to wait after each attempt that failed; after the last it is given up.
pub const WAITS: [TimeDelta; 8] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
];

/// How long a delivery that is being sent is left alone by other processes. Longer than a call may
/// take.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// The most deliveries that are sent at once.
const BATCH_MAX: i64 = 20;

/// Between one look for work and the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 200;

/// What delivering takes.
#[derive(Clone, Copy)]
pub struct Courier<'a> {
    /// The database.
    pub pool: &'a Pool,
    /// The present instant.
    pub clock: &'a Clock,
    /// The way out.
    pub egress: &'a Egress,
    /// The keys that sign.
    pub keyring: &'a Keyring,
    /// Our issuer.
    pub issuer: &'a str,
}

/// A round of deliveries could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] postgres::Error),
    /// The signing keys cannot be had.
    #[error("logout tokens cannot be signed")]
    Keys(#[from] token::Error),
}

/// Delivers until `stop`.
pub async fn run(courier: Courier<'_>, stop: CancellationToken) {
    loop {
        match deliver_due(courier).await {
            // There may be more.
            Ok(count) if count > 0 && !stop.is_cancelled() => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "news of sign-outs waits; the next round tries again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Sends what is due now, at most a batch. Returns how many attempts that were.
pub async fn deliver_due(courier: Courier<'_>) -> Result<usize, Error> {
    let now = courier.clock.now();
    let mut conn = courier
        .pool
        .acquire()
        .await
        .map_err(postgres::Error::from)?;
    let due = backchannel_store::claim_due(&mut conn, now, now + LEASE, BATCH_MAX).await?;
    drop(conn);
    if due.is_empty() {
        return Ok(0);
    }
    let keys = courier.keyring.keys(courier.pool, now).await?;
    let sent = join_all(due.iter().map(|due| send(courier, &keys, due, now))).await;
    let mut conn = courier
        .pool
        .acquire()
        .await
        .map_err(postgres::Error::from)?;
    for (due, sent) in due.iter().zip(sent) {
        settle(&mut conn, due, sent, courier.clock.now()).await?;
    }
    Ok(due.len())
}

/// One attempt. An error is the reason as the brand's staff read it.
async fn send(
    courier: Courier<'_>,
    keys: &Keys,
    due: &Due,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let url = Url::parse(&due.uri).map_err(|_| "the address is not a URL".to_owned())?;
    // Each attempt is a token of its own: the one before may have arrived after all.
    let claims = LogoutClaims::new(
        (courier.issuer, &due.client_id),
        (due.profile_id, due.session_id),
        format!("{}.{}", due.delivery_id, due.tries),
        now,
    );
    let token = keys
        .sign_logout_token(&claims, now)
        .ok_or_else(|| "no key signs just now".to_owned())?;
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", &token)
        .finish();
    let request = Request {
        method: Method::Post,
        url,
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )],
        authorization: None,
        body: body.into_bytes(),
    };
    match courier.egress.send(request).await {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => Err(egress::Error::Status(answer.status).to_string()),
        Err(error) => Err(chain(&error)),
    }
}

/// The error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.chars().take(REASON_CHARS_MAX).collect()
}

async fn settle(
    conn: &mut postgres::PgConnection,
    due: &Due,
    sent: Result<(), String>,
    now: DateTime<Utc>,
) -> Result<(), postgres::Error> {
    let of = (due.brand_id, due.delivery_id);
    let reason = match sent {
        Ok(()) => return backchannel_store::mark_sent(conn, of, now).await,
        Err(reason) => reason,
    };
    match wait_after(due.tries) {
        Some(wait) => backchannel_store::put_off(conn, of, now + wait, &reason).await,
        None => backchannel_store::give_up(conn, of, now, &reason).await,
    }
}

/// How long to wait after the attempt of this number, counted from 1; none to give up.
fn wait_after(tries: i32) -> Option<TimeDelta> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    WAITS.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_for_some_hours_and_ever_less_often() {
        assert_eq!(wait_after(1), Some(TimeDelta::seconds(5)));
        assert_eq!(wait_after(8), Some(TimeDelta::hours(4)));
        assert_eq!(wait_after(9), None);
        assert_eq!(wait_after(0), None);
        assert!(WAITS.is_sorted());
        let total: TimeDelta = WAITS.iter().sum();
        assert!(total > TimeDelta::hours(7) && total < TimeDelta::hours(8));
    }
}
