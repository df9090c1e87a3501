//! What keys may do, how much of it, and what is believed of what they say.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, StatusCode};
use befriend::event;
use befriend::key::{self, Allowlist, Grant, Presented, Scope, Scopes};
use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{Sender, ask, basic, post, profile_of, statuses, track};
use crate::harness::{Answer, Browser, TestApp};

/// The router of the API, as written.
const ROUTER: &str = include_str!("../../../src/http/api/mod.rs");

const NOBODY: &str = "/api/v1/profiles/prf_00000000000000000000000000000000";

/// Every route: method, pattern, and the scope that it needs. A new route needs a row.
const ROUTES: [(&str, &str, Scope); 26] = [
    ("POST", "/api/v1/events", Scope::EventsWrite),
    ("GET", "/api/v1/profiles", Scope::ProfilesRead),
    ("GET", "/api/v1/profiles/{id}", Scope::ProfilesRead),
    ("GET", "/api/v1/profiles/{id}/standing", Scope::ProfilesRead),
    (
        "GET",
        "/api/v1/profiles/{id}/explanation",
        Scope::ProfilesRead,
    ),
    (
        "GET",
        "/api/v1/profiles/{id}/transitions",
        Scope::ProfilesRead,
    ),
    (
        "GET",
        "/api/v1/profiles/{id}/transitions/{transition_id}",
        Scope::ProfilesRead,
    ),
    ("GET", "/api/v1/profiles/{id}/layers", Scope::ProfilesRead),
    (
        "GET",
        "/api/v1/profiles/{id}/layer-transitions",
        Scope::ProfilesRead,
    ),
    (
        "GET",
        "/api/v1/profiles/{id}/referrals",
        Scope::ProfilesRead,
    ),
    ("GET", "/api/v1/profiles/{id}/value", Scope::ProfilesRead),
    ("GET", "/api/v1/profiles/{id}/contact", Scope::ContactRead),
    (
        "GET",
        "/api/v1/profiles/{id}/contact/preferences",
        Scope::ContactRead,
    ),
    (
        "PUT",
        "/api/v1/profiles/{id}/contact/preferences",
        Scope::ContactWrite,
    ),
    (
        "POST",
        "/api/v1/profiles/{id}/contact/preferences/link",
        Scope::ContactWrite,
    ),
    ("POST", "/api/v1/profiles/{id}/merge", Scope::ProfilesWrite),
    (
        "POST",
        "/api/v1/profiles/{id}/unmerge",
        Scope::ProfilesWrite,
    ),
    ("POST", "/api/v1/profiles/{id}/erase", Scope::ProfilesWrite),
    ("GET", "/api/v1/contact/keep-in-touch", Scope::ContactRead),
    ("GET", "/api/v1/disputes", Scope::DisputesRead),
    ("GET", "/api/v1/rules", Scope::RulesRead),
    ("GET", "/api/v1/rules/preview", Scope::RulesRead),
    ("POST", "/api/v1/rules/preview", Scope::RulesWrite),
    ("GET", "/api/v1/rules/preview/{id}", Scope::RulesRead),
    ("POST", "/api/v1/rules/publish", Scope::RulesWrite),
    (
        "POST",
        "/api/v1/rules/{version}/take-back",
        Scope::RulesWrite,
    ),
];

fn path_of(pattern: &str) -> String {
    pattern
        .replace("/api/v1/profiles/{id}", NOBODY)
        .replace("{transition_id}", "trn_00000000000000000000000000000000")
        .replace("{id}", "nobody")
        .replace("{version}", "7")
}

async fn call(test: &TestApp, method: &str, pattern: &str, key: Option<&Presented>) -> Answer {
    let authorization = key.map(basic);
    let mut headers = vec![("content-type", "application/json")];
    if let Some(authorization) = &authorization {
        headers.push(("authorization", authorization));
    }
    let method: Method = method.parse().unwrap();
    let body = Body::from("{}");
    let path = path_of(pattern);
    test.browser().send(method, &path, &headers, body).await
}

pub(super) async fn allow(test: &TestApp, sender: &Sender, key: &Presented, grant: Grant) {
    let mut conn = test.app.pool.acquire().await.unwrap();
    let found = key::store::update_grant(&mut conn, sender.brand_id, key.key_id, &grant).await;
    assert!(found.unwrap());
}

