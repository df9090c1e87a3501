//! Applications hear of sign-outs, however a session ends.

use std::collections::HashSet;

use axum::http::StatusCode;
use befriend::application::Settings;
use befriend::oidc::backchannel::{WAITS, deliver_due};
use chrono::TimeDelta;
use serde_json::json;

use super::receiver::Receiver;
use super::stage::payload;
use super::world::World;
use crate::harness::TestApp;

/// A brand whose site listens at `receiver`.
pub async fn listening(receiver: &Receiver) -> World {
    let test = TestApp::start_with(&[("egress_allows_private", "true")]).await;
    let world = World::in_brand(test, "bakery").await;
    let settings = Settings {
        backchannel_logout_uri: Some(receiver.uri.clone()),
        ..Settings::default()
    };
    world.set("web", &settings).await;
    world
}

const WAITING: &str = "select count(*) from logout_delivery where sent_at is null";

async fn deliver(world: &World) -> usize {
    deliver_due(world.test.app.courier()).await.unwrap()
}

#[tokio::test]
async fn s20_every_way_a_session_ends_is_told() {
    let receiver = Receiver::start(0).await;
    let world = listening(&receiver).await;
    let anna = world.customer().await;
    let pool = &world.test.app.pool;

    // Of a session in which the site got no tokens it hears nothing.
    let (mut unused, _) = world.signed_in(anna).await;
    unused.post_form("/logout?brand=bakery", &[]).await;
    assert_eq!(deliver(&world).await, 0);

    let mut told = Vec::new();
    // Signing out.
    let (mut browser, session) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    browser.post_form("/logout?brand=bakery", &[]).await;
    told.push(session.session_id.to_string());
    // From another browser, each and all.
    let (mut laptop, _) = world.signed_in(anna).await;
    let (mut phone, phones) = world.signed_in(anna).await;
    let (mut tablet, tablets) = world.signed_in(anna).await;
    world.tokens(&mut phone).await;
    world.tokens(&mut tablet).await;
    let end = format!("/me/sessions/{}/end?brand=bakery", phones.session_id);
    assert_eq!(
        laptop.post_form(&end, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    laptop
        .post_form("/me/sessions/end-others?brand=bakery", &[])
        .await;
    told.push(phones.session_id.to_string());
    told.push(tablets.session_id.to_string());
    assert_eq!(deliver(&world).await, 3);
    // Suspension, whether or not anybody thinks of the sessions; and again after coming back.
    let (mut last, lasts) = world.signed_in(anna).await;
    world.tokens(&mut last).await;
    for status in ["suspended", "active", "erased"] {
        sqlx::query("update profile set status = $1")
            .bind(status)
            .execute(pool)
            .await
            .unwrap();
        if status != "active" {
            assert_eq!(deliver(&world).await, 1, "{status}");
            told.push(lasts.session_id.to_string());
        }
    }

    // With the rows themselves, as when somebody is forgotten.
    sqlx::query("update profile set status = 'active'")
        .execute(pool)
        .await
        .unwrap();
    let (mut gone, gones) = world.signed_in(anna).await;
    world.tokens(&mut gone).await;
    for table in [
        "access_token",
        "authorization_code",
        "refresh_family",
        "session",
    ] {
        let statement = format!("delete from {table} where session_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(gones.session_id.uuid())
            .execute(pool)
            .await
            .unwrap();
    }
    assert_eq!(deliver(&world).await, 1);
    told.push(gones.session_id.to_string());

    let tokens = receiver.tokens();
    let heard: Vec<String> = tokens
        .iter()
        .map(|token| payload(token)["sid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(heard.len(), told.len());
    assert_eq!(
        heard.iter().collect::<HashSet<_>>(),
        told.iter().collect::<HashSet<_>>()
    );
    let ids: HashSet<String> = tokens
        .iter()
        .map(|token| payload(token)["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), tokens.len(), "each token is its own");
    assert_eq!(world.count(WAITING).await, 0);
}

#[tokio::test]
async fn s20_a_logout_token_proves_itself_by_the_published_keys() {
    let receiver = Receiver::start(0).await;
    let world = listening(&receiver).await;
    let anna = world.customer().await;
    let (mut browser, session) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    let ended = world.test.clock.now().timestamp();

    browser.post_form("/logout?brand=bakery", &[]).await;
    deliver(&world).await;

    let token = receiver.tokens().pop().unwrap();
    let jwks = world.test.browser().get("/oauth/jwks").await.json();
    let claims = verified(&token, &jwks);
    assert_eq!(claims["iss"], world.test.app.config.issuer());
    assert_eq!(claims["aud"], "bakery.web");
    assert_eq!(claims["sub"], anna.to_string());
    assert_eq!(claims["sid"], session.session_id.to_string());
    assert_eq!(claims["iat"], ended);
    assert_eq!(claims["exp"], ended + 120);
    assert_eq!(claims.get("nonce"), None);
    assert_eq!(
        claims["events"],
        json!({"http://schemas.openid.net/event/backchannel-logout": {}})
    );
}

/// Checks the signature as any application could; gives the claims.
pub fn verified(token: &str, jwks: &serde_json::Value) -> serde_json::Value {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    let set: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let jwk = set.find(&header.kid.unwrap()).expect("a published key");
    let mut checks = Validation::new(Algorithm::ES256);
    // Time stands still in this test, and the audience is asserted above.
    checks.validate_exp = false;
    checks.validate_aud = false;
    checks.required_spec_claims.clear();
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &checks)
        .unwrap()
        .claims
}

#[tokio::test]
async fn f_a_receiver_that_fails_is_tried_again_and_given_up_at_last() {
    let receiver = Receiver::start(2).await;
    let world = listening(&receiver).await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    browser.post_form("/logout?brand=bakery", &[]).await;

    assert_eq!(deliver(&world).await, 1);
    assert_eq!(deliver(&world).await, 0, "not before its time");
    let error: String = sqlx::query_scalar("select last_error from logout_delivery")
        .fetch_one(&world.test.app.pool)
        .await
        .unwrap();
    assert_eq!(error, "the answer has status 503");
    for wait in &WAITS[..2] {
        world.test.clock.advance(*wait);
        assert_eq!(deliver(&world).await, 1);
    }
    assert_eq!(world.count(WAITING).await, 0);
    assert_eq!(receiver.tokens().len(), 3);

    // Nobody listens any more.
    let settings = Settings {
        backchannel_logout_uri: Some("http://127.0.0.1:9/".to_owned()),
        ..Settings::default()
    };
    world.set("web", &settings).await;
    let (mut browser, _) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    browser.post_form("/logout?brand=bakery", &[]).await;
    for wait in WAITS {
        assert_eq!(deliver(&world).await, 1);
        world.test.clock.advance(wait);
    }
    assert_eq!(deliver(&world).await, 1);
    world.test.clock.advance(TimeDelta::days(1));
    assert_eq!(deliver(&world).await, 0, "given up");
    let given_up = "select count(*) from logout_delivery
                    where failed_at is not null and tries = 9 and last_error <> ''";
    assert_eq!(world.count(given_up).await, 1);
}

#[tokio::test]
async fn a27_news_does_not_go_to_addresses_inside() {
    let receiver = Receiver::start(0).await;
    let world = World::start().await;
    let settings = Settings {
        backchannel_logout_uri: Some(receiver.uri.clone()),
        ..Settings::default()
    };
    world.set("web", &settings).await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    browser.post_form("/logout?brand=bakery", &[]).await;

    assert_eq!(deliver(&world).await, 1);

    assert!(receiver.tokens().is_empty());
    let refused = "select count(*) from logout_delivery where last_error like '%refused%'";
    assert_eq!(world.count(refused).await, 1);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a transaction that is taken back, by a test that nobody cancels"
)]
#[tokio::test]
async fn a_rolled_back_sign_out_tells_nobody_and_two_workers_tell_once() {
    let receiver = Receiver::start(0).await;
    let world = listening(&receiver).await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    world.tokens(&mut browser).await;
    let mut undone = world.test.app.pool.begin().await.unwrap();
    sqlx::query("update session set ended_at = now()")
        .execute(&mut *undone)
        .await
        .unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(deliver(&world).await, 0);

    browser.post_form("/logout?brand=bakery", &[]).await;
    let app = &world.test.app;
    let both = futures_util::join!(deliver_due(app.courier()), deliver_due(app.courier()));

    assert_eq!(both.0.unwrap() + both.1.unwrap(), 1);
    assert_eq!(receiver.tokens().len(), 1);
}
