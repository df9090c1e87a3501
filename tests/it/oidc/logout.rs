use axum::http::StatusCode;

use super::world::{AFTER_LOGOUT, World};

const IN_FORCE: &str = "select count(*) from session where ended_at is null";

fn logout_path(pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/oauth/logout?{query}")
}

#[tokio::test]
async fn s19_a_proven_hint_ends_the_session_and_returns() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let tokens = world.tokens(&mut browser).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let cookie = browser.cookies["bf_session_bakery"].clone();

    let answer = browser
        .get(&logout_path(&[
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
            ("client_id", "bakery.web"),
            ("state", "s"),
        ]))
        .await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), format!("{AFTER_LOGOUT}?state=s"));
    assert!(!browser.cookies.contains_key("bf_session_bakery"));
    assert_eq!(world.count(IN_FORCE).await, 0);
    // A69: the cookie, kept and sent again, opens nothing.
    browser
        .cookies
        .insert("bf_session_bakery".to_owned(), cookie);
    let again = browser.get("/me?brand=bakery").await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        world.userinfo(access_token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a120_without_a_proven_hint_or_a_registered_address_the_person_is_asked() {
    let world = World::start().await;
    let anna = world.customer().await;
    let bilal = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let (mut other, _) = world.signed_in(bilal).await;
    let mine = world.tokens(&mut browser).await["id_token"].clone();
    let theirs = world.tokens(&mut other).await["id_token"].clone();
    let mine = mine.as_str().unwrap();
    let forged = format!("{}x", &mine[..mine.len() - 1]);

    for pairs in [
        vec![("client_id", "bakery.web")],
        vec![
            ("client_id", "bakery.web"),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
        ],
        vec![
            ("client_id", "bakery.web"),
            ("id_token_hint", forged.as_str()),
        ],
        vec![("id_token_hint", theirs.as_str().unwrap())],
        vec![
            ("id_token_hint", mine),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ],
        vec![
            ("id_token_hint", mine),
            ("client_id", "bakery.server"),
            ("x", "y"),
        ],
    ] {
        let answer = browser.get(&logout_path(&pairs)).await;

        assert_eq!(answer.status, StatusCode::OK, "{pairs:?}");
        assert!(
            answer.text().contains("Sign out of The bakery?"),
            "{pairs:?}"
        );
        assert!(!answer.text().contains("href=\"https://evil"), "{pairs:?}");
    }
    assert_eq!(world.count(IN_FORCE).await, 2);
    // A request that says nothing is about where this browser is signed in, if anywhere.
    let here = browser.get("/oauth/logout").await;
    assert!(here.text().contains("Sign out of The bakery?"));
    let nobody = world.test.browser().get("/oauth/logout").await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_person_signs_out_on_our_page_and_other_sites_cannot() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let path = "/logout?brand=bakery&client_id=bakery.web\
                &post_logout_redirect_uri=https%3A%2F%2Fshop.example%2Fbye";

    let forged = browser
        .send(
            axum::http::Method::POST,
            path,
            &[("sec-fetch-site", "cross-site")],
            axum::body::Body::empty(),
        )
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(world.count(IN_FORCE).await, 1);

    let asked = browser.get(path).await;
    let answer = browser.post_form(path, &[]).await;

    assert!(asked.text().contains("Sign out of The bakery?"));
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains("You are signed out"));
    assert!(answer.text().contains(&format!("href=\"{AFTER_LOGOUT}\"")));
    assert!(!browser.cookies.contains_key("bf_session_bakery"));
    assert_eq!(world.count(IN_FORCE).await, 0);
    let audited = "select count(*) from audit where action = 'session.ended'";
    assert_eq!(world.count(audited).await, 1);
}

#[tokio::test]
async fn somebody_who_is_not_signed_in_is_simply_sent_back() {
    let world = World::start().await;

    let answer = world
        .test
        .browser()
        .get(&logout_path(&[
            ("client_id", "bakery.web"),
            ("post_logout_redirect_uri", AFTER_LOGOUT),
        ]))
        .await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), AFTER_LOGOUT);
}