async fn scoped(test: &TestApp, sender: &Sender, scopes: impl IntoIterator<Item = Scope>) {
    let scopes = Scopes::of(scopes).unwrap();
    let grant = Grant {
        scopes,
        ..Grant::default()
    };
    allow(test, sender, &sender.secret, grant).await;
}

async fn standing(test: &TestApp, sender: &Sender, kind: &str, alias: &str) -> Value {
    test.app.projector.drain().await.unwrap();
    let id = profile_of(test, sender, kind, alias).await.unwrap();
    let headers = [("authorization", &*basic(&sender.secret))];
    let path = format!("/api/v1/profiles/{id}/standing");
    let mut browser = test.browser();
    let answer = browser
        .send(Method::GET, &path, &headers, Body::empty())
        .await;
    answer.json()
}

#[test]
fn a93_every_api_route_has_a_row() {
    let code = ROUTER.replace(char::is_whitespace, "");
    let routes: BTreeSet<(String, String)> = code
        .split(".route(\"")
        .skip(1)
        .flat_map(|rest| {
            let (path, handlers) = rest.split_once('"').unwrap();
            let handlers = handlers.split("))").next().unwrap();
            [
                ("GET", "get("),
                ("POST", "post("),
                ("PUT", "put("),
                ("DELETE", "delete("),
            ]
            .into_iter()
            .filter(|(_, call)| handlers.contains(call))
            .map(|(method, _)| (method.to_owned(), path.to_owned()))
            .collect::<Vec<_>>()
        })
        .collect();
    let rows = ROUTES.map(|(method, route, _)| (method.to_owned(), route.to_owned()));

    assert_eq!(routes, rows.into_iter().collect());
}

#[tokio::test]
async fn a101_a_key_without_the_scope_of_a_route_is_refused_and_told_which() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;

    for scope in Scope::ALL {
        scoped(&test, &sender, [scope]).await;
        for (method, route, needed) in ROUTES {
            let answer = call(&test, method, route, Some(&sender.secret)).await;
            if needed == scope {
                let status = answer.status;
                assert_ne!(status, StatusCode::FORBIDDEN, "{method} {route}");
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {route}");
            } else {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {route}");
                let told = answer.json();
                assert_eq!(told["code"], "scope_missing", "{method} {route}");
                let detail = told["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(needed.as_str()), "{route}: {detail}");
            }
        }
    }
}

#[tokio::test]
async fn a101_a_key_that_may_not_send_events_is_refused_by_every_route_of_theirs() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    scoped(&test, &sender, [Scope::ProfilesRead]).await;
    let event = track("m1", &json!({ "userId": "u1" }));

    for (path, body) in [
        ("/v1/track", event.clone()),
        ("/v1/batch", json!({ "batch": [event] })),
        ("/v1/cloudevents", json!({})),
    ] {
        let answer = post(&test, &sender.secret, path, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.json()["code"], "scope_missing", "{path}");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("events:write")
        );
    }
}

