//! `oidcc-basic-certification-test-plan`.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::json;

use super::super::world::{CALLBACK, SERVER_SECRET, VERIFIER, hand_off, parameter};
use super::{CLIENT, Plan, code_of, error_of};
use crate::harness::Answer;

#[tokio::test]
async fn oidcc_server() {
    let mut plan = Plan::start().await;

    let tokens = plan.tokens(&[]).await;

    let claims = plan.id_token(&tokens).await;
    assert_eq!(claims.subject, plan.person);
    assert_eq!(claims.nonce.as_deref(), Some("no"));
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].as_i64().unwrap() > 0);
    assert_eq!(plan.userinfo(&tokens).await["sub"], plan.person.to_string());
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let mut plan = Plan::start().await;

    let location = plan.authorize(&[("response_type", "")]).await;

    assert_eq!(error_of(&location), "invalid_request");
}

#[tokio::test]
async fn oidcc_userinfo_get() {
    let mut plan = Plan::start().await;
    let tokens = plan.tokens(&[]).await;

    let person = plan.userinfo(&tokens).await;

    assert_eq!(
        person["sub"],
        plan.id_token(&tokens).await.subject.to_string()
    );
}

/// Posts to userinfo.
async fn post_userinfo(plan: &Plan, headers: &[(&str, &str)], body: String) -> Answer {
    plan.world
        .test
        .browser()
        .send(Method::POST, "/oauth/userinfo", headers, Body::from(body))
        .await
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    let mut plan = Plan::start().await;
    let tokens = plan.tokens(&[]).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());

    let answer = post_userinfo(&plan, &[("authorization", &bearer)], String::new()).await;

    assert_eq!(answer.json()["sub"], plan.person.to_string());
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    let mut plan = Plan::start().await;
    let tokens = plan.tokens(&[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("access_token={token}");

    let answer = post_userinfo(&plan, &[form], body.clone()).await;
    let twice = post_userinfo(&plan, &[form, ("authorization", &bearer)], body.clone()).await;
    let without = post_userinfo(&plan, &[form], String::new()).await;
    // S9: never from the address.
    let query = format!("/oauth/userinfo?{body}");
    let by_query = plan.world.test.browser().get(&query).await;

    assert_eq!(answer.json()["sub"], plan.person.to_string());
    assert_eq!(twice.json()["error"], "invalid_request");
    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    assert_eq!(by_query.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let mut plan = Plan::start().await;

    let tokens = plan.tokens(&[("nonce", "")]).await;

    assert_eq!(plan.id_token(&tokens).await.nonce, None);
}

#[tokio::test]
async fn oidcc_scope_profile() {
    let mut plan = Plan::start().await;

    let tokens = plan.tokens(&[("scope", "openid profile")]).await;

    let person = plan.userinfo(&tokens).await;
    assert_eq!(person["name"], "Anna Keller");
    assert_eq!(person["given_name"], "Anna");
    assert_eq!(person["family_name"], "Keller");
    assert_eq!(person["locale"], "de");
    assert_eq!(person.get("email"), None);
}

#[tokio::test]
async fn oidcc_scope_email() {
    let mut plan = Plan::start().await;

    let tokens = plan.tokens(&[("scope", "openid email")]).await;

    let person = plan.userinfo(&tokens).await;
    assert_eq!(person["email"], "anna@example.com");
    assert_eq!(person["email_verified"], true);
    assert_eq!(person.get("name"), None);
}

/// Each skips itself where discovery does not offer the scope. A request for it still succeeds.
#[tokio::test]
async fn oidcc_scope_address_and_phone_and_all() {
    let mut plan = Plan::start().await;
    let document = plan.browser.get("/.well-known/openid-configuration").await;
    let offered = document.json()["scopes_supported"].to_string();

    let tokens = plan
        .tokens(&[("scope", "openid profile email address phone")])
        .await;

    assert!(!offered.contains("address") && !offered.contains("phone"));
    assert_eq!(tokens["scope"], "openid profile email");
}

/// The suite's present name for what was `oidcc-ensure-other-scope-order-succeeds`.
#[tokio::test]
async fn oidcc_alternate_happy_flow() {
    let mut plan = Plan::start().await;

    let tokens = plan.tokens(&[("scope", "email openid")]).await;

    assert_eq!(plan.userinfo(&tokens).await["email"], "anna@example.com");
}

#[tokio::test]
async fn oidcc_display_page() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("display", "page")]).await);
}

