//! What people allow applications of others.

use axum::http::StatusCode;
use befriend::application::Settings;
use befriend::kernel::id::ApplicationId;
use serde_json::Value;

use super::world::{CALLBACK, World, authorize_path, hand_off, parameter};
use crate::harness::{Answer, Browser};

const CODES: &str = "select count(*) from authorization_code";

async fn third_party() -> World {
    let world = World::start().await;
    let settings = Settings {
        is_third_party: true,
        ..Settings::default()
    };
    world.set("web", &settings).await;
    world
}

/// Goes to `path`, which asks; gives the question's own path.
async fn asked(browser: &mut Browser, path: &str) -> String {
    let answer = browser.get(path).await;
    let place = answer.location().to_owned();
    assert!(place.starts_with("/oauth/consent?"), "{place}");
    place
}

async fn decide(browser: &mut Browser, place: &str, decision: &str) -> Answer {
    browser.post_form(place, &[("decision", decision)]).await
}

/// Allows what `path` asks; gives the tokens.
async fn allowed(world: &World, browser: &mut Browser, path: &str) -> Value {
    let place = asked(browser, path).await;
    let href = hand_off(&decide(browser, &place, "allow").await);
    assert!(href.starts_with(CALLBACK), "{href}");
    let code = parameter(&href, "code").expect("a code");
    let answer = world.exchange(&code, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn an_application_of_others_learns_nothing_before_yes() {
    let world = third_party().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let path = authorize_path("bakery.web", &[("scope", "openid email")]);

    let place = asked(&mut browser, &path).await;
    let page = browser.get(&place).await;

    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    assert!(
        html.contains("bakery web is not part of The bakery"),
        "{html}"
    );
    assert!(html.contains("shop.example"));
    assert!(html.contains("Your email address"));
    // Only what is asked.
    assert!(!html.contains("Your name, picture"));
    assert!(!html.contains("while you are away"));
    // S12, and both answers look alike.
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(
        html.matches("<button class=\"button\" name=\"decision\"")
            .count(),
        2
    );
    assert_eq!(world.count(CODES).await, 0);

    let href = hand_off(&decide(&mut browser, &place, "deny").await);
    assert_eq!(parameter(&href, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&href, "state").as_deref(), Some("st"));
    assert_eq!(world.count(CODES).await, 0);
    assert_eq!(
        world.count("select count(*) from application_grant").await,
        0
    );
    // Decided is decided.
    let again = decide(&mut browser, &place, "allow").await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_was_allowed_is_not_asked_again_and_more_is() {
    let world = third_party().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let path = |scope: &str, prompt: &str| {
        authorize_path("bakery.web", &[("scope", scope), ("prompt", prompt)])
    };
    let tokens = allowed(&world, &mut browser, &path("openid email", "")).await;
    assert_eq!(tokens["scope"], "openid email");

    for scope in ["openid", "openid email", "email openid unknown"] {
        for prompt in ["", "none"] {
            let answer = browser.get(&path(scope, prompt)).await;
            let code = parameter(answer.location(), "code");
            assert!(code.is_some(), "{scope} {prompt}: {}", answer.location());
        }
    }
    let more = browser.get(&path("openid profile", "none")).await;
    let error = parameter(more.location(), "error");
    assert_eq!(error.as_deref(), Some("consent_required"));
    allowed(&world, &mut browser, &path("openid profile", "")).await;
    // Both together now, and asking again is always possible.
    let both = browser.get(&path("openid profile email", "none")).await;
    assert!(parameter(both.location(), "code").is_some());
    asked(&mut browser, &path("openid", "consent")).await;

    // Somebody else was not asked yet.
    let bilal = world.customer().await;
    let (mut other, _) = world.signed_in(bilal).await;
    let unasked = other.get(&path("openid", "none")).await;
    let error = parameter(unasked.location(), "error");
    assert_eq!(error.as_deref(), Some("consent_required"));
}

#[tokio::test]
async fn a_brands_own_application_asks_only_if_it_wants_to() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let unasked = browser.get(&authorize_path("bakery.web", &[])).await;
    let path = authorize_path("bakery.web", &[("prompt", "consent")]);
    asked(&mut browser, &path).await;

    assert!(parameter(unasked.location(), "code").is_some());
}

#[tokio::test]
async fn a70_a_question_belongs_to_one_browser_and_one_page() {
    let world = third_party().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let (mut elsewhere, _) = world.signed_in(anna).await;
    let place = asked(&mut browser, &authorize_path("bakery.web", &[])).await;

    let by_another = decide(&mut elsewhere, &place, "allow").await;
    let by_stranger = decide(&mut world.test.browser(), &place, "allow").await;
    let by_another_site = browser
        .send(
            axum::http::Method::POST,
            &place,
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "cross-site"),
            ],
            axum::body::Body::from("decision=allow"),
        )
        .await;
    let unclear = decide(&mut browser, &place, "maybe").await;
    world.test.clock.advance(chrono::TimeDelta::minutes(10));
    let too_late = decide(&mut browser, &place, "allow").await;

    assert_eq!(by_another.status, StatusCode::BAD_REQUEST);
    assert_eq!(by_stranger.status, StatusCode::BAD_REQUEST);
    assert_eq!(by_another_site.status, StatusCode::FORBIDDEN);
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
    assert_eq!(too_late.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.count(CODES).await, 0);
}

#[tokio::test]
async fn a110_withdrawing_ends_what_was_given() {
    let world = third_party().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let path = authorize_path("bakery.web", &[("scope", "openid email offline_access")]);
    let tokens = allowed(&world, &mut browser, &path).await;
    let unused = parameter(browser.get(&path).await.location(), "code").unwrap();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    assert_eq!(
        world.userinfo(&token("access_token")).await.status,
        StatusCode::OK
    );
    let id: ApplicationId = world.site.application_id;
    let withdraw = format!("/me/applications/{id}/withdraw?brand=bakery");

    let me = browser.get("/me?brand=bakery").await.text();
    let bilal = world.customer().await;
    let (mut other, _) = world.signed_in(bilal).await;
    let not_theirs = other.post_form(&withdraw, &[]).await;
    let answer = browser.post_form(&withdraw, &[]).await;
    let again = browser.post_form(&withdraw, &[]).await;

    assert!(me.contains("Applications of others"), "{me}");
    assert!(me.contains("Your email address"));
    assert_eq!(not_theirs.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.userinfo(&token("access_token")).await.status,
        StatusCode::UNAUTHORIZED
    );
    let renewal = [
        ("grant_type", "refresh_token"),
        ("client_id", "bakery.web"),
        ("refresh_token", &token("refresh_token")),
    ];
    let renewed = world
        .test
        .browser()
        .post_form("/oauth/token", &renewal)
        .await;
    assert_eq!(renewed.json()["error"], "invalid_grant");
    let exchanged = world.exchange(&unused, &[]).await;
    assert_eq!(exchanged.json()["error"], "invalid_grant");
    // The next request asks again.
    asked(&mut browser, &path).await;
    let audited = "select count(*) from audit where action like 'application.%'";
    assert_eq!(world.count(audited).await, 2);
}
