//! The threat table's rows about callbacks: each is tried, and refused.

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::provider::Endpoint;
use super::world::{
    World, assert_refused, assert_signed_in, go_to, href, open_login, person, sign_in,
};

const SESSIONS: &str = "select count(*) from session";

fn ada() -> Value {
    person("ada", "ada@example.com")
}

#[tokio::test]
async fn a11_a_callback_in_another_browser_is_refused_and_does_not_use_the_attempt_up() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut attacker = world.browser();
    let login = open_login(&mut attacker).await;
    let away = go_to(&mut attacker, &login, "op").await;
    let back = provider.agree(&away, ada());

    let mut victim = world.browser();
    assert_refused(&victim.get(&back).await, 400);
    open_login(&mut victim).await;
    assert_refused(&victim.get(&back).await, 400);

    assert_eq!(
        provider.calls(Endpoint::Token),
        0,
        "the code was shown to nobody"
    );
    assert_eq!(world.count(SESSIONS).await, 0);
    assert_signed_in(&attacker.get(&back).await);
}

#[tokio::test]
async fn a12_a_state_that_is_missing_made_up_doubled_or_of_a_finished_flow_is_refused() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, ada());
    let (path, query) = back.split_once('?').unwrap();
    let state = query.rsplit_once("state=").unwrap().1;

    for query in [
        "code=code-0".to_owned(),
        "code=code-0&state=".to_owned(),
        "code=code-0&state=made-up".to_owned(),
        format!("{query}&state={state}"),
        format!("{query}&state=another"),
        format!("{query}&code=code-1"),
        String::new(),
    ] {
        assert_refused(&browser.get(&format!("{path}?{query}")).await, 400);
    }
    // Another attempt of the same flow ends it; the first one's state is worth nothing then.
    let second = go_to(&mut browser, &login, "op").await;
    let by_second = browser.get(&provider.agree(&second, ada())).await;
    assert_signed_in(&by_second);
    assert_refused(&browser.get(&back).await, 400);
    assert_eq!(world.count(SESSIONS).await, 1);
}

#[tokio::test]
async fn a12_a_state_that_came_too_late_is_refused() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, ada());

    world.app.clock.advance(chrono::TimeDelta::minutes(10));

    assert_refused(&browser.get(&back).await, 400);
    assert_eq!(
        browser.get(&login).await.status,
        400,
        "the flow is over too"
    );
    assert_eq!(provider.calls(Endpoint::Token), 0);
}

#[tokio::test]
async fn a12_a13_a19_a_state_belongs_to_one_connection_of_one_brand() {
    let world = World::new().await;
    let honest = world.connect("honest").await;
    let evil = world.connect("evil").await;
    world.insert_brand("florist").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "honest").await;
    let back = honest.agree(&away, ada());

    let at_evil = back.replace("/bakery/honest", "/bakery/evil");
    let at_florist = back.replace("/bakery/honest", "/florist/honest");
    assert_refused(&browser.get(&at_evil).await, 400);
    assert_refused(&browser.get(&at_florist).await, 404);

    assert_eq!(
        evil.calls(Endpoint::Token),
        0,
        "the honest code was not shown to evil"
    );
    assert_signed_in(&browser.get(&back).await);
}

