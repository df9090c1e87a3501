//! Who pays for what: visitors of pages for themselves, SDKs for starting up, secret keys for nobody
//! else.

use axum::http::{Method, StatusCode};
use befriend::key::{self, Grant};
use befriend::postgres;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::trust::{allow, behind_proxy};
use super::{Sender, ask, basic, post, statuses, track};
use crate::harness::{Browser, TestApp};

#[tokio::test]
async fn a86_a_visitor_who_floods_is_refused_alone() {
    let test = TestApp::start_with(&[("quota_visitor_events_per_minute", "5")]).await;
    let sender = Sender::new(&test, "bakery").await;
    let of = |id: &str, who: &Value| track(id, who);
    let (ada, bo) = (
        json!({ "anonymousId": "ada", "userId": "42" }),
        json!({ "anonymousId": "bo" }),
    );
    let mut events: Vec<Value> = (0..8).map(|n| of(&format!("a{n}"), &ada)).collect();
    events.insert(6, of("b0", &bo));
    events.push(of("b1", &bo));

    let verdicts = sender.send_from_page(&test, &events).await;

    let (taken, refused) = ("accepted", "rejected");
    assert_eq!(
        statuses(&verdicts),
        [
            taken, taken, taken, taken, taken, refused, taken, refused, refused, taken
        ]
    );
    assert_eq!(verdicts[5]["code"], "visitor_quota");
    assert_eq!(verdicts[5]["docs"], "/docs/errors#visitor_quota");
    assert_eq!(verdicts[5]["messageId"], "a5");
    // Of a flood its beginning is written down, and no more.
    let noted: i64 = ask(
        &test,
        &sender,
        "select count(*) from reject where brand_id = $1 and code = 'visitor_quota'
             and message_id = 'a5'",
    )
    .await;
    let all: i64 = ask(
        &test,
        &sender,
        "select count(*) from reject where brand_id = $1",
    )
    .await;
    assert_eq!((noted, all), (1, 1));

    // Alone it may be sent again later: an SDK then waits and loses nothing.
    let single = post(&test, &sender.browser, "/v1/track", &of("a5", &ada)).await;
    assert_eq!(single.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(single.json()["code"], "visitor_quota");
    assert_eq!(single.header("retry-after"), "13");
    // Whoever is called by a user id alone is a visitor too, and so is who comes by another way in.
    let user = json!({ "userId": "42" });
    let claimed: Vec<Value> = (0..6).map(|n| of(&format!("u{n}"), &user)).collect();
    let claimed = sender.send_from_page(&test, &claimed).await;
    assert_eq!(
        statuses(&claimed),
        [taken, taken, taken, taken, taken, refused]
    );
    let cloud = json!({
        "specversion": "1.0", "id": "c1", "source": "/page", "type": "Product Viewed",
        "subject": "anonymous:ada",
    });
    let headers = [
        ("authorization", &*basic(&sender.browser)),
        ("content-type", "application/cloudevents+json"),
    ];
    let mut page = test.browser();
    let body = cloud.to_string().into();
    let cloud = page
        .send(Method::POST, "/v1/cloudevents", &headers, body)
        .await;
    assert_eq!(cloud.status, StatusCode::TOO_MANY_REQUESTS);
    let pixel = format!(
        "/pixel/v1/track?writeKey={}&event=Email%20Opened&anonymousId=ada",
        sender.browser.expose()
    );
    assert_eq!(page.get(&pixel).await.status, StatusCode::TOO_MANY_REQUESTS);

    // A server speaks for many people under one id, and pays by its key alone.
    let many: Vec<Value> = (0..50).map(|n| of(&format!("s{n}"), &ada)).collect();
    let many = sender.send(&test, &many).await;
    assert!(statuses(&many).iter().all(|status| *status == taken));
    test.clock.advance(TimeDelta::seconds(13));
    let later = post(&test, &sender.browser, "/v1/track", &of("a5", &ada)).await;
    assert_eq!(later.status, StatusCode::OK, "{}", later.text());
}

#[tokio::test]
async fn a86_starting_up_costs_as_much_as_an_event() {
    let test = TestApp::start_with(&[
        ("quota_address_events_per_second", "1"),
        ("trusted_proxies", "10.0.0.0/8"),
        ("public_url", "https://id.brand.example"),
    ])
    .await;
    let sender = Sender::new(&test, "bakery").await;
    let key = sender.browser.expose();
    let paths = [
        format!("/v1/projects/{key}/settings"),
        format!("/sourceConfig/?writeKey={key}"),
    ];
    let mut browser = behind_proxy(&test);
    let mut ask = async |path: &str, address: &str| {
        let headers = [("x-forwarded-for", address)];
        browser
            .send(Method::GET, path, &headers, axum::body::Body::empty())
            .await
    };

    for n in 0..10 {
        let answer = ask(&paths[n % 2], "198.51.100.7").await;
        assert_eq!(answer.status, StatusCode::OK, "{n}: {}", answer.text());
    }
    for path in &paths {
        let spent = ask(path, "198.51.100.7").await;
        assert_eq!(spent.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(spent.json()["code"], "quota_spent");
        assert_eq!(spent.header("retry-after"), "1");
        let other = ask(path, "203.0.113.9").await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
    }
    // Nor do they pass by the quota of the key, wherever they come from.
    let grant = Grant {
        events_per_second: Some(1),
        ..Grant::default()
    };
    allow(&test, &sender, &sender.browser, grant).await;
    let mut refused = Vec::new();
    for n in 0_u8..20 {
        // Another router, so that the key is looked up as it is now.
        let mut browser = behind_proxy(&test);
        let address = format!("192.0.{n}.1");
        let headers = [("x-forwarded-for", address.as_str())];
        let path = &paths[usize::from(n % 2)];
        let empty = axum::body::Body::empty();
        let answer = browser.send(Method::GET, path, &headers, empty).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused.push(n);
        }
    }
    assert!(refused.len() >= 10, "{refused:?}");
    // Made-up keys pay by the address too.
    let made_up = format!("/v1/projects/{}x/settings", &key[..key.len() - 1]);
    for _ in 0..10 {
        let guess = ask(&made_up, "198.18.0.1").await;
        assert_eq!(guess.status, StatusCode::UNAUTHORIZED);
    }
    let spent = ask(&made_up, "198.18.0.1").await;
    assert_eq!(spent.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a86_a_network_in_debt_costs_a_secret_key_nothing() {
    let test = TestApp::start_with(&[
        ("quota_address_events_per_second", "1"),
        ("trusted_proxies", "10.0.0.0/8"),
        ("public_url", "https://id.brand.example"),
    ])
    .await;
    let sender = Sender::new(&test, "bakery").await;
    let send = async |browser: &mut Browser, key: &key::Presented, path: &str, body: &Value| {
        let headers = [
            ("authorization", &*basic(key)),
            ("x-forwarded-for", "198.51.100.7"),
        ];
        browser.post_json(path, &headers, body).await
    };
    let empty = json!({ "batch": [] });
    let one = track("m1", &json!({ "userId": "u" }));
    let mut browser = behind_proxy(&test);
    let flood: Vec<Value> = (0..2_000)
        .map(|n| track(&format!("f{n}"), &json!({ "anonymousId": format!("v{n}") })))
        .collect();
    let flood = json!({ "batch": flood });
    let flood = send(&mut browser, &sender.browser, "/v1/batch", &flood).await;
    assert_eq!(flood.status, StatusCode::OK);
    let page = send(&mut browser, &sender.browser, "/v1/batch", &empty).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "in debt");

    // Neither a key seen for the first time nor one that was seen is refused, by either API.
    for n in 0..30 {
        let path = ["/v1/batch", "/api/v1/events"][n % 2];
        let body = [&empty, &one][n % 2];
        let server = send(&mut browser, &sender.secret, path, body).await;
        assert_eq!(server.status, StatusCode::OK, "{path}: {}", server.text());
    }
    // That pays nobody's debt back, and what is no key is told of the debt and nothing else.
    let page = send(&mut browser, &sender.browser, "/v1/batch", &empty).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "still in debt");
    let mut guess = key::Presented::parse(&sender.secret.expose()).unwrap();
    guess.secret = befriend::kernel::Secret::new("x".repeat(43));
    for path in ["/v1/batch", "/api/v1/events"] {
        let guessed = send(&mut browser, &guess, path, &empty).await;
        assert_eq!(guessed.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    let server = send(&mut browser, &sender.secret, "/v1/batch", &empty).await;
    assert_eq!(server.status, StatusCode::OK, "a guess spoils no key");

    // A key is not let in for having been one.
    let (brand_id, key_id, now) = (sender.brand_id, sender.secret.key_id, test.app.clock.now());
    postgres::tx(&test.app.pool, async |conn| {
        key::store::revoke_key(conn, brand_id, key_id, now).await
    })
    .await
    .unwrap();
    let revoked = std::time::Instant::now();
    loop {
        let server = send(&mut browser, &sender.secret, "/v1/batch", &empty).await;
        if server.status != StatusCode::OK {
            break;
        }
        assert!(revoked.elapsed().as_secs() < 2, "it still works");
    }
}
