//! The worker that hands queued mail over.
//!
//! A mail is claimed for a while, in a statement of its own; no connection to the database is held
//! while a mail server is spoken to. A process that dies in between leaves the claim to run out, and
//! the mail is sent again: at least once, with the same `Message-ID`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use super::Letter;
use super::store::{self, Claimed};
use super::transport::{Failure, Transport};
use crate::kernel::{Cipher, Clock, Entropy};
use crate::postgres::{Error, Pool};

/// Mails claimed at once, and handed over at once.
const BATCH_ROWS: i64 = 16;
const AT_ONCE: usize = 4;
/// How long a claimed mail is left to whoever claimed it. Longer than a whole batch may take.
const CLAIM: TimeDelta = TimeDelta::minutes(5);
/// The first wait before another try; it doubles, up to the last.
const WAIT_FIRST: TimeDelta = TimeDelta::seconds(5);
const WAIT_MAX: TimeDelta = TimeDelta::minutes(10);
/// How often the queue is looked at while nothing waits.
const POLL: Duration = Duration::from_secs(1);
/// How often its length is told.
const TELL: Duration = Duration::from_secs(15);

/// Hands queued mail over.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The database.
    pub pool: Pool,
    /// The present instant.
    pub clock: Clock,
    /// For waits that differ.
    pub entropy: Entropy,
    /// Opens letters.
    pub cipher: Cipher,
    /// The mail server.
    pub transport: Transport,
}

impl Sender {
    /// Sends until `stop`, then finishes what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let mut told = tokio::time::Instant::now();
        while !stop.is_cancelled() {
            if told.elapsed() >= TELL {
                told = tokio::time::Instant::now();
                self.tell().await;
            }
            match self.send_due().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::warn!(%error, "the queue of mail cannot be read"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// One batch: gives up what has expired, hands over what is due. Returns how many were claimed.
    pub async fn send_due(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let claimed = {
            let mut conn = self.pool.acquire().await?;
            let expired = store::expire(&mut conn, now).await?;
            count("expired", expired);
            store::claim(&mut conn, now, now + CLAIM, BATCH_ROWS).await?
        };
        let number = claimed.len();
        let results: Vec<Result<(), Error>> = stream::iter(claimed)
            .map(|mail| self.hand_over(mail))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        results.into_iter().collect::<Result<(), Error>>()?;
        Ok(number)
    }

    async fn hand_over(&self, mail: Claimed) -> Result<(), Error> {
        let sent = match Letter::open(&self.cipher, mail.brand_id, mail.mail_id, &mail.body) {
            Ok(letter) => {
                let (to, id) = (&mail.recipient, mail.mail_id);
                self.transport.send(to, id, mail.created_at, &letter).await
            }
            Err(unreadable) => Err(Failure::Never(unreadable.to_string())),
        };
        let now = self.clock.now();
        let mut conn = self.pool.acquire().await?;
        let (id, kind) = (mail.mail_id, mail.kind.as_str());
        match sent {
            Ok(()) => {
                count("sent", 1);
                tracing::info!(mail = %id, kind, tries = mail.tries, "mail sent");
                store::mark_sent(&mut conn, mail.brand_id, id, now).await
            }
            Err(Failure::Later(reason)) => {
                count("retried", 1);
                tracing::warn!(mail = %id, kind, tries = mail.tries, reason, "mail not sent yet");
                let next = now + self.wait(mail.tries);
                store::mark_waiting(&mut conn, mail.brand_id, id, next, &reason).await
            }
            Err(Failure::Never(reason)) => {
                count("refused", 1);
                tracing::warn!(mail = %id, kind, reason, "mail refused; given up");
                store::mark_failed(&mut conn, mail.brand_id, id, now, &reason).await
            }
        }
    }

    /// How long to wait after `tries` tries: between half and all of a time that doubles.
    fn wait(&self, tries: i32) -> TimeDelta {
        let doublings = u32::try_from(tries - 1).unwrap_or(0).min(16);
        let most = (WAIT_FIRST * 2_i32.pow(doublings)).min(WAIT_MAX);
        let share = 0.5 + self.entropy.unit() / 2.0;
        #[expect(clippy::cast_precision_loss, reason = "minutes in milliseconds fit")]
        let millis = most.num_milliseconds() as f64 * share;
        #[expect(clippy::cast_possible_truncation, reason = "a part of ten minutes")]
        let millis = millis as i64;
        TimeDelta::milliseconds(millis)
    }

    async fn tell(&self) {
        let Ok(mut conn) = self.pool.acquire().await else {
            return;
        };
        if let Ok(waiting) = store::measure_queue(&mut conn).await {
            let age = waiting.oldest.map_or(0.0, |oldest| self.age(oldest));
            metrics::gauge!("befriend_mail_waiting").set(f64_of(waiting.count));
            metrics::gauge!("befriend_mail_oldest_seconds").set(age);
        }
    }

    fn age(&self, oldest: DateTime<Utc>) -> f64 {
        (self.clock.now() - oldest).as_seconds_f64().max(0.0)
    }
}

fn f64_of(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn count(outcome: &'static str, number: u64) {
    metrics::counter!("befriend_mail_total", "outcome" => outcome).increment(number);
}
