//! Whether somebody may be written to, what they said about it, and who should hear from the brand.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::kernel::id::ProfileId;
use befriend::key::Kind;
use befriend::stage::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api::{get, key};
use super::shop::{Act, Shop, act, befriending, day};
use crate::harness::Answer;

struct Server<'s> {
    shop: &'s Shop,
    bearer: String,
}

impl<'s> Server<'s> {
    async fn of(shop: &'s Shop) -> Self {
        let bearer = format!("Bearer {}", key(shop, Kind::Secret).await);
        Self { shop, bearer }
    }

    async fn ask(&self, path: &str) -> Value {
        let answer = get(self.shop, path, &self.bearer).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    async fn may(&self, customer: ProfileId, query: &str) -> Value {
        self.ask(&format!("/api/v1/profiles/{customer}/contact{query}"))
            .await
    }

    async fn say(&self, customer: ProfileId, channels: Value) -> Answer {
        let path = format!("/api/v1/profiles/{customer}/contact/preferences");
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = Body::from(json!({ "channels": channels }).to_string());
        let mut browser = self.shop.test.browser();
        browser.send(Method::PUT, &path, &headers, body).await
    }
}

fn sent(at: DateTime<Utc>, purpose: &str) -> Act {
    act("Contact Sent", at).with(json!({ "channel": "email", "purpose": purpose }))
}

async fn friend(shop: &Shop) -> ProfileId {
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;
    customer
}

fn reasons(decision: &Value) -> Vec<&str> {
    let list = decision["reasons"].as_array().unwrap();
    list.iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_sent_counts_until_its_week_is_over() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let customer = friend(&shop).await;
    let contacts: Vec<Act> = [3, 2, 1]
        .map(|ago| sent(day(shop.now(), -ago), "newsletter"))
        .into();
    let receipt = sent(shop.now(), "service");

    let before = server.may(customer, "?channel=email").await;
    shop.learn(customer, &contacts).await;
    shop.learn(customer, &[receipt]).await;
    let full = server.may(customer, "?channel=email").await;
    let service = server.may(customer, "?purpose=service").await;
    shop.test.clock.advance(TimeDelta::days(4));
    let later = server.may(customer, "?channel=email").await;

    assert_eq!(before["allowed"], true);
    assert_eq!(
        (&full["allowed"], &full["used"], &full["cap"]),
        (&json!(false), &json!(3), &json!(3))
    );
    assert_eq!(reasons(&full), ["cap_reached"]);
    assert_eq!(full["next_allowed_at"], "2026-01-19T00:00:00Z");
    assert_eq!(service["allowed"], true);
    assert_eq!(
        (&later["allowed"], &later["used"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(shop.stage(customer).await, Stage::Friend);
    shop.prove().await;
}

#[tokio::test]
async fn a_stranger_is_written_to_with_permission_only() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let stranger = shop.customer().await;
    shop.learn(stranger, &[act("Signed In", shop.now())]).await;
    let consent = async |granted: bool, ago: i64| {
        sqlx::query(
            "insert into consent (brand_id, consent_id, profile_id, purpose, granted, text_version,
                                  surface, decided_at)
             values ($1, gen_random_uuid(), $2, 'marketing', $3, '1', 'test', $4)",
        )
        .bind(shop.brand_id.uuid())
        .bind(stranger.uuid())
        .bind(granted)
        .bind(day(shop.now(), -ago))
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    };

    let unasked = server.may(stranger, "").await;
    consent(true, 3).await;
    let given = server.may(stranger, "").await;
    consent(false, 1).await;
    let withdrawn = server.may(stranger, "").await;

    assert_eq!(reasons(&unasked), ["no_permission"]);
    assert_eq!(
        (&given["allowed"], &given["cap"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(reasons(&withdrawn), ["permission_withdrawn"]);
    assert_eq!(withdrawn["next_allowed_at"], json!(null));
}

#[tokio::test]
async fn what_the_customer_says_is_kept_and_goes_before_the_brands_cap() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let customer = friend(&shop).await;
    shop.learn(customer, &[act("Unsubscribed", shop.now())])
        .await;
    let closed = server.may(customer, "?channel=email").await;

    shop.test.clock.advance(TimeDelta::minutes(1));
    let said = json!([
        { "channel": "email", "allowed": true, "per_week": 1, "preferred": true },
        { "channel": "sms", "allowed": false },
        { "channel": "push", "allowed": true, "paused_until": "2026-03-01T00:00:00Z" },
    ]);
    let kept = server.say(customer, said).await;
    let open = server.may(customer, "").await;
    let unwanted = server.may(customer, "?channel=sms").await;
    let paused = server.may(customer, "?channel=push").await;
    let known = server
        .ask(&format!("/api/v1/profiles/{customer}/contact/preferences"))
        .await;

    assert_eq!(reasons(&closed), ["channel_closed"]);
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    assert_eq!(
        (&open["allowed"], &open["channel"], &open["cap"]),
        (&json!(true), &json!("email"), &json!(1))
    );
    assert_eq!(reasons(&unwanted), ["channel_unwanted"]);
    assert_eq!(paused["next_allowed_at"], "2026-03-01T00:00:00Z");
    assert_eq!(known["channels"].as_array().unwrap().len(), 3);
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit where brand_id = $1 and action = 'contact.preferences_set'
         and actor_kind = 'key' and subject = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.to_string())
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!(audited, 1);
}

#[tokio::test]
async fn preferences_that_make_no_sense_are_refused_and_change_nothing() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let customer = friend(&shop).await;
    server
        .say(customer, json!([{ "channel": "sms", "allowed": false }]))
        .await;

    for (wrong, code) in [
        (
            json!([{ "channel": "pigeon", "allowed": true }]),
            "unknown_channel",
        ),
        (
            json!([{ "channel": "sms", "allowed": true }, { "channel": "sms", "allowed": true }]),
            "repeated_channel",
        ),
        (
            json!([{ "channel": "sms", "allowed": true, "per_week": 31 }]),
            "out_of_range",
        ),
        (
            json!([
                { "channel": "sms", "allowed": true, "preferred": true },
                { "channel": "email", "allowed": true, "preferred": true },
            ]),
            "several_preferred",
        ),
    ] {
        let answer = server.say(customer, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{code}");
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
    let unreadable = server.say(customer, json!("all of them")).await;
    assert_eq!(unreadable.status, StatusCode::BAD_REQUEST);
    let sms = server.may(customer, "?channel=sms").await;
    assert_eq!(reasons(&sms), ["channel_unwanted"]);

    let path = format!("/api/v1/profiles/{customer}/contact");
    for path in [path.clone(), format!("{path}/preferences")] {
        let bare = get(&shop, &path, "").await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let list = get(&shop, "/api/v1/contact/keep-in-touch", "").await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn days_are_counted_in_the_customers_zone() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let customer = friend(&shop).await;
    let zone = async |name: &str| {
        sqlx::query("update profile set traits = $3 where brand_id = $1 and profile_id = $2")
            .bind(shop.brand_id.uuid())
            .bind(customer.uuid())
            .bind(json!({ "timezone": name }))
            .execute(&shop.test.app.pool)
            .await
            .unwrap();
        server.may(customer, "").await
    };
    // Six days and six hours ago: the seventh day in UTC, the eighth in Auckland.
    let at = shop.now() - TimeDelta::hours(6 * 24 + 6);
    shop.learn(customer, &[sent(at, "newsletter")]).await;

    let here = zone("Atlantis/Nowhere").await;
    let east = zone("Pacific/Auckland").await;
    let rule = zone("UTC-13").await;

    assert_eq!(
        (&here["time_zone"], &here["used"]),
        (&json!("UTC"), &json!(1))
    );
    assert_eq!(east["time_zone"], "Pacific/Auckland");
    assert_eq!(east["used"], 0);
    assert_eq!(rule["time_zone"], "UTC");
}

#[tokio::test]
async fn friends_who_have_not_heard_for_sixty_days_are_listed_longest_first() {
    let shop = Shop::open().await;
    let server = Server::of(&shop).await;
    let start = day(shop.now(), -300);
    let mut people = Vec::new();
    for written in [Some(90), None, Some(70), Some(5)] {
        let customer = shop.customer().await;
        let mut life = befriending(start);
        life.extend(written.map(|ago| sent(day(shop.now(), -ago), "newsletter")));
        shop.learn(customer, &life).await;
        people.push(customer);
    }
    let complains = shop.customer().await;
    let mut life = befriending(start);
    life.push(act("Dispute Opened", day(shop.now(), -1)));
    shop.learn(complains, &life).await;
    let stranger = shop.customer().await;
    shop.learn(stranger, &[act("Signed In", start)]).await;
    let ids = |body: &Value| -> Vec<String> {
        let list = body["profiles"].as_array().unwrap().iter();
        list.map(|one| one["profile_id"].as_str().unwrap().to_owned())
            .collect()
    };

    let all = server.ask("/api/v1/contact/keep-in-touch").await;
    let mut one_by_one = Vec::new();
    let mut next = "/api/v1/contact/keep-in-touch?limit=1".to_owned();
    loop {
        let page = server.ask(&next).await;
        one_by_one.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("/api/v1/contact/keep-in-touch?limit=1&cursor={cursor}");
    }

    let expected = [people[1], people[0], people[2]].map(|id| id.to_string());
    assert_eq!(ids(&all), expected);
    assert_eq!(one_by_one, expected);
    assert_eq!(all["profiles"][0]["last_contact_at"], json!(null));
    assert_eq!(all["profiles"][0]["stage"], "friend");
}

#[tokio::test]
async fn nothing_that_the_brand_sends_moves_anybody() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let quiet = shop.customer().await;
    let start = day(shop.now(), -61);
    let life = befriending(start);
    let mut written = life.clone();
    written.extend((0..40).map(|number| sent(day(start, number), "newsletter")));

    shop.learn(quiet, &life).await;
    shop.learn(customer, &written).await;

    assert_eq!(shop.moves(customer).await, shop.moves(quiet).await);
}
