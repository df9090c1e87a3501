//! A brand's ways in.

use axum::http::StatusCode;
use befriend::brand;
use befriend::federation::{Connection, store};

use super::{audited, staff_with_brand};
use crate::harness::TestApp;

async fn connection(test: &TestApp, slug: &str) -> Option<Connection> {
    let mut conn = test.app.pool.acquire().await.unwrap();
    let brand = brand::store::find_brand_by_slug(&mut conn, "bakery").await;
    let brand_id = brand.unwrap().unwrap().brand_id;
    let found = store::find_connection_by_slug(&mut conn, brand_id, slug).await;
    found.unwrap()
}

#[tokio::test]
async fn every_brand_begins_with_the_test_provider_switched_on() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let page = browser.get("/dashboard/bakery/providers").await;

    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Lets anybody be anybody"));
    assert!(connection(&test, "test").await.unwrap().is_enabled);
}

#[tokio::test]
async fn a_provider_is_added_with_its_secret_sealed_and_never_shown() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let form = browser.get("/dashboard/bakery/providers?kind=google").await;
    let callback = "http://127.0.0.1:7700/login/callback/bakery/google";
    assert!(form.text().contains(callback));
    let fields = [
        ("kind", "google"),
        ("label", "Google"),
        ("slug", "google"),
        ("client_id", "the-client-id"),
        ("client_secret", "the-client-secret"),
    ];
    let added = browser
        .post_form("/dashboard/bakery/providers", &fields)
        .await;
    assert_eq!(
        added.location(),
        "/dashboard/bakery/providers/google?done=added"
    );
    let page = browser.get(added.location()).await;
    let again = browser
        .post_form("/dashboard/bakery/providers", &fields)
        .await;

    assert!(page.text().contains("the-client-id"));
    assert!(!page.text().contains("the-client-secret"));
    let stored = connection(&test, "google").await.unwrap();
    let sealed = stored.client_secret.clone().unwrap();
    assert!(
        !sealed
            .windows(17)
            .any(|bytes| bytes == b"the-client-secret")
    );
    let opened = stored.secret(&test.app.cipher).unwrap().unwrap();
    assert_eq!(opened.expose(), "the-client-secret");
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains("has this short name"));
    // The test provider and this one.
    assert_eq!(audited(&test, "connection.created").await, 2);
}

#[tokio::test]
async fn a_bad_provider_says_why_and_keeps_what_was_typed_but_the_secret() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let post = [
        ("label", "Partner"),
        ("client_id", "the-client-id"),
        ("client_secret", "the-client-secret"),
    ];

    for (fields, said) in [
        (
            vec![("kind", "oidc"), ("slug", "partner")],
            "This provider needs an issuer",
        ),
        (
            vec![
                ("kind", "oidc"),
                ("slug", "partner"),
                ("issuer", "https://169.254.169.254/"),
            ],
            "lead to the public internet",
        ),
        (
            vec![
                ("kind", "oidc"),
                ("slug", "Not A Slug"),
                ("issuer", "https://login.partner.example"),
            ],
            "lower-case letters, digits and dashes",
        ),
    ] {
        let mut all = fields.clone();
        all.extend_from_slice(&post);
        let answer = browser.post_form("/dashboard/bakery/providers", &all).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(answer.text().contains(said), "{said}");
        assert!(answer.text().contains("value=\"the-client-id\""));
        assert!(!answer.text().contains("the-client-secret"));
    }
    let bare = [("kind", "google"), ("client_id", "x")];
    let bare = browser
        .post_form("/dashboard/bakery/providers", &bare)
        .await;
    assert!(bare.text().contains("Give the client secret"));
    let unknown = [("kind", "myspace")];
    let unknown = browser
        .post_form("/dashboard/bakery/providers", &unknown)
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "connection.created").await, 1);
}

#[tokio::test]
async fn a_provider_is_switched_off_and_on() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let off = browser
        .post_form("/dashboard/bakery/providers/test/disable", &[])
        .await;
    assert_eq!(off.location(), "/dashboard/bakery/providers?done=disabled");
    assert!(!connection(&test, "test").await.unwrap().is_enabled);

    browser
        .post_form("/dashboard/bakery/providers/test/enable", &[])
        .await;
    assert!(connection(&test, "test").await.unwrap().is_enabled);

    let nothing = browser
        .post_form("/dashboard/bakery/providers/nothing/enable", &[])
        .await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "connection.disabled").await, 1);
    assert_eq!(audited(&test, "connection.enabled").await, 1);
}
