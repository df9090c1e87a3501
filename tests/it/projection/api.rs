//! The API's answers about standings, and its refusals.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::kernel::id::{BrandId, KeyId, ProfileId};
use befriend::key::{self, Kind, Presented};
use chrono::TimeDelta;
use serde_json::json;

use super::shop::{Shop, act, befriending, day};
use crate::harness::Answer;

pub async fn key(shop: &Shop, kind: Kind) -> String {
    let entropy = &shop.test.app.entropy;
    let key = Presented::generate(kind, KeyId::new(shop.now(), entropy), entropy);
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    key::store::insert_key(&mut conn, shop.brand_id, &key, "test", shop.now())
        .await
        .unwrap();
    key.expose()
}

pub async fn get(shop: &Shop, path: &str, authorization: &str) -> Answer {
    let headers = [("authorization", authorization)];
    let headers = if authorization.is_empty() {
        &[]
    } else {
        headers.as_slice()
    };
    let mut browser = shop.test.browser();
    browser
        .send(Method::GET, path, headers, Body::empty())
        .await
}

async fn alias(shop: &Shop, profile_id: ProfileId, kind: &str, alias: &str) {
    sqlx::query("insert into alias values ($1, $2, $3, $4, $5)")
        .bind(shop.brand_id.uuid())
        .bind(kind)
        .bind(alias)
        .bind(profile_id.uuid())
        .bind(shop.now())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
}

async fn email(shop: &Shop, profile_id: ProfileId, address: &str) {
    sqlx::query("insert into profile_email values ($1, $2, $3, null, 'events', $4)")
        .bind(shop.brand_id.uuid())
        .bind(profile_id.uuid())
        .bind(address)
        .bind(shop.now())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_standing_is_told_with_what_comes_next() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;

    let answer = get(
        &shop,
        &format!("/api/v1/profiles/{customer}/standing"),
        &bearer,
    )
    .await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["stage"], "friend");
    assert_eq!(body["profile_id"], customer.to_string());
    assert_eq!(body["strained"], false);
    assert_eq!(body["next"]["to"], "acquaintance");
    assert_eq!(body["next"]["at"], body["review_at"]);
    let investment = body["scores"]["investment"].as_f64().unwrap();
    assert!((26.0..27.5).contains(&investment), "{investment}");

    // Days later the same question is answered for that day, swept or not.
    shop.test.clock.advance(TimeDelta::days(300));
    let later = get(
        &shop,
        &format!("/api/v1/profiles/{customer}/standing"),
        &bearer,
    )
    .await;
    assert_eq!(later.json()["stage"], "acquaintance");
}

#[tokio::test]
async fn a_standing_is_explained_and_its_moves_are_listed_in_pages() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;
    let at = |rest: &str| format!("/api/v1/profiles/{customer}/{rest}");

    let explanation = get(&shop, &at("explanation"), &bearer).await.json();
    let first = get(&shop, &at("transitions?limit=1"), &bearer).await;
    let next = first.header("link").to_owned();
    let next = next
        .split(['<', '>'])
        .nth(1)
        .unwrap_or_else(|| panic!("no link: {next:?}"));
    let second = get(&shop, next, &bearer).await;

    let sentences = explanation["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    assert!(!explanation["deeper"].as_array().unwrap().is_empty());
    assert_eq!(first.json()["transitions"][0]["to"], "friend");
    assert!(first.json()["next_cursor"].is_string());
    assert_eq!(second.json()["transitions"][0]["to"], "acquaintance");
    assert_eq!(second.json()["transitions"].as_array().unwrap().len(), 1);
    assert_eq!(second.json()["next_cursor"], json!(null));
    assert_eq!(second.header("link"), "");
}

#[tokio::test]
async fn profiles_are_found_by_what_they_are_called() {
    let shop = Shop::open().await;
    let secret = key(&shop, Kind::Secret).await;
    let basic = {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{secret}:"));
        format!("Basic {text}")
    };
    let (anna, ben) = (shop.customer().await, shop.customer().await);
    alias(&shop, anna, "user", "4711").await;
    alias(&shop, ben, "anonymous", "4711").await;
    email(&shop, anna, "both@example.com").await;
    email(&shop, ben, "both@example.com").await;
    let found = async |query: &str| {
        let answer = get(&shop, &format!("/api/v1/profiles?{query}"), &basic).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let profiles = answer.json()["profiles"].as_array().unwrap().clone();
        let ids = profiles
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };

    assert_eq!(found("user_id=4711").await, [anna.to_string()]);
    assert_eq!(found("anonymous_id=4711").await, [ben.to_string()]);
    assert!(found("user_id=nobody").await.is_empty());
    let mut both = [anna.to_string(), ben.to_string()];
    both.sort();
    assert_eq!(found("email=BOTH%40example.com").await, both);
    assert_eq!(found("email=both%40example.com&limit=1").await, both[..1]);

    let profile = get(&shop, &format!("/api/v1/profiles/{anna}"), &basic)
        .await
        .json();
    assert_eq!(profile["aliases"][0]["alias"], "4711");
    assert_eq!(profile["emails"][0]["verified"], false);
    for wrong in ["", "?user_id=1&email=x", "?mail=x", "?email=x"] {
        let answer = get(&shop, &format!("/api/v1/profiles{wrong}"), &basic).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(answer.json()["code"], "invalid_parameter");
        assert!(answer.json()["errors"][0]["pointer"].is_string());
    }
}

#[tokio::test]
async fn only_a_secret_key_of_the_brand_sees_anything() {
    let shop = Shop::open().await;
    let secret = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let browser = format!("Bearer {}", key(&shop, Kind::Browser).await);
    let customer = shop.customer().await;
    shop.learn(customer, &[act("Signed Up", shop.now())]).await;
    let foreign = another_brands_customer(&shop).await;
    let paths = ["", "/standing", "/explanation", "/transitions"];

    for rest in paths {
        let path = format!("/api/v1/profiles/{customer}{rest}");
        assert_eq!(
            get(&shop, &path, &secret).await.status,
            StatusCode::OK,
            "{path}"
        );
        let bare = get(&shop, &path, "").await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(bare.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(bare.header("content-type"), "application/problem+json");
        let wrong = format!("{}x", &secret[..secret.len() - 1]);
        assert_eq!(
            get(&shop, &path, &wrong).await.status,
            StatusCode::UNAUTHORIZED
        );
        let public = get(&shop, &path, &browser).await;
        assert_eq!(public.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(public.json()["code"], "secret_key_needed");

        for nobody in [foreign.to_string(), "prf_1".to_owned(), "x".to_owned()] {
            let path = format!("/api/v1/profiles/{nobody}{rest}");
            let answer = get(&shop, &path, &secret).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.json()["code"], "not_found");
        }
    }
    let list = "/api/v1/profiles?user_id=1";
    assert_eq!(get(&shop, list, "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        get(&shop, list, &browser).await.status,
        StatusCode::FORBIDDEN
    );
}

async fn another_brands_customer(shop: &Shop) -> ProfileId {
    let entropy = &shop.test.app.entropy;
    let brand_id = BrandId::new(shop.now(), entropy);
    let profile_id = ProfileId::new(shop.now(), entropy);
    sqlx::query(
        "insert into brand (brand_id, slug, name, created_at) values ($1, 'other', '', $2)",
    )
    .bind(brand_id.uuid())
    .bind(shop.now())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into profile (brand_id, profile_id, status, created_at, last_seen_at)
         values ($1, $2, 'active', $3, $3)",
    )
    .bind(brand_id.uuid())
    .bind(profile_id.uuid())
    .bind(shop.now())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    profile_id
}