#[tokio::test]
async fn a14_linking_is_finished_only_by_the_session_that_began_it() {
    let world = World::new().await;
    let first = world.connect("first").await;
    let second = world.connect("second").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &first, "first", ada()).await);
    let other = || person("ada-2", "ada.two@example.com");
    let begin = "/login/link/bakery/second";

    // In nobody's session, linking does not begin.
    let stranger = world.browser().post_form(begin, &[]).await;
    assert_eq!(stranger.location(), "/login?brand=bakery");

    // Begun, and then somebody else signs in in the same browser: it is not finished.
    let page = browser.post_form(begin, &[]).await;
    let away = href(&page);
    assert_signed_in(&sign_in(&mut browser, &first, "first", person("bob", "b@x.example")).await);
    assert_refused(&browser.get(&second.agree(&away, other())).await, 403);

    // Begun, and then signed out: it is not finished either.
    let page = browser.post_form(begin, &[]).await;
    let away = href(&page);
    browser.cookies.remove("bf_session_bakery");
    assert_refused(&browser.get(&second.agree(&away, other())).await, 403);

    // Begun by a session that is no longer fresh.
    assert_signed_in(&sign_in(&mut browser, &first, "first", ada()).await);
    world.app.clock.advance(chrono::TimeDelta::minutes(11));
    let page = browser.post_form(begin, &[]).await;
    let away = href(&page);
    assert_refused(&browser.get(&second.agree(&away, other())).await, 403);
    let linked = "select count(*) from identity where subject = 'ada-2'";
    assert_eq!(world.count(linked).await, 0);

    // Fresh and the same: linked, in the same session.
    assert_signed_in(&sign_in(&mut browser, &first, "first", ada()).await);
    let page = browser.post_form(begin, &[]).await;
    let away = href(&page);
    let done = browser.get(&second.agree(&away, other())).await;
    assert_eq!(done.location(), "/me?brand=bakery");
    assert_eq!(world.count(linked).await, 1);
    assert_eq!(world.count("select count(*) from profile").await, 2);
}

#[tokio::test]
async fn a15_a_state_is_a_handle_and_only_its_hash_is_stored() {
    let world = World::new().await;
    world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;

    let away = go_to(&mut browser, &login, "op").await;

    let url = url::Url::parse(&away).unwrap();
    let find = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    let state = find("state");
    assert_eq!(state.len(), 43);
    assert_ne!(find("nonce"), state);
    assert!(find("redirect_uri").ends_with("/login/callback/bakery/op"));
    let stored = world
        .texts("select encode(state_hash, 'escape') from attempt")
        .await;
    assert!(stored.iter().all(|hash| !hash.contains(&state)));
}

#[tokio::test]
async fn a16_a_nonce_that_is_wrong_missing_or_of_an_older_flow_is_refused() {
    for nonce in [json!("another"), Value::Null, json!("")] {
        let world = World::new().await;
        let provider = world.connect("op").await;
        provider.say_in_id_token("nonce", nonce);
        let mut browser = world.browser();

        let answer = sign_in(&mut browser, &provider, "op", ada()).await;

        assert_refused(&answer, 400);
        assert_eq!(
            world
                .texts("select detail->>'code' from audit where action = 'sign_in.failed'")
                .await,
            ["id_token_nonce"]
        );
    }
}

#[tokio::test]
async fn a17_twenty_callbacks_at_once_open_one_session() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, ada());

    let all = (0..20).map(|_| {
        let mut browser = browser.clone();
        let back = back.clone();
        async move { browser.get(&back).await }
    });
    let answers = join_all(all).await;

    let won: Vec<_> = answers.iter().filter(|one| one.status == 303).collect();
    assert_eq!(won.len(), 1);
    assert_signed_in(won[0]);
    for lost in answers.iter().filter(|one| one.status != 303) {
        assert_refused(lost, 400);
    }
    assert_eq!(world.count(SESSIONS).await, 1);
    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(provider.calls(Endpoint::Token), 1);
}

#[tokio::test]
async fn the_same_newcomer_in_ten_browsers_at_once_becomes_one_profile() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut backs = Vec::new();
    for _ in 0..10 {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let away = go_to(&mut browser, &login, "op").await;
        backs.push((browser, provider.agree(&away, ada())));
    }

    let all = backs
        .into_iter()
        .map(|(mut browser, back)| async move { browser.get(&back).await });
    let answers = join_all(all).await;

    for answer in &answers {
        assert_signed_in(answer);
    }
    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(world.count("select count(*) from identity").await, 1);
    assert_eq!(world.count(SESSIONS).await, 10);
}

