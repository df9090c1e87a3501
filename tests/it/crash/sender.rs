//! Senders, as SDKs are: they send in batches or one by one, and what is not acknowledged they send
//! again under the same ids.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::RECOVERY_MAX;
use super::service::Service;

const SENDERS: usize = 6;
const BATCH_EVENTS: usize = 20;
const PEOPLE: usize = 300;

const NAMES: [&str; 3] = ["Product Viewed", "Order Completed", "Product Reviewed"];

/// Between one attempt and the next.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// What senders sent, and what they were told.
#[derive(Default)]
pub(super) struct Told {
    /// Every message id that left, whatever became of it.
    pub(super) sent: HashSet<String>,
    /// Every message id that a 200 said is stored.
    pub(super) acknowledged: HashSet<String>,
    /// Answers that must not be: a refusal, a conflict, something acknowledged and stored anew.
    pub(super) wrong: Vec<String>,
    /// Attempts that got no 200.
    pub(super) failures: usize,
    /// Acknowledged events that were sent once more.
    pub(super) repeats: usize,
}

/// Senders at work.
pub(super) struct Senders {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    told: Mutex<Told>,
    acknowledged: AtomicUsize,
    stopping: AtomicBool,
    client: reqwest::Client,
    url: String,
    secret: String,
}

impl Senders {
    pub(super) fn start(service: &Service) -> Self {
        let shared = Arc::new(Shared {
            told: Mutex::default(),
            acknowledged: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            client: service.client().clone(),
            url: service.url("/v1"),
            secret: service.secret().to_owned(),
        });
        let tasks = (0..SENDERS)
            .map(|number| tokio::spawn(Arc::clone(&shared).work(number)))
            .collect();
        Self { shared, tasks }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more events are acknowledged.
    pub(super) async fn wait_for_acknowledged(&self, more: usize) {
        let (since, before) = (Instant::now(), self.acknowledged());
        while self.acknowledged() < before + more {
            assert!(
                since.elapsed() < RECOVERY_MAX,
                "senders get nothing acknowledged any more"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets each finish what it has under way. Returns what all were told.
    pub(super) async fn stop(self) -> Told {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        std::mem::take(&mut *self.shared.told.lock().unwrap())
    }
}

impl Shared {
    async fn work(self: Arc<Self>, sender: usize) {
        let mut number = 0_usize;
        while !self.stopping.load(Ordering::SeqCst) {
            let is_single = sender.is_multiple_of(2);
            let events: Vec<Value> = (0..if is_single { 1 } else { BATCH_EVENTS })
                .map(|_| {
                    number += 1;
                    event(sender, number)
                })
                .collect();
            let ids = events.iter().map(id_of);
            self.told.lock().unwrap().sent.extend(ids);
            // One batch in thirty is given up when the first attempt fails, as by a program that ends:
            // it may be stored or not.
            let may_give_up = (number / events.len()).is_multiple_of(30);
            if !self.send_until_acknowledged(&events, may_give_up).await {
                continue;
            }
            // And one in ten is sent again although it was acknowledged, as when the answer is lost.
            if (number / events.len()).is_multiple_of(10) {
                self.send_again(&events).await;
            }
        }
    }

    /// Returns whether the events were acknowledged.
    async fn send_until_acknowledged(&self, events: &[Value], may_give_up: bool) -> bool {
        let since = Instant::now();
        loop {
            if let Some(statuses) = self.send(events).await {
                let mut told = self.told.lock().unwrap();
                for (event, status) in events.iter().zip(&statuses) {
                    // A duplicate is what an attempt of ours stored before its answer was lost.
                    if matches!(status.as_str(), "accepted" | "duplicate") {
                        told.acknowledged.insert(id_of(event));
                    } else {
                        told.wrong.push(format!("{}: {status}", id_of(event)));
                    }
                }
                self.acknowledged.fetch_add(events.len(), Ordering::SeqCst);
                return true;
            }
            self.told.lock().unwrap().failures += 1;
            if may_give_up {
                return false;
            }
            assert!(
                since.elapsed() < RECOVERY_MAX,
                "never acknowledged: {events:?}"
            );
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// What was acknowledged must be known, whatever has been killed since.
    async fn send_again(&self, events: &[Value]) {
        let Some(statuses) = self.send(events).await else {
            self.told.lock().unwrap().failures += 1;
            return;
        };
        let mut told = self.told.lock().unwrap();
        told.repeats += events.len();
        for (event, status) in events.iter().zip(&statuses) {
            if status != "duplicate" {
                told.wrong.push(format!(
                    "{}: {status} after it was acknowledged",
                    id_of(event)
                ));
            }
        }
    }

    /// One attempt: what became of each event, or `None` where SDKs try again.
    async fn send(&self, events: &[Value]) -> Option<Vec<String>> {
        let (path, body) = match events {
            [event] => ("track", event.clone()),
            _ => ("batch", json!({ "batch": events })),
        };
        let answer = self
            .client
            .post(format!("{}/{path}", self.url))
            .basic_auth(&self.secret, Some(""))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        if status != 200 {
            let is_retried = status == 429 || status.is_server_error();
            assert!(is_retried, "{status} would make an SDK drop events: {text}");
            return None;
        }
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["success"], true, "{answer}");
        let statuses: Vec<String> = match answer["verdicts"].as_array() {
            Some(verdicts) => verdicts
                .iter()
                .map(|verdict| verdict["status"].as_str().unwrap().to_owned())
                .collect(),
            None => panic!("no verdicts in {answer}"),
        };
        assert_eq!(statuses.len(), events.len(), "{answer}");
        Some(statuses)
    }
}

/// A customer does something that moves them, now and then as a browser that is known already.
fn event(sender: usize, number: usize) -> Value {
    let person = (number * SENDERS + sender) % PEOPLE;
    let mut event = json!({
        "type": "track",
        "messageId": format!("s{sender}-{number}"),
        "event": NAMES[number % NAMES.len()],
        // Days apart, in the past: standings rise and fade.
        "timestamp": format!("2026-{:02}-{:02}T12:00:00Z", 1 + number % 9, 1 + (number / 9) % 28),
        "properties": { "order_id": format!("o{sender}-{number}"), "total": 10 + number % 50 },
    });
    if number.is_multiple_of(7) {
        event["anonymousId"] = json!(format!("browser-{person}"));
    }
    if !number.is_multiple_of(14) {
        event["userId"] = json!(format!("user-{person}"));
    }
    event
}

fn id_of(event: &Value) -> String {
    event["messageId"].as_str().unwrap().to_owned()
}
