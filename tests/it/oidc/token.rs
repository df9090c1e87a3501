use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use befriend::session;
use befriend::token::Expected;
use chrono::TimeDelta;
use serde_json::Value;

use super::world::{SERVER_SECRET, World, authorize_path, parameter};

fn error(answer: &crate::harness::Answer) -> (u16, String) {
    let code = answer.json()["error"].as_str().unwrap_or("").to_owned();
    (answer.status.as_u16(), code)
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_code_becomes_tokens_that_say_who_signed_in() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, session) = world.signed_in(anna).await;
    let code = world.code(&mut browser).await;

    let answer = world.exchange(&code, &[]).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "openid profile email");
    let app = &world.test.app;
    let expected = Expected {
        issuer: app.config.issuer(),
        audience: Some("bakery.web"),
        now: app.clock.now(),
    };
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims = app
        .keyring
        .verify_id_token(&app.pool, id_token, expected)
        .await
        .unwrap();
    assert_eq!(claims.subject, anna);
    assert_eq!(claims.session_id, session.session_id);
    assert_eq!(claims.brand_id, world.brand.brand_id);
    assert_eq!(claims.nonce.as_deref(), Some("no"));

    let person = world
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    assert_eq!(person.status, StatusCode::OK);
    assert_eq!(
        person.json(),
        serde_json::json!({
            "sub": anna.to_string(), "name": "Anna Keller", "given_name": "Anna",
            "family_name": "Keller", "locale": "de", "email": "anna@example.com",
            "email_verified": true,
        })
    );
}

#[tokio::test]
async fn s4_a_code_used_twice_revokes_what_it_gave() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let code = world.code(&mut browser).await;
    let tokens = world.exchange(&code, &[]).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();

    let second = world.exchange(&code, &[]).await;

    assert_eq!(error(&second), refused(400, "invalid_grant"));
    assert_eq!(second.header("cache-control"), "no-store");
    let after = world.userinfo(access_token).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
    let audited = "select count(*) from audit where action = 'code.refused'";
    assert_eq!(world.count(audited).await, 1);
}

#[tokio::test]
async fn a17_of_twenty_exchanges_at_once_one_at_most_keeps_its_tokens() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let code = world.code(&mut browser).await;

    let tries = (0..20).map(|_| world.exchange(&code, &[]));
    let answers = futures_util::future::join_all(tries).await;

    let given = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(given, 1);
    let tokens = "select count(*) from access_token";
    assert_eq!(world.count(tokens).await, 1);
}

#[tokio::test]
async fn a111_a113_a_code_is_good_for_whom_it_was_made_only() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let code = world.code(&mut browser).await;
    let other = "b".repeat(43);

    for (changes, expected) in [
        (vec![("code_verifier", "")], refused(400, "invalid_request")),
        (
            vec![("code_verifier", other.as_str())],
            refused(400, "invalid_grant"),
        ),
        (
            vec![("redirect_uri", "https://shop.example/")],
            refused(400, "invalid_grant"),
        ),
        (vec![("client_id", "")], refused(400, "invalid_request")),
        (
            vec![("client_id", "bakery.nobody")],
            refused(401, "invalid_client"),
        ),
        (
            vec![("client_id", "bakery.server")],
            refused(401, "invalid_client"),
        ),
        (
            vec![
                ("client_id", "bakery.server"),
                ("client_secret", SERVER_SECRET),
            ],
            refused(400, "invalid_grant"),
        ),
        (
            vec![("client_secret", "anything")],
            refused(401, "invalid_client"),
        ),
        (
            vec![("grant_type", "password")],
            refused(400, "unsupported_grant_type"),
        ),
        (vec![("code", "guess")], refused(400, "invalid_grant")),
    ] {
        let answer = world.exchange(&code, &changes).await;
        assert_eq!(error(&answer), expected, "{changes:?}");
    }
    // None of these spent it.
    assert_eq!(world.exchange(&code, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn s4_a_code_dies_with_time_and_with_its_session() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, session) = world.signed_in(anna).await;
    let late = world.code(&mut browser).await;
    world.test.clock.advance(TimeDelta::seconds(60));
    let orphaned = world.code(&mut browser).await;
    let mut conn = world.test.app.pool.acquire().await.unwrap();
    let now = world.test.clock.now();
    session::store::end_session(&mut conn, session.brand_id, session.session_id, now)
        .await
        .unwrap();
    drop(conn);

    for code in [late, orphaned] {
        let answer = world.exchange(&code, &[]).await;
        assert_eq!(error(&answer), refused(400, "invalid_grant"));
    }
}

