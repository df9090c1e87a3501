//! Providers that hang, fail, lie about their types, or change their keys.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::provider::{Endpoint, Fault};
use super::world::{World, assert_refused, assert_signed_in, go_to, open_login, person, sign_in};

fn ada() -> Value {
    person("ada", "ada@example.com")
}

#[tokio::test]
async fn f17_a_provider_that_hangs_costs_ten_seconds_at_most_and_nobody_else() {
    let started = std::time::Instant::now();
    let hanging = [
        Endpoint::Discovery,
        Endpoint::Jwks,
        Endpoint::Token,
        Endpoint::Userinfo,
    ]
    .map(|endpoint| async move {
        let world = World::new().await;
        let slow = world.connect("slow").await;
        let quick = world.connect("quick").await;
        slow.fail(endpoint, Fault::Hang);
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let stuck = async {
            let mut browser = browser.clone();
            let start = browser.get(&format!("{login}&provider=slow")).await;
            if endpoint == Endpoint::Discovery {
                return start;
            }
            browser.get(&slow.agree(start.location(), ada())).await
        };
        let others = async {
            let mut browser = world.browser();
            let waited = std::time::Instant::now();
            let answer = sign_in(&mut browser, &quick, "quick", ada()).await;
            (answer, waited.elapsed())
        };
        let (stuck, (other, waited)) = tokio::join!(stuck, others);
        assert_refused(&stuck, 502);
        assert!(stuck.text().contains("does not answer"), "{endpoint:?}");
        assert_signed_in(&other);
        assert!(waited.as_secs() < 8, "{endpoint:?} held another up");
    });

    join_all(hanging).await;

    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[tokio::test]
async fn f18_a_provider_that_answers_badly_gets_a_clean_page_and_an_entry() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut tried = 0;
    for endpoint in [Endpoint::Token, Endpoint::Userinfo, Endpoint::Jwks] {
        for fault in [
            Fault::Status(500),
            Fault::Status(503),
            Fault::Status(429),
            Fault::Html,
            Fault::Truncated,
            Fault::WrongType,
            Fault::Huge,
            Fault::Redirect,
        ] {
            // Keys that are known are not asked for again within ten minutes.
            world.app.clock.advance(chrono::TimeDelta::days(2));
            let mut browser = world.browser();
            provider.mend();
            let login = open_login(&mut browser).await;
            let away = go_to(&mut browser, &login, "op").await;
            provider.fail(endpoint, fault);

            let answer = browser.get(&provider.agree(&away, ada())).await;

            tried += 1;
            assert_refused(&answer, 502);
            assert!(
                answer.text().contains("does not answer"),
                "{endpoint:?} {fault:?}"
            );
            let noted = "select count(*) from audit where action = 'sign_in.failed'";
            assert_eq!(world.count(noted).await, tried, "{endpoint:?} {fault:?}");
            assert_eq!(world.count("select count(*) from session").await, 0);
        }
    }
    provider.mend();
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
}

#[tokio::test]
async fn f18_bad_discovery_is_met_before_anybody_leaves() {
    for fault in [
        Fault::Status(500),
        Fault::Html,
        Fault::Truncated,
        Fault::WrongType,
        Fault::Huge,
        Fault::Redirect,
    ] {
        let world = World::new().await;
        let provider = world.connect("op").await;
        provider.fail(Endpoint::Discovery, fault);
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let flow = login.rsplit_once('=').unwrap().1;

        let answer = browser.post_form(&format!("/login/{flow}/op"), &[]).await;

        assert_refused(&answer, 502);
        assert_eq!(world.count("select count(*) from attempt").await, 0);
        assert_eq!(
            browser.get(&login).await.status,
            200,
            "the other ways in are there"
        );
    }
}

#[tokio::test]
async fn f19_a_rotated_key_is_fetched_once_and_the_sign_in_goes_on() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
    assert_eq!(provider.calls(Endpoint::Jwks), 1);
    world.app.clock.advance(chrono::TimeDelta::minutes(2));

    provider.rotate("key-2");
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
    assert_eq!(provider.calls(Endpoint::Jwks), 2);

    // Under the same id, too.
    world.app.clock.advance(chrono::TimeDelta::minutes(2));
    provider.rotate("key-2");
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
    assert_eq!(provider.calls(Endpoint::Jwks), 3);
}

#[tokio::test]
async fn a23_unknown_keys_make_us_ask_once_a_minute() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
    world.app.clock.advance(chrono::TimeDelta::minutes(2));

    provider.publish_no_keys();
    provider.rotate("../../etc/passwd");
    for _ in 0..5 {
        let mut stranger = world.browser();
        assert_refused(&sign_in(&mut stranger, &provider, "op", ada()).await, 400);
    }

    assert_eq!(provider.calls(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn f19_an_empty_key_set_does_not_lock_out_those_whose_key_is_known() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);

    provider.publish_no_keys();
    world.app.clock.advance(chrono::TimeDelta::minutes(11));

    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);
    assert_eq!(provider.calls(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn an_id_token_that_is_not_for_us_is_refused_whatever_it_says() {
    let now = crate::harness::start_of_time().timestamp();
    for (name, value, code) in [
        ("aud", json!("another-client"), "id_token_audience"),
        ("iss", json!("https://evil.example"), "id_token_issuer"),
        ("exp", json!(now - 61), "id_token_expired"),
        ("iat", json!(now + 86_400), "id_token_not_yet"),
        ("sub", Value::Null, "id_token_subject"),
    ] {
        let world = World::new().await;
        let provider = world.connect("op").await;
        provider.say_in_id_token(name, value);
        let mut browser = world.browser();

        let answer = sign_in(&mut browser, &provider, "op", ada()).await;

        assert_refused(&answer, 400);
        let codes = "select detail->>'code' from audit where action = 'sign_in.failed'";
        assert_eq!(world.texts(codes).await, [code]);
    }
}

#[tokio::test]
async fn a27_a_brand_cannot_make_us_call_the_inside() {
    let app = crate::harness::TestApp::start().await;
    for url in [
        "http://127.0.0.1:5432",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://[::ffff:127.0.0.1]",
        "https://localhost",
    ] {
        let url = url::Url::parse(url).unwrap();
        let request = befriend::egress::Request::get_json(url.clone());
        let answer = app.app.egress.send(request).await;
        assert!(
            matches!(answer, Err(befriend::egress::Error::Refused(_))),
            "{url}: {answer:?}"
        );
    }
}
