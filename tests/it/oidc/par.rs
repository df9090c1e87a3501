use axum::http::StatusCode;
use befriend::application::Settings;
use befriend::oidc::par::PUSHED_LIFE;
use serde_json::Value;

use super::world::{CALLBACK, CHALLENGE, SERVER_SECRET, World, authorize_path, parameter};
use crate::harness::Answer;

/// Pushes a right request of the site, some fields set otherwise; an empty value leaves one out.
async fn push(world: &World, changes: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![
        ("client_id", "bakery.web"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "pushed"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    world.test.browser().post_form("/oauth/par", &pairs).await
}

async fn pushed(world: &World, changes: &[(&str, &str)]) -> String {
    let answer = push(world, changes).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

fn visit(client_id: &str, request_uri: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .append_pair("request_uri", request_uri)
        .finish();
    format!("/oauth/authorize?{query}")
}

#[tokio::test]
async fn s21_a_pushed_request_is_good_once_and_for_its_application() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let answer = push(&world, &[]).await;
    let body = answer.json();
    let uri = body["request_uri"].as_str().unwrap();
    let by_another = browser.get(&visit("bakery.server", uri)).await;
    // What the browser adds is not looked at (RFC 9101 §6.3).
    let used = browser
        .get(&format!(
            "{}&state=mine&redirect_uri=https%3A%2F%2Fevil.example&scope=openid+profile",
            visit("bakery.web", uri)
        ))
        .await;
    let again = browser.get(&visit("bakery.web", uri)).await;

    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(body["expires_in"], 60);
    assert!(
        uri.starts_with("urn:ietf:params:oauth:request_uri:"),
        "{uri}"
    );
    assert_eq!(by_another.status, StatusCode::BAD_REQUEST);
    assert_eq!(by_another.location(), "");
    assert!(used.location().starts_with(CALLBACK), "{}", used.text());
    assert_eq!(
        parameter(used.location(), "state").as_deref(),
        Some("pushed")
    );
    let code = parameter(used.location(), "code").expect("a code");
    let tokens = world.exchange(&code, &[]).await.json();
    assert_eq!(tokens["scope"], "openid email");
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(again.location(), "");
}

#[tokio::test]
async fn s21_a_pushed_request_is_good_for_a_minute() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let (early, late) = (pushed(&world, &[]).await, pushed(&world, &[]).await);

    world
        .test
        .clock
        .advance(PUSHED_LIFE - chrono::TimeDelta::seconds(1));
    let in_time = browser.get(&visit("bakery.web", &early)).await;
    world.test.clock.advance(chrono::TimeDelta::seconds(1));
    let too_late = browser.get(&visit("bakery.web", &late)).await;

    assert_eq!(in_time.status, StatusCode::SEE_OTHER);
    assert_eq!(too_late.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_is_refused_when_it_is_pushed_as_it_would_be_later() {
    let world = World::start().await;
    let other = "urn:ietf:params:oauth:request_uri:x";

    for (change, error) in [
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("redirect_uri", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("scope", "email"), "invalid_scope"),
        (("request_uri", other), "invalid_request"),
        (("request", "e30.e30."), "request_not_supported"),
    ] {
        let answer = push(&world, &[change]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?}");
        assert_eq!(answer.json()["error"], error, "{change:?}");
    }
    let kept = "select count(*) from pushed_request";
    assert_eq!(world.count(kept).await, 0);
}

#[tokio::test]
async fn a_server_pushes_with_its_secret_and_the_secret_is_not_kept() {
    let world = World::start().await;

    let without = push(&world, &[("client_id", "bakery.server")]).await;
    let with = push(
        &world,
        &[
            ("client_id", "bakery.server"),
            ("client_secret", SERVER_SECRET),
        ],
    )
    .await;

    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    assert_eq!(without.json()["error"], "invalid_client");
    assert_eq!(with.status, StatusCode::CREATED);
    let kept = "select count(*) from pushed_request where params like '%secret%'";
    assert_eq!(world.count(kept).await, 0);
    let all = "select count(*) from pushed_request where params like '%code_challenge%'";
    assert_eq!(world.count(all).await, 1);
}

#[tokio::test]
async fn an_application_that_must_push_is_refused_in_the_front() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let must = Settings {
        requires_par: true,
        ..Settings::default()
    };
    world.set("web", &must).await;

    let front = browser.get(&authorize_path("bakery.web", &[])).await;
    let uri = pushed(&world, &[]).await;
    let behind = browser.get(&visit("bakery.web", &uri)).await;

    let error = parameter(front.location(), "error");
    assert_eq!(error.as_deref(), Some("invalid_request"));
    assert!(parameter(behind.location(), "code").is_some());
}

#[tokio::test]
async fn a119_no_other_reference_is_fetched() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let canary = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/request.jwt", canary.local_addr().unwrap());

    for name in ["request_uri", "request", "registration"] {
        let path = authorize_path("bakery.web", &[(name, &url)]);
        let answer = browser.get(&path).await;
        let error = parameter(answer.location(), "error");
        assert_eq!(error, Some(format!("{name}_not_supported")));
    }

    let nobody_came = canary.accept().map(|_| ()).unwrap_err();
    assert_eq!(nobody_came.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn discovery_tells_of_the_endpoint() {
    let world = World::start().await;

    let document: Value = world
        .test
        .browser()
        .get("/.well-known/openid-configuration")
        .await
        .json();

    let endpoint = document["pushed_authorization_request_endpoint"].as_str();
    assert!(endpoint.unwrap().ends_with("/oauth/par"));
    assert_eq!(document["require_pushed_authorization_requests"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
}
