//! A whole sign-up through the built-in provider.

use befriend::flow;
use serde_json::json;

use super::world::{Wishes, World, assert_signed_in, go_to, open_login, person, sign_in};
use crate::harness::{Answer, Browser};

/// Picks `fields` at the built-in provider; gives the answer of the callback.
async fn pick(browser: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    let login = open_login(browser).await;
    let page = browser.get(&login).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("The bakery"));
    let flow = login.rsplit_once('=').unwrap().1;

    let off = browser.post_form(&format!("/login/{flow}/test"), &[]).await;
    assert_eq!(off.status, 303);
    let provider = off.location().to_owned();
    let choice = browser.get(&provider).await;
    assert_eq!(choice.status, 200);
    assert!(choice.text().contains("Ada Lindqvist"));

    let back = browser.post_form(&provider, fields).await;
    assert_eq!(back.status, 303, "{}", back.text());
    browser.get(back.location()).await
}

#[tokio::test]
async fn nothing_is_stored_before_consent_and_then_everything_at_once() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    world.connect_test_provider().await;
    let mut browser = world.browser();

    let asked = pick(&mut browser, &[("person", "ada")]).await;
    assert_eq!(asked.status, 303);
    let consent = asked.location().to_owned();
    assert!(consent.starts_with("/consent?flow="));
    assert_eq!(world.count("select count(*) from profile").await, 0);
    assert_eq!(world.count("select count(*) from identity").await, 0);
    let page = browser.get(&consent).await;
    for shown in [
        "Ada Lindqvist",
        "ada@example.com",
        "Test provider",
        "Optional",
    ] {
        assert!(page.text().contains(shown), "{shown}");
    }

    let fields = [("decision", "accept"), ("purpose", "marketing")];
    let done = browser.post_form(&consent, &fields).await;

    assert_signed_in(&done);
    assert_eq!(
        world
            .texts("select name from event order by name, message_id")
            .await,
        ["Consent Given", "Consent Given", "Signed Up"]
    );
    assert_eq!(
        world
            .texts("select purpose from consent where granted order by purpose")
            .await,
        ["marketing", "terms"]
    );
    assert_eq!(
        world.texts("select kind from outbox order by kind").await,
        [
            "consent.given",
            "consent.given",
            "profile.created",
            "session.opened"
        ]
    );
    for (sql, count) in [
        ("select count(*) from profile where status = 'active'", 1),
        (
            "select count(*) from alias a join profile p using (brand_id, profile_id)
             where a.kind = 'user' and a.alias = 'prf_' || replace(p.profile_id::text, '-', '')",
            1,
        ),
        (
            "select count(*) from profile_email where verified_at is not null",
            1,
        ),
        (
            "select count(*) from event where trusted and identifies
             and payload->>'userId' like 'prf\\_%'",
            3,
        ),
        ("select count(*) from projection_queue", 3),
        ("select count(*) from session where ended_at is null", 1),
        ("select count(*) from flow where pending is not null", 0),
        ("select count(*) from flow where finished_at is null", 0),
    ] {
        assert_eq!(world.count(sql).await, count, "{sql}");
    }
}

#[tokio::test]
async fn whoever_comes_back_is_the_same_person_and_is_not_asked_again() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    world.connect_test_provider().await;
    let mut first = world.browser();
    let asked = pick(&mut first, &[("person", "ada")]).await;
    let accept = [("decision", "accept")];
    first.post_form(asked.location(), &accept).await;

    let mut second = world.browser();
    let again = pick(&mut second, &[("person", "ada")]).await;

    assert_signed_in(&again);
    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(world.count("select count(*) from session").await, 2);
    let last = "select count(*) from event where name = 'Signed In'";
    assert_eq!(world.count(last).await, 1);
    let login = open_login(&mut second).await;
    assert!(second.get(&login).await.text().contains("Last used"));
}

#[tokio::test]
async fn a_new_sign_in_ends_the_session_that_the_browser_held() {
    let world = World::new().await;
    world.connect_test_provider().await;
    let mut browser = world.browser();

    assert_signed_in(&pick(&mut browser, &[("person", "ada")]).await);
    let before = browser.cookies.clone();
    assert_signed_in(&pick(&mut browser, &[("person", "ada")]).await);

    let name = "bf_session_bakery";
    assert_ne!(before[name], browser.cookies[name], "a new token (A66)");
    assert_eq!(
        world
            .count("select count(*) from session where ended_at is null")
            .await,
        1
    );
    assert_eq!(world.count("select count(*) from session").await, 2);
}

#[tokio::test]
async fn declining_stores_nothing_and_leads_back_to_the_ways_in() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    world.connect_test_provider().await;
    let mut browser = world.browser();
    let asked = pick(&mut browser, &[("person", "ada")]).await;
    let consent = asked.location().to_owned();

    let declined = browser
        .post_form(&consent, &[("decision", "decline")])
        .await;

    assert_eq!(declined.status, 303);
    let login = browser.get(declined.location()).await;
    assert_eq!(login.status, 200);
    assert!(login.text().contains("Nothing was stored"));
    assert_eq!(world.count("select count(*) from profile").await, 0);
    assert_eq!(
        world
            .count("select count(*) from flow where pending is not null")
            .await,
        0
    );
    let late = browser.post_form(&consent, &[("decision", "accept")]).await;
    assert_eq!(late.status, 404);
}

