//! The rules over REST: read, previewed, published, taken back, by secret keys only.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::key::Kind;
use befriend::stage::{RuleSet, Stage};
use serde_json::{Value, json};

use super::api::key;
use super::rules_over_time::two_orders_will_do;
use super::shop::{Shop, befriending, day};
use crate::harness::Answer;

async fn send(shop: &Shop, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let mut browser = shop.test.browser();
    let body = Body::from(body.to_string());
    browser.send(method, path, &headers, body).await
}

async fn get(shop: &Shop, path: &str, key: &str) -> Answer {
    send(shop, Method::GET, path, key, &Value::Null).await
}

#[tokio::test]
async fn a_server_previews_publishes_and_takes_back() {
    let shop = Shop::open().await;
    let key = key(&shop, Kind::Secret).await;
    let customer = shop.customer().await;
    let acts = &befriending(day(shop.now(), -40))[..4];
    shop.learn(customer, acts).await;
    let path = "/api/v1/rules/preview";

    let none = get(&shop, path, &key).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text());
    let asked = json!({ "document": two_orders_will_do(), "mode": "from_now_on" });
    let started = send(&shop, Method::POST, path, &key, &asked).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text());
    let place = started.location().to_owned();
    let mut told = Value::Null;
    for _ in 0..600 {
        told = get(&shop, &place, &key).await.json();
        if told["status"] != "running" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told["status"], "done", "{told}");
    assert_eq!(told["result"]["matrix"][1][2], 1);
    assert_eq!(
        told["result"]["samples"][0]["profile_id"],
        customer.to_string()
    );

    let set = RuleSet::from_yaml(&two_orders_will_do()).unwrap();
    let mut new = json!({
        "document": set,
        "mode": "from_now_on",
        "note": "Two will do.",
        "base_version": 1,
    });
    let published = send(&shop, Method::POST, "/api/v1/rules/publish", &key, &new).await;
    assert_eq!(
        published.status,
        StatusCode::CREATED,
        "{}",
        published.text()
    );
    shop.sweep().await;
    assert_eq!(shop.stage(customer).await, Stage::Friend);
    let rules = get(&shop, "/api/v1/rules", &key).await.json();
    assert_eq!(rules["rule_set"]["version"], 2);
    assert_eq!(rules["versions"][0]["note"], "Two will do.");
    assert_eq!(rules["versions"][0]["origin"], "key");
    assert_eq!(rules["carried_out"]["done"], 1);
    assert_eq!(rules["document"], json!(set));

    let stale = send(&shop, Method::POST, "/api/v1/rules/publish", &key, &new).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    new["base_version"] = json!(2);
    new["document"]["half_life_days"]["trust"] = json!(-1);
    let unusable = send(&shop, Method::POST, "/api/v1/rules/publish", &key, &new).await;
    assert_eq!(unusable.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(unusable.json()["code"], "invalid_rules");

    let back = "/api/v1/rules/2/take-back";
    let taken = send(&shop, Method::POST, back, &key, &Value::Null).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    shop.sweep().await;
    assert_eq!(shop.stage(customer).await, Stage::Acquaintance);
    let again = send(&shop, Method::POST, back, &key, &Value::Null).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let first = "/api/v1/rules/1/take-back";
    let first = send(&shop, Method::POST, first, &key, &Value::Null).await;
    assert_eq!(first.status, StatusCode::CONFLICT);
    for path in ["/api/v1/rules/9/take-back", "/api/v1/rules/x/take-back"] {
        let missing = send(&shop, Method::POST, path, &key, &Value::Null).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
    }
    let who: Vec<String> =
        sqlx::query_scalar("select action from audit where action like 'rules.%' order by action")
            .fetch_all(&shop.test.app.pool)
            .await
            .unwrap();
    assert_eq!(who, ["rules.published", "rules.taken_back"]);
}

#[tokio::test]
async fn strangers_browsers_and_other_brands_are_refused() {
    let shop = Shop::open().await;
    let browser = key(&shop, Kind::Browser).await;
    let secret = key(&shop, Kind::Secret).await;
    let foreign = "/api/v1/rules/preview/pvw_00000000000070008000000000000000";

    for (method, path) in [
        (Method::GET, "/api/v1/rules"),
        (Method::GET, "/api/v1/rules/preview"),
        (Method::POST, "/api/v1/rules/preview"),
        (Method::GET, foreign),
        (Method::POST, "/api/v1/rules/publish"),
        (Method::POST, "/api/v1/rules/1/take-back"),
    ] {
        let body = json!({});
        let stranger = send(&shop, method.clone(), path, "bf_sec_none", &body).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
        let page = send(&shop, method, path, &browser, &body).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    let other = get(&shop, foreign, &secret).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    for (asked, pointer) in [
        (json!({ "horizon_days": 0 }), "/horizon_days"),
        (json!({ "at": "2030-01-01T00:00:00Z" }), "/at"),
    ] {
        let mut body = json!({ "document": two_orders_will_do(), "mode": "history" });
        let more = asked.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        let path = "/api/v1/rules/preview";
        let refused = send(&shop, Method::POST, path, &secret, &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}