#[tokio::test]
async fn a87_a_browser_key_reads_nothing_and_no_key_stands_in_a_url() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let key = sender.browser.expose();

    for (method, route, _) in ROUTES {
        let answer = call(&test, method, route, Some(&sender.browser)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {route}");
        assert_eq!(
            answer.json()["code"],
            "secret_key_needed",
            "{method} {route}"
        );
        let answer = call(&test, method, route, None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {route}");
    }
    for path in ["/v1/batch", "/v1/t", "/v1/cloudevents"] {
        for key in [&key, &sender.secret.expose()] {
            let path = format!("{path}?writeKey={key}");
            let answer = test.browser().post_json(&path, &[], &json!({})).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(answer.json()["code"], "key_in_url", "{path}");
        }
    }
    let beacon = format!("/beacon/v1/batch?writeKey={key}");
    let batch = json!({ "batch": [track("m1", &json!({ "anonymousId": "a1" }))] });
    let beacon = test.browser().post_json(&beacon, &[], &batch).await;
    assert_eq!(beacon.status, StatusCode::OK, "{}", beacon.text());
}

#[tokio::test]
async fn a84_a_key_sends_what_its_list_names() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let grant = Grant {
        events: Allowlist::read("Product *\nSigned In\n$page").unwrap(),
        ..Grant::default()
    };
    allow(&test, &sender, &sender.browser, grant).await;
    let named = |id: &str, name: &str| track(id, &json!({ "anonymousId": "a1", "event": name }));
    let of_kind = |id: &str, kind: &str| {
        json!({ "messageId": id, "type": kind, "anonymousId": "a1", "userId": "u1",
                "previousId": "p", "groupId": "g", "name": "Signed In" })
    };

    let verdicts = sender
        .send_from_page(
            &test,
            &[
                named("m1", "Product Viewed"),
                named("m2", "Order Completed"),
                named("m3", "Signed In"),
                of_kind("m4", "page"),
                of_kind("m5", "identify"),
                of_kind("m6", "screen"),
                of_kind("m7", "alias"),
            ],
        )
        .await;

    assert_eq!(
        statuses(&verdicts),
        [
            "accepted", "rejected", "accepted", "accepted", "rejected", "rejected", "rejected"
        ]
    );
    assert_eq!(verdicts[1]["code"], "event_not_allowed");
    let single = post(&test, &sender.browser, "/v1/track", &named("m8", "Refund")).await;
    assert_eq!(single.status, StatusCode::BAD_REQUEST);
    assert_eq!(single.json()["code"], "event_not_allowed");
    let pixel = format!(
        "/pixel/v1/track?writeKey={}&anonymousId=a1&event=Refund",
        sender.browser.expose()
    );
    assert_eq!(
        test.browser().get(&pixel).await.status,
        StatusCode::BAD_REQUEST
    );
    // The brand finds what was not let in among what was refused.
    let refused: i64 = ask(
        &test,
        &sender,
        "select count(*) from reject where brand_id = $1 and code = 'event_not_allowed'",
    )
    .await;
    assert_eq!(refused, 6);
}

#[tokio::test]
async fn a84_what_only_servers_may_say_moves_nobody_from_a_page() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let names = [
        "Order Completed",
        "Completed Order",
        "Order Refunded",
        "Referral Converted",
        "Dispute Resolved",
        "Consent Given",
        "Consent Withdrawn",
        "Account Deleted",
        "purchase",
        "stage.set",
        "email.verified",
    ];
    let said: Vec<Value> = names
        .iter()
        .map(|name| {
            let properties = json!({ "order_id": name, "total": 500, "stage": "devotee" });
            let more = json!({ "anonymousId": "forger", "event": name, "properties": properties });
            track(name, &more)
        })
        .collect();
    let viewed = track("seen", &json!({ "anonymousId": "visitor" }));

    let verdicts = sender.send_from_page(&test, &said).await;
    sender.send_from_page(&test, &[viewed]).await;

    assert!(
        statuses(&verdicts)
            .iter()
            .all(|status| *status == "accepted")
    );
    let trusted: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and trusted",
    )
    .await;
    assert_eq!(trusted, 0);
    let forger = standing(&test, &sender, "anonymous", "forger").await;
    for (dimension, points) in forger["scores"].as_object().unwrap() {
        assert_eq!(points.as_f64(), Some(0.0), "{dimension}: {forger}");
    }
    assert_eq!(forger["stage"], "stranger");
    let visitor = standing(&test, &sender, "anonymous", "visitor").await;
    assert!(
        visitor["scores"]["familiarity"].as_f64().unwrap() > 0.0,
        "{visitor}"
    );
}

