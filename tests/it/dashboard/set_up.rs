//! The one-time link.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::{EMAIL, PASSWORD, audited, setup_link, staff_browser};
use crate::harness::TestApp;

fn fields<'a>(token: &'a str, email: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("token", token),
        ("name", "Mara Lindqvist"),
        ("email", email),
        ("password", PASSWORD),
    ]
}

#[tokio::test]
async fn the_link_makes_the_first_member_and_signs_them_in() {
    let test = TestApp::start().await;
    let (path, token) = setup_link(&test).await;
    let mut browser = test.browser();

    let form = browser.get(&path).await;
    let done = browser
        .post_form("/dashboard/set-up", &fields(&token, EMAIL))
        .await;
    let inside = browser.get("/dashboard").await;

    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text().contains(&token));
    assert_eq!(
        (done.status, done.location()),
        (StatusCode::SEE_OTHER, "/dashboard")
    );
    assert_eq!(inside.location(), "/dashboard/brands");
    assert_eq!(audited(&test, "staff.joined").await, 1);
}

#[tokio::test]
async fn a103_of_two_who_use_a_link_at_once_one_gets_in() {
    let test = TestApp::start().await;
    let (_, token) = setup_link(&test).await;
    let (mut a, mut b) = (test.browser(), test.browser());

    let (first, second) = (fields(&token, EMAIL), fields(&token, "noa@brand.example"));
    let (a, b) = tokio::join!(
        a.post_form("/dashboard/set-up", &first),
        b.post_form("/dashboard/set-up", &second),
    );

    let mut statuses = [a.status, b.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::NOT_FOUND]);
    assert_eq!(audited(&test, "staff.joined").await, 1);
}

#[tokio::test]
async fn used_expired_and_forged_links_get_one_answer() {
    let test = TestApp::start().await;
    let (used, _) = {
        let link = setup_link(&test).await;
        let mut browser = test.browser();
        browser
            .post_form("/dashboard/set-up", &fields(&link.1, EMAIL))
            .await;
        link
    };
    let (expired, token) = setup_link(&test).await;
    test.clock.advance(TimeDelta::hours(24));

    let mut bodies = Vec::new();
    let forged = format!("/dashboard/set-up?token={}", "A".repeat(43));
    for path in [&used, &expired, &forged, "/dashboard/set-up"] {
        let answer = test.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        bodies.push(without_reference(&answer.text()));
    }
    let posted = test
        .browser()
        .post_form("/dashboard/set-up", &fields(&token, "late@brand.example"))
        .await;

    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(posted.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "staff.joined").await, 1);
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost() {
    let test = TestApp::start().await;
    let (_, token) = setup_link(&test).await;
    let mut browser = test.browser();

    let wrong = [
        ("token", token.as_str()),
        ("name", ""),
        ("email", "mara@"),
        ("password", PASSWORD),
    ];
    let names = browser.post_form("/dashboard/set-up", &wrong).await;
    let short = [
        ("token", token.as_str()),
        ("name", "Mara"),
        ("email", EMAIL),
        ("password", "short"),
    ];
    let password = browser.post_form("/dashboard/set-up", &short).await;
    let right = browser
        .post_form("/dashboard/set-up", &fields(&token, EMAIL))
        .await;

    assert_eq!(names.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(names.text().contains("value=\"mara@\""));
    assert!(names.text().contains("This is not an address"));
    assert!(!names.text().contains(PASSWORD));
    assert_eq!(password.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(password.text().contains("at least 15 characters"));
    assert!(!password.text().contains("short\""));
    assert_eq!(right.status, StatusCode::SEE_OTHER, "the link still works");
}

#[tokio::test]
async fn an_address_is_staff_once() {
    let test = TestApp::start().await;
    staff_browser(&test).await;
    let (_, token) = setup_link(&test).await;

    let upper = EMAIL.to_uppercase();
    let answer = test
        .browser()
        .post_form("/dashboard/set-up", &fields(&token, &upper))
        .await;
    let another = test
        .browser()
        .post_form("/dashboard/set-up", &fields(&token, "noa@brand.example"))
        .await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .text()
            .contains("already belongs to a member of staff")
    );
    assert_eq!(
        another.status,
        StatusCode::SEE_OTHER,
        "the link was not used up"
    );
}

/// The page without the id of its request.
fn without_reference(text: &str) -> String {
    let start = text.find("req_").unwrap();
    format!("{}{}", &text[..start], &text[start + 36..])
}
