use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::http::shop::{self, ShopSettings};
use befriend::kernel::Secret;
use befriend::key;
use serde_json::json;
use url::Url;

use super::world::World;
use crate::harness::Browser;

/// The sample shop on its own origin, calling Befriend over loopback.
async fn open(world: &World) -> Browser {
    let base = world.test.listen().await;
    let issuer = world.test.app.config.issuer();
    let settings = ShopSettings {
        issuer: issuer.to_owned(),
        service_url: Some(Url::parse(&base).unwrap()),
        client_id: "bakery.web".to_owned(),
        secret_key: Secret::new(world.key(key::Kind::Secret).await),
    };
    let entropy = world.test.app.entropy.clone();
    let router: Router = shop::router(settings, world.test.clock.clone(), entropy).unwrap();
    Browser::new(router, "http://127.0.0.1:7701")
}

#[tokio::test]
async fn the_shop_serves_its_pages_with_befriend_filled_in() {
    let world = World::start().await;
    let mut shop = open(&world).await;

    let page = shop.get("/").await;
    let script = shop.get("/shop.js").await;
    let missing = shop.get("/order").await;

    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    let issuer = world.test.app.config.issuer();
    assert!(!html.contains("{{"));
    assert!(html.contains(&format!("src=\"{issuer}/embed.js\"")));
    assert!(html.contains("client-id=\"bakery.web\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("script-src 'self' {issuer};")),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert_eq!(missing.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_order_counts_for_whoever_the_token_proves_at_the_shops_price() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let tokens = world.tokens(&mut browser).await;
    let mut shop = open(&world).await;
    let order = |token: &serde_json::Value| {
        json!({
            "orderId": "CR-1Z9K3QA", "total": 0.01, "idToken": token,
            "products": [{"product_id": "bread", "quantity": 2, "price": 0.01}],
        })
    };

    let placed = shop
        .post_json("/order", &[], &order(&tokens["id_token"]))
        .await;
    let again = shop
        .post_json("/order", &[], &order(&tokens["id_token"]))
        .await;
    let complaint =
        json!({"text": "Burnt", "orderId": "CR-1Z9K3QA", "idToken": tokens["id_token"]});
    let complained = shop.post_json("/complaint", &[], &complaint).await;

    world.test.app.projector.drain().await.unwrap();
    let bearer = format!("Bearer {}", tokens["id_token"].as_str().unwrap());
    let standing = shop
        .send(
            Method::GET,
            "/standing",
            &[("authorization", &bearer)],
            Body::empty(),
        )
        .await;

    assert_eq!(standing.status, StatusCode::OK, "{}", standing.text());
    let standing = standing.json();
    assert!(standing["stage"].is_string(), "{standing}");
    assert!(standing["since"].is_string(), "{standing}");
    assert!(standing["next"].is_string(), "{standing}");
    assert_eq!(placed.status, StatusCode::OK, "{}", placed.text());
    assert_eq!(placed.json()["total"], 12.4);
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(complained.status, StatusCode::OK);
    let events: Vec<(String, bool, uuid::Uuid, serde_json::Value)> = sqlx::query_as(
        "select name, trusted, profile_id, payload->'properties' from event
         where name in ('Order Completed', 'Dispute Opened') order by name",
    )
    .fetch_all(&world.test.app.pool)
    .await
    .unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    for (_, trusted, profile_id, _) in &events {
        assert!(trusted);
        assert_eq!(*profile_id, anna.uuid());
    }
    assert_eq!(events[0].3["dispute_id"], "CR-1Z9K3QA");
    assert_eq!(events[1].3["total"], 12.4);
}

#[tokio::test]
async fn nobody_orders_without_a_good_token() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let tokens = world.tokens(&mut browser).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let forged = format!("{}x", &id_token[..id_token.len() - 1]);
    let mut shop = open(&world).await;
    let products = json!([{"product_id": "bread", "quantity": 1}]);

    for (token, status) in [
        (json!(null), StatusCode::UNAUTHORIZED),
        (json!(forged), StatusCode::UNAUTHORIZED),
        (tokens["access_token"].clone(), StatusCode::UNAUTHORIZED),
    ] {
        let body = json!({"orderId": "CR-1", "products": products, "idToken": token});
        assert_eq!(shop.post_json("/order", &[], &body).await.status, status);
    }
    for body in [
        json!({}),
        json!({"orderId": "x", "products": products, "idToken": id_token}),
        json!({"orderId": "CR-1", "products": [], "idToken": id_token}),
        json!({"orderId": "CR-1", "products": [{"product_id": "gold", "quantity": 1}], "idToken": id_token}),
    ] {
        let answer = shop.post_json("/order", &[], &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let unknown = shop
        .send(Method::GET, "/standing", &[], Body::empty())
        .await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.count("select count(*) from event").await, 0);
    // After its hour, the token proves nothing.
    world.test.clock.advance(chrono::TimeDelta::hours(1));
    let body = json!({"orderId": "CR-1", "products": products, "idToken": id_token});
    let late = shop.post_json("/order", &[], &body).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
}
