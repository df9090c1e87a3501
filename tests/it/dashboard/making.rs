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

/// What a key may do, as the database has it.
async fn granted(test: &TestApp, key: &str) -> (Option<Vec<String>>, Vec<String>, Option<i32>) {
    let id = Presented::parse(key).unwrap().key_id;
    sqlx::query_as(
        "select scopes, events_allowed, events_per_second from api_key where key_id = $1",
    )
    .bind(id.uuid())
    .fetch_one(&test.app.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_a_key_may_do_is_said_when_it_is_made_and_changed_later() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let fields = [
        ("name", "Order desk"),
        ("kind", "secret"),
        ("reach", "some"),
        ("events:write", "on"),
        ("profiles:read", "on"),
        ("events", "Order Completed\r\nOrder *"),
        ("rate", "50"),
    ];
    let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
    let key = find_key(&made, "bf_sec_");
    let (scopes, events, rate) = granted(&test, &key).await;
    assert_eq!(scopes.unwrap(), ["events:write", "profiles:read"]);
    assert_eq!(events, ["Order Completed", "Order *"]);
    assert_eq!(rate, Some(50));

    let id = Presented::parse(&key).unwrap().key_id;
    let path = format!("/dashboard/bakery/keys/{id}");
    let shown = browser.get(&path).await.text();
    assert!(
        shown.contains("Order Completed\nOrder *</textarea>"),
        "{shown}"
    );
    assert_eq!(shown.matches(" checked").count(), 3, "{shown}");
    for (fields, said) in [
        (vec![("reach", "some")], "Tick at least one."),
        (
            vec![("reach", "all"), ("events", "a*b")],
            "may only stand at the end",
        ),
        (vec![("reach", "all"), ("rate", "0")], "whole number from 1"),
    ] {
        let refused = browser.post_form(&path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(refused.text().contains(said), "{said}: {}", refused.text());
    }
    let (_, unchanged, _) = granted(&test, &key).await;
    assert_eq!(unchanged.len(), 2);

    let saved = browser
        .post_form(&path, &[("reach", "all"), ("rate", "")])
        .await;
    assert_eq!(saved.location(), "/dashboard/bakery/keys?done=changed");
    assert_eq!(granted(&test, &key).await, (None, Vec::new(), None));
    assert_eq!(audited(&test, "key.changed").await, 1);
    let list = browser
        .get("/dashboard/bakery/keys?done=changed")
        .await
        .text();
    assert!(list.contains("The key is changed.") && list.contains(&path));

    browser.post_form(&format!("{path}/revoke"), &[]).await;
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    let dead = browser.post_form(&path, &[("reach", "all")]).await;
    assert_eq!(dead.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_new_key_may_send_unless_told_is_said_for_both_kinds() {
    let test = TestApp::start_with(&[("quota_browser_key_events_per_second", "0")]).await;
    let mut browser = staff_with_brand(&test).await;
    let both = "Empty: no limit for a browser key, 20,000 events a second for a secret key.";

    let empty = browser.get("/dashboard/bakery/keys").await.text();
    let fields = [("name", "Till"), ("kind", "secret"), ("rate", "50")];
    let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
    let refused = [("name", ""), ("kind", "secret")];
    let refused = browser.post_form("/dashboard/bakery/keys", &refused).await;
    let list = browser.get("/dashboard/bakery/keys").await.text();

    for page in [&empty, &made.text(), &refused.text()] {
        assert!(page.contains(both), "{page}");
    }
    // A key that is there has one kind.
    let mut defaults: Vec<&str> = Vec::new();
    let mut pages = Vec::new();
    for path in list
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
    {
        if path.contains("/keys/key_") {
            pages.push(browser.get(path).await.text());
        }
    }
    for page in &pages {
        let told = page.split("Empty: ").nth(2).unwrap();
        defaults.push(told.split('<').next().unwrap());
    }
    defaults.sort_unstable();
    assert_eq!(defaults, ["20,000 events a second.", "no limit."]);
}

#[tokio::test]
async fn a98_a_key_is_made_by_a_session_alone_and_for_the_brand_of_the_page() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let fields = [("name", "Other"), ("slug", "other"), ("colour", "")];
    browser.post_form("/dashboard/brands", &fields).await;
    let fields = [
        ("name", "Till"),
        ("kind", "secret"),
        ("brand", "other"),
        ("brand_id", "brn_1"),
        ("userId", "somebody"),
    ];
    let made = browser.post_form("/dashboard/bakery/keys", &fields).await;
    let key = find_key(&made, "bf_sec_");
    let before = audited(&test, "key.created").await;

    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", &*bearer),
        ("sec-fetch-site", "same-origin"),
    ];
    let form = axum::body::Body::from("name=E&kind=secret");
    let path = "/dashboard/bakery/keys";
    let by_key = test
        .browser()
        .send(axum::http::Method::POST, path, &headers, form)
        .await;

    assert_eq!(by_key.status, StatusCode::SEE_OTHER);
    assert!(by_key.location().starts_with("/dashboard/sign-in"));
    assert_eq!(audited(&test, "key.created").await, before);
    let id = Presented::parse(&key).unwrap().key_id;
    let owner: String = sqlx::query_scalar(
        "select slug from api_key join brand using (brand_id) where key_id = $1",
    )
    .bind(id.uuid())
    .fetch_one(&test.app.pool)
    .await
    .unwrap();
    assert_eq!(owner, "bakery");
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

    let foreign = format!("/dashboard/other/keys/{id}");
    let seen = browser.get(&foreign).await;
    let changed = browser.post_form(&foreign, &[("rate", "1")]).await;
    let answer = browser.post_form(&format!("{foreign}/revoke"), &[]).await;

    assert_eq!(seen.status, StatusCode::NOT_FOUND);
    assert_eq!(changed.status, StatusCode::NOT_FOUND);
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
