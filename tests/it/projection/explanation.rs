//! Why somebody stands where they do, at any instant, over the API and on the command line.

use axum::http::StatusCode;
use befriend::key::Kind;
use befriend::projection::EVENTS_MAX;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api::{get, key};
use super::shop::{Shop, act, befriending, day, order};

async fn explained(shop: &Shop, path: &str) -> Value {
    let bearer = format!("Bearer {}", key(shop, Kind::Secret).await);
    let answer = get(shop, path, &bearer).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

fn at(instant: DateTime<Utc>) -> String {
    format!("at={}", instant.to_rfc3339().replace('+', "%2B"))
}

#[tokio::test]
async fn an_explanation_names_the_acts_behind_it_on_any_day() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let start = day(shop.now(), -61);
    shop.learn(customer, &befriending(start)).await;
    let path = format!("/api/v1/profiles/{customer}/explanation");

    let now = explained(&shop, &path).await;
    let before = explained(&shop, &format!("{path}?{}", at(day(start, 40)))).await;
    let ahead = explained(&shop, &format!("{path}?{}", at(day(start, 348)))).await;

    assert_eq!(now["standing"]["stage"], "friend");
    assert_eq!(now["basis"], json!({ "events": 5, "whole": true }));
    assert_eq!(now["next"]["to"], "acquaintance");
    let bar = &now["back"][1]["conditions"][2];
    assert_eq!(bar["text"], "investment below 10 for 30 days");
    let behind = bar["evidence"].as_array().unwrap();
    assert_eq!(behind.len(), 3);
    assert_eq!(behind[0]["event"], "Order Completed");
    assert_eq!(behind[0]["points"], 10.0);
    let left: f64 = behind.iter().map(|one| one["left"].as_f64().unwrap()).sum();
    assert!((left - now["standing"]["scores"]["investment"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(now["next"]["keep"]["acts"][0]["event"], "Order Completed");

    assert_eq!(before["standing"]["stage"], "acquaintance");
    let way = &before["deeper"][0]["ways"][0];
    assert_eq!(way["acts"][0]["times"], 1);
    assert_eq!(way["from"], day(start, 40).date_naive().to_string());

    assert_eq!(ahead["standing"]["stage"], "acquaintance");
    assert_eq!(ahead["standing"]["since"], now["next"]["at"]);
}

#[tokio::test]
async fn what_is_said_to_be_missing_is_enough_on_its_last_day() {
    let shop = Shop::open().await;
    let path = |customer| format!("/api/v1/profiles/{customer}/explanation");
    let mut people = Vec::new();
    for _ in 0..2 {
        let customer = shop.customer().await;
        let acts = &befriending(shop.now())[..4];
        shop.learn(customer, acts).await;
        people.push(customer);
    }
    shop.test.clock.advance(TimeDelta::days(40));
    let told = explained(&shop, &path(people[0])).await;
    let by = told["deeper"][0]["ways"][0]["by"].as_str().unwrap();
    let by: chrono::NaiveDate = by.parse().unwrap();
    let by = by.and_time(shop.now().time()).and_utc();
    shop.test
        .clock
        .advance(by + TimeDelta::days(2) - shop.now());

    shop.learn(people[0], &[order(by, "in time")]).await;
    shop.learn(people[1], &[order(day(by, 1), "a day late")])
        .await;

    let in_time = explained(&shop, &path(people[0])).await;
    let late = explained(&shop, &path(people[1])).await;
    assert_eq!(in_time["standing"]["stage"], "friend");
    assert_eq!(late["standing"]["stage"], "acquaintance");
}

#[tokio::test]
async fn a_move_is_explained_with_what_would_have_come_of_it_otherwise() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let start = day(shop.now(), -90);
    let mut life = befriending(start);
    life.push(order(day(start, 80), "four"));
    shop.learn(customer, &life).await;
    let list = explained(&shop, &format!("/api/v1/profiles/{customer}/transitions")).await;
    let id = list["transitions"][0]["id"].as_str().unwrap();

    let told = explained(
        &shop,
        &format!("/api/v1/profiles/{customer}/transitions/{id}"),
    )
    .await;

    assert_eq!(told["rule"], "P2");
    assert_eq!(told["rule_set"]["version"], 1);
    let explanation = &told["explanation"];
    assert!(
        explanation["cause"]
            .as_str()
            .unwrap()
            .contains("Order Completed")
    );
    let otherwise = &explanation["counterfactual"];
    assert!(
        otherwise["without"]
            .as_str()
            .unwrap()
            .ends_with("order three")
    );
    assert_eq!(otherwise["stage_then"], "acquaintance");
    assert_eq!(otherwise["stage_now"], "friend");
    assert_eq!(otherwise["entered_on"], json!(day(start, 80)));
    assert_eq!(explanation["otherwise"], otherwise["sentence"]);
}

#[tokio::test]
async fn instants_that_cannot_be_told_are_refused() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let customer = shop.customer().await;
    let other = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;
    let path = format!("/api/v1/profiles/{customer}");
    let list = explained(&shop, &format!("{path}/transitions")).await;
    let id = list["transitions"][0]["id"].as_str().unwrap();

    let far = at(day(shop.now(), 367));
    for wrong in [
        "at=yesterday",
        "at=2026-01-01",
        "at=",
        "on=2026-01-01",
        &far,
    ] {
        let answer = get(&shop, &format!("{path}/explanation?{wrong}"), &bearer).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    for nothing in [
        format!("{path}/transitions/x"),
        format!("{path}/transitions/trn_0"),
        format!("/api/v1/profiles/{other}/transitions/{id}"),
    ] {
        let answer = get(&shop, &nothing, &bearer).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    let bare = get(&shop, &format!("{path}/transitions/{id}"), "").await;
    assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_very_long_life_is_told_from_its_latest_acts_and_its_state() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let customer = shop.customer().await;
    let start = day(shop.now(), -61);
    let mut life = befriending(start);
    let last = day(start, 61);
    life.extend((0..EVENTS_MAX).map(|number| {
        let at = last + TimeDelta::seconds(i64::try_from(number).unwrap());
        act("Story Viewed", at).message_id(&format!("view {number}"))
    }));
    shop.test.clock.advance(TimeDelta::hours(2));
    shop.learn(customer, &life).await;
    let path = format!("/api/v1/profiles/{customer}/explanation");

    let now = explained(&shop, &path).await;
    let past = get(&shop, &format!("{path}?{}", at(day(start, 40))), &bearer).await;

    assert_eq!(now["standing"]["stage"], "friend");
    assert_eq!(
        now["basis"],
        json!({ "events": EVENTS_MAX, "whole": false })
    );
    let investment = &now["scores"][1];
    assert_eq!(investment["evidence"], json!([]));
    let rest = investment["rest"]["left"].as_f64().unwrap();
    assert!((rest - investment["score"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(past.status, StatusCode::BAD_REQUEST);
    assert_eq!(past.json()["errors"][0]["code"], "past_too_long");
}
