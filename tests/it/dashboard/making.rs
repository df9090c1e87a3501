//! Brands, sites and keys made in the dashboard.

use axum::http::StatusCode;
use befriend::key::{Presented, store};

use super::{audited, staff_browser, staff_with_brand};
use crate::harness::{Answer, TestApp};

/// The text that the page shows once, between tags.
fn find_key(answer: &Answer, prefix: &str) -> String {
    let text = answer.text();
    let start = text
        .find(prefix)
        .unwrap_or_else(|| panic!("no {prefix} in {text}"));
    text[start..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect()
}

async fn is_good(test: &TestApp, key: &str) -> bool {
    let presented = Presented::parse(key).unwrap();
    let mut conn = test.app.pool.acquire().await.unwrap();
    let found = store::find_presented_key(&mut conn, &presented, test.clock.now()).await;
    found.unwrap().is_some()
}

#[tokio::test]
async fn a_brand_begins_with_a_key_for_its_pages() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let keys = browser.get("/dashboard/bakery/keys").await;
    let brands = browser.get("/dashboard/brands").await;

    let key = find_key(&keys, "bf_pub_");
    assert!(is_good(&test, &key).await);
    assert!(brands.text().contains("Bellmoor Bakery"));
    assert_eq!(audited(&test, "brand.created").await, 1);
    let actor: String =
        sqlx::query_scalar("select actor_kind from audit where action = 'brand.created'")
            .fetch_one(&test.app.pool)
            .await
            .unwrap();
    assert_eq!(actor, "staff");
}

#[tokio::test]
async fn a_bad_brand_says_why_and_keeps_what_was_typed() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    for (slug, colour, said) in [
        (
            "Bad Slug",
            "#b85207",
            "lower-case letters, digits and dashes",
        ),
        ("brands", "#b85207", "The dashboard uses this word itself"),
        ("bakery", "#b85207", "Another brand has this short name"),
        ("books", "red", "six hexadecimal digits"),
    ] {
        let fields = [
            ("name", "Northlight Books"),
            ("slug", slug),
            ("colour", colour),
        ];
        let answer = browser.post_form("/dashboard/brands", &fields).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{slug}");
        assert!(answer.text().contains(said), "{said}");
        assert!(answer.text().contains("value=\"Northlight Books\""));
        assert!(answer.text().contains(&format!("value=\"{slug}\"")));
    }
    assert_eq!(audited(&test, "brand.created").await, 1);
}

#[tokio::test]
async fn a_key_is_shown_once_and_dies_when_revoked() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let fields = [("name", "Till"), ("kind", "secret")];
    let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
    let key = find_key(&made, "bf_sec_");
    assert!(is_good(&test, &key).await);

    let listed = browser.get("/dashboard/bakery/keys").await;
    assert!(listed.text().contains("Till"));
    assert!(!listed.text().contains(&key));

    let id = Presented::parse(&key).unwrap().key_id;
    let path = format!("/dashboard/bakery/keys/{id}/revoke");
    let revoked = browser.post_form(&path, &[]).await;
    let again = browser.post_form(&path, &[]).await;
    assert_eq!(revoked.location(), "/dashboard/bakery/keys?done=revoked");
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(!is_good(&test, &key).await);
    assert_eq!(audited(&test, "key.revoked").await, 1);

    let nameless = [("name", " "), ("kind", "secret")];
    let refused = browser.post_form("/dashboard/bakery/keys", &nameless).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!refused.text().contains("shown this once"));
}

#[tokio::test]
async fn a94_a_key_of_another_brand_is_not_found() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let fields = [("name", "Other"), ("slug", "other"), ("colour", "")];
    browser.post_form("/dashboard/brands", &fields).await;
    let fields = [("name", "Till"), ("kind", "secret")];
    let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
    let key = find_key(&made, "bf_sec_");
    let id = Presented::parse(&key).unwrap().key_id;

    let foreign = format!("/dashboard/other/keys/{id}/revoke");
    let answer = browser.post_form(&foreign, &[]).await;

    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(is_good(&test, &key).await);
}

#[tokio::test]
async fn a_site_gets_its_snippet_and_a_server_its_secret_once() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let site = [
        ("name", "Web"),
        ("kind", "web"),
        (
            "redirect_uris",
            "https://shop.example/\r\n\r\nhttps://shop.example/in",
        ),
    ];
    let site = browser.post_form("/dashboard/bakery/sites", &site).await;
    let server = [
        ("name", "Back office"),
        ("kind", "server"),
        ("redirect_uris", "https://office.example/callback"),
    ];
    let server = browser.post_form("/dashboard/bakery/sites", &server).await;
    let listed = browser.get("/dashboard/bakery/sites").await;

    assert_eq!(
        (site.status, server.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert!(site.text().contains("bakery.web"));
    assert!(!site.text().contains("shown this once"));
    assert!(server.text().contains("shown this once"));
    assert!(!listed.text().contains("shown this once"));
    assert!(listed.text().contains("https://shop.example/in"));
    assert_eq!(audited(&test, "application.created").await, 2);
}

#[tokio::test]
async fn a_bad_site_says_why_and_keeps_what_was_typed() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let good = [
        ("name", "Web"),
        ("kind", "web"),
        ("redirect_uris", "https://shop.example/"),
    ];
    browser.post_form("/dashboard/bakery/sites", &good).await;

    for (name, uris, said) in [
        ("Web", "https://shop.example/", "is called so"),
        ("", "https://shop.example/", "Give a name"),
        ("Shop", "", "at least one address"),
        ("Shop", "http://shop.example/", "use https"),
        ("Shop", "https://*.shop.example/", "stands for nothing"),
    ] {
        let fields = [("name", name), ("kind", "web"), ("redirect_uris", uris)];
        let answer = browser.post_form("/dashboard/bakery/sites", &fields).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(answer.text().contains(said), "{said}: {}", answer.text());
        assert!(answer.text().contains(uris));
    }
    assert_eq!(audited(&test, "application.created").await, 1);
}

#[tokio::test]
async fn the_dashboard_begins_at_the_first_brand() {
    let test = TestApp::start().await;
    let mut browser = staff_browser(&test).await;
    assert_eq!(
        browser.get("/dashboard").await.location(),
        "/dashboard/brands"
    );

    let fields = [
        ("name", "Bellmoor Bakery"),
        ("slug", "bakery"),
        ("colour", ""),
    ];
    browser.post_form("/dashboard/brands", &fields).await;

    assert_eq!(
        browser.get("/dashboard").await.location(),
        "/dashboard/bakery/"
    );
    assert_eq!(
        browser.get("/dashboard/").await.location(),
        "/dashboard/bakery/"
    );
    assert_eq!(
        browser.get("/dashboard/bakery").await.location(),
        "/dashboard/bakery/"
    );
}
