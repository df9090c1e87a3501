//! `oidcc-rp-initiated-logout-certification-test-plan`.
//!
//! Each signs somebody in, sends the browser to sign out, and looks whether anybody is signed in
//! after. Where the request does not prove whom it means, the person is asked first, and not sent on
//! by it (A120).

use axum::http::StatusCode;

use super::super::world::AFTER_LOGOUT;
use super::{CLIENT, Plan, error_of};
use crate::harness::Answer;

/// Signs in; the plan, and a hint.
async fn signed_in() -> (Plan, String) {
    let mut plan = Plan::start().await;
    let tokens = plan.tokens(&[]).await;
    let hint = tokens["id_token"].as_str().unwrap().to_owned();
    (plan, hint)
}

async fn sign_out(plan: &mut Plan, pairs: &[(&str, &str)]) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    plan.browser.get(&format!("/oauth/logout?{query}")).await
}

/// Nobody is signed in.
async fn assert_signed_out(plan: &mut Plan) {
    let answer = plan.visit(&[("prompt", "none")]).await;
    assert_eq!(error_of(answer.location()), "login_required");
}

/// The person is asked, and nothing has happened. They say yes: they are signed out, by a page of
/// ours. Gives that page.
async fn assert_asked(plan: &mut Plan, answer: &Answer) -> Answer {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.text().contains("Sign out of The bakery?"));
    let still = plan.visit(&[("prompt", "none")]).await;
    super::code_of(still.location());
    let html = answer.text();
    let action = html
        .split("action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap()
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let done = plan.browser.post_form(&action, &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("You are signed out"));
    assert_signed_out(plan).await;
    done
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let mut plan = Plan::start().await;

    let document = plan.browser.get("/.well-known/openid-configuration").await;

    let endpoint = document.json()["end_session_endpoint"].clone();
    let answer = plan.browser.get(endpoint.as_str().unwrap()).await;
    assert_ne!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let (mut plan, hint) = signed_in().await;

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
            ("state", "s t"),
        ],
    )
    .await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), format!("{AFTER_LOGOUT}?state=s+t"));
    assert_signed_out(&mut plan).await;
}

/// The same with a hint that has expired long ago (§2: it is accepted all the same).
#[tokio::test]
async fn s19_an_expired_hint_is_a_hint() {
    let (mut plan, hint) = signed_in().await;
    plan.world.test.clock.advance(chrono::TimeDelta::days(2));

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
        ],
    )
    .await;

    assert_eq!(answer.location(), AFTER_LOGOUT);
    assert_signed_out(&mut plan).await;
}

#[tokio::test]
async fn s19_a_logout_hint_at_somebody_else_makes_us_ask() {
    let (mut plan, hint) = signed_in().await;
    let other = plan.world.customer().await.to_string();

    let answer = sign_out(
        &mut plan,
        &[("id_token_hint", &hint), ("logout_hint", &other)],
    )
    .await;

    assert_asked(&mut plan, &answer).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let (mut plan, hint) = signed_in().await;

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "https://evil.example/"),
            ("state", "s"),
        ],
    )
    .await;

    let done = assert_asked(&mut plan, &answer).await;
    assert!(!done.text().contains("evil.example"));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let (mut plan, hint) = signed_in().await;
    // Another payload under the same signature.
    let parts: Vec<&str> = hint.split('.').collect();
    let modified = format!("{}.{}x.{}", parts[0], parts[1], parts[2]);

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &modified),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
        ],
    )
    .await;

    let done = assert_asked(&mut plan, &answer).await;
    assert!(!done.text().contains(AFTER_LOGOUT));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let (mut plan, _) = signed_in().await;

    for hint in ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = sign_out(
            &mut plan,
            &[
                ("id_token_hint", hint),
                ("post_logout_redirect_uri", AFTER_LOGOUT),
            ],
        )
        .await;

        assert_eq!(answer.status, StatusCode::OK, "{hint}");
        assert!(answer.text().contains("Sign out of The bakery?"), "{hint}");
    }
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let (mut plan, _) = signed_in().await;

    // The address alone does not say who asks.
    let answer = sign_out(
        &mut plan,
        &[("post_logout_redirect_uri", AFTER_LOGOUT), ("state", "s")],
    )
    .await;
    let done = assert_asked(&mut plan, &answer).await;
    assert!(!done.text().contains(AFTER_LOGOUT));

    // With the client's id it does, and the page offers the way back.
    plan.tokens(&[]).await;
    let answer = sign_out(
        &mut plan,
        &[
            ("client_id", CLIENT),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
            ("state", "s"),
        ],
    )
    .await;
    let done = assert_asked(&mut plan, &answer).await;
    assert!(done.text().contains(&format!("{AFTER_LOGOUT}?state=s")));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    let (mut plan, _) = signed_in().await;

    let answer = sign_out(&mut plan, &[]).await;

    assert_asked(&mut plan, &answer).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let (mut plan, hint) = signed_in().await;

    let answer = sign_out(&mut plan, &[("id_token_hint", &hint), ("state", "s")]).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains("You are signed out"));
    assert!(!answer.text().contains(AFTER_LOGOUT));
    assert_signed_out(&mut plan).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let (mut plan, hint) = signed_in().await;

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
        ],
    )
    .await;

    assert_eq!(answer.location(), AFTER_LOGOUT);
    assert_signed_out(&mut plan).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    let (mut plan, _) = signed_in().await;

    let answer = sign_out(&mut plan, &[("state", "s")]).await;

    assert_asked(&mut plan, &answer).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let (mut plan, hint) = signed_in().await;
    let with_query = format!("{AFTER_LOGOUT}?foo=bar");

    let answer = sign_out(
        &mut plan,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", &with_query),
        ],
    )
    .await;

    let done = assert_asked(&mut plan, &answer).await;
    assert!(!done.text().contains("foo=bar"));
}
