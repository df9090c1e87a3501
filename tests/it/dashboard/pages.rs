//! What staff see of customers: every page filled by events that came through the front gate.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::staff_with_brand;
use crate::harness::{Browser, TestApp, start_of_time};

const SCRIPT: &str = "<script>alert(1)</script>";

/// A brand, somebody of its staff, and a key that sends events.
pub(super) struct Shop {
    pub(super) test: TestApp,
    pub(super) browser: Browser,
    pub(super) key: String,
}

impl Shop {
    pub(super) async fn open() -> Self {
        let test = TestApp::start().await;
        let mut browser = staff_with_brand(&test).await;
        let fields = [("name", "Till"), ("kind", "secret")];
        let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
        let body = made.text();
        let start = body.find("bf_sec_").unwrap();
        let key = body[start..start + 83].to_owned();
        Self { test, browser, key }
    }

    pub(super) async fn send(&self, events: &[Value]) {
        let basic = STANDARD.encode(format!("{}:", self.key));
        let authorization = format!("Basic {basic}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", authorization.as_str()),
        ];
        let body = Body::from(json!({ "batch": events }).to_string());
        let mut sender = self.test.browser();
        let answer = sender.send(Method::POST, "/v1/batch", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.test.app.projector.drain().await.unwrap();
    }

