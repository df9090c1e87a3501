//! From a brand's site through the built-in provider and back, as a newcomer and as a regular.

use axum::http::StatusCode;
use befriend::application;
use befriend::audit::Actor;
use befriend::brand;
use befriend::federation::built_in::PEOPLE;
use befriend::postgres;
use befriend::setup;
use serde_json::json;

use super::world::{CALLBACK, CHALLENGE, VERIFIER, hand_off, parameter};
use crate::harness::{Answer, Browser, TestApp};

async fn open_shop(test: &TestApp) {
    let app = &test.app;
    let draft = brand::draft::Draft::parse("bakery", "Crumb & Co", "").unwrap();
    let (brand, _) = app
        .create_brand(Actor::Operator, draft, false)
        .await
        .unwrap();
    let kind = application::Kind::Browser;
    let draft =
        application::draft::Draft::parse("The shop", Some("web"), kind, [CALLBACK]).unwrap();
    postgres::tx(&app.pool, async |conn| {
        setup::create_application(conn, app.change(Actor::Operator), &brand, draft).await
    })
    .await
    .unwrap();
}

/// Follows redirects within this server until there is something to look at.
async fn follow(browser: &mut Browser, issuer: &str, mut answer: Answer) -> (String, Answer) {
    let mut at = String::new();
    for _ in 0..10 {
        let place = answer.location().to_owned();
        let ours = place.starts_with('/') || place.starts_with(issuer);
        if answer.status != StatusCode::SEE_OTHER || !ours {
            return (at, answer);
        }
        at.clone_from(&place);
        answer = browser.get(&place).await;
    }
    panic!("ten redirects led nowhere; the last was {at}");
}

fn authorize() -> String {
    format!(
        "/oauth/authorize?response_type=code&client_id=bakery.web&redirect_uri={}&state=st\
         &scope=openid+profile+email&code_challenge={CHALLENGE}&code_challenge_method=S256\
         &nonce=no&provider=test",
        url::form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect::<String>()
    )
}

async fn exchange(test: &TestApp, code: &str) -> serde_json::Value {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "bakery.web"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let answer = test.browser().post_form("/oauth/token", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_newcomer_signs_up_and_comes_back_with_tokens() {
    let test = TestApp::start().await;
    open_shop(&test).await;
    let issuer = test.app.config.issuer().to_owned();
    let mut browser = test.browser();
    let person = PEOPLE.iter().find(|person| person.email.is_some()).unwrap();

    let begun = browser.get(&authorize()).await;
    let (place, _) = follow(&mut browser, &issuer, begun).await;
    let picked = browser
        .post_form(&place, &[("person", person.subject)])
        .await;
    let (_, asked) = follow(&mut browser, &issuer, picked).await;
    let html = asked.text();
    let action = html
        .split("action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("the consent form")
        .replace("&#38;", "&");
    let agreed = browser.post_form(&action, &[("decision", "accept")]).await;
    let (_, handed) = follow(&mut browser, &issuer, agreed).await;
    let href = hand_off(&handed);
    let code = parameter(&href, "code").expect("a code");
    let tokens = exchange(&test, &code).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let told = browser
        .send(
            axum::http::Method::GET,
            "/oauth/userinfo",
            &[("authorization", &bearer)],
            axum::body::Body::empty(),
        )
        .await
        .json();

    assert_eq!(parameter(&href, "state").as_deref(), Some("st"));
    assert_eq!(told["name"], person.name);
    assert_eq!(told["email"], json!(person.email));
    assert_eq!(told["email_verified"], person.email_verified);

    // A regular now: the next request is answered at once.
    let again = browser.get(&authorize()).await;
    let code = parameter(again.location(), "code").expect("a code at once");
    let sub = |tokens: &serde_json::Value| {
        use base64::Engine as _;
        let payload = tokens["id_token"]
            .as_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap();
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(payload)
            .unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        claims["sub"].clone()
    };
    assert_eq!(sub(&exchange(&test, &code).await), sub(&tokens));
    assert_eq!(sub(&tokens), told["sub"]);
    let me = browser.get("/me").await;
    assert!(me.text().contains(person.name));
}

#[tokio::test]
async fn whoever_refuses_at_the_named_provider_goes_back_to_the_site() {
    let test = TestApp::start().await;
    open_shop(&test).await;
    let issuer = test.app.config.issuer().to_owned();
    let mut browser = test.browser();

    let begun = browser.get(&authorize()).await;
    let (place, _) = follow(&mut browser, &issuer, begun).await;
    let refused = browser.post_form(&place, &[("decision", "deny")]).await;
    let (at, handed) = follow(&mut browser, &issuer, refused).await;
    let elsewhere = test.browser().get(&at).await;

    let href = hand_off(&handed);
    assert!(href.starts_with(CALLBACK), "{href}");
    assert_eq!(parameter(&href, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&href, "state").as_deref(), Some("st"));
    assert_eq!(parameter(&href, "iss"), Some(issuer));
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST);
}
