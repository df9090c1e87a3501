//! What every page withstands, checked on every route that there is.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::audit::Actor;
use befriend::federation::built_in::PEOPLE;
use befriend::{application, brand, postgres, setup};

use crate::harness::{Answer, Browser, TestApp};
use crate::oidc::world::{CALLBACK, World, authorize_path};

/// Routes that other sites and programs post to. None believes a cookie; why stands beside each.
const FOR_OTHERS: [(&str, &str); 6] = [
    ("/api/", "asks for a key"),
    ("/v1/", "asks for a key, or for what only one page knows"),
    ("/beacon/", "asks for a key"),
    ("/oauth/", "asks for a client's proof, or becomes a visit"),
    (
        "/login/callback/",
        "becomes a visit, which brings the cookies",
    ),
    ("/preferences/{token}/stop", "the token is the whole proof"),
];

/// A route as written: its pattern, and whether it takes GET and POST.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    pattern: String,
    gets: bool,
    posts: bool,
}

/// Every route of the service, read from its source. The sample shop is another server.
fn routes() -> BTreeSet<Route> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("shop") {
                    folders.push(path);
                }
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            let code = code.replace(char::is_whitespace, "");
            for rest in code.split(".route(\"").skip(1) {
                let (pattern, handlers) = rest.split_once('"').unwrap();
                let handlers = handlers.split(".route(").next().unwrap();
                let handlers = handlers.split("))").next().unwrap();
                found.insert(Route {
                    pattern: pattern.to_owned(),
                    gets: handlers.contains("get("),
                    posts: handlers.contains("post("),
                });
            }
        }
    }
    assert!(found.len() > 80, "{}", found.len());
    found
}