    pub(super) async fn see(&mut self, page: &str) -> String {
        let answer = self.browser.get(&format!("/dashboard/bakery/{page}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text());
        answer.text()
    }

    /// The path of the one customer in the list.
    async fn customer(&mut self) -> String {
        let list = self.see("customers").await;
        let start = list.find("customers/prf_").unwrap();
        list[start..].split('"').next().unwrap().to_owned()
    }
}

pub(super) fn track(id: &str, name: &str, days_ago: i64, properties: &Value) -> Value {
    json!({
        "type": "track",
        "messageId": id,
        "userId": "4711",
        "event": name,
        "timestamp": (start_of_time() - TimeDelta::days(days_ago)).to_rfc3339(),
        "properties": properties,
    })
}

/// Somebody who became a friend: three orders on three days within some weeks.
fn befriending() -> Vec<Value> {
    let order = |id: &str, days_ago| {
        let properties = json!({ "order_id": id, "total": 42.5, "currency": "CHF" });
        track(id, "Order Completed", days_ago, &properties)
    };
    vec![
        json!({
            "type": "identify",
            "messageId": "who",
            "userId": "4711",
            "timestamp": (start_of_time() - TimeDelta::days(70)).to_rfc3339(),
            "traits": { "name": "Anna Keller", "email": "anna@example.com" },
        }),
        track("s", "Signed Up", 70, &json!({})),
        track("c", "Consent Given", 70, &json!({})),
        order("o1", 60),
        order("o2", 30),
        order("o3", 3),
    ]
}

#[tokio::test]
async fn a_new_brand_is_told_how_to_begin() {
    let mut shop = Shop::open().await;

    let overview = shop.see("").await;
    let customers = shop.see("customers").await;
    let live = shop.see("live").await;

    assert!(overview.contains("No customers yet"));
    assert!(overview.contains("befriend demo"));
    assert!(overview.contains("Add a site"));
    assert!(customers.contains("No customers yet"));
    assert!(live.contains("data-after="));

    let site = [
        ("name", "Web"),
        ("kind", "web"),
        ("redirect_uris", "https://shop.example/"),
    ];
    shop.browser
        .post_form("/dashboard/bakery/sites", &site)
        .await;
    let overview = shop.see("").await;
    assert!(
        overview.contains("client-id=&#34;bakery.web&#34;"),
        "{overview}"
    );
}

#[tokio::test]
async fn events_become_figures_people_and_reasons() {
    let mut shop = Shop::open().await;
    shop.send(&befriending()).await;

    let overview = shop.see("").await;
    let share = shop.see("?mix=share").await;
    let friends = shop.see("customers?stage=friend").await;
    let strangers = shop.see("customers?stage=stranger").await;
    let found = shop.see("customers?q=anna").await;
    let brands = shop.browser.get("/dashboard/brands").await.text();
    let path = shop.customer().await;
    let customer = shop.see(&path).await;

    assert!(
        overview.contains("In the last 4 weeks 1 person warmed"),
        "{overview}"
    );
    assert!(share.contains("100 %"));
    assert!(friends.contains("Anna Keller") && found.contains("Anna Keller"));
    assert!(!strangers.contains("Anna Keller") && strangers.contains("Nobody matches"));
    assert!(brands.contains("1 customer, since"));
    for said in [
        "Anna Keller",
        "anna@example.com",
        "A friend since",
        "If nothing happens they cool to acquaintance on",
        "Would cool on",
        "CHF 42.50, o3",
        "+10 investment",
        "Rule P",
        "Order Completed on 16 December 2025: 10 points, 8.9 left",
        "1 more review and 1 more converted referral, one a day, by",
        "would keep them a friend until",
        "Without this Order Completed they would have remained an acquaintance",
        "By the rules of version 1.",
        "4711",
        "Warmed",
    ] {
        assert!(customer.contains(said), "{said} in {customer}");
    }
}

#[tokio::test]
async fn a_customers_page_says_whether_they_may_be_written_to() {
    let mut shop = Shop::open().await;
    shop.send(&befriending()).await;
    let path = shop.customer().await;

    let quiet = shop.see(&path).await;
    let list = shop.see("keep-in-touch").await;
    let properties = json!({ "channel": "email", "purpose": "newsletter" });
    let sent = |ago: i64| track(&format!("c{ago}"), "Contact Sent", ago, &properties);
    shop.send(&[sent(3), sent(2), sent(1)]).await;
    let written = shop.see(&path).await;
    shop.test.clock.advance(TimeDelta::days(70));
    // Staff who stay signed in: sessions are not what this is about.
    sqlx::query(
        "update staff_session set expires_at = expires_at + interval '70 days',
                                  last_seen_at = last_seen_at + interval '70 days'",
    )
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    shop.test.app.projector.sweep().await.unwrap();
    let unheard = shop.see("keep-in-touch").await;

    assert!(quiet.contains("Yes, by email"), "{quiet}");
    assert!(quiet.contains("0 of 3 contacts in 7 days, as for a friend."));
    assert!(list.contains("Everybody has heard from you"), "{list}");
    assert!(written.contains("Not now; again from 19 Jan 2026, 00:00 UTC"));
    assert!(
        unheard.contains("Anna Keller") && unheard.contains("friends or closer"),
        "{unheard}"
    );
}

#[tokio::test]
async fn reasons_are_shown_for_any_day() {
    let mut shop = Shop::open().await;
    shop.send(&befriending()).await;
    let path = shop.customer().await;

    let before = shop.see(&format!("{path}?on=2026-01-01")).await;
    let ahead = shop.see(&format!("{path}?on=2026-12-31")).await;
    let today = shop.see(&format!("{path}?on=nonsense")).await;
    let beyond = shop.see(&format!("{path}?on=2300-01-01")).await;

    assert!(before.contains("As it was on 1 Jan 2026"), "{before}");
    assert!(before.contains("An acquaintance since"));
    assert!(before.contains("1 more order by"));
    assert!(ahead.contains("As it will be on 31 Dec 2026 if nothing happens"));
    assert!(ahead.contains("Back to today"));
    for now in [today, beyond] {
        assert!(now.contains("A friend since") && !now.contains("Back to today"));
    }
}

#[tokio::test]
async fn a_long_timeline_is_read_page_by_page() {
    let mut shop = Shop::open().await;
    let views: Vec<Value> = (0..60)
        .map(|n| {
            let properties = json!({ "path": format!("/page-{n}") });
            track(&format!("v{n}"), "Story Viewed", 60 - n, &properties)
        })
        .collect();
    shop.send(&views).await;

    let path = shop.customer().await;
    let first = shop.see(&path).await;
    let start = first.find("?cursor=").unwrap();
    let cursor = first[start..].split('"').next().unwrap();
    let second = shop.see(&format!("{path}{cursor}")).await;

    assert!(first.contains("/page-59") && !first.contains("/page-0<"));
    assert!(second.contains("/page-0<") && !second.contains("/page-59"));
    let forged = shop.see(&format!("{path}?cursor=%27%3B+drop+table")).await;
    assert!(forged.contains("/page-59"));
}

#[tokio::test]
async fn live_shows_what_arrives_and_what_is_refused() {
    let mut shop = Shop::open().await;
    let before = shop.see("live").await;
    let start = before.find("data-after=\"").unwrap() + 12;
    let after = before[start..].split('"').next().unwrap().to_owned();
    shop.test.clock.advance(TimeDelta::seconds(5));
    shop.send(&befriending()).await;
    shop.send(&[json!({ "type": "track", "messageId": "bad", "userId": "4711" })])
        .await;

    let path = format!("/dashboard/bakery/live.json?after={after}");
    let update = shop.browser.get(&path).await;
    let again = {
        let newest = update.json()["newest"].as_str().unwrap().to_owned();
        let path = format!("/dashboard/bakery/live.json?after={newest}");
        shop.browser.get(&path).await
    };
    let page = shop.see("live").await;
    let rejected = shop.see("live?status=rejected").await;

    assert_eq!(update.header("content-type"), "application/json");
    let events = update.json()["events"].as_array().unwrap().clone();
    assert_eq!(events.len(), 7);
    let rejects: Vec<_> = events
        .iter()
        .filter(|e| e["status"] == "rejected")
        .collect();
    assert_eq!(rejects.len(), 1);
    assert!(!rejects[0]["reason"].as_str().unwrap().is_empty());
    let warmed: Vec<_> = events.iter().filter(|e| e["effect"] != "").collect();
    assert!(
        warmed
            .iter()
            .any(|e| e["effect"] == "Warmed: acquaintance → friend")
    );
    let ids = |answer: &crate::harness::Answer| {
        let mut ids: Vec<String> = answer.json()["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    // The next update looks back a little, and the page drops what it knows.
    assert_eq!(ids(&again), ids(&update));
    assert!(page.contains("Order Completed") && page.contains("Anna Keller"));
    assert!(!rejected.contains("Order Completed"));
}

#[tokio::test]
async fn a73_what_strangers_write_is_inert() {
    let mut shop = Shop::open().await;
    let traits = json!({ "name": SCRIPT, "email": "x@example.com" });
    shop.send(&[
        json!({ "type": "identify", "messageId": SCRIPT, "userId": SCRIPT, "traits": traits }),
        json!({
            "type": "track",
            "messageId": "t",
            "userId": SCRIPT,
            "event": SCRIPT,
            "properties": { "title": SCRIPT },
        }),
        json!({ "type": SCRIPT, "messageId": "bad", "userId": SCRIPT }),
    ])
    .await;

    let path = shop.customer().await;
    for page in ["", "customers", "customers?q=%3Cscript%3E", "live", &path] {
        let text = shop.see(page).await;
        assert!(!text.contains(SCRIPT), "{page}");
        assert!(!text.contains("<script>"), "{page}");
    }
}

#[tokio::test]
async fn a94_a_customer_of_another_brand_is_not_found() {
    let mut shop = Shop::open().await;
    shop.send(&befriending()).await;
    let path = shop.customer().await;
    let fields = [("name", "Other"), ("slug", "other"), ("colour", "")];
    shop.browser.post_form("/dashboard/brands", &fields).await;

    let foreign = shop.browser.get(&format!("/dashboard/other/{path}")).await;
    let made_up = "prf_00000000000000000000000000000000";
    let unknown = shop
        .browser
        .get(&format!("/dashboard/bakery/customers/{made_up}"))
        .await;
    let others = shop.browser.get("/dashboard/other/customers").await;

    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(!others.text().contains("Anna Keller"));
}
