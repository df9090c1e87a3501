//! Bodies that never end and bodies that hardly begin, over the production router and real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Sender, ask, basic, post, track};
use crate::harness::{Answer, TestApp};

const CHUNK: usize = 64 * 1024;
const MIB: usize = 1024 * 1024;

/// A body without an end, and how much of it was taken.
fn endless() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    let chunks = stream::iter(std::iter::repeat_with(move || {
        counted.fetch_add(chunk.len(), Ordering::Relaxed);
        Ok::<_, std::io::Error>(chunk.clone())
    }));
    (Body::from_stream(chunks), taken)
}

#[tokio::test]
async fn a77_an_endless_body_is_read_to_its_limit_and_no_further() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let authorization = basic(&sender.secret);
    let send = async |headers: &[(&str, &str)], path: &str| -> (Answer, usize) {
        let (body, taken) = endless();
        let answer = test.browser().send(Method::POST, path, headers, body).await;
        (answer, taken.load(Ordering::Relaxed))
    };
    let key = ("authorization", authorization.as_str());
    let cloud = ("content-type", "application/cloudevents+json");

    for (headers, path, limit) in [
        (&[key][..], "/v1/batch", 4 * MIB),
        (&[key], "/v1/track", 4 * MIB),
        (&[key], "/api/v1/events", 4 * MIB),
        (&[key, cloud], "/v1/cloudevents", 4 * MIB),
        // Nobody's body is read for longer than a key could be found in it.
        (&[], "/v1/batch", MIB / 2),
        (&[], "/v1/track", MIB / 2),
        // What is promised counts before anything is read.
        (&[key, ("content-length", "1000000000")], "/v1/batch", 0),
        (&[("content-length", "1000000000")], "/v1/batch", 0),
    ] {
        let (answer, taken) = send(headers, path).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text());
        assert_eq!(answer.json()["code"], "body_too_large", "{path}");
        let most = if limit == 0 { 0 } else { limit + CHUNK };
        assert!(taken <= most, "{path}: {taken} bytes were taken");
    }
    // A promise that is too small changes nothing, and a wrong key is told before its body is read.
    let (small, taken) = send(&[key, ("content-length", "5")], "/v1/batch").await;
    assert_eq!(small.status, 413);
    assert!(taken <= 4 * MIB + CHUNK, "{taken}");
    let (wrong, taken) = send(&[("authorization", "Basic bm9ib2R5Og==")], "/v1/batch").await;
    assert_eq!((wrong.status.as_u16(), taken), (401, 0));
    // Nor do many of them together keep anything: the next is served.
    let headers = [key];
    let many = join_all((0..100).map(|_| send(&headers, "/v1/batch"))).await;
    for (answer, taken) in many {
        assert!([413, 429].contains(&answer.status.as_u16()));
        assert!(taken <= 4 * MIB + CHUNK, "{taken}");
    }
    let one = track("m1", &json!({ "userId": "u" }));
    let next = post(&test, &sender.secret, "/v1/track", &one).await;
    assert_eq!(next.status, 200, "{}", next.text());
}

/// What the server says, until it closes the connection.
async fn answer(stream: &mut TcpStream) -> String {
    let mut told = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let read = timeout(Duration::from_mins(1), stream.read(&mut part)).await;
        match read.expect("the connection is still open") {
            Ok(0) | Err(_) => break,
            Ok(length) => told.extend_from_slice(&part[..length]),
        }
    }
    String::from_utf8_lossy(&told).into_owned()
}

async fn connect(base: &str) -> TcpStream {
    let address = base.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a77_chunks_without_end_are_cut_off_on_the_wire() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let mut stream = connect(&test.listen().await).await;
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: test\r\nAuthorization: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        basic(&sender.secret)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [
        format!("{CHUNK:x}\r\n").as_bytes(),
        &vec![b' '; CHUNK],
        b"\r\n",
    ]
    .concat();

    let (mut reading, mut writing) = stream.into_split();
    let pushing = tokio::spawn(async move {
        let mut pushed = 0;
        while pushed < 1_000 * MIB && writing.write_all(&chunk).await.is_ok() {
            pushed += CHUNK;
        }
        pushed
    });
    let mut told = [0; 12];
    timeout(Duration::from_mins(1), reading.read_exact(&mut told))
        .await
        .expect("no answer")
        .unwrap();
    drop(reading);
    let pushed = pushing.await.unwrap();

    assert_eq!(&told, b"HTTP/1.1 413");
    // The limit, and what the system itself holds of a connection on both sides.
    assert!(pushed < 64 * MIB, "{pushed} bytes went down the wire");
}

/// Takes its half a minute: real senders, a byte a second, and the real limit.
#[tokio::test]
async fn a77_a_body_that_trickles_is_given_up_and_nobody_waits_for_it() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let base = test.listen().await;
    let started = Instant::now();
    let trickle = async |named: bool| {
        let mut stream = connect(&base).await;
        let authorization = if named {
            format!("Authorization: {}\r\n", basic(&sender.secret))
        } else {
            String::new()
        };
        let head = format!(
            "POST /v1/batch HTTP/1.1\r\nHost: test\r\n{authorization}Content-Length: 400000\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A byte for each second in which there is no answer.
        while timeout(Duration::from_secs(1), stream.readable())
            .await
            .is_err()
        {
            assert!(started.elapsed() < Duration::from_secs(90), "no answer");
            if stream.write_all(b" ").await.is_err() {
                break;
            }
        }
        (answer(&mut stream).await, started.elapsed())
    };

    let slow = join_all((0..60).map(|n| trickle(n % 2 == 0)));
    let others = async {
        for n in 0..20 {
            let one = track(&format!("m{n}"), &json!({ "userId": "u" }));
            let answer = post(&test, &sender.secret, "/v1/track", &one).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        started.elapsed()
    };
    let (slow, served) = tokio::join!(slow, others);

    assert!(served < Duration::from_secs(25), "others waited {served:?}");
    for (told, after) in slow {
        assert!(told.starts_with("HTTP/1.1 408"), "{told}");
        assert!(told.contains("too_slow"), "{told}");
        assert!(after > Duration::from_secs(28), "{after:?}");
    }
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 20);
}
