//! `CloudEvents` in every mode of their HTTP binding.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Sender, ask, basic, profile_of};
use crate::harness::{Answer, TestApp};

const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";
const BATCHED: &str = "application/cloudevents-batch+json";

fn order(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": "Order Completed",
        "subject": "42", "time": "2026-01-10T12:00:00Z", "data": { "order_id": id, "total": 31.5 },
    })
}

async fn send(test: &TestApp, headers: &[(&str, &str)], body: String) -> Answer {
    test.browser()
        .send(Method::POST, "/v1/cloudevents", headers, body.into())
        .await
}

async fn send_as(test: &TestApp, sender: &Sender, kind: &str, body: &Value) -> Answer {
    let authorization = basic(&sender.secret);
    let headers = [("authorization", &*authorization), ("content-type", kind)];
    send(test, &headers, body.to_string()).await
}

#[tokio::test]
async fn every_mode_stores_the_same_event_once() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let authorization = basic(&sender.secret);

    let structured = send_as(&test, &sender, STRUCTURED, &order("A-1")).await;
    let batch = json!([order("A-1"), order("A-2"), { "specversion": "1.0" }]);
    let batched = send_as(&test, &sender, BATCHED, &batch).await;
    let headers = [
        ("authorization", &*authorization),
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "A-3"),
        ("ce-source", "/shop"),
        ("ce-type", "Order%20Completed"),
        ("ce-subject", "anonymous:v1"),
        ("ce-traceparent", "00-1"),
    ];
    let binary = send(&test, &headers, json!({ "order_id": "A-3" }).to_string()).await;

    assert_eq!(structured.status, StatusCode::OK, "{}", structured.text());
    assert_eq!(structured.json()["verdicts"][0]["messageId"], "/shop A-1");
    let verdicts = &batched.json()["verdicts"];
    assert_eq!(verdicts[0]["status"], "duplicate");
    assert_eq!(verdicts[1]["status"], "accepted");
    assert_eq!(verdicts[2]["code"], "ce_id_missing");
    assert_eq!(binary.status, StatusCode::OK, "{}", binary.text());
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and trusted and name = 'Order Completed'
             and payload #>> '{context,source}' = '/shop'
             and payload #>> '{properties,order_id}' = split_part(message_id, ' ', 2)",
    )
    .await;
    assert_eq!(stored, 3);
    let kept: String = ask(
        &test,
        &sender,
        "select payload #>> '{context,cloudevent,traceparent}' from event
         where brand_id = $1 and message_id = '/shop A-3'",
    )
    .await;
    assert_eq!(kept, "00-1");
    assert!(profile_of(&test, &sender, "user", "42").await.is_some());
    assert!(
        profile_of(&test, &sender, "anonymous", "v1")
            .await
            .is_some()
    );
}

#[tokio::test]
async fn what_is_no_cloudevent_is_refused_in_the_form_of_the_other_routes() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let mut old = order("A-1");
    old["specversion"] = json!("0.3");
    let many = Value::Array(vec![json!({}); 10_001]);

    for (kind, body, status, code) in [
        (STRUCTURED, old, 400, "ce_specversion_unknown"),
        (STRUCTURED, json!([]), 400, "not_an_object"),
        (BATCHED, json!({}), 400, "invalid_json"),
        (BATCHED, many, 413, "too_many_events"),
        (
            "application/cloudevents+xml",
            json!({}),
            415,
            "unknown_format",
        ),
        ("application/json", order("A-1"), 415, "unknown_format"),
    ] {
        let answer = send_as(&test, &sender, kind, &body).await;
        let told = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &told["code"]),
            (status, &json!(code)),
            "{kind}"
        );
        assert_eq!(told["success"], false);
        assert!(told["message"].is_string());
    }
    let nobody = send(
        &test,
        &[("content-type", STRUCTURED)],
        order("A-1").to_string(),
    )
    .await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn a85_the_subject_of_a_browsers_cloudevent_is_only_claimed() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    send_as(&test, &sender, STRUCTURED, &order("A-1")).await;
    let authorization = basic(&sender.browser);
    let headers = [
        ("authorization", &*authorization),
        ("content-type", STRUCTURED),
    ];

    let answer = send(&test, &headers, order("A-2").to_string()).await;

    assert_eq!(
        answer.json()["verdicts"][0]["flags"],
        json!(["user_id_unproven"])
    );
    let (person, claimed) = (
        profile_of(&test, &sender, "user", "42").await,
        profile_of(&test, &sender, "claimed", "42").await,
    );
    assert!(claimed.is_some() && claimed != person);
}
