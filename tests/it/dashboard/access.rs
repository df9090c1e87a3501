//! Strangers, other sites, and brands that are not there.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::{audited, setup_link, staff_browser, staff_with_brand};
use crate::harness::TestApp;

/// The router of the dashboard, as written.
const ROUTER: &str = include_str!("../../../src/http/dashboard/mod.rs");

/// The front door, which strangers may use.
const OPEN: [(&str, &str); 4] = [
    ("GET", "/dashboard/set-up"),
    ("POST", "/dashboard/set-up"),
    ("GET", "/dashboard/sign-in"),
    ("POST", "/dashboard/sign-in"),
];

/// Everything else: method, pattern, and a path that fits it. A new route needs a row.
const GUARDED: &[(&str, &str, &str)] = &[
    ("POST", "/dashboard/sign-out", "/dashboard/sign-out"),
    ("GET", "/dashboard", "/dashboard"),
    ("GET", "/dashboard/", "/dashboard/"),
    ("GET", "/dashboard/brands", "/dashboard/brands"),
    ("POST", "/dashboard/brands", "/dashboard/brands"),
    ("GET", "/dashboard/{brand}", "/dashboard/bakery"),
    ("GET", "/dashboard/{brand}/", "/dashboard/bakery/"),
    (
        "GET",
        "/dashboard/{brand}/customers",
        "/dashboard/bakery/customers",
    ),
    (
        "GET",
        "/dashboard/{brand}/customers/{id}",
        "/dashboard/bakery/customers/prf_00000000000000000000000000000000",
    ),
    (
        "POST",
        "/dashboard/{brand}/customers/{id}/merge",
        "/dashboard/bakery/customers/prf_00000000000000000000000000000000/merge",
    ),
    (
        "POST",
        "/dashboard/{brand}/customers/{id}/part",
        "/dashboard/bakery/customers/prf_00000000000000000000000000000000/part",
    ),
    (
        "POST",
        "/dashboard/{brand}/customers/{id}/forget",
        "/dashboard/bakery/customers/prf_00000000000000000000000000000000/forget",
    ),
    (
        "POST",
        "/dashboard/{brand}/customers/{id}/keep",
        "/dashboard/bakery/customers/prf_00000000000000000000000000000000/keep",
    ),
    (
        "GET",
        "/dashboard/{brand}/providers/{slug}",
        "/dashboard/bakery/providers/test",
    ),
    (
        "POST",
        "/dashboard/{brand}/providers/{slug}",
        "/dashboard/bakery/providers/test",
    ),
    (
        "POST",
        "/dashboard/{brand}/providers/{slug}/test",
        "/dashboard/bakery/providers/test/test",
    ),
    (
        "GET",
        "/dashboard/{brand}/complaints",
        "/dashboard/bakery/complaints",
    ),
    (
        "GET",
        "/dashboard/{brand}/network",
        "/dashboard/bakery/network",
    ),
    (
        "GET",
        "/dashboard/{brand}/keep-in-touch",
        "/dashboard/bakery/keep-in-touch",
    ),
    ("GET", "/dashboard/{brand}/live", "/dashboard/bakery/live"),
    ("GET", "/dashboard/{brand}/mail", "/dashboard/bakery/mail"),
    (
        "POST",
        "/dashboard/{brand}/mail/{id}/open",
        "/dashboard/bakery/mail/mal_00000000000000000000000000000000/open",
    ),
    (
        "GET",
        "/dashboard/{brand}/live.json",
        "/dashboard/bakery/live.json",
    ),
    (
        "GET",
        "/dashboard/{brand}/live/rejects/{id}",
        "/dashboard/bakery/live/rejects/rej_00000000000000000000000000000000",
    ),
    (
        "POST",
        "/dashboard/{brand}/live/rejects/{id}/replay",
        "/dashboard/bakery/live/rejects/rej_00000000000000000000000000000000/replay",
    ),
    (
        "POST",
        "/dashboard/{brand}/live/set-apart/{id}/retry",
        "/dashboard/bakery/live/set-apart/prf_00000000000000000000000000000000/retry",
    ),
    ("GET", "/dashboard/{brand}/rules", "/dashboard/bakery/rules"),
    (
        "GET",
        "/dashboard/{brand}/rules/draft",
        "/dashboard/bakery/rules/draft",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/draft",
        "/dashboard/bakery/rules/draft",
    ),
    (
        "GET",
        "/dashboard/{brand}/rules/draft/text",
        "/dashboard/bakery/rules/draft/text",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/draft/text",
        "/dashboard/bakery/rules/draft/text",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/draft/preset",
        "/dashboard/bakery/rules/draft/preset",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/draft/rebase",
        "/dashboard/bakery/rules/draft/rebase",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/draft/discard",
        "/dashboard/bakery/rules/draft/discard",
    ),
    (
        "GET",
        "/dashboard/{brand}/rules/preview",
        "/dashboard/bakery/rules/preview",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/preview",
        "/dashboard/bakery/rules/preview",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/publish",
        "/dashboard/bakery/rules/publish",
    ),
    (
        "GET",
        "/dashboard/{brand}/rules/versions/{number}",
        "/dashboard/bakery/rules/versions/1",
    ),
    (
        "GET",
        "/dashboard/{brand}/rules/versions/{number}/take-back",
        "/dashboard/bakery/rules/versions/2/take-back",
    ),
    (
        "POST",
        "/dashboard/{brand}/rules/versions/{number}/take-back",
        "/dashboard/bakery/rules/versions/2/take-back",
    ),
    (
        "GET",
        "/dashboard/{brand}/providers",
        "/dashboard/bakery/providers",
    ),
    (
        "POST",
        "/dashboard/{brand}/providers",
        "/dashboard/bakery/providers",
    ),
    (
        "POST",
        "/dashboard/{brand}/providers/{slug}/enable",
        "/dashboard/bakery/providers/test/enable",
    ),
    (
        "POST",
        "/dashboard/{brand}/providers/{slug}/disable",
        "/dashboard/bakery/providers/test/disable",
    ),
    ("GET", "/dashboard/{brand}/ways", "/dashboard/bakery/ways"),
    (
        "POST",
        "/dashboard/{brand}/ways/{way}/{state}",
        "/dashboard/bakery/ways/passwords/on",
    ),
    ("GET", "/dashboard/{brand}/sites", "/dashboard/bakery/sites"),
    (
        "POST",
        "/dashboard/{brand}/sites",
        "/dashboard/bakery/sites",
    ),
    (
        "GET",
        "/dashboard/{brand}/sites/{id}/configure",
        "/dashboard/bakery/sites/app_00000000000000000000000000000000/configure",
    ),
    ("GET", "/dashboard/{brand}/look", "/dashboard/bakery/look"),
    ("POST", "/dashboard/{brand}/look", "/dashboard/bakery/look"),
    (
        "POST",
        "/dashboard/{brand}/look/logo",
        "/dashboard/bakery/look/logo",
    ),
    (
        "POST",
        "/dashboard/{brand}/look/logo/remove",
        "/dashboard/bakery/look/logo/remove",
    ),
    (
        "GET",
        "/dashboard/{brand}/imports",
        "/dashboard/bakery/imports",
    ),
    ("GET", "/dashboard/{brand}/keys", "/dashboard/bakery/keys"),
    ("POST", "/dashboard/{brand}/keys", "/dashboard/bakery/keys"),
    (
        "GET",
        "/dashboard/{brand}/keys/{id}",
        "/dashboard/bakery/keys/key_00000000000000000000000000000000",
    ),
    (
        "POST",
        "/dashboard/{brand}/keys/{id}",
        "/dashboard/bakery/keys/key_00000000000000000000000000000000",
    ),
    (
        "POST",
        "/dashboard/{brand}/keys/{id}/revoke",
        "/dashboard/bakery/keys/key_00000000000000000000000000000000/revoke",
    ),
    (
        "GET",
        "/dashboard/{brand}/sites",
        "/dashboard/no-such-brand/sites",
    ),
];