#[tokio::test]
async fn consent_is_to_what_was_shown() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    world.connect_test_provider().await;
    let mut browser = world.browser();
    let asked = pick(&mut browser, &[("person", "ada")]).await;
    let consent = asked.location().to_owned();

    let stale = format!("{consent}&of=0123456789abcdef");
    let shown_again = browser.post_form(&stale, &[("decision", "accept")]).await;
    let unanswered = browser.post_form(&consent, &[]).await;

    assert_eq!(shown_again.status, 200);
    assert!(shown_again.text().contains("has changed"));
    assert_eq!(unanswered.status, 200);
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn somebody_made_up_signs_in_and_somebody_who_refuses_does_not() {
    let world = World::new().await;
    world.connect_test_provider().await;
    let mut browser = world.browser();

    let refused = pick(&mut browser, &[("decision", "deny")]).await;
    assert_eq!(refused.status, 303);
    let login = browser.get(refused.location()).await;
    assert!(login.text().contains("was cancelled"));

    let eve = [
        ("name", "Eve Moreau"),
        ("email", "Eve@Example.com"),
        ("email_verified", "yes"),
        ("subject", "eve-1"),
    ];
    assert_signed_in(&pick(&mut browser, &eve).await);
    assert_eq!(world.texts("select subject from identity").await, ["eve-1"]);
    assert_eq!(
        world.texts("select address from profile_email").await,
        ["eve@example.com"]
    );
    assert_eq!(world.texts("select given_name from profile").await, ["Eve"]);
}

#[tokio::test]
async fn the_request_that_began_a_flow_goes_on_when_it_ends() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    open_login(&mut browser).await;
    let app = &world.app.app;
    let secret = befriend::kernel::Secret::new(browser.cookies["bf_browser"].as_str());
    let mut conn = app.pool.acquire().await.unwrap();
    let new = flow::NewFlow {
        brand_id: world.brand.brand_id,
        application_id: None,
        request: Some(json!({ "client_id": "bakery.web" })),
        browser: &secret,
    };
    let flow_id = flow::begin(&mut conn, new, &app.clock, &app.entropy)
        .await
        .unwrap();

    let away = go_to(&mut browser, &format!("/login?flow={flow_id}"), "op").await;
    let done = browser
        .get(&provider.agree(&away, person("ada", "ada@example.com")))
        .await;

    assert_eq!(done.status, 303);
    let resume = format!("/oauth/authorize/resume?flow={flow_id}");
    assert_eq!(done.location(), resume);
    let now = app.clock.now();
    let find = flow::store::find_finished_flow(&mut conn, flow_id, &secret, now);
    let finished = find.await.unwrap().unwrap();
    assert_eq!(finished.request, Some(json!({ "client_id": "bakery.web" })));
    let stranger = befriend::kernel::Secret::new("another browser");
    let find = flow::store::find_finished_flow(&mut conn, flow_id, &stranger, now);
    assert!(find.await.unwrap().is_none());
}

#[tokio::test]
async fn a_form_that_leads_to_another_server_is_answered_by_a_page() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let flow = login.rsplit_once('=').unwrap().1;

    let page = browser.post_form(&format!("/login/{flow}/op"), &[]).await;

    assert_eq!(page.status, 200);
    assert!(
        page.text()
            .contains(&format!("{}/authorize?", provider.issuer))
    );
}

#[tokio::test]
async fn a_callback_by_form_is_relayed_to_where_cookies_go() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "op").await;
    let back = provider.agree(&away, person("ada", "ada@example.com"));
    let (path, query) = back.split_once('?').unwrap();

    let mut provider_page = world.browser();
    let body = format!("{query}&user=%7B%22email%22%3A%22victim%40example.com%22%7D");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://appleid.apple.com"),
    ];
    let relayed = provider_page
        .send(axum::http::Method::POST, path, &headers, body.into())
        .await;
    assert_eq!(relayed.status, 303);
    assert!(!relayed.location().contains("user="));
    let done = browser.get(relayed.location()).await;

    assert_signed_in(&done);
}

#[tokio::test]
async fn two_brands_share_a_provider_and_no_customers() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let other = world.insert_brand("florist").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", person("a", "a@example.com")).await);

    let answer = browser.get("/login?brand=florist").await;
    let page = browser.get(answer.location()).await;

    assert_eq!(page.status, 200);
    assert!(
        !page.text().contains("/op"),
        "no connection of the other brand"
    );
    assert_ne!(other.brand_id, world.brand.brand_id);
}

#[tokio::test]
async fn a_provider_without_id_tokens_is_believed_by_its_userinfo_alone() {
    let world = World::new().await;
    let provider = world.connect_oauth2("plain").await;
    let mut browser = world.browser();
    let claims = || person("u-1", "ada@example.com");

    let first = sign_in(&mut browser, &provider, "plain", claims()).await;
    let mut another = world.browser();
    let again = sign_in(&mut another, &provider, "plain", claims()).await;

    assert_signed_in(&first);
    assert_signed_in(&again);
    assert_eq!(world.texts("select subject from identity").await, ["u-1"]);
    let issuers = world.texts("select issuer from identity").await;
    assert_eq!(issuers, [provider.issuer.as_str()]);
    let addresses = "select count(*) from profile_email";
    assert_eq!(
        world.count(addresses).await,
        0,
        "an ID token that came along is not read"
    );
    provider.say_in_userinfo("");
    let mut nobody = world.browser();
    let refused = sign_in(&mut nobody, &provider, "plain", claims()).await;
    super::world::assert_refused(&refused, 400);
}
