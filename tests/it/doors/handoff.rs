//! Answers that wait for the page that opened a window.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::kernel::Secret;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, Browser};
use crate::oidc::world::{CALLBACK, World, authorize_path, parameter};

const SHOP: &str = "https://shop.example";
const SECRET: &str = "only-the-page-that-opened-the-window-knows-this";

fn hash() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Secret::new(SECRET).hash().to_vec())
}

/// The form by which a page of `origin` sends a window on its way.
async fn open(browser: &mut Browser, origin: Option<&str>, changes: &[(&str, &str)]) -> Answer {
    let mut changes = changes.to_vec();
    let hash = hash();
    changes.push(("handoff", &hash));
    let path = authorize_path("bakery.web", &changes);
    let (path, query) = path.split_once('?').unwrap();
    let mut headers = vec![
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
    ];
    headers.extend(origin.map(|origin| ("origin", origin)));
    // Lax cookies stay behind on such a visit.
    let mut elsewhere = browser.clone();
    elsewhere.cookies.clear();
    let body = Body::from(query.to_owned());
    let answer = elsewhere.send(Method::POST, path, &headers, body).await;
    browser.cookies.extend(elsewhere.cookies);
    answer
}

async fn ask(world: &World, origin: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(origin.map(|origin| ("origin", origin)));
    world
        .test
        .browser()
        .send(
            Method::POST,
            "/v1/embed/handoff",
            &headers,
            Body::from(body),
        )
        .await
}

const RIGHT: [(&str, &str); 2] = [("client_id", "bakery.web"), ("secret", SECRET)];

async fn answer_of(world: &World) -> Value {
    ask(world, Some(SHOP), &RIGHT).await.json()
}

