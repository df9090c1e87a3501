use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::world::World;
use crate::harness::TestApp;

#[tokio::test]
async fn s15_discovery_names_the_issuer_it_is_served_for() {
    let test = TestApp::start().await;
    let mut browser = test.browser();

    let openid = browser.get("/.well-known/openid-configuration").await;
    let oauth = browser.get("/.well-known/oauth-authorization-server").await;

    assert_eq!(openid.status, StatusCode::OK);
    assert_eq!(openid.json(), oauth.json());
    let document = openid.json();
    assert_eq!(document["issuer"], test.app.config.issuer());
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        document["response_types_supported"],
        serde_json::json!(["code"])
    );
    // Whatever it names is there.
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let answer = browser.get(value.as_str().unwrap()).await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}

#[tokio::test]
async fn s11_programs_of_any_origin_may_read_and_none_is_recognised() {
    let world = World::start().await;
    let mut browser = world.test.browser();
    let origin = ("origin", "https://brand.evil");

    for path in [
        "/oauth/token",
        "/oauth/userinfo",
        "/oauth/jwks",
        "/.well-known/openid-configuration",
        "/embed.js",
        "/v1/embed/config?client_id=bakery.web",
    ] {
        for method in [Method::OPTIONS, Method::GET] {
            let answer = browser
                .send(method.clone(), path, &[origin], Body::empty())
                .await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                "*",
                "{method} {path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
    for path in ["/oauth/authorize", "/oauth/logout", "/me", "/logout"] {
        let answer = browser
            .send(Method::GET, path, &[origin], Body::empty())
            .await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn the_element_is_given_what_it_must_know() {
    let world = World::start().await;
    let write_key = world.key(befriend::key::Kind::Browser).await;
    sqlx::query(
        "insert into connection (brand_id, connection_id, slug, provider, label, client_id,
                                 position, enabled, created_at)
         values ($1, gen_random_uuid(), 'google', 'google', 'Google', 'c', 1, true, now()),
                ($1, gen_random_uuid(), 'github', 'github', 'GitHub', 'c', 0, false, now()),
                ($1, gen_random_uuid(), 'test', 'test', 'Test', 'c', 0, true, now())",
    )
    .bind(world.brand.brand_id.uuid())
    .execute(&world.test.app.pool)
    .await
    .unwrap();
    let seen = "select count(*) from application where first_seen_at is not null";
    assert_eq!(world.count(seen).await, 0);
    let mut browser = world.test.browser();

    let origin = [("origin", "https://shop.example")];
    let path = "/v1/embed/config?client_id=bakery.web";
    let config = browser
        .send(Method::GET, path, &origin, Body::empty())
        .await;
    let unknown = browser.get("/v1/embed/config?client_id=bakery.x").await;
    let missing = browser.get("/v1/embed/config").await;

    assert_eq!(
        config.json(),
        serde_json::json!({
            "brand": {"name": "The bakery", "slug": "bakery"},
            "issuer": world.test.app.config.issuer(),
            "providers": [
                {"key": "test", "label": "Test"},
                {"key": "google", "label": "Google"},
            ],
            "write_key": write_key,
            "words": {
                "lang": "en",
                "dir": "ltr",
                "texts": befriend::view::language::Language::English.messages().element(),
            },
        })
    );
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.count(seen).await, 1);
}

#[tokio::test]
async fn files_are_cached_as_long_as_their_names_allow() {
    let world = World::start().await;
    let mut browser = world.test.browser();

    let element = browser.get("/embed.js").await;
    let tag = element.header("etag").to_owned();
    let again = browser
        .send(
            Method::GET,
            "/embed.js",
            &[("if-none-match", &tag)],
            Body::empty(),
        )
        .await;
    let style = browser.get("/brand/bakery.css").await;
    let sheet = browser
        .get(&befriend::view::assets::asset_url("befriend.css"))
        .await;

    assert_eq!(element.status, StatusCode::OK);
    assert!(element.text().contains("befriend-sign-in"));
    assert_eq!(
        element.header("cross-origin-resource-policy"),
        "cross-origin"
    );
    assert_eq!(element.header("cache-control"), "public, max-age=300");
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert!(style.text().contains("--brand"));
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(sheet.header("cache-control").ends_with("immutable"));
    for nothing in [
        "/brand/nobody.css",
        "/brand/bakery",
        "/assets/befriend.css",
        "/assets/..%2fx",
    ] {
        assert_eq!(
            browser.get(nothing).await.status,
            StatusCode::NOT_FOUND,
            "{nothing}"
        );
    }
}
