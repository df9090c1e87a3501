//! What somebody wants to be written about, from a link in a mail.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::contact;
use befriend::contact::link::{LINK_LIFE, make_link};
use befriend::kernel::id::{ConsentId, ProfileId};
use befriend::profile::{self, Consent};
use serde_json::{Value, json};

use crate::oidc::world::World;

async fn link(world: &World, profile_id: ProfileId) -> String {
    let app = &world.test.app;
    let mut conn = app.pool.acquire().await.unwrap();
    let made_for = ("the newsletter of May", app.config.issuer());
    let tools = (world.test.clock.now(), &app.entropy);
    make_link(&mut conn, world.brand.brand_id, profile_id, made_for, tools)
        .await
        .unwrap()
}

async fn allow_news(world: &World, profile_id: ProfileId) {
    let app = &world.test.app;
    let mut conn = app.pool.acquire().await.unwrap();
    for purpose in ["terms", "marketing"] {
        let at = world.test.clock.now();
        let consent = Consent {
            consent_id: ConsentId::new(at, &app.entropy),
            purpose: purpose.to_owned(),
            granted: true,
            text_version: "1".to_owned(),
            surface: "on the sign-up page".to_owned(),
            proof: json!({}),
            decided_at: at,
        };
        profile::store::insert_consent(&mut conn, world.brand.brand_id, profile_id, &consent)
            .await
            .unwrap();
    }
}

/// Every channel of the person with whether it may be used, and the purposes that they allow.
async fn state(world: &World, profile_id: ProfileId) -> (Vec<(String, bool)>, Vec<String>) {
    let mut conn = world.test.app.pool.acquire().await.unwrap();
    let brand_id = world.brand.brand_id;
    let channels = contact::store::list_preferences(&mut conn, brand_id, profile_id)
        .await
        .unwrap();
    let consents = profile::store::list_consents(&mut conn, brand_id, profile_id)
        .await
        .unwrap();
    (
        channels
            .into_iter()
            .map(|said| (said.channel, said.allowed))
            .collect(),
        consents
            .into_iter()
            .filter(|consent| consent.granted)
            .map(|consent| consent.purpose)
            .collect(),
    )
}

#[tokio::test]
async fn everything_is_stopped_without_signing_in_and_started_again() {
    let world = World::start().await;
    let anna = world.customer().await;
    allow_news(&world, anna).await;
    let url = link(&world, anna).await;
    let mut browser = world.test.browser();

    let page = browser.get(&url).await;
    let untouched = state(&world, anna).await;
    world.test.clock.advance(chrono::TimeDelta::minutes(1));
    let stopped = browser.post_form(&format!("{url}/stop"), &[]).await;
    let shown = browser.get(stopped.location()).await;

    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let html = page.text();
    assert!(html.contains("a…@example.com") && !html.contains("anna@"));
    assert!(html.find("Stop everything").unwrap() < html.find("type=\"checkbox\"").unwrap());
    assert_eq!(
        untouched,
        (vec![], vec!["marketing".to_owned(), "terms".to_owned()])
    );
    assert!(browser.cookies.is_empty());
    let (channels, purposes) = state(&world, anna).await;
    assert!(!channels.is_empty() && channels.iter().all(|(_, allowed)| !allowed));
    assert_eq!(purposes, ["terms"]);
    assert!(shown.text().contains("Everything is stopped."));
    let (surface, proof): (String, Value) = sqlx::query_as(
        "select surface, proof from consent where purpose = 'marketing' and not granted",
    )
    .fetch_one(&world.test.app.pool)
    .await
    .unwrap();
    assert_eq!(
        surface,
        "on the page of preferences, from the newsletter of May"
    );
    assert!(
        proof["preference_link"]
            .as_str()
            .unwrap()
            .starts_with("prl_")
    );
    let told = "select count(*) from outbox where kind = 'consent.decided'";
    assert_eq!(world.count(told).await, 1);

    let fields = [("decision", "start")];
    browser.post_form(&format!("{url}/stop"), &fields).await;
    let (channels, purposes) = state(&world, anna).await;
    assert!(channels.iter().all(|(_, allowed)| *allowed));
    assert_eq!(purposes, ["terms"], "no consent is given by that");
}

