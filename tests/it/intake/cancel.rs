//! Senders that leave at any moment: no acknowledged event is lost and no transaction stays open.

use std::collections::BTreeSet;
use std::time::Duration;

use befriend::kernel::Entropy;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Sender, basic, track};
use crate::harness::TestApp;

/// Those who leave at random, and among them, each sixth, those who stay for their answer.
const REQUESTS: u32 = 12_000;
const STAYS_EVERY: u32 = 6;
const AT_ONCE: usize = 48;
const PATIENCE_MAX_MICROS: u64 = 20_000;
const STAYING: Duration = Duration::from_secs(30);

/// Sends one event and leaves after `patience`. Returns whether it was acknowledged by then.
async fn send_and_leave(address: &str, request: String, patience: Duration) -> bool {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        let mut buffer = [0_u8; 1024];
        // The last bytes of a whole answer: the verdict's closing brackets.
        while !answer.ends_with(b"}]}") {
            match stream.read(&mut buffer).await.ok()? {
                0 => return None,
                length => answer.extend_from_slice(&buffer[..length]),
            }
        }
        String::from_utf8(answer).ok()
    };
    let answer = timeout(patience, exchange).await.ok().flatten();
    answer.is_some_and(|text| {
        text.starts_with("HTTP/1.1 200") && text.contains(r#""status":"accepted""#)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_senders_that_leave_lose_nothing_that_was_acknowledged() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let base = test.listen().await;
    let address = base.strip_prefix("http://").unwrap();
    let authorization = basic(&sender.secret);
    let entropy = Entropy::seeded(7);

    let acknowledged: BTreeSet<String> = stream::iter(0..REQUESTS)
        .map(|number| {
            let id = format!("m{number}");
            let body = track(&id, &json!({ "userId": format!("u{}", number % 97) })).to_string();
            let request = format!(
                "POST /v1/track HTTP/1.1\r\nhost: test\r\nauthorization: {authorization}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let random = u64::from_le_bytes(entropy.bytes());
            let patience = if number % STAYS_EVERY == 0 {
                STAYING
            } else {
                Duration::from_micros(random % PATIENCE_MAX_MICROS)
            };
            async move {
                send_and_leave(address, request, patience)
                    .await
                    .then_some(id)
            }
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |id| id)
        .collect()
        .await;
    test.app.intake.close().await;

    let open: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(&test.app.pool)
    .await
    .unwrap();
    assert_eq!(open, 0, "connections were left inside a transaction");
    let stored: BTreeSet<String> =
        sqlx::query_scalar("select message_id from event where brand_id = $1")
            .bind(sender.brand_id.uuid())
            .fetch_all(&test.app.pool)
            .await
            .unwrap()
            .into_iter()
            .collect();
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let stayed = (0..REQUESTS)
        .step_by(STAYS_EVERY as usize)
        .filter(|number| !acknowledged.contains(&format!("m{number}")))
        .count();
    assert_eq!(stayed, 0, "senders who stayed were not acknowledged");
    // Most of the others must have left before their answer, or nothing was tried.
    let left = REQUESTS as usize - acknowledged.len();
    assert!(left > 1_000, "only {left} left");
}
