//! The stage as a claim: only where the brand lets the application learn it and it asks.

use befriend::application::Settings;
use serde_json::Value;

use super::world::{World, authorize_path, parameter};
use crate::harness::Browser;

async fn learned(world: &World, browser: &mut Browser, scope: &str) -> (Value, Value, Value) {
    let path = authorize_path("bakery.web", &[("scope", scope)]);
    let code = parameter(browser.get(&path).await.location(), "code").expect("a code");
    let tokens = world.exchange(&code, &[]).await.json();
    let person = world
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await
        .json();
    let id_token = payload(tokens["id_token"].as_str().unwrap());
    (tokens, id_token, person)
}

pub fn payload(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn the_stage_is_told_only_to_those_who_may_learn_it_and_ask() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let (tokens, id_token, person) = learned(&world, &mut browser, "openid stage").await;
    assert_eq!(tokens["scope"], "openid");
    for told in [id_token, person] {
        assert_eq!(told.get("stage"), None);
    }
    let settings = Settings {
        may_learn_stage: true,
        ..Settings::default()
    };
    world.set("web", &settings).await;
    let (_, id_token, person) = learned(&world, &mut browser, "openid").await;
    for told in [id_token, person] {
        assert_eq!(told.get("stage"), None);
    }

    let asked = "openid stage offline_access";
    let (tokens, id_token, person) = learned(&world, &mut browser, asked).await;
    assert_eq!(tokens["scope"], asked);
    for told in [&id_token, &person] {
        assert_eq!(told["stage"], "stranger", "{told}");
        // Nothing is known of her yet, so since nothing.
        assert_eq!(told.get("stage_since"), None);
    }
    // Taken back, it is told no more, by tokens that are out too.
    world.set("web", &Settings::default()).await;
    let access_token = tokens["access_token"].as_str().unwrap();
    let person = world.userinfo(access_token).await.json();
    assert_eq!(person.get("stage"), None);
    let renewal = [
        ("grant_type", "refresh_token"),
        ("client_id", "bakery.web"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let answer = world
        .test
        .browser()
        .post_form("/oauth/token", &renewal)
        .await;
    let id_token = payload(answer.json()["id_token"].as_str().unwrap());
    assert_eq!(id_token.get("stage"), None);
}

#[tokio::test]
async fn an_id_token_says_how_somebody_proved_who_they_are() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let (_, by_one, _) = learned(&world, &mut browser, "openid").await;
    sqlx::query("update session set method = 'password', second_factor_at = authenticated_at")
        .execute(&world.test.app.pool)
        .await
        .unwrap();
    let (_, by_two, _) = learned(&world, &mut browser, "openid").await;

    assert_eq!(by_one["acr"], "urn:befriend:acr:1");
    assert_eq!(by_one.get("amr"), None);
    assert_eq!(by_two["acr"], "urn:befriend:acr:2");
    assert_eq!(by_two["amr"], serde_json::json!(["pwd", "mfa"]));
    assert_eq!(by_two["azp"], "bakery.web");
    assert!(by_two["sid"].as_str().unwrap().starts_with("ses_"));
    assert!(by_two["auth_time"].is_i64());
}
