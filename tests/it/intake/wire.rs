//! What senders send in every shape, and what they are told.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::app::{App, Parts};
use befriend::config;
use befriend::event::Submission;
use befriend::kernel::{Clock, Entropy};
use befriend::key;
use befriend::postgres::pool::Address;
use befriend::postgres::{self, PgConnection};
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::{Sender, ask, basic, post, track};
use crate::harness::{Answer, Browser, TestApp};

async fn call(
    test: &TestApp,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    test.browser()
        .send(method, path, headers, body.into())
        .await
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_route_stores_its_kind() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let more = |kind: &str| match kind {
        "track" => json!({ "event": "E" }),
        "group" => json!({ "groupId": "g" }),
        "alias" => json!({ "previousId": "p" }),
        _ => json!({}),
    };
    let mut expected = 0;
    for kind in ["identify", "track", "page", "screen", "group", "alias"] {
        for path in [format!("/v1/{kind}"), format!("/v1/{}", &kind[..1])] {
            let mut event = more(kind);
            event["userId"] = json!("u1");
            event["messageId"] = json!(path);
            let answer = post(&test, &sender.secret, &path, &event).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(answer.json()["success"], true, "{path}");
            expected += 1;
        }
    }
    for path in ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"] {
        let batch = json!({ "batch": [track(path, &json!({ "userId": "u1" }))] });
        let answer = post(&test, &sender.secret, path, &batch).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        expected += 1;
    }
    let merge = json!({ "userId": "u1", "previousId": "p2", "type": "merge" });
    assert_eq!(
        post(&test, &sender.secret, "/v1/merge", &merge)
            .await
            .status,
        200
    );
    let dropped = post(&test, &sender.secret, "/v1/m", &json!({ "series": [] })).await;
    assert_eq!(
        (dropped.status, &dropped.json()["success"]),
        (StatusCode::OK, &json!(true))
    );

    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, expected + 1);
    let kinds: i64 = ask(
        &test,
        &sender,
        "select count(distinct kind) from event where brand_id = $1 and message_id like '/v1/%'
             and (length(message_id) = 5 or kind = split_part(message_id, '/', 3)
                  or message_id in ('/v1/batch', '/v1/import'))",
    )
    .await;
    assert_eq!(kinds, 6);
}

