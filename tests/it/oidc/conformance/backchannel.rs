//! `oidcc-backchannel-rp-initiated-logout-certification-test-plan`.

use axum::http::StatusCode;
use befriend::application::Settings;
use befriend::oidc::backchannel::deliver_due;

use super::super::backchannel::verified;
use super::super::receiver::Receiver;
use super::super::world::{AFTER_LOGOUT, World};
use super::{CLIENT, Plan};
use crate::harness::TestApp;

#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let mut plan = Plan::start().await;

    let document = plan.browser.get("/.well-known/openid-configuration").await;

    let document = document.json();
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let receiver = Receiver::start(0).await;
    let test = TestApp::start_with(&[("egress_allows_private", "true")]).await;
    let mut plan = Plan::of(World::in_brand(test, "bakery").await).await;
    let settings = Settings {
        backchannel_logout_uri: Some(receiver.uri.clone()),
        ..Settings::default()
    };
    plan.world.set("server", &settings).await;
    let tokens = plan.tokens(&[]).await;
    let claims = plan.id_token(&tokens).await;
    let hint = tokens["id_token"].as_str().unwrap();

    let answer = plan
        .browser
        .get(&format!(
            "/oauth/logout?id_token_hint={hint}&post_logout_redirect_uri={AFTER_LOGOUT}"
        ))
        .await;
    deliver_due(plan.world.test.app.courier()).await.unwrap();

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let heard = receiver.tokens();
    assert_eq!(heard.len(), 1);
    let jwks = plan.browser.get("/oauth/jwks").await.json();
    let told = verified(&heard[0], &jwks);
    assert_eq!(told["iss"], claims.issuer);
    assert_eq!(told["aud"], CLIENT);
    assert_eq!(told["sub"], claims.subject.to_string());
    assert_eq!(told["sid"], claims.session_id.to_string());
    assert!(told["jti"].is_string() && told["iat"].is_i64() && told["exp"].is_i64());
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert!(told["events"][event].is_object());
    assert_eq!(told.get("nonce"), None);
}