#[tokio::test]
async fn an_answer_waits_for_the_page_and_is_given_once() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let sent = open(&mut browser, Some(SHOP), &[]).await;
    let early = answer_of(&world).await;
    let done = browser.get(sent.location()).await;
    let answer = answer_of(&world).await;
    let again = answer_of(&world).await;

    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(early, json!({"waiting": true}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("You can close this window"));
    assert!(!done.text().contains(answer["code"].as_str().unwrap()));
    assert_eq!(answer["state"], "st");
    assert_eq!(answer["iss"], world.test.app.config.issuer());
    assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");
    assert_eq!(again, json!({"waiting": true}));
    let code = answer["code"].as_str().unwrap();
    assert_eq!(world.exchange(code, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_code_is_stored_in_the_open() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let sent = open(&mut browser, Some(SHOP), &[]).await;
    browser.get(sent.location()).await;

    let stored: Vec<u8> = sqlx::query_scalar("select answer from handoff")
        .fetch_one(&world.test.app.pool)
        .await
        .unwrap();
    let answer = answer_of(&world).await;

    let code = answer["code"].as_str().unwrap().as_bytes();
    assert!(!stored.windows(code.len()).any(|window| window == code));
    let forgotten = "select count(*) from handoff where answer is null";
    assert_eq!(world.count(forgotten).await, 1);
}

#[tokio::test]
async fn an_answer_is_late_after_a_minute() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let sent = open(&mut browser, Some(SHOP), &[]).await;
    browser.get(sent.location()).await;

    world.test.clock.advance(TimeDelta::seconds(61));

    assert_eq!(answer_of(&world).await, json!({"waiting": true}));
}

#[tokio::test]
async fn a_refusal_waits_too() {
    let world = World::start().await;
    let mut browser = world.test.browser();

    let sent = open(&mut browser, Some(SHOP), &[("prompt", "none")]).await;
    browser.get(sent.location()).await;

    let answer = answer_of(&world).await;
    assert_eq!(answer["error"], "login_required");
    assert!(answer.get("code").is_none());
}

/// The attack that such an endpoint invites: somebody makes up a secret, sends a victim who is signed
/// in to an address with its hash, and asks for the answer.
#[tokio::test]
async fn a35_nobody_is_handed_the_answer_of_a_window_that_they_did_not_open() {
    let world = World::start().await;
    let anna = world.customer().await;
    let hash = hash();
    let link = authorize_path("bakery.web", &[("handoff", &hash)]);

    // By a link, on whatever page.
    let (mut victim, _) = world.signed_in(anna).await;
    let followed = victim.get(&link).await;
    assert!(
        followed.location().starts_with(CALLBACK),
        "{}",
        followed.text()
    );
    assert_eq!(answer_of(&world).await, json!({"waiting": true}));

    // By a form on a page of another origin, or of one that browsers hide.
    for origin in [
        Some("https://evil.example"),
        Some("null"),
        Some("https://shop.example.evil"),
        Some("http://shop.example"),
        Some("https://shop.example:8443"),
        None,
    ] {
        let (mut victim, _) = world.signed_in(anna).await;
        let sent = open(&mut victim, origin, &[]).await;
        let followed = victim.get(sent.location()).await;
        assert!(followed.location().starts_with(CALLBACK), "{origin:?}");
        assert_eq!(answer_of(&world).await, json!({"waiting": true}));
    }

    // By a program that claims to be a browser on the right page: the window it gets the ticket for
    // is its own, and the victim's is another.
    let mut attacker = world.test.browser();
    let sent = open(&mut attacker, Some(SHOP), &[]).await;
    let (mut victim, _) = world.signed_in(anna).await;
    let followed = victim.get(sent.location()).await;
    assert!(followed.location().starts_with(CALLBACK));
    assert_eq!(answer_of(&world).await, json!({"waiting": true}));
    assert!(parameter(followed.location(), "code").is_some());
}

#[tokio::test]
async fn a71_answers_are_read_by_the_exact_origins_that_are_registered() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let sent = open(&mut browser, Some(SHOP), &[]).await;
    browser.get(sent.location()).await;

    for origin in [
        Some("null"),
        Some("https://brand.evil"),
        Some("https://shopxexample"),
        Some("https://shop.example.evil"),
        Some("http://shop.example"),
        Some("https://shop.example/"),
        Some("HTTPS://SHOP.EXAMPLE"),
        None,
    ] {
        let answer = ask(&world, origin, &RIGHT).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.json()["code"], "origin_unknown");
    }
    for fields in [
        [("client_id", "bakery.web"), ("secret", "another")],
        [("client_id", "bakery.server"), ("secret", SECRET)],
    ] {
        let answer = ask(&world, Some(SHOP), &fields).await;
        assert_eq!(answer.json(), json!({"waiting": true}));
    }
    let answer = ask(&world, Some(SHOP), &RIGHT).await;
    assert_eq!(answer.header("access-control-allow-origin"), SHOP);
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("vary"), "origin");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.json()["code"].is_string());
}

#[tokio::test]
async fn of_fifty_who_ask_at_once_one_is_answered() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let sent = open(&mut browser, Some(SHOP), &[]).await;
    browser.get(sent.location()).await;

    let all = futures_util::future::join_all((0..50).map(|_| answer_of(&world))).await;

    let given = all.iter().filter(|answer| answer["code"].is_string());
    assert_eq!(given.count(), 1);
}

#[tokio::test]
async fn a_second_window_with_the_same_secret_is_sent_back_as_ever() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut first, _) = world.signed_in(anna).await;
    let (mut second, _) = world.signed_in(anna).await;
    let sent = open(&mut first, Some(SHOP), &[]).await;
    let place = open(&mut second, Some(SHOP), &[]).await;

    let followed = second.get(place.location()).await;
    let done = first.get(sent.location()).await;
    let reused = first.get(sent.location()).await;

    assert!(followed.location().starts_with(CALLBACK));
    assert_eq!(done.status, StatusCode::OK);
    assert!(reused.location().starts_with(CALLBACK));
}
