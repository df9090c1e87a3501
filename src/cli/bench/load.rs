//! Many connections at once, each sending the next request as soon as the last was answered, or as
//! soon as the pace allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::figures::Latency;
use super::story::{Story, Subjects};
use super::wire::Wire;

/// How long a connection waits after it was told to come back, as far as it must: less than the
/// service asks for, so that it stays busy.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// How often a pace hands out leave to send.
const PACE_TICK: Duration = Duration::from_millis(5);

/// What a request holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Events; one goes to `/v1/track`, more go to `/v1/batch`.
    pub(super) events: u64,
    pub(super) subjects: Subjects,
}

/// Where requests go, what they say, and how many have gone.
pub(super) struct Target {
    pub(super) address: std::net::SocketAddr,
    pub(super) key: String,
    pub(super) story: Arc<Story>,
    /// The number of the next event.
    pub(super) next: AtomicU64,
}

/// What a load came to.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) accepted: u64,
    /// Of requests whose events were accepted.
    pub(super) latency: Latency,
    /// Of requests that were told to come back.
    pub(super) refused: Latency,
    /// Of requests that were told that the database does not answer.
    pub(super) unavailable: Latency,
    pub(super) elapsed: Duration,
}

impl Load {
    /// Events accepted per second.
    pub(super) fn rate(&self) -> f64 {
        per_second(self.accepted, self.elapsed)
    }
}

pub(super) fn per_second(events: u64, elapsed: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 events")]
    let events = events as f64;
    events / elapsed.as_secs_f64()
}

impl Target {
    /// Writes the next request.
    pub(super) fn request(&self, shape: Shape, body: &mut String, request: &mut Vec<u8>) {
        let first = self.next.fetch_add(shape.events, Ordering::Relaxed);
        body.clear();
        let single = shape.events == 1;
        if !single {
            body.push_str(r#"{"batch":["#);
        }
        for number in first..first + shape.events {
            if number > first {
                body.push(',');
            }
            let person = self.story.person(shape.subjects, number);
            self.story.write(number, person, body);
        }
        if !single {
            body.push_str("]}");
        }
        let path = if single { "/v1/track" } else { "/v1/batch" };
        self.post(path, body, request);
    }

    /// Writes a request with this body.
    pub(super) fn post(&self, path: &str, body: &str, request: &mut Vec<u8>) {
        request.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.key,
            body.len()
        );
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(body.as_bytes());
    }

    /// Writes a request that reads.
    pub(super) fn get(&self, path: &str) -> Vec<u8> {
        let (address, key) = (self.address, &self.key);
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        head.into_bytes()
    }
}

/// Leave to send, handed out at a rate that may change.
pub(super) struct Pace {
    /// In events a second.
    rate: AtomicU64,
    leave: Semaphore,
}

impl Pace {
    pub(super) fn new(rate: u64) -> Arc<Self> {
        Arc::new(Self {
            rate: AtomicU64::new(rate),
            leave: Semaphore::new(0),
        })
    }

    pub(super) fn set(&self, rate: u64) {
        self.rate.store(rate.max(1), Ordering::Relaxed);
    }

    pub(super) fn rate(&self) -> u64 {
        self.rate.load(Ordering::Relaxed)
    }

    /// Hands out leave for requests of `events` until it is dropped; what nobody takes within
    /// `most` requests is lost, so that a service that was slow is not flooded afterwards.
    async fn hand_out(&self, events: u64, most: usize) {
        let mut ticks = tokio::time::interval(PACE_TICK);
        let mut last = Instant::now();
        let mut due = 0.0;
        loop {
            let now = ticks.tick().await;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 events")]
            let rate = self.rate() as f64 / events as f64;
            due += (now - last).as_secs_f64() * rate;
            last = now;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small number from zero up"
            )]
            let whole = due as usize;
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let taken = whole as f64;
            due -= taken;
            let room = most.saturating_sub(self.leave.available_permits());
            self.leave.add_permits(whole.min(room));
        }
    }
}

/// Sends until `lasts` has passed, over as many connections, and waits for the last answers.
pub(super) async fn drive(
    target: &Arc<Target>,
    shape: Shape,
    connections: usize,
    lasts: Duration,
    pace: Option<&Arc<Pace>>,
) -> anyhow::Result<Load> {
    let mut wires = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut wire = Wire::new(target.address);
        wire.open().await?;
        wires.push(wire);
    }
    let started = Instant::now();
    let until = started + lasts;
    let mut tasks = JoinSet::new();
    for wire in wires {
        let (target, pace) = (Arc::clone(target), pace.map(Arc::clone));
        tasks.spawn(async move { send_until(&target, shape, wire, until, pace).await });
    }
    let work = async {
        let mut all = Load::default();
        while let Some(done) = tasks.join_next().await {
            let one = done.context("a sender broke")??;
            all.accepted += one.accepted;
            all.latency.merge(one.latency);
            all.refused.merge(one.refused);
            all.unavailable.merge(one.unavailable);
        }
        Ok::<_, anyhow::Error>(all)
    };
    let mut all = match pace {
        None => work.await?,
        Some(pace) => tokio::select! {
            all = work => all?,
            () = pace.hand_out(shape.events, connections) => bail!("the pace ended by itself"),
        },
    };
    all.elapsed = started.elapsed();
    Ok(all)
}

async fn send_until(
    target: &Target,
    shape: Shape,
    mut wire: Wire,
    until: Instant,
    pace: Option<Arc<Pace>>,
) -> anyhow::Result<Load> {
    let mut load = Load::default();
    let (mut body, mut request) = (String::new(), Vec::new());
    while Instant::now() < until {
        if let Some(pace) = &pace {
            match tokio::time::timeout_at(until, pace.leave.acquire()).await {
                Ok(Ok(leave)) => leave.forget(),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        target.request(shape, &mut body, &mut request);
        let sent = Instant::now();
        let answer = wire.exchange(&request).await?;
        let took = sent.elapsed();
        match answer.status {
            200 => {
                let accepted = accepted(answer.body);
                if accepted != shape.events {
                    bail!(
                        "of {} events {accepted} were accepted: {}",
                        shape.events,
                        String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)])
                    );
                }
                load.accepted += accepted;
                load.latency.add(took);
            }
            status @ (429 | 503) => {
                match status {
                    429 => load.refused.add(took),
                    _ => load.unavailable.add(took),
                }
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
            other => bail!(
                "the service answered {other}: {}",
                String::from_utf8_lossy(answer.body)
            ),
        }
    }
    Ok(load)
}

/// How many events an answer says were accepted.
fn accepted(body: &[u8]) -> u64 {
    const WORD: &[u8] = br#""accepted""#;
    let mut count = 0;
    let mut rest = body;
    while let Some(at) = rest.windows(WORD.len()).position(|word| word == WORD) {
        count += 1;
        rest = &rest[at + WORD.len()..];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_events_are_counted_in_the_answer() {
        let body = br#"{"success":true,"verdicts":[{"status":"accepted"},{"status":"duplicate"},{"status":"accepted"}]}"#;

        assert_eq!(accepted(body), 2);
        assert_eq!(accepted(b""), 0);
    }
}