#[tokio::test]
async fn every_envelope_that_sdks_send_is_read() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let (authorization, key) = (basic(&sender.browser), sender.browser.expose());
    let event = |id: &str| track(id, &json!({ "anonymousId": "a1" }));
    let batch = |id: &str| json!({ "batch": [event(id)], "sentAt": "2026-01-15T12:00:00Z" });
    let with_key = |mut body: Value| {
        body["writeKey"] = json!(key);
        body
    };
    let packed = gzip(batch("m5").to_string().as_bytes());
    let bearer = format!("Bearer {key}");
    let plain = "text/plain";

    for (path, headers, body) in [
        // Segment node and python.
        (
            "/v1/batch",
            vec![
                ("authorization", &*authorization),
                ("content-type", "application/json"),
            ],
            with_key(batch("m1")).to_string().into_bytes(),
        ),
        // Segment browser: text, and the key twice.
        (
            "/v1/t",
            vec![("authorization", &*authorization), ("content-type", plain)],
            with_key(event("m2")).to_string().into_bytes(),
        ),
        // A page without any header.
        (
            "/v1/t",
            vec![],
            with_key(event("m3")).to_string().into_bytes(),
        ),
        // A beacon.
        (
            &*format!("/beacon/v1/batch?writeKey={key}"),
            vec![("content-type", plain)],
            batch("m4").to_string().into_bytes(),
        ),
        // RudderStack node: gzip under the label of a form.
        (
            "/v1/batch",
            vec![
                ("authorization", &*authorization),
                ("content-encoding", "gzip"),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            packed,
        ),
        // RudderStack browser.
        (
            "/v1/track",
            vec![
                ("authorization", &*authorization),
                ("anonymousid", "YTE="),
                ("sentat", "2026-01-15T12:00:00Z"),
            ],
            event("m6").to_string().into_bytes(),
        ),
        // Bearer, of our own and of somebody's.
        (
            "/v1/batch",
            vec![("authorization", &*bearer)],
            batch("m7").to_string().into_bytes(),
        ),
        (
            "/v1/batch",
            vec![("authorization", "Bearer abc.def.ghi")],
            with_key(batch("m8")).to_string().into_bytes(),
        ),
    ] {
        let answer = call(&test, Method::POST, path, &headers, body).await;
        assert_eq!(answer.status, 200, "{path} {headers:?}: {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }

    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and not trusted and payload->>'writeKey' is null",
    )
    .await;
    assert_eq!(stored, 8);
}

#[tokio::test]
async fn refusals_are_json_that_sdks_drop_or_retry_rightly() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let (secret, browser) = (basic(&sender.secret), basic(&sender.browser));
    let in_url = |key: &key::Presented| format!("/beacon/v1/batch?writeKey={}", key.expose());
    let bomb = gzip(&vec![b' '; 32 * 1024 * 1024]);
    let large = vec![b' '; 5 * 1024 * 1024];
    let many = json!({ "batch": vec![json!({}); 10_001] }).to_string();
    let ok = json!({ "batch": [] }).to_string();
    let auth = |value| vec![("authorization", value)];

    for (path, headers, body, status, code) in [
        (
            "/v1/batch",
            vec![],
            ok.clone().into_bytes(),
            401,
            "key_missing",
        ),
        (
            "/v1/batch",
            auth("Basic eDo="),
            ok.clone().into_bytes(),
            401,
            "key_unknown",
        ),
        (
            "/v1/batch",
            auth("Basic"),
            ok.clone().into_bytes(),
            401,
            "key_unknown",
        ),
        (
            "/v1/batch",
            vec![],
            br#"{"batch":[],"writeKey":"x"}"#.to_vec(),
            401,
            "key_unknown",
        ),
        (
            "/v1/batch",
            auth(&*secret),
            b"{".to_vec(),
            400,
            "invalid_json",
        ),
        (
            "/v1/batch",
            auth(&*secret),
            b"[]".to_vec(),
            400,
            "invalid_json",
        ),
        ("/v1/batch", auth(&*secret), b"{}".to_vec(), 400, "no_batch"),
        (
            "/v1/batch",
            auth(&*secret),
            br#"{"batch":[],"batch":[]}"#.to_vec(),
            400,
            "duplicate_key",
        ),
        (
            "/v1/batch",
            auth(&*secret),
            many.into_bytes(),
            413,
            "too_many_events",
        ),
        (
            "/v1/batch",
            auth(&*secret),
            large.clone(),
            413,
            "body_too_large",
        ),
        ("/v1/batch", vec![], large, 413, "body_too_large"),
        (
            "/v1/track",
            auth(&*secret),
            ok.clone().into_bytes(),
            400,
            "unexpected_batch",
        ),
        (
            "/v1/track",
            auth(&*secret),
            br#"{"userId":"u"}"#.to_vec(),
            400,
            "name_missing",
        ),
        (
            "/v1/track",
            auth(&*secret),
            br#"{"event":"E"}"#.to_vec(),
            400,
            "no_ids",
        ),
        // Unpacked only for those who have a key, and only so far.
        ("/v1/batch", vec![], bomb.clone(), 401, "key_missing"),
        ("/v1/batch", auth(&*secret), bomb, 413, "body_too_large"),
        (
            "/v1/batch",
            vec![("authorization", &*secret), ("content-encoding", "br")],
            ok.clone().into_bytes(),
            400,
            "unknown_encoding",
        ),
        (
            "/v1/batch",
            vec![
                ("authorization", &*secret),
                ("content-encoding", "gzip, gzip"),
            ],
            ok.clone().into_bytes(),
            400,
            "unknown_encoding",
        ),
        (
            "/v1/batch",
            vec![("authorization", &*secret), ("content-encoding", "gzip")],
            ok.clone().into_bytes(),
            400,
            "broken_gzip",
        ),
        // A secret key where others can read it.
        (
            &*in_url(&sender.secret),
            vec![],
            ok.clone().into_bytes(),
            403,
            "secret_key_exposed",
        ),
        (
            "/v1/batch",
            vec![
                ("authorization", &*secret),
                ("origin", "https://shop.example"),
            ],
            ok.clone().into_bytes(),
            403,
            "secret_key_exposed",
        ),
    ] {
        let answer = call(&test, Method::POST, path, &headers, body).await;
        let told = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &told["code"]),
            (status, &json!(code)),
            "{path} {told}"
        );
        assert_eq!(told["success"], false);
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{told}"
        );
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json")
        );
    }

    let headers = [
        ("authorization", &*browser),
        ("origin", "https://shop.example"),
    ];
    let page = call(&test, Method::POST, "/v1/batch", &headers, ok).await;
    assert_eq!(page.status, 200, "{}", page.text());
    // The brand is told of its exposed key, and bad single events are kept to be looked at.
    let codes: Vec<String> = ask(
        &test,
        &sender,
        "select array_agg(code order by code) from reject where brand_id = $1",
    )
    .await;
    assert_eq!(codes, ["name_missing", "no_ids", "secret_key_exposed"]);
}

