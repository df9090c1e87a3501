//! Complaints, found by those who handle them.

use axum::http::StatusCode;
use befriend::kernel::id::ProfileId;
use befriend::key::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api::{get, key};
use super::shop::{Act, Shop, act, befriending, day};

fn about(name: &'static str, at: DateTime<Utc>, properties: Value) -> Act {
    act(name, at).with(properties)
}

async fn listed(shop: &Shop, query: &str) -> Value {
    let bearer = format!("Bearer {}", key(shop, Kind::Secret).await);
    let answer = get(shop, &format!("/api/v1/disputes{query}"), &bearer).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

/// A friend, and the complaint they made some days ago.
async fn complains(shop: &Shop, days_ago: i64, properties: Value) -> ProfileId {
    let customer = shop.customer().await;
    let mut history = befriending(day(shop.now(), -70));
    history.push(about(
        "Dispute Opened",
        day(shop.now(), -days_ago),
        properties,
    ));
    shop.learn(customer, &history).await;
    customer
}

#[tokio::test]
async fn whoever_has_waited_longest_is_told_first_with_the_clock_and_what_is_at_stake() {
    let shop = Shop::open().await;
    let young = complains(&shop, 1, json!({ "dispute_id": "b", "channel": "public" })).await;
    let old = complains(
        &shop,
        5,
        json!({ "dispute_id": "a", "about": "A cold cake" }),
    )
    .await;
    let seen = [
        about(
            "Dispute Acknowledged",
            day(shop.now(), -4),
            json!({ "dispute_id": "a" }),
        ),
        about(
            "Dispute Handed Off",
            day(shop.now(), -3),
            json!({ "dispute_id": "a" }),
        ),
    ];
    shop.learn(old, &seen).await;

    let body = listed(&shop, "").await;

    let customers = body["customers"].as_array().unwrap();
    assert_eq!(customers.len(), 2, "{body}");
    assert_eq!(customers[0]["profile_id"], old.to_string());
    assert_eq!(customers[0]["strained"], true);
    let dispute = &customers[0]["disputes"][0];
    assert_eq!(dispute["dispute_id"], "a");
    assert_eq!(dispute["about"], "A cold cake");
    assert_eq!(dispute["status"], "acknowledged");
    assert_eq!(
        (&dispute["clock_days"], &dispute["hand_offs"]),
        (&json!(14), &json!(1))
    );
    let due: DateTime<Utc> = dispute["due"].as_str().unwrap().parse().unwrap();
    assert_eq!(due, day(shop.now(), 9));
    assert_eq!(dispute["stage_at_stake"], "friend");
    let public = &customers[1]["disputes"][0];
    assert_eq!(customers[1]["profile_id"], young.to_string());
    assert_eq!(
        (&public["public"], &public["clock_days"]),
        (&json!(true), &json!(3))
    );

    let first = listed(&shop, "?status=open&limit=1").await;
    assert_eq!(first["customers"].as_array().map(Vec::len), Some(1));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = listed(&shop, &format!("?status=open&limit=1&cursor={cursor}")).await;
    assert_eq!(second["customers"][0]["profile_id"], young.to_string());
    assert_eq!(second["next_cursor"], Value::Null);
    shop.prove().await;
}

#[tokio::test]
async fn what_is_settled_leaves_the_list_and_is_told_as_made_good() {
    let shop = Shop::open().await;
    let customer = complains(&shop, 5, json!({ "dispute_id": "a" })).await;
    let answer = json!({ "dispute_id": "a", "satisfied": true });
    shop.learn(customer, &[about("Dispute Resolved", shop.now(), answer)])
        .await;

    assert_eq!(listed(&shop, "").await["customers"], json!([]));
    let good = listed(&shop, "?status=made_good").await;
    let dispute = &good["customers"][0]["disputes"][0];
    assert_eq!(
        (&dispute["status"], &dispute["made_good"]),
        (&json!("resolved"), &json!(true))
    );
}

#[tokio::test]
async fn time_alone_moves_a_complaint_on_in_the_columns_too() {
    let shop = Shop::open().await;
    let customer = complains(&shop, 5, json!({ "dispute_id": "a" })).await;

    shop.test.clock.advance(TimeDelta::days(17));
    shop.sweep().await;

    let stored = shop.standing(customer).await.unwrap();
    assert_eq!(stored["disputes_open"], 0, "it ran out: {stored}");
    assert_eq!(stored["dispute_opened_at"], Value::Null);
    assert_eq!(listed(&shop, "").await["customers"], json!([]));
    shop.prove().await;
}

#[tokio::test]
async fn who_complains_unusually_often_is_for_a_person_to_look_at() {
    let shop = Shop::open().await;
    let customer = complains(&shop, 8, json!({ "dispute_id": "1" })).await;
    let others: Vec<_> = (2..=4)
        .map(|number| {
            let at = day(shop.now(), number - 8);
            about(
                "Dispute Opened",
                at,
                json!({ "dispute_id": number.to_string() }),
            )
        })
        .collect();
    shop.learn(customer, &others).await;

    let found = listed(&shop, "?status=needs_review").await;

    assert_eq!(found["customers"][0]["profile_id"], customer.to_string());
    assert_eq!(found["customers"][0]["needs_review"], true);
    let disputes = found["customers"][0]["disputes"].as_array().unwrap();
    let damped: Vec<_> = disputes
        .iter()
        .map(|dispute| dispute["damped"] == true)
        .collect();
    assert_eq!(damped, [false, false, false, true]);
    shop.prove().await;

    shop.learn(customer, &[act("Disputes Reviewed", shop.now())])
        .await;
    assert_eq!(
        listed(&shop, "?status=needs_review").await["customers"],
        json!([])
    );
    assert_eq!(shop.stage(customer).await, befriend::stage::Stage::Friend);
}

#[tokio::test]
async fn a_status_that_does_not_exist_is_refused_by_name() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);

    let answer = get(&shop, "/api/v1/disputes?status=angry", &bearer).await;

    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["errors"][0]["code"], "unknown_status");
    let stranger = get(&shop, "/api/v1/disputes", "").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}