#[tokio::test]
async fn a88_no_event_of_a_page_is_a_consent() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    sender
        .send(
            &test,
            &[track(
                "m0",
                &json!({ "userId": "u1", "event": "Signed Up" }),
            )],
        )
        .await;
    let before = standing(&test, &sender, "user", "u1").await;
    let consent = json!({ "purpose": "marketing", "granted": true });
    let events = [
        track(
            "m1",
            &json!({ "userId": "u1", "event": "Consent Given", "properties": consent }),
        ),
        track(
            "m2",
            &json!({ "userId": "u1", "event": "Consent Withdrawn", "properties": consent }),
        ),
        json!({ "type": "identify", "messageId": "m3", "userId": "u1",
                "traits": { "consent": consent, "marketing": true },
                "context": { "consent": consent } }),
    ];

    sender.send_from_page(&test, &events).await;

    let written: i64 = ask(
        &test,
        &sender,
        "select count(*) from consent where brand_id = $1",
    )
    .await;
    assert_eq!(written, 0);
    let after = standing(&test, &sender, "user", "u1").await;
    assert_eq!(
        (&after["scores"], &after["stage"]),
        (&before["scores"], &before["stage"])
    );
    let claimed = standing(&test, &sender, "claimed", "u1").await;
    assert_eq!(
        claimed["scores"]["familiarity"].as_f64(),
        Some(0.0),
        "{claimed}"
    );
    // What a server says counts for the standing, and is no proof of consent either.
    let by_server = track("m4", &json!({ "userId": "u1", "event": "Consent Given" }));
    sender.send(&test, &[by_server]).await;
    let counted = standing(&test, &sender, "user", "u1").await;
    assert_ne!(counted["scores"], before["scores"]);
    let written: i64 = ask(
        &test,
        &sender,
        "select count(*) from consent where brand_id = $1",
    )
    .await;
    assert_eq!(written, 0);
}

/// A body that notes whether anybody reads it.
fn watched(text: String) -> (Body, Arc<AtomicBool>) {
    let read = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&read);
    let chunks = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(text)) });
    let chunks = chunks.inspect(move |_| note.store(true, Ordering::Relaxed));
    (Body::from_stream(chunks), read)
}

#[tokio::test]
async fn a86_a_key_has_a_quota_that_is_looked_at_before_the_body() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let grant = Grant {
        events_per_second: Some(1),
        ..Grant::default()
    };
    allow(&test, &sender, &sender.browser, grant).await;
    let event = |n: u32| track(&format!("m{n}"), &json!({ "anonymousId": "a1" }));
    for n in 0..10 {
        let taken = post(&test, &sender.browser, "/v1/track", &event(n)).await;
        assert_eq!(taken.status, StatusCode::OK, "{n}: {}", taken.text());
    }

    let (body, read) = watched(event(10).to_string());
    let headers = [("authorization", &*basic(&sender.browser))];
    let spent = test
        .browser()
        .send(Method::POST, "/v1/track", &headers, body)
        .await;

    assert_eq!(
        spent.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        spent.text()
    );
    assert!(!read.load(Ordering::Relaxed), "the body was read");
    assert_eq!(spent.json()["code"], "quota_spent");
    assert_eq!(spent.json()["success"], false);
    assert_eq!(spent.header("retry-after"), "1");
    let resets = test.app.clock.now() + TimeDelta::seconds(1);
    assert_eq!(
        spent.header("x-ratelimit-reset"),
        resets.timestamp_millis().to_string()
    );
    let exposed = spent.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after") && exposed.contains("x-ratelimit-reset"));
    // Another key of the brand has its own; and in time there is more.
    let server = sender
        .send(&test, &[track("s", &json!({ "userId": "u" }))])
        .await;
    assert_eq!(server[0]["status"], "accepted");
    test.clock.advance(TimeDelta::seconds(1));
    let later = post(&test, &sender.browser, "/v1/track", &event(10)).await;
    assert_eq!(later.status, StatusCode::OK);
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 12);
}

#[tokio::test]
async fn a86_a_batch_is_paid_for_event_by_event_and_the_api_pays_too() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let grant = Grant {
        events_per_second: Some(10),
        ..Grant::default()
    };
    allow(&test, &sender, &sender.secret, grant).await;
    let many: Vec<Value> = (0..150)
        .map(|n| track(&format!("m{n}"), &json!({ "userId": "u" })))
        .collect();

    let taken = sender.send(&test, &many).await;
    let next = post(&test, &sender.secret, "/v1/batch", &json!({ "batch": [] })).await;
    let api = call(&test, "GET", "/api/v1/rules", Some(&sender.secret)).await;

    assert!(statuses(&taken).iter().all(|status| *status == "accepted"));
    // A hundred were there, a hundred and fifty were sent: fifty are owed, and one is asked for.
    assert_eq!(
        (next.status.as_u16(), next.header("retry-after")),
        (429, "6")
    );
    assert_eq!((api.status.as_u16(), api.header("retry-after")), (429, "6"));
    assert!(!api.header("x-ratelimit-reset").is_empty());
    assert_eq!(api.json()["code"], "quota_spent");
}