#[tokio::test]
async fn a86_a_revoked_key_is_refused_within_a_second() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    // One router throughout, since it is that which remembers keys.
    let mut browser = test.browser();
    let mut send = async || {
        let headers = [("authorization", &*basic(&sender.secret))];
        let empty = json!({ "batch": [] });
        browser
            .post_json("/v1/batch", &headers, &empty)
            .await
            .status
    };
    assert_eq!(send().await, 200);

    let (brand_id, key_id) = (sender.brand_id, sender.secret.key_id);
    let now = test.app.clock.now();
    postgres::tx(&test.app.pool, async |conn| {
        key::store::revoke_key(conn, brand_id, key_id, now).await
    })
    .await
    .unwrap();

    let revoked = std::time::Instant::now();
    while send().await != 401 {
        assert!(revoked.elapsed().as_secs_f64() < 1.0, "the key still works");
    }
}

#[tokio::test]
async fn browser_sdks_start_and_pages_of_any_origin_may_send() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let key = sender.browser.expose();
    let authorization = basic(&sender.browser);

    let settings = test
        .browser()
        .get(&format!("/v1/projects/{key}/settings"))
        .await;
    let segment = &settings.json()["integrations"]["Segment.io"];
    assert_eq!(segment["apiKey"], key);
    assert_eq!(segment["apiHost"], "127.0.0.1:7700/v1");
    assert_eq!(segment["protocol"], "http");
    for path in ["/sourceConfig/?p=npm&v=3&writeKey=x", "/sourceConfig"] {
        let config = call(
            &test,
            Method::GET,
            path,
            &[("authorization", &authorization)],
            Body::empty(),
        )
        .await;
        assert_eq!(config.json()["source"]["enabled"], true, "{path}");
        assert_eq!(config.json()["source"]["destinations"], json!([]));
    }
    let unknown = test.browser().get("/v1/projects/nobody/settings").await;
    assert_eq!(unknown.status, 401);
    let secret = test
        .browser()
        .get(&format!("/v1/projects/{}/settings", sender.secret.expose()))
        .await;
    assert_eq!(secret.status, 403);

    let asked = "authorization,content-type,anonymousid,rsa-retry-attempt";
    let preflight = call(
        &test,
        Method::OPTIONS,
        "/v1/batch",
        &[
            ("origin", "https://shop.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", asked),
        ],
        Body::empty(),
    )
    .await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(preflight.header("access-control-allow-headers"), asked);
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    let refused = call(&test, Method::POST, "/v1/batch", &[], Body::empty()).await;
    assert_eq!(refused.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn an_image_address_is_an_event() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let key = sender.browser.expose();
    let path = format!(
        "/pixel/v1/track?writeKey={key}&anonymousId=a1&event=Email%20Opened&properties.id=7"
    );

    let pixel = test.browser().get(&path).await;
    let bad = test
        .browser()
        .get(&format!("/pixel/v1/track?writeKey={key}"))
        .await;

    assert_eq!(
        (pixel.status, pixel.header("content-type")),
        (StatusCode::OK, "image/gif")
    );
    assert!(pixel.body.starts_with(b"GIF89a"));
    assert_eq!(
        (bad.status, &bad.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!("name_missing"))
    );
    let name: String = ask(&test, &sender, "select name from event where brand_id = $1").await;
    assert_eq!(name, "Email Opened");
}

