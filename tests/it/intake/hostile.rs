//! Events as an enemy would send them, by the thousand: none makes the service fail, and what became
//! of every single one is told.
//!
//! `HOSTILE_EVENTS=1000000` sends a million.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use axum::http::Method;
use base64::Engine as _;
use befriend::event::refusal;
use serde_json::Value;
use tokio::sync::Mutex;

use super::generator::{Generator, Request};
use super::{Sender, ask, basic};
use crate::harness::TestApp;

/// As many in the ordinary tests.
const EVENTS: usize = 20_000;
/// Senders side by side.
const SENDERS: u64 = 6;
/// Beyond so much, in MiB, the memory of the process is not flat: the queue, the bodies under way and
/// everything that the million before left behind are a fraction of it.
const MEMORY_MIB_MAX: u64 = 1_024;

/// What became of events.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    accepted: i64,
    duplicate: i64,
    conflict: i64,
    rejected: i64,
    /// In requests that were refused as a whole.
    refused: usize,
    requests: BTreeMap<u16, usize>,
    codes: BTreeMap<String, usize>,
}

impl Tally {
    fn total(&self) -> usize {
        let told = self.accepted + self.duplicate + self.conflict + self.rejected;
        usize::try_from(told).unwrap() + self.refused
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much the test does is no setting"
)]
fn events_asked() -> Option<usize> {
    let text = std::env::var("HOSTILE_EVENTS").ok()?;
    Some(text.parse().expect("a number of events"))
}