/// A browser whose requests come from a proxy at 10.0.0.1.
pub(super) fn behind_proxy(test: &TestApp) -> Browser {
    let proxy = SocketAddr::from(([10, 0, 0, 1], 4_000));
    let router = test.router().layer(axum::Extension(ConnectInfo(proxy)));
    Browser::new(router, test.app.config.issuer())
}

#[tokio::test]
async fn a86_an_address_has_a_quota_and_only_a_trusted_proxy_says_which_it_is() {
    let test = TestApp::start_with(&[
        ("quota_address_events_per_second", "1"),
        ("trusted_proxies", "10.0.0.0/8"),
        ("public_url", "https://id.brand.example"),
    ])
    .await;
    let sender = Sender::new(&test, "bakery").await;
    let mut browser = behind_proxy(&test);
    let mut from = async |forwarded: &str, key: &Presented| {
        let headers = [
            ("authorization", &*basic(key)),
            ("x-forwarded-for", forwarded),
        ];
        let batch = json!({ "batch": [] });
        let answer = browser.post_json("/v1/batch", &headers, &batch).await;
        answer.status.as_u16()
    };

    for _ in 0..10 {
        assert_eq!(from("198.51.100.7", &sender.browser).await, 200);
    }
    assert_eq!(from("198.51.100.7", &sender.browser).await, 429);
    // What a caller writes before what the proxy saw changes nothing.
    assert_eq!(
        from("203.0.113.9, 198.51.100.7", &sender.browser).await,
        429
    );
    assert_eq!(
        from("198.51.100.250", &sender.browser).await,
        429,
        "a neighbour"
    );
    assert_eq!(
        from("203.0.113.9", &sender.browser).await,
        200,
        "somebody else"
    );
    // A server pays by its key, not by its address.
    for _ in 0..30 {
        assert_eq!(from("192.0.2.1", &sender.secret).await, 200);
    }
    // Who tries keys pays for each.
    let other = Sender::new(&test, "rink").await;
    let mut guess = other.secret;
    guess.secret = befriend::kernel::Secret::new("x".repeat(43));
    for _ in 0..10 {
        assert_eq!(from("192.0.2.77, 2001:db8::1", &guess).await, 401);
    }
    assert_eq!(from("2001:db8::2", &guess).await, 429);
    test.clock.advance(TimeDelta::seconds(1));
    assert_eq!(from("198.51.100.7", &sender.browser).await, 200);
}

#[tokio::test]
async fn a92_a_flood_of_one_brand_is_refused_and_another_brand_is_served() {
    let test = TestApp::start_with(&[("quota_secret_key_events_per_second", "10")]).await;
    let (loud, quiet) = (
        Sender::new(&test, "bakery").await,
        Sender::new(&test, "rink").await,
    );
    let many: Vec<Value> = (0..1_000)
        .map(|n| track(&format!("m{n}"), &json!({ "userId": "u" })))
        .collect();
    loud.send(&test, &many).await;

    let flood = futures_util::future::join_all((0..50).map(|n| {
        let event = track(&format!("f{n}"), &json!({ "userId": "u" }));
        let (test, loud) = (&test, &loud);
        async move { post(test, &loud.secret, "/v1/track", &event).await }
    }));
    let fair = track("q1", &json!({ "userId": "u" }));
    let (refused, served) = tokio::join!(flood, post(&test, &quiet.secret, "/v1/track", &fair));

    assert!(
        refused
            .iter()
            .all(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS)
    );
    assert!(
        refused
            .iter()
            .all(|answer| answer.header("retry-after") != "0")
    );
    assert_eq!(served.status, StatusCode::OK, "{}", served.text());
    let stored: i64 = ask(
        &test,
        &loud,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 1_000);
}