/// Until a commit stands before the locked table: what it brings is in the queue then.
async fn wait_until_somebody_waits_for_events(conn: &mut PgConnection) {
    for _ in 0..3_000 {
        let waits: bool = sqlx::query_scalar(
            "select exists (select 1 from pg_locks
             where not granted and relation = 'event'::regclass)",
        )
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        if waits {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no commit reached the table");
}

#[tokio::test]
async fn a92_a_full_queue_says_come_back_and_then_takes_again() {
    let test = TestApp::start_with(&[("intake_queue_events_max", "100")]).await;
    let sender = Sender::new(&test, "bakery").await;
    let many: Vec<Value> = (0..150)
        .map(|n| track(&format!("m{n}"), &json!({ "userId": "u" })))
        .collect();
    let mut held = test.database.address().connect().await.unwrap();
    held.execute("begin; lock table event in exclusive mode")
        .await
        .unwrap();

    let (first, second) = {
        let first = sender.send(&test, &many);
        let body = json!({ "batch": [track("late", &json!({ "userId": "u" }))] });
        let second = async {
            wait_until_somebody_waits_for_events(&mut held).await;
            let refused = post(&test, &sender.secret, "/v1/batch", &body).await;
            held.execute("rollback").await.unwrap();
            refused
        };
        tokio::join!(first, second)
    };

    assert_eq!(second.status, 429, "{}", second.text());
    assert_eq!(second.json()["code"], "busy");
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!(first.len(), 150);
    let late = sender
        .send(&test, &[track("later", &json!({ "userId": "u" }))])
        .await;
    assert_eq!(late[0]["status"], "accepted");
}

#[tokio::test]
async fn without_a_database_senders_are_told_to_come_back() {
    let address = Address::parse("postgres://nobody@127.0.0.1:1/none").unwrap();
    let app = App::new(Parts {
        config: config::read(None, &std::collections::BTreeMap::new()).unwrap(),
        pool: address.pool(2),
        clock: Clock::frozen(crate::harness::start_of_time()),
        entropy: Entropy::seeded(1),
        installation_key: [7; 32],
        breached: befriend::credential::breached::Breached::none(),
        metrics: befriend::telemetry::metrics().unwrap(),
    });
    let key = key::Presented::generate(
        key::Kind::Secret,
        befriend::kernel::id::KeyId::new(app.clock.now(), &app.entropy),
        &app.entropy,
    );
    let mut browser = Browser::new(befriend::http::router(app), "http://test");

    let answer = browser
        .post_json(
            "/v1/batch",
            &[("authorization", &basic(&key))],
            &json!({ "batch": [] }),
        )
        .await;

    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "1")
    );
    assert_eq!(answer.json()["success"], false);
}

#[tokio::test]
async fn closing_stores_what_was_taken_and_takes_no_more() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let events: Vec<Value> = (0..500)
        .map(|n| track(&format!("m{n}"), &json!({ "userId": "u" })))
        .collect();

    let submission = Submission::internal(
        sender.brand_id,
        events,
        test.app.clock.now(),
        &test.app.entropy,
    );
    let (taken, ()) = tokio::join!(test.app.intake.submit(submission), test.app.intake.close());

    assert_eq!(taken.unwrap().len(), 500);
    let after = post(
        &test,
        &sender.secret,
        "/v1/batch",
        &json!({ "batch": [track("x", &json!({ "userId": "u" }))] }),
    )
    .await;
    assert_eq!(after.status, 503);
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 500);
}
