//! Staff try a connection out.

use befriend::audit::Actor;
use befriend::postgres;
use befriend::staff::invitation;
use serde_json::json;

use super::super::world::{Wishes, World};
use super::{Fakes, come_back, world};
use crate::harness::{Answer, Browser};

/// A member of staff at a browser.
async fn staff(world: &World) -> Browser {
    let app = &world.app.app;
    let token = postgres::tx(&app.pool, async |conn| {
        invitation::open(conn, &app.entropy, Actor::Operator, app.clock.now()).await
    })
    .await
    .unwrap();
    let mut browser = world.browser();
    let email = format!("mara{}@brand.example", token.expose().len());
    let fields = [
        ("token", token.expose()),
        ("name", "Mara Lindqvist"),
        ("email", email.as_str()),
        ("password", "four unrelated words, joined"),
    ];
    let answer = browser.post_form("/dashboard/set-up", &fields).await;
    assert_eq!(answer.location(), "/dashboard", "{}", answer.text());
    browser
}

/// The address that a hand-off page goes on to.
fn href(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, rest) = text.split_once("<p class=\"lead\">").unwrap();
    let (_, rest) = rest.split_once("href=\"").unwrap();
    let (href, _) = rest.split_once('"').unwrap();
    href.replace("&#38;", "&").replace("&amp;", "&")
}

async fn try_out(browser: &mut Browser, fakes: &Fakes, key: &str) -> Answer {
    let path = format!("/dashboard/bakery/providers/{key}/test");
    let away = href(&browser.post_form(&path, &[]).await);
    let back = come_back(browser, &fakes.agree(&away)).await;
    let result = href(&back);
    browser.get(result.split('#').next().unwrap()).await
}

#[tokio::test]
async fn a_trial_shows_the_claims_and_lets_nobody_in() {
    let (world, fakes) = world(Wishes::default()).await;
    for key in ["google", "apple", "discord"] {
        let mut connection = fakes.connection(&world, key);
        connection.is_enabled = false;
        world.insert(&connection).await;
    }
    let mut browser = staff(&world).await;

    for key in ["google", "apple", "discord"] {
        let page = try_out(&mut browser, &fakes, key).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text();
        assert!(text.contains("The sign-in works"), "{key}");
        assert!(
            text.contains("7001") && text.contains("ada@gmail.com"),
            "{key}"
        );
        assert!(
            !text.contains("access-") && !text.contains("refresh-that"),
            "{key}"
        );
    }

    for table in ["profile", "identity", "session", "event"] {
        let count: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
                .fetch_one(&world.app.app.pool)
                .await
                .unwrap();
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn a_trial_that_fails_says_why() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "google")).await;
    let mut browser = staff(&world).await;
    fakes.twist(&[("aud", json!("another client"))]);

    let page = try_out(&mut browser, &fakes, "google").await;

    assert!(page.text().contains("The sign-in does not work"));
    assert!(page.text().contains("id_token_audience"), "{}", page.text());
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a_trials_flow_serves_no_sign_in_and_shows_its_claims_to_nobody_else() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "google")).await;
    world.connect_test_provider().await;
    let mut browser = staff(&world).await;
    let away = href(
        &browser
            .post_form("/dashboard/bakery/providers/google/test", &[])
            .await,
    );
    let flow: String =
        sqlx::query_scalar("select 'flw_' || replace(flow_id::text, '-', '') from flow")
            .fetch_one(&world.app.app.pool)
            .await
            .unwrap();

    let login = browser.get(&format!("/login?flow={flow}")).await;
    assert_eq!(login.status, 400, "{}", login.text());
    let begun = browser.post_form(&format!("/login/{flow}/test"), &[]).await;
    assert_eq!(begun.status, 400);

    let result = href(&come_back(&mut browser, &fakes.agree(&away)).await);
    let result = result.split('#').next().unwrap();
    assert!(browser.get(result).await.text().contains("ada@gmail.com"));
    let stranger = world.browser().get(result).await;
    assert_eq!(stranger.status, 303, "to sign in");
    world.app.clock.advance(chrono::TimeDelta::minutes(10));
    let late = browser.get(result).await;
    assert!(!late.text().contains("ada@gmail.com"), "gone with its flow");
}

#[tokio::test]
async fn settings_are_changed_and_a_secret_that_is_not_typed_stays() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "apple")).await;
    let mut browser = staff(&world).await;
    let path = "/dashboard/bakery/providers/apple";
    let page = browser.get(path).await;
    assert_eq!(page.status, 200);
    for shown in [
        "Team ID",
        "TEAM123456",
        "/login/callback/bakery/apple",
        "developer.apple.com",
    ] {
        assert!(page.text().contains(shown), "{shown}");
    }
    assert!(
        !page.text().contains("PRIVATE KEY-----\n"),
        "never shown again"
    );

    let fields = |team: &'static str, key: &'static str| {
        [
            ("label", "Apple"),
            ("client_id", super::CLIENT_ID),
            ("client_secret", key),
            ("team_id", team),
            ("key_id", "KEY1234567"),
            ("audiences", "bakery.ios\nbakery.mac"),
            ("trusted_domains", "brand.example"),
        ]
    };
    for (team, key, said) in [
        ("SHORT", "", "ten letters and digits"),
        ("TEAM123456", "not a key", "whole .p8 file"),
    ] {
        let refused = browser.post_form(path, &fields(team, key)).await;
        assert_eq!(refused.status, 422, "{said}");
        assert!(refused.text().contains(said), "{}", refused.text());
    }
    let saved = browser.post_form(path, &fields("TEAM123456", "")).await;
    assert_eq!(
        saved.location(),
        "/dashboard/bakery/providers/apple?done=saved"
    );

    let audiences = world
        .texts("select array_to_string(audiences, ' ') from connection")
        .await;
    assert_eq!(audiences, ["bakery.ios bakery.mac"]);
    let page = try_out(&mut browser, &fakes, "apple").await;
    assert!(
        page.text().contains("The sign-in works"),
        "the key is still there"
    );
}
