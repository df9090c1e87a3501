//! Events of our own form: all or nothing, some of them, and waiting for what they make of people.

use axum::http::{Method, StatusCode};
use befriend::key::{self, Grant, Scope, Scopes};
use serde_json::{Value, json};
use sqlx::Executor as _;
use tokio_util::sync::CancellationToken;

use super::{Sender, ask, basic, profile_of};
use crate::harness::{Answer, TestApp};

async fn send(test: &TestApp, sender: &Sender, query: &str, kind: &str, body: String) -> Answer {
    let authorization = basic(&sender.secret);
    let headers = [("authorization", &*authorization), ("content-type", kind)];
    let path = format!("/api/v1/events{query}");
    test.browser()
        .send(Method::POST, &path, &headers, body.into())
        .await
}

async fn send_json(test: &TestApp, sender: &Sender, query: &str, body: &Value) -> Answer {
    send(test, sender, query, "application/json", body.to_string()).await
}

async fn stored(test: &TestApp, sender: &Sender) -> i64 {
    ask(
        test,
        sender,
        "select count(*) from event where brand_id = $1",
    )
    .await
}

fn act(id: &str, name: &str) -> Value {
    json!({ "messageId": id, "userId": "u1", "event": name })
}

#[tokio::test]
async fn one_event_several_or_one_a_line_are_stored_once() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let lines = format!("{}\n{}\n", act("m3", "A"), act("m4", "A"));
    let identify = json!({ "type": "identify", "messageId": "m5", "userId": "u1" });

    let one = send_json(&test, &sender, "", &act("m1", "A")).await;
    let some = json!({ "events": [act("m1", "A"), act("m2", "A"), identify] });
    let some = send_json(&test, &sender, "", &some).await;
    let lines = send(&test, &sender, "", "application/x-ndjson", lines).await;

    assert_eq!(one.status, StatusCode::OK, "{}", one.text());
    assert_eq!(
        one.json()["verdicts"],
        json!([{ "messageId": "m1", "status": "accepted" }])
    );
    let statuses = |answer: &Answer| -> Vec<String> {
        let verdicts = answer.json()["verdicts"].as_array().unwrap().clone();
        let status = |verdict: &Value| verdict["status"].as_str().unwrap().to_owned();
        verdicts.iter().map(status).collect()
    };
    assert_eq!(statuses(&some), ["duplicate", "accepted", "accepted"]);
    assert_eq!(statuses(&lines), ["accepted", "accepted"]);
    assert_eq!(stored(&test, &sender).await, 5);
}

#[tokio::test]
async fn one_bad_event_and_none_is_stored_unless_some_may_be() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    send_json(&test, &sender, "", &act("m1", "A")).await;
    let events = json!({ "events": [
        act("m2", "A"), { "messageId": "m3", "event": "A" }, act("m1", "B"),
        { "messageId": "m4", "userId": "u1", "event": "A", "timestamp": "noon" },
    ] });

    let whole = send_json(&test, &sender, "", &events).await;
    let after_whole = stored(&test, &sender).await;
    let conflict = json!({ "events": [act("m2", "A"), act("m1", "B")] });
    let conflict = send_json(&test, &sender, "", &conflict).await;
    let after_conflict = stored(&test, &sender).await;
    let lines = format!("{}\n{}", act("m5", "A"), json!({ "event": "A" }));
    let lines = send(&test, &sender, "", "application/x-ndjson", lines).await;
    let partial = send_json(&test, &sender, "?partial=true", &events).await;

    assert_eq!(whole.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(whole.header("content-type"), "application/problem+json");
    let told = whole.json();
    assert_eq!(told["code"], "invalid_events");
    let errors: Vec<(&str, &str)> = told["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("/events/1", "no_ids"),
            ("/events/3/timestamp", "time_invalid")
        ]
    );
    assert_eq!(conflict.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        conflict.json()["errors"][0]["pointer"],
        "/events/1/messageId"
    );
    assert_eq!(conflict.json()["errors"][0]["code"], "message_id_reused");
    assert_eq!(lines.json()["errors"][0]["pointer"], "/1");
    assert_eq!((after_whole, after_conflict), (1, 1));
    assert_eq!(partial.status, StatusCode::OK, "{}", partial.text());
    let statuses: Vec<Value> = partial.json()["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| verdict["status"].clone())
        .collect();
    assert_eq!(statuses, ["accepted", "rejected", "conflict", "rejected"]);
    assert_eq!(stored(&test, &sender).await, 2);
    // Whoever looks at Live finds what was refused, each time.
    let shown: i64 = ask(
        &test,
        &sender,
        "select count(*) from reject where brand_id = $1 and code in ('no_ids', 'time_invalid')",
    )
    .await;
    assert_eq!(shown, 5);
}

