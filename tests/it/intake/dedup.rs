//! Exactly once, and one bad event costs nobody else anything.

use futures_util::future::join_all;
use serde_json::json;
use sqlx::Executor as _;

use super::{Sender, ask, statuses, track};
use crate::harness::TestApp;

#[tokio::test]
async fn a81_a_thousand_parallel_sendings_of_one_event_store_one() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let event = track("m1", &json!({ "userId": "u1", "anonymousId": "a1" }));

    let answers =
        join_all((0..1_000).map(|_| sender.send(&test, std::slice::from_ref(&event)))).await;

    let all: Vec<&str> = answers
        .iter()
        .flat_map(|verdicts| statuses(verdicts))
        .collect();
    let count = |status| all.iter().filter(|one| **one == status).count();
    assert_eq!((count("accepted"), count("duplicate")), (1, 999));
    for (sql, expected) in [
        ("select count(*) from event where brand_id = $1", 1),
        ("select count(*) from profile where brand_id = $1", 1),
        ("select count(*) from alias where brand_id = $1", 2),
        (
            "select count(*) from reject where brand_id = $1 and status = 'duplicate'",
            999,
        ),
    ] {
        assert_eq!(ask::<i64>(&test, &sender, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn a81_the_same_id_again_is_a_duplicate_a_conflict_or_another_brands() {
    let test = TestApp::start().await;
    let (one, other) = (
        Sender::new(&test, "bakery").await,
        Sender::new(&test, "rink").await,
    );
    let first = track("m1", &json!({ "userId": "u1", "properties": { "n": 1 } }));
    let retry = track(
        "m1",
        &json!({
            "userId": "u1", "properties": { "n": 1 }, "sentAt": "2026-01-15T12:00:00Z",
            "_metadata": { "retryCount": 1 }
        }),
    );
    let changed = track("m1", &json!({ "userId": "u2", "properties": { "n": 2 } }));

    let first = one.send(&test, &[first]).await;
    let again = one
        .send(&test, &[retry.clone(), changed.clone(), retry])
        .await;
    let elsewhere = other.send(&test, &[changed]).await;

    assert_eq!(statuses(&first), ["accepted"]);
    assert_eq!(statuses(&again), ["duplicate", "conflict", "duplicate"]);
    assert_eq!(again[1]["code"], "message_id_reused");
    assert_eq!(statuses(&elsewhere), ["accepted"]);
    let kept: i32 = ask(
        &test,
        &one,
        "select (payload #>> '{properties,n}')::int from event where brand_id = $1",
    )
    .await;
    assert_eq!(kept, 1);
    // The conflicting event names somebody new; nothing of it is stored, so nobody is made.
    assert_eq!(super::profile_of(&test, &one, "user", "u2").await, None);
    let conflict: String = ask(
        &test,
        &one,
        "select payload from reject where brand_id = $1 and status = 'conflict'",
    )
    .await;
    assert!(conflict.contains("u2"), "{conflict}");
}

#[tokio::test]
async fn a_repeat_within_one_batch_is_stored_once() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let event = |n: i32| track("m1", &json!({ "userId": "u1", "properties": { "n": n } }));

    let verdicts = sender.send(&test, &[event(1), event(1), event(2)]).await;

    assert_eq!(statuses(&verdicts), ["accepted", "duplicate", "conflict"]);
}

#[tokio::test]
async fn a76_every_bad_value_is_refused_alone_and_seen_and_its_neighbours_are_stored() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let bad = [
        (r#""properties":{"a":"x\u0000y"}"#, "nul_character"),
        (r#""properties":{"a":"\ud800"}"#, "invalid_unicode"),
        (r#""properties":{"a":1e200000}"#, "number_out_of_range"),
        (r#""properties":{"a":1,"a":2}"#, "duplicate_key"),
        (&format!(r#""properties":{{"a":{deep}}}"#), "too_deep"),
        (r#""timestamp":"+300000-01-01T00:00:00Z""#, "time_invalid"),
        (r#""timestamp":"infinity""#, "time_invalid"),
        (r#""userId":"null""#, "reserved_id"),
    ];
    let mut events = Vec::new();
    for (number, (fields, _)) in bad.iter().enumerate() {
        let user = if fields.contains("userId") {
            ""
        } else {
            r#""userId":"u","#
        };
        events.push(format!(
            r#"{{"type":"track","event":"Good","messageId":"good-{number}","userId":"u"}}"#
        ));
        events.push(format!(
            r#"{{"type":"track","event":"Bad","messageId":"bad-{number}",{user}{fields}}}"#
        ));
    }
    let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
    let authorization = super::basic(&sender.secret);

    let answer = test
        .browser()
        .send(
            axum::http::Method::POST,
            "/v1/batch",
            &[("authorization", &authorization)],
            body.into(),
        )
        .await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    let verdicts = answer.json();
    for (number, (_, code)) in bad.iter().enumerate() {
        let pair = [
            &verdicts["verdicts"][number * 2],
            &verdicts["verdicts"][number * 2 + 1],
        ];
        assert_eq!(pair[0]["status"], "accepted", "{code}");
        assert_eq!(pair[1]["code"], *code, "{}", pair[1]);
    }
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 8);
    let codes: Vec<String> = ask(
        &test,
        &sender,
        "select array_agg(code order by code) from reject where brand_id = $1 and payload <> ''",
    )
    .await;
    assert_eq!(codes.len(), bad.len(), "{codes:?}");
}

#[tokio::test]
async fn a82_an_event_that_the_database_refuses_costs_its_neighbours_nothing() {
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
    let events: Vec<_> = (0..50)
        .map(|number| {
            let name = if number % 17 == 3 { "Poison" } else { "Good" };
            track(
                &format!("m{number}"),
                &json!({ "userId": "u", "event": name }),
            )
        })
        .collect();

    let verdicts = sender.send(&test, &events).await;

    for (number, verdict) in verdicts.iter().enumerate() {
        let expected = if number % 17 == 3 {
            "rejected"
        } else {
            "accepted"
        };
        assert_eq!(verdict["status"], expected, "{number}: {verdict}");
    }
    let refused: i64 = ask(
        &test,
        &sender,
        "select count(*) from reject where brand_id = $1 and code = 'not_storable'
             and payload like '%Poison%'",
    )
    .await;
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn a81_the_same_id_after_a_restart_is_a_duplicate_and_a_huge_id_is_refused() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let event = track("m1", &json!({ "userId": "u1" }));
    sender.send(&test, std::slice::from_ref(&event)).await;
    test.app.intake.close().await;
    let restarted = super::aliases::another(&test);
    let body = json!({ "batch": [event, track(&"x".repeat(10_000), &json!({ "userId": "u1" }))] });

    let mut browser =
        crate::harness::Browser::new(befriend::http::router(restarted), test.app.config.issuer());
    let headers = [("authorization", super::basic(&sender.secret))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = browser.post_json("/v1/batch", &headers, &body).await;

    let verdicts = answer.json()["verdicts"].as_array().unwrap().clone();
    assert_eq!(statuses(&verdicts), ["duplicate", "rejected"]);
    assert_eq!(verdicts[1]["code"], "message_id_too_long");
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 1);
}
