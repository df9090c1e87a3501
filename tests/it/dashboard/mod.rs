//! The dashboard: who gets in, who does not, and what staff can do there.

mod access;
mod imports;
mod live;
mod making;
mod network;
mod pages;
mod providers;
mod rules;
mod set_up;
mod sign_in;
mod value;

use befriend::audit::Actor;
use befriend::postgres;
use befriend::staff::invitation;

use crate::harness::{Browser, TestApp};

const EMAIL: &str = "mara@brand.example";
const PASSWORD: &str = "four unrelated words, joined";

/// The path of a fresh set-up link, and its token.
async fn setup_link(test: &TestApp) -> (String, String) {
    let app = &test.app;
    let token = postgres::tx(&app.pool, async |conn| {
        invitation::open(conn, &app.entropy, Actor::Operator, app.clock.now()).await
    })
    .await
    .unwrap();
    let token = token.expose().to_owned();
    (format!("/dashboard/set-up?token={token}"), token)
}

/// A browser whose owner has just become staff and is signed in.
async fn staff_browser(test: &TestApp) -> Browser {
    let (_, token) = setup_link(test).await;
    let mut browser = test.browser();
    let fields = [
        ("token", token.as_str()),
        ("name", "Mara Lindqvist"),
        ("email", EMAIL),
        ("password", PASSWORD),
    ];
    let answer = browser.post_form("/dashboard/set-up", &fields).await;
    assert_eq!(answer.location(), "/dashboard", "{}", answer.text());
    browser
}

/// The same, with a brand called `bakery`.
pub(crate) async fn staff_with_brand(test: &TestApp) -> Browser {
    let mut browser = staff_browser(test).await;
    let fields = [
        ("name", "Bellmoor Bakery"),
        ("slug", "bakery"),
        ("colour", "#b85207"),
    ];
    let answer = browser.post_form("/dashboard/brands", &fields).await;
    assert_eq!(answer.location(), "/dashboard/bakery/", "{}", answer.text());
    browser
}

/// How often `action` stands in the audit record.
pub(crate) async fn audited(test: &TestApp, action: &str) -> i64 {
    sqlx::query_scalar("select count(*) from audit where action = $1")
        .bind(action)
        .fetch_one(&test.app.pool)
        .await
        .unwrap()
}