#[tokio::test]
async fn oidcc_display_popup() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("display", "popup")]).await);
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let mut plan = Plan::start().await;
    let first = plan.tokens(&[]).await;

    let asked = plan.visit(&[("prompt", "login")]).await;
    let location = plan.sign_in(&asked).await;
    let second = plan.exchange(&code_of(&location)).await.json();

    let (first, second) = (plan.id_token(&first).await, plan.id_token(&second).await);
    assert_eq!(first.subject, second.subject);
    assert!(second.authenticated_at > first.authenticated_at);
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let mut plan = Plan::start().await;

    let location = plan.authorize(&[("prompt", "none")]).await;

    assert_eq!(error_of(&location), "login_required");
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let mut plan = Plan::start().await;
    let first = plan.tokens(&[]).await;

    let answer = plan.visit(&[("prompt", "none")]).await;
    let second = plan.exchange(&code_of(answer.location())).await.json();

    let (first, second) = (plan.id_token(&first).await, plan.id_token(&second).await);
    assert_eq!(first.subject, second.subject);
    assert_eq!(first.authenticated_at, second.authenticated_at);
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let mut plan = Plan::start().await;
    let first = plan.tokens(&[]).await;
    plan.world.test.clock.advance(TimeDelta::seconds(2));

    let asked = plan.visit(&[("max_age", "1")]).await;
    let location = plan.sign_in(&asked).await;
    let second = plan.exchange(&code_of(&location)).await.json();

    let (first, second) = (plan.id_token(&first).await, plan.id_token(&second).await);
    assert_eq!(first.subject, second.subject);
    assert!(second.authenticated_at > first.authenticated_at);
    assert!(second.issued_at - second.authenticated_at <= TimeDelta::seconds(1));
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let mut plan = Plan::start().await;
    let first = plan.tokens(&[]).await;

    let answer = plan.visit(&[("max_age", "10000")]).await;
    let second = plan.exchange(&code_of(answer.location())).await.json();

    let (first, second) = (plan.id_token(&first).await, plan.id_token(&second).await);
    assert_eq!(first.authenticated_at, second.authenticated_at);
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("extra", "foobar")]).await);
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    let mut plan = Plan::start().await;
    let first = plan.tokens(&[]).await;
    let hint = first["id_token"].as_str().unwrap();

    let answer = plan
        .visit(&[("prompt", "none"), ("id_token_hint", hint)])
        .await;
    let second = plan.exchange(&code_of(answer.location())).await.json();
    assert_eq!(plan.id_token(&second).await.subject, plan.person);

    // Somebody else at the browser is not who is meant; nor is a forged hint anybody.
    plan.person = plan.world.customer().await;
    let person = plan.person;
    plan.world.sign_in(&mut plan.browser, person).await;
    let other = plan
        .visit(&[("prompt", "none"), ("id_token_hint", hint)])
        .await;
    assert_eq!(error_of(other.location()), "login_required");
    let asked = plan.visit(&[("id_token_hint", hint)]).await;
    assert_eq!(error_of(&plan.sign_in(&asked).await), "login_required");
    // A letter amid the signature, which ends in bits that mean nothing.
    let (head, tail) = hint.split_at(hint.len() - 40);
    let other = if tail.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}{other}{}", &tail[1..]);
    let answer = plan.visit(&[("id_token_hint", &forged)]).await;
    assert_eq!(error_of(answer.location()), "invalid_request");
}

#[tokio::test]
async fn oidcc_login_hint() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("login_hint", "anna@example.com")]).await);
}

#[tokio::test]
async fn oidcc_ui_locales() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("ui_locales", "se xx-nonsense de")]).await);
}

#[tokio::test]
async fn oidcc_claims_locales() {
    let mut plan = Plan::start().await;

    code_of(&plan.authorize(&[("claims_locales", "se")]).await);
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    let mut plan = Plan::start().await;
    let document = plan.browser.get("/.well-known/openid-configuration").await;
    let offered = document.json()["acr_values_supported"].clone();
    let offered: Vec<&str> = offered
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap())
        .collect();

    let tokens = plan.tokens(&[("acr_values", &offered.join(" "))]).await;

    let acr = plan.id_token(&tokens).await.acr.unwrap();
    assert!(offered.contains(&acr.as_str()), "{acr}");
}