#[tokio::test]
async fn a_server_proves_itself_by_header_or_form() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let basic = |secret: &str| {
        let pair = format!("bakery.server:{secret}");
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        format!("Basic {encoded}")
    };
    for (header, field, expected) in [
        (Some(basic(SERVER_SECRET)), None, 200),
        (None, Some(SERVER_SECRET), 200),
        (Some(basic("wrong")), None, 401),
        (None, Some("wrong"), 401),
        (None, None, 401),
    ] {
        let path = authorize_path("bakery.server", &[]);
        let location = browser.get(&path).await;
        let code = parameter(location.location(), "code").unwrap();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", &code)
            .append_pair("redirect_uri", super::world::CALLBACK)
            .append_pair("code_verifier", super::world::VERIFIER);
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        match &header {
            Some(header) => headers.push(("authorization", header)),
            None => {
                form.append_pair("client_id", "bakery.server");
            }
        }
        if let Some(secret) = field {
            form.append_pair("client_secret", secret);
        }

        let answer = world
            .test
            .browser()
            .send(
                Method::POST,
                "/oauth/token",
                &headers,
                Body::from(form.finish()),
            )
            .await;

        assert_eq!(answer.status.as_u16(), expected, "{header:?} {field:?}");
        if expected == 401 {
            assert_eq!(answer.json()["error"], "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic"));
        }
    }
}

#[tokio::test]
async fn s9_only_a_live_token_in_the_header_opens_userinfo() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, session) = world.signed_in(anna).await;
    let tokens = world.tokens(&mut browser).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let (access_token, id_token) = (text("access_token"), text("id_token"));

    let in_query = browser
        .get(&format!("/oauth/userinfo?access_token={access_token}"))
        .await;
    assert_eq!(in_query.status, StatusCode::UNAUTHORIZED);
    assert!(in_query.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(in_query.header("access-control-allow-origin"), "*");
    // A115: an ID token is no access token.
    for wrong in [id_token.as_str(), "", "x", &access_token[..60]] {
        let answer = world.userinfo(wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    // A115: another brand's id in front of the same secret.
    let brand = world.brand.brand_id.uuid().simple().to_string();
    let foreign = access_token.replace(&brand, &"0".repeat(32));
    assert_eq!(
        world.userinfo(&foreign).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(world.userinfo(&access_token).await.status, StatusCode::OK);

    // Signing out ends what the session gave.
    let mut conn = world.test.app.pool.acquire().await.unwrap();
    let now = world.test.clock.now();
    session::store::end_session(&mut conn, session.brand_id, session.session_id, now)
        .await
        .unwrap();
    drop(conn);
    assert_eq!(
        world.userinfo(&access_token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_access_token_expires() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let tokens = world.tokens(&mut browser).await;
    let access_token = tokens["access_token"].as_str().unwrap();

    world.test.clock.advance(TimeDelta::hours(1));

    let answer = world.userinfo(access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_minimal_scope_tells_only_who() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let path = authorize_path("bakery.web", &[("scope", "openid")]);
    let code = parameter(browser.get(&path).await.location(), "code").unwrap();

    let tokens = world.exchange(&code, &[]).await.json();
    let person = world
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;

    assert_eq!(tokens["scope"], "openid");
    assert_eq!(tokens.get("refresh_token"), None::<&Value>);
    assert_eq!(person.json(), serde_json::json!({"sub": anna.to_string()}));
}