/// A path that fits a pattern.
fn path_of(pattern: &str) -> String {
    let zeros = "00000000000000000000000000000000";
    pattern
        .split('/')
        .map(|segment| match segment {
            "{brand}" => "bakery".to_owned(),
            "{connection}" | "{slug}" => "test".to_owned(),
            "{flow}" => format!("flw_{zeros}"),
            segment if segment.starts_with('{') => format!("x_{zeros}"),
            segment => segment.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn open_shop(test: &TestApp, name: &str) {
    let app = &test.app;
    let draft = brand::draft::Draft::parse("bakery", "Crumb & Co", "").unwrap();
    let (brand, _) = app
        .create_brand(Actor::Operator, draft, false)
        .await
        .unwrap();
    let kind = application::Kind::Browser;
    let draft = application::draft::Draft::parse(name, Some("web"), kind, [CALLBACK]).unwrap();
    postgres::tx(&app.pool, async |conn| {
        setup::create_application(conn, app.change(Actor::Operator), &brand, draft).await
    })
    .await
    .unwrap();
}

/// Follows redirects within this server.
async fn follow(browser: &mut Browser, issuer: &str, mut answer: Answer) -> (String, Answer) {
    let mut at = String::new();
    for _ in 0..10 {
        let place = answer.location().to_owned();
        let ours = place.starts_with('/') || place.starts_with(issuer);
        if answer.status != StatusCode::SEE_OTHER || !ours {
            return (at, answer);
        }
        at.clone_from(&place);
        answer = browser.get(&place).await;
    }
    panic!("ten redirects led nowhere; the last was {at}");
}

/// Signs a newcomer in by the built-in provider; returns every answer on the way.
async fn sign_in(test: &TestApp, browser: &mut Browser) -> Vec<Answer> {
    let issuer = test.app.config.issuer().to_owned();
    let mut answers = Vec::new();
    let begun = browser.get("/login?brand=bakery&provider=test").await;
    let place = begun.location().to_owned();
    answers.push(begun);
    let away = browser.get(&place).await;
    let (place, page) = follow(browser, &issuer, away).await;
    answers.push(page);
    let person = PEOPLE.iter().find(|person| person.email.is_some()).unwrap();
    let picked = browser
        .post_form(&place, &[("person", person.subject)])
        .await;
    let (at, asked) = follow(browser, &issuer, picked).await;
    assert!(at.contains("/consent"), "{at}: {}", asked.text());
    let action = asked
        .text()
        .split("action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("the form")
        .replace("&#38;", "&");
    answers.push(asked);
    answers.push(browser.post_form(&action, &[("decision", "accept")]).await);
    answers
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a66_an_id_that_somebody_planted_is_nobodys_after_signing_in() {
    let test = TestApp::start().await;
    open_shop(&test, "The shop").await;
    let mut browser = test.browser();
    let name = "bf_session_bakery";
    for planted in ["bf_browser", name] {
        let value = "planted-by-a-stranger-who-knows-it-1234567890";
        browser.cookies.insert(planted.to_owned(), value.to_owned());
    }
    let planted = browser.cookies[name].clone();

    sign_in(&test, &mut browser).await;

    let first = browser.cookies[name].clone();
    assert_ne!(first, planted);
    let mut stranger = test.browser();
    stranger.cookies.insert(name.to_owned(), planted);
    let me = stranger.get("/me?brand=bakery").await;
    assert_eq!(me.status, StatusCode::UNAUTHORIZED);
    let by_address = test
        .browser()
        .get(&format!("/me?brand=bakery&session={first}&{name}={first}"))
        .await;
    assert_eq!(by_address.status, StatusCode::UNAUTHORIZED);
    // Signing in again makes another.
    let issuer = test.app.config.issuer().to_owned();
    let begun = browser.get("/login?brand=bakery&provider=test").await;
    let (place, _) = follow(&mut browser, &issuer, begun).await;
    let person = PEOPLE.iter().find(|person| person.email.is_some()).unwrap();
    let picked = browser
        .post_form(&place, &[("person", person.subject)])
        .await;
    follow(&mut browser, &issuer, picked).await;
    assert_ne!(browser.cookies[name], first);
}

#[tokio::test]
async fn a67_every_cookie_of_every_route_is_closed_as_far_as_it_can_be() {
    for (public_url, prefix, secure) in [
        ("http://127.0.0.1:7700", "", false),
        ("https://id.brand.example", "__Host-", true),
    ] {
        let test = TestApp::start_with(&[("public_url", public_url)]).await;
        open_shop(&test, "The shop").await;
        let mut customer = test.browser();
        let mut answers = sign_in(&test, &mut customer).await;
        for route in routes() {
            let path = path_of(&route.pattern);
            let said = format!("{path}?brand=bakery&client_id=bakery.web&lang=de&ui_locales=fr");
            answers.push(customer.clone().get(&said).await);
            let form = [("brand", "bakery"), ("client_id", "bakery.web")];
            answers.push(customer.clone().post_form(&said, &form).await);
        }
        let hash = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let window = authorize_path("bakery.web", &[("handoff", hash)]);
        let (path, query) = window.split_once('?').unwrap();
        let headers = [
            ("origin", "https://shop.example"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = Body::from(query.to_owned());
        answers.push(
            test.browser()
                .send(Method::POST, path, &headers, body)
                .await,
        );

        let mut names = BTreeSet::new();
        for cookie in answers.iter().flat_map(set_cookies) {
            let (name, _) = cookie.split_once('=').unwrap();
            assert!(name.starts_with(&format!("{prefix}bf_")), "{cookie}");
            assert!(cookie.len() <= 4096, "{cookie}");
            assert!(cookie.contains("; HttpOnly"), "{cookie}");
            assert!(cookie.contains("; Path=/"), "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
            assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
            let site = if name.contains("bf_staff") {
                "Strict"
            } else {
                "Lax"
            };
            assert!(cookie.contains(&format!("; SameSite={site}")), "{cookie}");
            names.insert(name.trim_start_matches(prefix).to_owned());
        }
        for expected in [
            "bf_browser",
            "bf_handoff",
            "bf_language",
            "bf_last_bakery",
            "bf_session_bakery",
        ] {
            assert!(names.contains(expected), "{expected} of {names:?}");
        }
    }
}

#[tokio::test]
async fn a70_no_page_of_ours_takes_a_write_from_elsewhere() {
    let test = TestApp::start().await;
    open_shop(&test, "The shop").await;
    let mut customer = test.browser();
    sign_in(&test, &mut customer).await;
    let before: i64 = sqlx::query_scalar("select count(*) from audit")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    let form = "application/x-www-form-urlencoded";
    let issuer = test.app.config.issuer();
    let elsewhere: [&[(&str, &str)]; 9] = [
        &[],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://127.0.0.1.evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", issuer)],
        &[("sec-fetch-site", "")],
        &[
            ("origin", issuer),
            ("sec-fetch-site", "Same-Origin, cross-site"),
        ],
    ];

    let mut tried = 0;
    for route in routes() {
        let is_for_others = route.pattern != "/oauth/consent"
            && FOR_OTHERS
                .iter()
                .any(|(start, _)| route.pattern.starts_with(start));
        if !route.posts || is_for_others || route.pattern.starts_with("/test-provider/token") {
            continue;
        }
        let path = format!("{}?brand=bakery", path_of(&route.pattern));
        for from in elsewhere {
            for kind in [
                form,
                "text/plain",
                "multipart/form-data; boundary=X",
                "application/json",
            ] {
                let mut headers = vec![("content-type", kind)];
                headers.extend_from_slice(from);
                let body = Body::from("decision=accept&brand=bakery");
                let answer = customer.send(Method::POST, &path, &headers, body).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    // Nor by a reading that claims to be a writing.
    for path in [
        "/logout?brand=bakery",
        "/me/sessions/end-others?brand=bakery",
    ] {
        for header in [
            "x-http-method-override",
            "x-method-override",
            "x-http-method",
        ] {
            let path = format!("{path}&_method=POST");
            let headers = [(header, "POST")];
            customer
                .send(Method::GET, &path, &headers, Body::empty())
                .await;
        }
    }
    let after: i64 = sqlx::query_scalar("select count(*) from audit")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!(after, before);
    assert_eq!(
        customer.get("/me?brand=bakery").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a72_nothing_of_ours_is_framed() {
    let test = TestApp::start().await;
    open_shop(&test, "The shop").await;
    let mut customer = test.browser();
    sign_in(&test, &mut customer).await;

    for route in routes().into_iter().filter(|route| route.gets) {
        let path = format!(
            "{}?brand=bakery&client_id=bakery.web",
            path_of(&route.pattern)
        );
        let answer = customer.clone().get(&path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-"), "{path}: {policy}");
        if answer.header("content-type").starts_with("text/html") && answer.status == StatusCode::OK
        {
            let opener = answer.header("cross-origin-opener-policy");
            assert_eq!(opener, "same-origin", "{path}");
        }
    }
}

/// Something that runs if it is ever more than text.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

#[tokio::test]
async fn a73_what_an_address_or_a_name_says_is_text() {
    let world = World::start().await;
    let test = &world.test;
    for statement in [
        "update application set name = $1",
        "update brand set name = $1, words = jsonb_build_object('', jsonb_build_object('headline', $1::text, 'line', $1::text))",
        "insert into connection (brand_id, connection_id, slug, provider, label, client_id,
                                 position, enabled, created_at)
         select brand_id, gen_random_uuid(), 'test', 'test', $1, 'c', 0, true, now() from brand",
    ] {
        sqlx::query(statement)
            .bind(HOSTILE)
            .execute(&test.app.pool)
            .await
            .unwrap();
    }
    let encoded: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let mut browser = test.browser();
    let mut seen = Vec::new();
    let begun = browser
        .get(&authorize_path(
            "bakery.web",
            &[
                ("login_hint", HOSTILE),
                ("ui_locales", HOSTILE),
                ("state", HOSTILE),
            ],
        ))
        .await;
    let login = begun.location().to_owned();
    for path in [
        login.clone(),
        format!(
            "{login}&problem={encoded}&lang={encoded}&error={encoded}&error_description={encoded}"
        ),
        format!("{login}&provider={encoded}"),
        format!("/login?flow={encoded}"),
        format!("/login?client_id={encoded}"),
        format!("/oauth/authorize?client_id=bakery.web&redirect_uri={encoded}"),
        format!("/oauth/authorize?client_id={encoded}"),
        format!("/logout?brand=bakery&state={encoded}&post_logout_redirect_uri={encoded}"),
        format!("/consent?flow={encoded}"),
        format!("/link?flow={encoded}&problem={encoded}"),
        format!("/me?brand={encoded}"),
        format!("/preferences/{encoded}"),
        format!(
            "/login/callback/bakery/{encoded}?state={encoded}&error={encoded}&error_description={encoded}"
        ),
        format!("/{encoded}"),
    ] {
        seen.push((path.clone(), browser.get(&path).await));
    }
    for (path, answer) in &seen {
        let html = answer.text();
        assert!(!html.contains("<script>alert"), "{path}: {html}");
        assert!(!html.contains("<img src=x"), "{path}: {html}");
        assert!(
            !answer
                .headers
                .values()
                .any(|value| value.as_bytes().contains(&b'\n'))
        );
    }
    let shown = seen[0].1.text();
    assert!(
        shown.matches("alert(1)").count() >= 3,
        "names are shown, as text: {shown}"
    );
}

#[tokio::test]
async fn a74_no_address_makes_a_personal_page_look_like_a_file() {
    let test = TestApp::start().await;
    open_shop(&test, "The shop").await;
    let mut customer = test.browser();
    sign_in(&test, &mut customer).await;
    let mine = customer.get("/me?brand=bakery").await;
    assert_eq!(mine.header("cache-control"), "no-store");

    for path in [
        "/me/x.css",
        "/me%0a.js",
        "/me/.css",
        "/me.css",
        "/me;x.js",
        "/me%2fx.css",
        "/me%00.css",
        "/me/../me/x.png",
        "/me/%2e%2e/x.js",
        "/me%3fx.css",
        "/login/x.css",
        "/consent/x.css",
        "/link.js",
        "/logout/x.css",
        "/oauth/userinfo/x.css",
        "/preferences/x.css",
        "/preferences/token/x.css",
    ] {
        let answer = customer.get(&format!("{path}?brand=bakery")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.text().contains("@example"), "{path}");
    }
}