#[tokio::test]
async fn oidcc_codereuse() {
    let mut plan = Plan::start().await;
    let code = code_of(&plan.authorize(&[]).await);
    assert_eq!(plan.exchange(&code).await.status, StatusCode::OK);

    let again = plan.exchange(&code).await;

    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(again.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn oidcc_codereuse_30seconds() {
    let mut plan = Plan::start().await;
    let code = code_of(&plan.authorize(&[]).await);
    let tokens = plan.exchange(&code).await.json();
    plan.userinfo(&tokens).await;
    plan.world.test.clock.advance(TimeDelta::seconds(30));

    let again = plan.exchange(&code).await;

    assert_eq!(again.json()["error"], "invalid_grant");
    let access_token = tokens["access_token"].as_str().unwrap();
    let told = plan.world.userinfo(access_token).await;
    assert_eq!(
        told.status,
        StatusCode::UNAUTHORIZED,
        "what it gave is taken back"
    );
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let mut plan = Plan::start().await;

    let answer = plan
        .visit(&[("redirect_uri", "https://shop.example/signed-in-elsewhere")])
        .await;

    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.location(), "");
    assert!(answer.text().contains("redirect_uri"));
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let mut plan = Plan::start().await;
    plan.tokens(&[]).await;
    let path = super::authorize_path(CLIENT, &[]);
    let (_, form) = path.split_once('?').unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
    ];

    let answer = plan
        .browser
        .send(
            Method::POST,
            "/oauth/authorize",
            &headers,
            Body::from(form.to_owned()),
        )
        .await;
    let visited = plan.browser.get(answer.location()).await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    code_of(visited.location());
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let mut plan = Plan::start().await;
    let code = code_of(&plan.authorize(&[]).await);

    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", CLIENT),
        ("client_secret", SERVER_SECRET),
    ];
    let answer = plan
        .world
        .test
        .browser()
        .post_form("/oauth/token", &fields)
        .await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    plan.id_token(&answer.json()).await;
}

/// An unsigned request object that says what it is given.
fn request_object(claims: &serde_json::Value) -> String {
    use base64::Engine as _;
    let part = |value: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value);
    format!(
        "{}.{}.",
        part(json!({"alg": "none"}).to_string()),
        part(claims.to_string())
    )
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    let mut plan = Plan::start().await;
    let object = request_object(&json!({"client_id": CLIENT, "state": "st"}));

    let location = plan.authorize(&[("request", &object)]).await;

    assert_eq!(error_of(&location), "request_not_supported");
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let mut plan = Plan::start().await;

    let location = plan
        .authorize(&[("request_uri", "https://shop.example/request.jwt")])
        .await;

    assert_eq!(error_of(&location), "request_uri_not_supported");
}

#[tokio::test]
async fn oidcc_claims_essential() {
    let mut plan = Plan::start().await;
    let claims = json!({"userinfo": {"name": {"essential": true}}}).to_string();

    let tokens = plan
        .tokens(&[("claims", &claims), ("scope", "openid profile")])
        .await;

    // The parameter is not offered, as discovery says, and ignored; the scope gives the name.
    assert_eq!(plan.userinfo(&tokens).await["name"], "Anna Keller");
    let document = plan.browser.get("/.well-known/openid-configuration").await;
    assert_eq!(document.json()["claims_parameter_supported"], false);
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let mut plan = Plan::start().await;
    let object = request_object(&json!({"redirect_uri": "https://evil.example/", "state": "st"}));

    let location = plan.authorize(&[("request", &object)]).await;

    // To the registered address of the plain request, never to that of the object.
    assert_eq!(error_of(&location), "request_not_supported");
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let mut plan = Plan::start().await;
    plan.tokens(&[]).await;
    let asked = plan
        .visit(&[("scope", "openid offline_access"), ("prompt", "consent")])
        .await;
    let place = asked.location().to_owned();
    assert!(place.starts_with("/oauth/consent?"), "{place}");
    let allowed = plan
        .browser
        .post_form(&place, &[("decision", "allow")])
        .await;
    let code = code_of(&hand_off(&allowed));
    let first = plan.exchange(&code).await.json();
    let token = first["refresh_token"].as_str().unwrap();

    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let answer = plan.token_request(&fields).await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let second = answer.json();
    let (old, new) = (plan.id_token(&first).await, plan.id_token(&second).await);
    assert_eq!(
        (old.issuer, old.subject, old.audience, old.authenticated_at),
        (new.issuer, new.subject, new.audience, new.authenticated_at)
    );
    plan.userinfo(&second).await;
    // The second client of the module: another application cannot use it.
    let by_another = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second["refresh_token"].as_str().unwrap()),
        ("client_id", "bakery.web"),
    ];
    let refused = plan
        .world
        .test
        .browser()
        .post_form("/oauth/token", &by_another)
        .await;
    assert_eq!(refused.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let mut plan = Plan::start().await;
    let location = plan.authorize(&[]).await;

    let answer = plan.exchange(&code_of(&location)).await;

    assert_eq!(answer.status, StatusCode::OK);
    // Which we insist on (S3).
    let without = plan
        .authorize(&[("code_challenge", ""), ("code_challenge_method", "")])
        .await;
    assert_eq!(error_of(&without), "invalid_request");
    assert!(parameter(&without, "error_description").is_some());
}