/// The most memory that this process held, and what it holds now, in MiB.
fn memory_mib() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024)
    };
    Some((of("VmHWM:")?, of("VmRSS:")?))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn send(test: &TestApp, sender: &Sender, request: &Request, tally: &Mutex<Tally>) {
    let key = if request.is_trusted {
        &sender.secret
    } else {
        &sender.browser
    };
    let body = if request.is_packed {
        gzip(&request.body)
    } else {
        request.body.clone()
    };
    let authorization = if request.has_key {
        basic(key)
    } else {
        format!("Basic {}", super::STANDARD.encode("nobody:"))
    };
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(request.headers.iter().map(|(name, value)| (*name, *value)));
    let answer = test
        .browser()
        .send(Method::POST, request.path, &headers, body.into())
        .await;

    let status = answer.status.as_u16();
    let shown =
        || String::from_utf8_lossy(&request.body[..request.body.len().min(500)]).into_owned();
    assert!(
        [200, 400, 401, 403, 413].contains(&status),
        "{status} {} for {}",
        answer.text(),
        shown()
    );
    let told = answer.json();
    assert_eq!(told["success"], status == 200, "{told}");
    let mut tally = tally.lock().await;
    tally.sent += request.events;
    *tally.requests.entry(status).or_default() += 1;
    let verdicts = told["verdicts"].as_array().cloned().unwrap_or_default();
    if status == 200 {
        assert_eq!(verdicts.len(), request.events, "{told} for {}", shown());
    } else {
        let code = told["code"].as_str().unwrap().to_owned();
        assert_eq!(told["docs"], format!("/docs/errors#{code}"));
        // The one event of a route for single ones is kept as any other refused one.
        if request.is_single && told.get("pointer").is_some() {
            tally.rejected += 1;
        } else {
            tally.refused += request.events;
        }
        *tally.codes.entry(code).or_default() += 1;
    }
    for verdict in verdicts {
        match verdict["status"].as_str().unwrap() {
            "accepted" => tally.accepted += 1,
            "duplicate" => tally.duplicate += 1,
            "conflict" => tally.conflict += 1,
            "rejected" => {
                tally.rejected += 1;
                let code = verdict["code"].as_str().unwrap().to_owned();
                assert_eq!(verdict["docs"], format!("/docs/errors#{code}"));
                *tally.codes.entry(code).or_default() += 1;
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_nothing_fails_and_every_event_is_accounted_for() {
    let asked = events_asked();
    let events = asked.unwrap_or(EVENTS);
    // The clock stands still, so that a quota once spent would stay so.
    let test = Arc::new(
        TestApp::start_with(&[
            ("quota_secret_key_events_per_second", "1000000"),
            ("quota_browser_key_events_per_second", "1000000"),
            ("quota_address_events_per_second", "1000000"),
            ("quota_visitor_events_per_minute", "0"),
        ])
        .await,
    );
    let sender = Arc::new(Sender::new(&test, "bakery").await);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let started = std::time::Instant::now();

    let mut senders = tokio::task::JoinSet::new();
    for number in 0..SENDERS {
        let (test, sender, tally) = (Arc::clone(&test), Arc::clone(&sender), Arc::clone(&tally));
        senders.spawn(async move {
            let mut generator = Generator::seeded(number);
            while tally.lock().await.sent < events {
                send(&test, &sender, &generator.request(), &tally).await;
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }

    let tally = tally.lock().await;
    let told = format!(
        "{tally:#?} in {:?}, memory {:?} MiB",
        started.elapsed(),
        memory_mib()
    );
    assert_eq!(tally.total(), tally.sent, "{told}");
    for (sql, expected) in [
        (
            "select count(*) from event where brand_id = $1",
            tally.accepted,
        ),
        (
            "select count(*) from reject where brand_id = $1 and status = 'duplicate'",
            tally.duplicate,
        ),
        (
            "select count(*) from reject where brand_id = $1 and status = 'conflict'",
            tally.conflict,
        ),
        (
            "select count(*) from reject where brand_id = $1 and status = 'rejected'
                 and code <> 'secret_key_exposed'",
            tally.rejected,
        ),
        (
            "select count(*) from reject where brand_id = $1 and code = 'not_storable'",
            0,
        ),
    ] {
        assert_eq!(
            ask::<i64>(&test, &sender, sql).await,
            expected,
            "{sql}: {told}"
        );
    }
    // Every sort of fault was met, and each is explained.
    let explained = [refusal::OF_EVENTS, refusal::OF_REQUESTS].concat();
    for code in tally.codes.keys() {
        assert!(explained.iter().any(|one| one.code == code), "{code}");
    }
    let met = refusal::OF_EVENTS
        .iter()
        .filter(|one| tally.codes.contains_key(one.code))
        .count();
    assert!(
        met >= 25,
        "{met} of the faults of an event were met: {told}"
    );
    assert!(
        tally.accepted > 0 && tally.duplicate > 0 && tally.conflict > 0,
        "{told}"
    );
    if asked.is_some() {
        let (most, _) = memory_mib().unwrap_or_default();
        assert!(most < MEMORY_MIB_MAX, "{told}");
        tracing::info!("{told}");
        std::fs::write(std::env::temp_dir().join("befriend-hostile.txt"), told).unwrap();
    } else {
        // None of what was stored is poison to whoever reads it.
        test.app.projector.drain().await.unwrap();
        let parked = "select count(*) from projection_queue where brand_id = $1";
        assert_eq!(ask::<i64>(&test, &sender, parked).await, 0);
    }
}

#[tokio::test]
async fn every_code_leads_to_its_explanation() {
    let test = TestApp::start().await;

    let page = test.browser().get(refusal::DOCS_PATH).await;

    assert_eq!(page.status, 200);
    let text = page.text();
    for list in [
        refusal::OF_EVENTS,
        refusal::OF_ROWS,
        refusal::OF_REQUESTS,
        refusal::WARNINGS,
    ] {
        for one in list {
            assert!(
                text.contains(&format!("id=\"{}\"", one.code)),
                "{}",
                one.code
            );
        }
    }
    let sender = Sender::new(&test, "bakery").await;
    let verdicts: Vec<Value> = sender
        .send(&test, &[serde_json::json!({ "type": "track" })])
        .await;
    assert_eq!(verdicts[0]["docs"], "/docs/errors#name_missing");
}