#[tokio::test]
async fn topics_channels_and_a_break_are_chosen() {
    let world = World::start().await;
    let anna = world.customer().await;
    allow_news(&world, anna).await;
    let url = link(&world, anna).await;
    let mut browser = world.test.browser();
    world.test.clock.advance(chrono::TimeDelta::minutes(1));

    let fields = [
        ("topic", "marketing"),
        ("topic", "terms"),
        ("channel", "email"),
        ("channel", "carrier pigeon"),
        ("pause", "30"),
    ];
    let saved = browser.post_form(&url, &fields).await;
    let page = browser.get(saved.location()).await;

    assert!(
        page.text().contains("Your choice is saved."),
        "{}",
        page.text()
    );
    assert!(page.text().contains("You have a break until"));
    let (channels, purposes) = state(&world, anna).await;
    assert!(channels.contains(&("email".to_owned(), true)));
    assert_eq!(channels.iter().filter(|(_, allowed)| *allowed).count(), 1);
    assert_eq!(purposes, ["marketing", "terms"]);
    let paused = "select count(*) from contact_preference where paused_until is not null";
    assert_eq!(
        world.count(paused).await,
        i64::try_from(channels.len()).unwrap()
    );
    let decided = "select count(*) from consent";
    assert_eq!(
        world.count(decided).await,
        2,
        "what did not change is not written"
    );

    browser.post_form(&url, &[("pause", "99999")]).await;
    assert_eq!(
        world.count(paused).await,
        i64::try_from(channels.len()).unwrap()
    );
}

#[tokio::test]
async fn a_mail_program_stops_everything_by_itself() {
    let world = World::start().await;
    let anna = world.customer().await;
    let url = link(&world, anna).await;
    let path = url.strip_prefix(world.test.app.config.issuer()).unwrap();

    // As RFC 8058 has it: no cookie, no origin, from anywhere.
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = Body::from("List-Unsubscribe=One-Click");
    let answer = world
        .test
        .browser()
        .send(Method::POST, &format!("{path}/stop"), &headers, body)
        .await;

    assert_eq!(answer.status, StatusCode::OK);
    let (channels, _) = state(&world, anna).await;
    assert!(channels.iter().all(|(_, allowed)| !allowed));
}

#[tokio::test]
async fn a_link_opens_one_persons_choices_for_its_time_and_nothing_else() {
    let world = World::start().await;
    let anna = world.customer().await;
    let url = link(&world, anna).await;
    let (issuer, token) = url.rsplit_once('/').unwrap();
    let mut browser = world.test.browser();

    for wrong in [
        format!("{issuer}/{}x", &token[..token.len() - 1]),
        format!("{issuer}/{token}x"),
        format!("{issuer}/%00"),
        format!("{issuer}/prl_00000000000000000000000000000000"),
    ] {
        assert_eq!(browser.get(&wrong).await.status, StatusCode::NOT_FOUND);
        let stopped = browser.post_form(&format!("{wrong}/stop"), &[]).await;
        assert_eq!(stopped.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    browser.get(&url).await;
    let me = browser.get("/me?brand=bakery").await;
    assert_eq!(me.status, StatusCode::UNAUTHORIZED);
    let stored = "select count(*) from preference_link where length(token_hash) = 32";
    assert_eq!(world.count(stored).await, 1);

    world.test.clock.advance(LINK_LIFE);
    assert_eq!(browser.get(&url).await.status, StatusCode::NOT_FOUND);
    let (channels, _) = state(&world, anna).await;
    assert!(channels.is_empty());
}

#[tokio::test]
async fn a_brands_mailer_asks_for_a_link_by_the_api() {
    let world = World::start().await;
    let anna = world.customer().await;
    let key = world.key(befriend::key::Kind::Secret).await;
    let bearer = format!("Bearer {key}");
    let path = format!("/api/v1/profiles/{anna}/contact/preferences/link");

    let mut program = world.test.browser();
    let headers = [("authorization", bearer.as_str())];
    let made = program
        .post_json(&path, &headers, &json!({"surface": "May"}))
        .await;
    let bad = program
        .post_json(&path, &headers, &json!({"surface": " "}))
        .await;

    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let made = made.json();
    let page = world
        .test
        .browser()
        .get(made["url"].as_str().unwrap())
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(made["one_click_url"].as_str().unwrap().ends_with("/stop"));
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}
