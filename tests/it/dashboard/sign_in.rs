//! Signing in and out.

use std::time::Duration;

use axum::http::StatusCode;
use befriend::audit::Actor;
use befriend::postgres;
use befriend::staff::invitation;
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::{EMAIL, PASSWORD, audited, staff_browser};
use crate::harness::{Answer, Browser, TestApp};

async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> Answer {
    let fields = [("email", email), ("password", password)];
    browser.post_form("/dashboard/sign-in", &fields).await
}

async fn is_inside(browser: &mut Browser) -> bool {
    let answer = browser.get("/dashboard/brands").await;
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn the_right_password_opens_a_session_of_its_own() {
    let test = TestApp::start().await;
    let first = staff_browser(&test).await;
    let mut browser = test.browser();
    browser
        .cookies
        .insert("bf_staff".to_owned(), "planted".to_owned());

    let answer = sign_in(&mut browser, " MARA@brand.example", PASSWORD).await;

    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/dashboard")
    );
    assert!(is_inside(&mut browser).await);
    let token = &browser.cookies["bf_staff"];
    assert!(token != "planted" && token != &first.cookies["bf_staff"] && token.len() == 43);
    assert_eq!(audited(&test, "staff.signed_in").await, 2);
}

#[tokio::test]
async fn a39_a_wrong_password_and_an_unknown_address_look_the_same() {
    let test = TestApp::start().await;
    staff_browser(&test).await;

    let wrong = sign_in(&mut test.browser(), EMAIL, "not the password at all").await;
    let unknown = sign_in(&mut test.browser(), "noa@brand.example", PASSWORD).await;

    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.status, unknown.status);
    let same = wrong.text().replace(EMAIL, "noa@brand.example");
    assert_eq!(same, unknown.text());
    assert!(wrong.header("set-cookie").is_empty() && unknown.header("set-cookie").is_empty());
    assert!(wrong.text().contains(&format!("value=\"{EMAIL}\"")));
    assert!(!wrong.text().contains("not the password at all"));
}

#[tokio::test]
async fn signing_in_goes_on_to_our_own_pages_only() {
    let test = TestApp::start().await;
    staff_browser(&test).await;

    for (next, to) in [
        ("/dashboard/brands", "/dashboard/brands"),
        ("//evil.example/dashboard", "/dashboard"),
        ("https://evil.example/", "/dashboard"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let answer = test
            .browser()
            .post_form("/dashboard/sign-in", &fields)
            .await;

        assert_eq!(answer.location(), to, "{next}");
    }
}

#[tokio::test]
async fn a69_a_session_ends_with_signing_out_with_time_and_with_its_owner() {
    let test = TestApp::start().await;
    let mut browser = staff_browser(&test).await;

    let mut copy = browser.clone();
    let out = browser.post_form("/dashboard/sign-out", &[]).await;
    assert_eq!(out.location(), "/dashboard/sign-in");
    assert_eq!(out.header("clear-site-data"), "\"cache\"");
    assert_eq!(out.header("cache-control"), "no-store");
    assert!(!browser.cookies.contains_key("bf_staff"));
    assert!(!is_inside(&mut copy).await, "a copied cookie is dead too");

    sign_in(&mut browser, EMAIL, PASSWORD).await;
    test.clock.advance(TimeDelta::minutes(59));
    assert!(is_inside(&mut browser).await);
    test.clock.advance(TimeDelta::minutes(59));
    assert!(is_inside(&mut browser).await, "use keeps it alive");
    test.clock.advance(TimeDelta::minutes(60));
    assert!(!is_inside(&mut browser).await, "an hour unused");

    sign_in(&mut browser, EMAIL, PASSWORD).await;
    for _ in 0..23 {
        test.clock.advance(TimeDelta::minutes(30));
        assert!(is_inside(&mut browser).await);
    }
    test.clock.advance(TimeDelta::minutes(30));
    assert!(!is_inside(&mut browser).await, "twelve hours, however used");

    sign_in(&mut browser, EMAIL, PASSWORD).await;
    assert!(is_inside(&mut browser).await);
    let (app, now) = (&test.app, test.clock.now());
    let disabled = postgres::tx(&app.pool, async |conn| {
        invitation::disable(conn, &app.entropy, Actor::Operator, EMAIL, now).await
    })
    .await
    .unwrap();
    assert!(disabled);
    assert!(!is_inside(&mut browser).await, "a68: at once");
    let again = sign_in(&mut browser, EMAIL, PASSWORD).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a45_guessing_is_slowed_down_and_the_owner_still_gets_in() {
    let test = TestApp::start().await;
    let mut owner = staff_browser(&test).await;

    let mut last = None;
    for _ in 0..6 {
        last = Some(sign_in(&mut test.browser(), EMAIL, "not the password at all").await);
    }
    let last = last.unwrap();
    let stranger = sign_in(&mut test.browser(), EMAIL, PASSWORD).await;
    let known = sign_in(&mut owner, EMAIL, PASSWORD).await;
    test.clock.advance(TimeDelta::seconds(2));
    let later = sign_in(&mut test.browser(), EMAIL, PASSWORD).await;

    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(last.header("retry-after"), "2");
    assert_eq!(stranger.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(known.status, StatusCode::SEE_OTHER, "the browser is known");
    assert_eq!(
        later.status,
        StatusCode::SEE_OTHER,
        "nobody is locked out for good"
    );
}

#[tokio::test]
async fn a57_more_sign_ins_than_memory_allows_are_told_to_come_back() {
    let test = TestApp::start().await;
    let cores = std::thread::available_parallelism().unwrap().get();
    // One for each core, 32 waiting for each, and as many again.
    let count = cores * 33 * 2;

    let answers = join_all((0..count).map(|n| {
        let mut browser = test.browser();
        async move {
            let started = std::time::Instant::now();
            let email = format!("{n}@brand.example");
            let answer = sign_in(&mut browser, &email, "not the password at all").await;
            (answer, started.elapsed())
        }
    }))
    .await;

    let busy: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| answer.status == StatusCode::SERVICE_UNAVAILABLE)
        .collect();
    let wrong = answers
        .iter()
        .filter(|(answer, _)| answer.status == StatusCode::UNAUTHORIZED)
        .count();
    assert_eq!(busy.len() + wrong, count);
    assert!(wrong >= cores * 33, "{wrong} were checked");
    assert!(!busy.is_empty());
    for (answer, _) in &busy {
        assert_eq!(answer.header("retry-after"), "2");
    }
    let slowest_checked = answers.iter().map(|(_, took)| *took).max().unwrap();
    assert!(slowest_checked < Duration::from_mins(1));
    let mut browser = staff_browser(&test).await;
    assert!(is_inside(&mut browser).await, "the service is as before");
}