#[tokio::test]
async fn what_only_the_database_finds_undoes_all_of_it_too() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    test.app
        .pool
        .execute(
            "create function refuse() returns trigger language plpgsql as $$ begin
                 if new.name = 'Poison' then raise exception 'no'; end if; return new; end $$;
             create trigger refuse before insert on event for each row execute function refuse();",
        )
        .await
        .unwrap();
    let events: Vec<Value> = (0..20)
        .map(|number| {
            let name = if number % 9 == 4 { "Poison" } else { "Good" };
            act(&format!("m{number}"), name)
        })
        .collect();

    let answer = send_json(&test, &sender, "", &json!({ "events": events })).await;

    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text()
    );
    let pointers: Vec<Value> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/events/4", "/events/13"]);
    assert_eq!(answer.json()["errors"][0]["code"], "not_storable");
    assert_eq!(stored(&test, &sender).await, 0);
    assert_eq!(profile_of(&test, &sender, "user", "u1").await, None);
}

#[tokio::test]
async fn whoever_waits_is_told_where_people_stand() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let body = json!({ "events": [
        { "messageId": "m1", "userId": "u1", "event": "Signed Up" },
        { "messageId": "m3", "userId": "u1", "event": "Consent Given" },
        { "messageId": "m2", "userId": "u2", "event": "Product Viewed" },
    ] });

    let early = send_json(&test, &sender, "?wait=stage&wait_ms=40", &body).await;
    let stop = CancellationToken::new();
    let projecting = tokio::spawn(test.app.projector.clone().run(stop.clone()));
    let folded = send_json(&test, &sender, "?wait=stage", &body).await;
    stop.cancel();
    projecting.await.unwrap();

    assert_eq!(early.status, StatusCode::OK, "{}", early.text());
    assert_eq!(early.json()["pending"], true);
    let told = folded.json();
    assert_eq!(told["pending"], false, "{told}");
    assert_eq!(told["verdicts"][0]["status"], "duplicate");
    assert_eq!(told["standings"].as_array().unwrap().len(), 2);
    let u1 = profile_of(&test, &sender, "user", "u1").await.unwrap();
    let of_u1 = told["standings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|standing| standing["profile_id"] == json!(u1))
        .unwrap();
    assert_eq!(of_u1["stage"], "acquaintance");
    assert!(of_u1["scores"]["familiarity"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let many = json!({ "events": vec![act("m", "A"); 101] });

    for (query, body, status, code) in [
        ("?wait=fold", act("m", "A"), 400, "invalid_parameter"),
        ("?wait_ms=5", act("m", "A"), 400, "invalid_parameter"),
        (
            "?wait=stage&wait_ms=5001",
            act("m", "A"),
            400,
            "invalid_parameter",
        ),
        ("?partial=perhaps", act("m", "A"), 400, "invalid_parameter"),
        ("?strict=true", act("m", "A"), 400, "invalid_parameter"),
        ("?wait=stage", many, 400, "invalid_parameter"),
        ("", json!({ "events": [] }), 400, "no_events"),
        ("", json!([]), 400, "invalid_json"),
        (
            "",
            json!({ "events": vec![json!({}); 10_001] }),
            413,
            "too_many_events",
        ),
    ] {
        let answer = send_json(&test, &sender, query, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text());
        assert_eq!(answer.json()["code"], code, "{query}");
    }
    assert_eq!(stored(&test, &sender).await, 0);
}

#[tokio::test]
async fn a101_waiting_for_standings_is_reading_them() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let grant = Grant {
        scopes: Scopes::of([Scope::EventsWrite]).unwrap(),
        ..Grant::default()
    };
    let mut conn = test.app.pool.acquire().await.unwrap();
    key::store::update_grant(&mut conn, sender.brand_id, sender.secret.key_id, &grant)
        .await
        .unwrap();

    let waiting = send_json(&test, &sender, "?wait=stage", &act("m1", "A")).await;
    let sending = send_json(&test, &sender, "", &act("m1", "A")).await;

    assert_eq!(waiting.status, StatusCode::FORBIDDEN);
    assert!(
        waiting.json()["detail"]
            .as_str()
            .unwrap()
            .contains("profiles:read")
    );
    assert_eq!(sending.status, StatusCode::OK);
}
