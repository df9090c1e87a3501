//! Events on their way in: what is stored, once, under whom, and what senders are told.

mod aliases;
mod cancel;
mod claims;
mod cloud;
mod dedup;
mod generator;
mod hostile;
mod native;
mod people;
mod slow;
mod trust;
mod visitors;
mod wire;

pub use aliases::another;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use befriend::brand::{self, Brand};
use befriend::kernel::id::{BrandId, KeyId, ProfileId};
use befriend::key::{self, Kind, Presented};
use befriend::postgres;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

/// A brand with a key of each kind.
struct Sender {
    brand_id: BrandId,
    secret: Presented,
    browser: Presented,
}

impl Sender {
    async fn new(test: &TestApp, slug: &str) -> Self {
        let app = &test.app;
        let now = app.clock.now();
        let brand_id = BrandId::new(now, &app.entropy);
        let brand = Brand {
            brand_id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            colour: "#b85207".to_owned(),
            links_by_email: false,
            asks_terms: false,
            terms_url: None,
            privacy_url: None,
            words: json!({}),
            logo: None,
            is_demo: false,
            created_at: now,
            disabled_at: None,
        };
        let make = |kind| Presented::generate(kind, KeyId::new(now, &app.entropy), &app.entropy);
        let (secret, browser) = (make(Kind::Secret), make(Kind::Browser));
        postgres::tx(&app.pool, async |conn| {
            brand::store::insert_brand(conn, &brand).await?;
            key::store::insert_key(conn, brand_id, &secret, "server", now).await?;
            key::store::insert_key(conn, brand_id, &browser, "page", now).await
        })
        .await
        .unwrap();
        Self {
            brand_id,
            secret,
            browser,
        }
    }

    /// Sends events with the secret key; returns the verdicts.
    async fn send(&self, test: &TestApp, events: &[Value]) -> Vec<Value> {
        let answer = post(test, &self.secret, "/v1/batch", &json!({ "batch": events })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["verdicts"].as_array().unwrap().clone()
    }

    /// The same with the browser key.
    async fn send_from_page(&self, test: &TestApp, events: &[Value]) -> Vec<Value> {
        let answer = post(
            test,
            &self.browser,
            "/v1/batch",
            &json!({ "batch": events }),
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["verdicts"].as_array().unwrap().clone()
    }
}

fn basic(key: &Presented) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:", key.expose())))
}

async fn post(test: &TestApp, key: &Presented, path: &str, body: &Value) -> Answer {
    let headers = [("authorization", basic(key))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    test.browser().post_json(path, &headers, body).await
}

/// Asks the database one thing about the brand; `$1` is its id.
async fn ask<T>(test: &TestApp, sender: &Sender, sql: &'static str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(sql)
        .bind(sender.brand_id.uuid())
        .fetch_one(&test.app.pool)
        .await
        .unwrap()
}

/// Who an alias names.
async fn profile_of(test: &TestApp, sender: &Sender, kind: &str, alias: &str) -> Option<ProfileId> {
    sqlx::query_scalar(
        "select profile_id from alias where brand_id = $1 and kind = $2 and alias = $3",
    )
    .bind(sender.brand_id.uuid())
    .bind(kind)
    .bind(alias)
    .fetch_optional(&test.app.pool)
    .await
    .unwrap()
    .map(ProfileId::from_uuid)
}

/// A profile's status, and whom it was merged into.
async fn status_of(test: &TestApp, id: ProfileId) -> (String, Option<ProfileId>) {
    let (status, into): (String, Option<uuid::Uuid>) =
        sqlx::query_as("select status, merged_into from profile where profile_id = $1")
            .bind(id.uuid())
            .fetch_one(&test.app.pool)
            .await
            .unwrap();
    (status, into.map(ProfileId::from_uuid))
}

fn statuses(verdicts: &[Value]) -> Vec<&str> {
    verdicts
        .iter()
        .map(|verdict| verdict["status"].as_str().unwrap())
        .collect()
}

fn track(id: &str, more: &Value) -> Value {
    let mut event = json!({ "type": "track", "event": "Product Viewed", "messageId": id });
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}