#[tokio::test]
async fn a91_names_beyond_what_a_brand_may_have_are_stored_and_kept_out_of_lists() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let named = |n: usize, prefix: &str| {
        let name = format!("{prefix} {n:04}");
        track(
            &name,
            &json!({ "anonymousId": format!("a{}", n / 100), "event": name }),
        )
    };
    let flagged = |verdicts: &[Value]| {
        let is_flagged = |verdict: &&Value| verdict["flags"] == json!(["name_over_cap"]);
        verdicts.iter().filter(is_flagged).count()
    };
    let by_page: Vec<Value> = (0..1_100).map(|n| named(n, "Page")).collect();
    let by_server: Vec<Value> = (0..1_010).map(|n| named(n, "Server")).collect();

    let first = sender.send_from_page(&test, &by_page[..600]).await;
    let second = sender.send_from_page(&test, &by_page[600..]).await;
    let servers = sender.send(&test, &by_server).await;
    let again = sender
        .send(&test, &[named(5, "Page"), named(2_000, "Server")])
        .await;

    assert_eq!((flagged(&first), flagged(&second)), (0, 100));
    assert_eq!(flagged(&servers), 10);
    assert_eq!(again[0]["status"], "duplicate");
    assert_eq!(flagged(&again), 1);
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1",
    )
    .await;
    assert_eq!(stored, 1_100 + 1_010 + 1);
    let mut conn = test.app.pool.acquire().await.unwrap();
    let names = event::store::list_names(&mut conn, sender.brand_id, i64::MAX)
        .await
        .unwrap();
    assert_eq!(names.len(), event::names::NAMES_MAX);
    // Another process finds what this one wrote.
    let other = event::Names::default();
    let submission = befriend::event::Submission::internal(
        sender.brand_id,
        vec![named(0, "Server"), named(3_000, "Server")],
        test.app.clock.now(),
        &test.app.entropy,
    );
    let mut items = submission.items;
    other
        .mark(
            &test.app.pool,
            &submission.sender,
            &mut items,
            test.app.clock.now(),
        )
        .await;
    let flags = items.iter().map(|item| match item {
        event::Judged::Accepted(event) => event.flags.len(),
        event::Judged::Rejected(_) => 9,
    });
    assert_eq!(flags.collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn a91_an_event_with_many_properties_is_stored_and_flagged() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let with = |id: &str, count: usize| {
        let properties: serde_json::Map<String, Value> =
            (0..count).map(|n| (format!("p{n}"), json!(n))).collect();
        track(id, &json!({ "userId": "u", "properties": properties }))
    };

    let verdicts = sender
        .send(&test, &[with("m1", 255), with("m2", 256)])
        .await;

    assert_eq!(statuses(&verdicts), ["accepted", "accepted"]);
    assert_eq!(verdicts[0]["flags"], Value::Null);
    assert_eq!(verdicts[1]["flags"], json!(["many_properties"]));
}

#[tokio::test]
async fn an_event_beyond_its_size_is_flagged_or_refused_as_the_settings_say() {
    for (strict, status, code) in [
        ("false", "accepted", None),
        ("true", "rejected", Some("event_too_large")),
    ] {
        let test = TestApp::start_with(&[("event_length_strict", strict)]).await;
        let sender = Sender::new(&test, "bakery").await;
        let large = json!({ "userId": "u", "properties": { "text": "x".repeat(33_000) } });

        let verdicts = sender
            .send(
                &test,
                &[track("m1", &json!({ "userId": "u" })), track("m2", &large)],
            )
            .await;

        assert_eq!(verdicts[0]["status"], "accepted");
        assert_eq!(
            (verdicts[1]["status"].as_str(), verdicts[1]["code"].as_str()),
            (Some(status), code)
        );
        if strict == "false" {
            assert_eq!(verdicts[1]["flags"], json!(["oversize"]));
        }
    }
}

#[tokio::test]
async fn every_refusal_of_a_method_is_json_too() {
    let test = TestApp::start().await;

    for path in ["/v1/batch", "/v1/t", "/v1/cloudevents", "/beacon/v1/batch"] {
        let answer = test.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.json()["code"], "method_not_allowed", "{path}");
        assert_eq!(answer.json()["success"], false);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}
