use axum::http::StatusCode;

use super::world::{CALLBACK, World, authorize_path, hand_off, parameter};

#[tokio::test]
async fn a_signed_in_browser_gets_a_code_at_once() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let answer = browser.get(&authorize_path("bakery.web", &[])).await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.location();
    assert!(
        location.starts_with(&format!("{CALLBACK}?code=")),
        "{location}"
    );
    assert_eq!(parameter(location, "state").as_deref(), Some("st"));
    assert_eq!(
        parameter(location, "iss").as_deref(),
        Some(world.test.app.config.issuer())
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
}

#[tokio::test]
async fn s2_a112_a_bad_client_or_redirect_is_shown_on_a_page() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    for (client_id, redirect_uri) in [
        ("bakery.nobody", CALLBACK),
        ("nobody.web", CALLBACK),
        ("web", CALLBACK),
        ("", CALLBACK),
        ("bakery.web\u{0}", CALLBACK),
        ("bakery.web", ""),
        ("bakery.web", "https://shop.example/signed-in/"),
        ("bakery.web", "https://shop.example.evil/signed-in"),
        ("bakery.web", "https://shop.example@evil/signed-in"),
        ("bakery.web", "JAVASCRIPT:alert(1)"),
    ] {
        let path = authorize_path(client_id, &[("redirect_uri", redirect_uri)]);
        let answer = browser.get(&path).await;

        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{client_id} {redirect_uri}"
        );
        assert_eq!(answer.location(), "");
    }
    assert_eq!(
        world.count("select count(*) from authorization_code").await,
        0
    );
}

#[tokio::test]
async fn a113_a_request_without_pkce_is_refused_to_the_application() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    for change in [
        ("code_challenge", ""),
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
    ] {
        // Servers too: PKCE is for everybody (S3).
        for client_id in ["bakery.web", "bakery.server"] {
            let answer = browser.get(&authorize_path(client_id, &[change])).await;

            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            let error = parameter(answer.location(), "error");
            assert_eq!(error.as_deref(), Some("invalid_request"), "{change:?}");
            assert_eq!(parameter(answer.location(), "code"), None);
        }
    }
}

#[tokio::test]
async fn s18_prompt_none_never_shows_a_page_and_login_always_does() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut signed_in, _) = world.signed_in(anna).await;
    let mut stranger = world.test.browser();
    let none = authorize_path("bakery.web", &[("prompt", "none")]);
    let login = authorize_path("bakery.web", &[("prompt", "login")]);

    let unknown = stranger.get(&none).await;
    let known = signed_in.get(&none).await;
    let again = signed_in.get(&login).await;

    assert_eq!(
        parameter(unknown.location(), "error").as_deref(),
        Some("login_required")
    );
    assert!(parameter(known.location(), "code").is_some());
    assert!(
        again.location().starts_with("/login?flow=flw_"),
        "{}",
        again.location()
    );
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_comes_back_with_a_code() {
    let world = World::start().await;
    let anna = world.customer().await;
    let mut browser = world.test.browser();
    let path = authorize_path("bakery.web", &[("provider", "google"), ("max_age", "0")]);

    let begun = browser.get(&path).await;
    let (flow, provider) = begun
        .location()
        .strip_prefix("/login?flow=")
        .and_then(|rest| rest.split_once('&'))
        .expect("the page of a flow");
    let resume = format!("/oauth/authorize/resume?flow={flow}");
    let too_early = browser.get(&resume).await;
    // What the sign-in does at its end.
    world.sign_in(&mut browser, anna).await;
    sqlx::query("update flow set finished_at = $1")
        .bind(world.test.clock.now())
        .execute(&world.test.app.pool)
        .await
        .unwrap();
    let resumed = browser.get(&resume).await;
    let elsewhere = world.test.browser().get(&resume).await;

    assert_eq!(provider, "provider=google");
    assert_eq!(too_early.status, StatusCode::BAD_REQUEST);
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST);
    let href = hand_off(&resumed);
    assert!(href.starts_with(CALLBACK), "{href}");
    let code = parameter(&href, "code").expect("a code");
    assert_eq!(world.exchange(&code, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_by_form_becomes_a_visit() {
    let world = World::start().await;
    let path = authorize_path("bakery.web", &[]);
    let form = path.split_once('?').unwrap().1.to_owned();

    let answer = world
        .test
        .browser()
        .send(
            axum::http::Method::POST,
            "/oauth/authorize",
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "cross-site"),
            ],
            axum::body::Body::from(form),
        )
        .await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), path);
}

#[tokio::test]
async fn a115_a_session_of_one_brand_is_none_at_another() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let other = World::in_brand(world.test, "books").await;
    let token = browser.cookies["bf_session_bakery"].clone();
    browser.cookies.insert("bf_session_books".to_owned(), token);

    let path = authorize_path("books.web", &[("prompt", "none")]);
    let answer = browser.get(&path).await;

    assert_eq!(
        parameter(answer.location(), "error").as_deref(),
        Some("login_required")
    );
}