/// Every method and pattern of the router.
fn routes() -> BTreeSet<(String, String)> {
    let code = ROUTER.replace(char::is_whitespace, "");
    code.split(".route(\"")
        .skip(1)
        .flat_map(|rest| {
            let (path, handlers) = rest.split_once('"').unwrap();
            let handlers = handlers.split("))").next().unwrap();
            [("GET", "get("), ("POST", "post(")]
                .into_iter()
                .filter(|(_, call)| handlers.contains(call))
                .map(|(method, _)| (method.to_owned(), path.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a93_every_route_has_a_row() {
    let rows: BTreeSet<(String, String)> = OPEN
        .into_iter()
        .chain(GUARDED.iter().map(|(method, route, _)| (*method, *route)))
        .map(|(method, route)| (method.to_owned(), route.to_owned()))
        .collect();

    assert!(rows.len() > 10);
    assert_eq!(routes(), rows);
}

#[tokio::test]
async fn a93_every_guarded_route_refuses_strangers() {
    let test = TestApp::start().await;
    let signed_in = staff_with_brand(&test).await;
    let before = audited(&test, "key.created").await;

    for &(method, _, path) in GUARDED {
        for cookie in [None, Some("wrong"), Some("")] {
            let mut browser = test.browser();
            if let Some(value) = cookie {
                let name = "bf_staff".to_owned();
                browser.cookies.insert(name, value.to_owned());
            }
            let answer = match method {
                "GET" => browser.get(path).await,
                _ => {
                    browser
                        .post_form(path, &[("name", "x"), ("slug", "x")])
                        .await
                }
            };

            if path.contains("live.json") {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            } else {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {path}");
                let to = answer.location();
                assert!(
                    to.starts_with("/dashboard/sign-in"),
                    "{method} {path} led to {to}"
                );
            }
            assert!(!answer.text().contains("Bellmoor"));
        }
    }
    assert_eq!(audited(&test, "key.created").await, before);
    assert_eq!(audited(&test, "brand.created").await, 1);
    assert_eq!(audited(&test, "connection.disabled").await, 0);
    assert_eq!(audited(&test, "key.changed").await, 0);
    drop(signed_in);
}

#[tokio::test]
async fn a_stranger_is_led_back_to_where_they_wanted_to_go() {
    let test = TestApp::start().await;

    let answer = test
        .browser()
        .get("/dashboard/bakery/keys?done=revoked")
        .await;
    let page = test.browser().get(answer.location()).await;

    assert_eq!(
        answer.location(),
        "/dashboard/sign-in?next=%2Fdashboard%2Fbakery%2Fkeys%3Fdone%3Drevoked"
    );
    assert!(
        page.text()
            .contains("value=\"/dashboard/bakery/keys?done=revoked\"")
    );
}

#[tokio::test]
async fn a_brand_that_is_not_there_is_not_found() {
    let test = TestApp::start().await;
    let mut browser = staff_browser(&test).await;

    for path in [
        "/dashboard/nowhere",
        "/dashboard/nowhere/keys",
        "/dashboard/nowhere/sites",
        "/dashboard/%ff/keys",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            answer.text().contains(answer.header("request-id")),
            "{path}"
        );
    }
    let posted = browser
        .post_form(
            "/dashboard/nowhere/keys",
            &[("name", "x"), ("kind", "secret")],
        )
        .await;
    assert_eq!(posted.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "key.created").await, 0);
}

#[tokio::test]
async fn a70_other_sites_change_nothing() {
    let test = TestApp::start().await;
    let browser = staff_with_brand(&test).await;
    let (_, token) = setup_link(&test).await;
    let set_up = format!("token={token}&name=E&email=e@evil.example&password=fifteen+characters");
    let form = "application/x-www-form-urlencoded";
    let elsewhere: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:7700"),
        ],
        &[],
    ];

    for headers in elsewhere {
        for (path, kind, body) in [
            ("/dashboard/brands", form, "name=E&slug=evil"),
            ("/dashboard/bakery/keys", form, "name=E&kind=secret"),
            ("/dashboard/bakery/keys", "text/plain", "name=E&kind=secret"),
            (
                "/dashboard/bakery/sites",
                form,
                "name=E&redirect_uris=https://evil.example/",
            ),
            ("/dashboard/sign-in", form, "email=e&password=e"),
            ("/dashboard/sign-out", form, ""),
            ("/dashboard/set-up", form, &set_up),
        ] {
            let mut all = headers.to_vec();
            all.push(("content-type", kind));
            let mut browser = browser.clone();
            let body = Body::from(body.to_owned());
            let answer = browser.send(Method::POST, path, &all, body).await;

            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(audited(&test, "brand.created").await, 1);
    assert_eq!(audited(&test, "key.created").await, 1);
    assert_eq!(audited(&test, "application.created").await, 0);
    assert_eq!(audited(&test, "staff.joined").await, 1);
    assert_eq!(audited(&test, "staff.signed_out").await, 0);
}

#[tokio::test]
async fn a70_reading_and_disguised_methods_change_nothing() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let read = browser
        .get("/dashboard/bakery/keys?name=E&kind=secret")
        .await;
    let signed_out = browser.get("/dashboard/sign-out").await;
    let overridden = browser
        .send(
            Method::GET,
            "/dashboard/bakery/keys?_method=POST&name=E",
            &[("x-http-method-override", "POST")],
            Body::empty(),
        )
        .await;
    let json = browser
        .post_json(
            "/dashboard/bakery/keys",
            &[("sec-fetch-site", "same-origin")],
            &serde_json::json!({ "name": "E", "kind": "secret" }),
        )
        .await;

    assert_eq!(read.status, StatusCode::OK);
    // A GET of a path that only takes POST is a brand's page like any other: there is none.
    assert_ne!(signed_out.status, StatusCode::SEE_OTHER);
    assert_eq!(overridden.status, StatusCode::OK);
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(audited(&test, "key.created").await, 1);
    assert_eq!(audited(&test, "staff.signed_out").await, 0);
}

#[tokio::test]
async fn a67_cookies_are_closed_as_far_as_they_can_be() {
    for (public_url, prefix, secure) in [
        ("http://127.0.0.1:7700", "", false),
        ("https://id.brand.example", "__Host-", true),
    ] {
        let test = TestApp::start_with(&[("public_url", public_url)]).await;
        let (_, token) = setup_link(&test).await;
        let fields = [
            ("token", token.as_str()),
            ("name", "Mara"),
            ("email", super::EMAIL),
            ("password", super::PASSWORD),
        ];

        let answer = test.browser().post_form("/dashboard/set-up", &fields).await;

        let cookies: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(cookies.len(), 2);
        for (cookie, name) in cookies.iter().zip(["bf_staff", "bf_staff_device"]) {
            let known = cookies
                .iter()
                .any(|c| c.starts_with(&format!("{prefix}{name}=")));
            assert!(known, "{cookies:?}");
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
            assert!(cookie.contains("Path=/") && !cookie.contains("Domain"));
            assert!(cookie.contains("Max-Age=") && cookie.len() < 4_096);
            assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
        }
    }
}

#[tokio::test]
async fn a72_a74_pages_are_neither_framed_nor_kept() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    for path in [
        "/dashboard/brands",
        "/dashboard/sign-in",
        "/dashboard/nowhere/keys",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(policy.contains("style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    for path in [
        "/dashboard/bakery/keys/x.css",
        "/dashboard/bakery/keys%0a.js",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