#[tokio::test]
async fn a18_a_code_of_another_transaction_is_refused() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut victim = world.browser();
    let login = open_login(&mut victim).await;
    let away = go_to(&mut victim, &login, "op").await;
    let victims = provider.agree(&away, ada());
    let mut attacker = world.browser();
    let login = open_login(&mut attacker).await;
    let away = go_to(&mut attacker, &login, "op").await;
    let attackers = provider.agree(&away, person("eve", "eve@example.com"));

    let injected = attackers.replace("code=code-1", "code=code-0");
    assert_ne!(injected, attackers);
    assert_refused(&attacker.get(&injected).await, 400);

    assert_eq!(world.count(SESSIONS).await, 0);
    assert!(victims.contains("code=code-0"));
}

#[tokio::test]
async fn a19_an_answer_in_the_name_of_another_issuer_is_refused_before_the_code_is_shown() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, ada());

    let answer = browser
        .get(&format!("{back}&iss=https%3A%2F%2Fhonest.example"))
        .await;

    assert_refused(&answer, 400);
    assert_eq!(provider.calls(Endpoint::Token), 0);
}

#[tokio::test]
async fn a29_userinfo_about_somebody_else_is_refused() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    provider.say_in_userinfo("victim");
    let mut browser = world.browser();

    let answer = sign_in(&mut browser, &provider, "op", ada()).await;

    assert_refused(&answer, 400);
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a30_a73_an_address_chooses_neither_where_people_end_nor_what_they_read() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    for target in [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://brand@evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "%2f%2fevil.example",
        "%0d%0aLocation:%20https://evil.example",
    ] {
        let mut browser = world.browser();
        let start = browser
            .get(&format!(
                "/login?brand=bakery&return_to={target}&next={target}&lang={target}"
            ))
            .await;
        assert!(start.location().starts_with("/login?flow=flw_"), "{target}");
        let login = format!("{}&return_to={target}", start.location());
        let away = go_to(&mut browser, &login, "op").await;
        let back = format!("{}&return_to={target}", provider.agree(&away, ada()));
        assert_signed_in(&browser.get(&back).await);
    }
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let page = browser
        .get(&format!(
            "{login}&problem=%3Cscript%3Eyour+account+is+locked"
        ))
        .await;
    assert!(!page.text().contains("your account is locked"));
    assert!(!page.text().contains("<script>your"));
}

#[tokio::test]
async fn a32_a_connection_switched_off_meanwhile_lets_nobody_in() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut known = world.browser();
    assert_signed_in(&sign_in(&mut known, &provider, "op", ada()).await);
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, ada());

    world.enable("op", false).await;

    assert_refused(&browser.get(&back).await, 403);
    let page = browser.get(&login).await;
    assert!(!page.text().contains("/op"), "no button any more");
    let flow = login.rsplit_once('=').unwrap().1;
    let begun = browser.post_form(&format!("/login/{flow}/op"), &[]).await;
    assert_refused(&begun, 403);
    assert_eq!(world.count(SESSIONS).await, 1);
}

#[tokio::test]
async fn a33_a_suspended_or_erased_person_does_not_sign_in() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", ada()).await);

    for sql in [
        "update profile set status = 'suspended'",
        "update profile set status = 'erased'",
    ] {
        world.run(sql).await;
        let mut again = world.browser();
        assert_refused(&sign_in(&mut again, &provider, "op", ada()).await, 403);
    }
    assert_eq!(world.count(SESSIONS).await, 1);
}

#[tokio::test]
async fn a70_starting_a_sign_in_by_a_form_of_another_site_is_refused() {
    let world = World::new().await;
    world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let flow = login.rsplit_once('=').unwrap().1;

    for path in [
        format!("/login/{flow}/op"),
        "/login/link/bakery/op".to_owned(),
        format!("/consent?flow={flow}"),
        format!("/link?flow={flow}"),
    ] {
        let headers = [
            ("sec-fetch-site", "cross-site"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = browser
            .send(Method::POST, &path, &headers, "decision=accept".into())
            .await;
        assert_refused(&answer, 403);
    }
}
