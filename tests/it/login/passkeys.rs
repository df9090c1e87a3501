//! Passkeys: made, used, named, removed, and everything that is refused.

use chrono::TimeDelta;
use serde_json::Value;

use super::authenticator::Authenticator;
use super::post::sign_in_by_mail;
use super::world::{Wishes, World, assert_signed_in, open_login};
use crate::harness::{Answer, Browser};

const MARA: &str = "mara@x.example";
const NORA: &str = "nora@x.example";

async fn world() -> World {
    let world = World::on_localhost(Wishes::default()).await;
    world.connect_mailbox().await;
    world
}

/// Somebody signed in by mail who then adds a passkey on a device.
async fn owner(world: &World, address: &str, mark: u8) -> (Browser, Authenticator) {
    let mut browser = world.browser();
    assert_signed_in(&sign_in_by_mail(world, &mut browser, address).await);
    // A moment later, so that the latest mail is the one that is meant.
    world.app.clock.advance(TimeDelta::seconds(1));
    let mut device = Authenticator::new(mark);
    let added = add(&mut browser, &mut device).await;
    assert_eq!(added.status, 303, "{}", added.text());
    (browser, device)
}

async fn add(browser: &mut Browser, device: &mut Authenticator) -> Answer {
    let asked = browser
        .post_form("/me/security/passkeys/options?brand=bakery", &[])
        .await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let answer = device.create(&asked.json());
    let fields = [("name", "Telephone"), ("answer", answer.as_str())];
    browser
        .post_form("/me/security/passkeys?brand=bakery", &fields)
        .await
}

/// The question of a sign-in page.
async fn ask(browser: &mut Browser, login: &str) -> Value {
    let path = login.replace("/login?", "/login/passkey/options?");
    let asked = browser.post_form(&path, &[]).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    asked.json()
}

async fn give(browser: &mut Browser, login: &str, answer: &str) -> Answer {
    let path = login.replace("/login?", "/login/passkey?");
    browser.post_form(&path, &[("answer", answer)]).await
}

async fn sign_in(browser: &mut Browser, device: &mut Authenticator) -> Answer {
    let login = open_login(browser).await;
    let options = ask(browser, &login).await;
    give(browser, &login, &device.get(&options)).await
}

fn assert_not_taken(answer: &Answer) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(
        answer.location().ends_with("&problem=passkey"),
        "{}",
        answer.location()
    );
    assert!(!answer.headers.contains_key("set-cookie"));
}

async fn first_id(world: &World) -> String {
    let text = "select credential_id::text from credential where kind = 'passkey'";
    let id: uuid::Uuid = world.texts(text).await[0].parse().unwrap();
    befriend::kernel::id::CredentialId::from_uuid(id).to_string()
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in_without_a_name() {
    let world = world().await;
    let (mut browser, mut device) = owner(&world, MARA, 1).await;
    let page = browser.get("/me/security?brand=bakery").await.text();
    assert!(page.contains("Telephone"), "{page}");
    assert_eq!(world.latest_mail(MARA).await.kind, "passkey_added");

    let mut elsewhere = world.browser();
    assert_signed_in(&sign_in(&mut elsewhere, &mut device).await);

    assert_eq!(world.count("select count(*) from profile").await, 1);
    let methods = "select method from session where second_factor_at is not null";
    assert_eq!(world.texts(methods).await, ["passkey"]);
    let used = "select data->>'counter' from credential where last_used_at is not null";
    assert_eq!(world.texts(used).await, ["1"]);
    assert_eq!(
        world.count("select count(*) from passkey_challenge").await,
        0
    );
}

#[tokio::test]
async fn a61_an_answer_counts_once_and_only_where_it_was_asked_for() {
    let world = world().await;
    let (_, mut device) = owner(&world, MARA, 1).await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let options = ask(&mut browser, &login).await;
    let answer = device.get(&options);

    // In another browser's sign-in.
    let mut thief = world.browser();
    let other = open_login(&mut thief).await;
    assert_not_taken(&give(&mut thief, &other, &answer).await);
    // In its own, and then again.
    assert_signed_in(&give(&mut browser, &login, &answer).await);
    let again = open_login(&mut browser).await;
    assert_not_taken(&give(&mut browser, &again, &answer).await);
    // Too late.
    let late = open_login(&mut thief).await;
    let options = ask(&mut thief, &late).await;
    let answer = device.get(&options);
    world.app.clock.advance(TimeDelta::minutes(11));
    assert_ne!(give(&mut thief, &late, &answer).await.status, 303);
    assert_eq!(world.count("select count(*) from session").await, 2);
}

#[tokio::test]
async fn a61_an_answer_of_another_site_or_of_a_copy_is_refused_and_recorded() {
    let world = world().await;
    let (_, mut device) = owner(&world, MARA, 1).await;
    let mut browser = world.browser();
    let before = world.count("select count(*) from session").await;

    device.origin = "https://evil.example".to_owned();
    assert_not_taken(&sign_in(&mut browser, &mut device).await);
    device.origin = "http://localhost:7700".to_owned();
    let login = open_login(&mut browser).await;
    for answer in ["", "{}", "[]", "null", &"[".repeat(10_000)] {
        assert_not_taken(&give(&mut browser, &login, answer).await);
    }
    assert_signed_in(&sign_in(&mut browser, &mut device).await);
    device.counter = 0;
    assert_not_taken(&sign_in(&mut world.browser(), &mut device).await);

    let refused =
        "select detail->>'because' from audit where action = 'credential.refused' order by 1";
    assert_eq!(
        world.texts(refused).await,
        ["passkey_counter", "passkey_origin"]
    );
    let after = world.count("select count(*) from session").await;
    assert_eq!(after, before + 1);
}

#[tokio::test]
async fn a39_the_question_says_nothing_of_anybody() {
    let world = world().await;
    let (_, _device) = owner(&world, MARA, 1).await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;

    let options = ask(&mut browser, &login).await;

    assert_eq!(options["allowCredentials"], serde_json::json!([]));
    assert_eq!(options["userVerification"], "required");
}

#[tokio::test]
async fn a63_another_person_s_or_brand_s_passkey_is_not_there() {
    let world = world().await;
    let (_, mut device) = owner(&world, MARA, 1).await;
    let id = first_id(&world).await;
    let mut nora = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut nora, NORA).await);

    let at = |what: &str| format!("/me/security/passkeys/{id}/{what}?brand=bakery");
    let renamed = nora.post_form(&at("name"), &[("name", "Mine")]).await;
    assert_eq!(renamed.status, 404);
    assert_eq!(nora.post_form(&at("remove"), &[]).await.status, 404);
    let browsers = format!("/me/security/browsers/{id}/remove?brand=bakery");
    assert_eq!(nora.post_form(&browsers, &[]).await.status, 404);
    assert_eq!(
        world.texts("select name from credential").await,
        ["Telephone"]
    );

    // At another brand of the same server it opens nothing.
    world.insert_brand("cafe").await;
    let mut browser = world.browser();
    let login = browser.get("/login?brand=cafe").await.location().to_owned();
    let options = ask(&mut browser, &login).await;
    assert_not_taken(&give(&mut browser, &login, &device.get(&options)).await);
}

#[tokio::test]
async fn a64_nothing_is_added_without_fresh_proof() {
    let world = world().await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut browser, MARA).await);
    world.app.clock.advance(TimeDelta::minutes(11));

    for (path, is_post) in [
        ("/me/security/passkeys/new?brand=bakery", false),
        ("/me/security/passkeys/options?brand=bakery", true),
        ("/me/security/passkeys?brand=bakery", true),
        ("/me/security/app?brand=bakery", false),
        ("/me/security/app?brand=bakery", true),
        ("/me/security/app/remove?brand=bakery", true),
        ("/me/security/recovery-codes?brand=bakery", true),
    ] {
        let answer = if is_post {
            browser.post_form(path, &[]).await
        } else {
            browser.get(path).await
        };
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        assert!(
            answer
                .location()
                .starts_with("/login?brand=bakery&reauth=1"),
            "{path}: {}",
            answer.location()
        );
        let mut stranger = world.browser();
        let stranger = if is_post {
            stranger.post_form(path, &[]).await
        } else {
            stranger.get(path).await
        };
        assert_eq!(stranger.status, 401, "{path}");
    }
    assert_eq!(world.count("select count(*) from credential").await, 0);
    assert_eq!(
        world.count("select count(*) from passkey_challenge").await,
        0
    );
}

#[tokio::test]
async fn a33_the_passkey_of_somebody_suspended_opens_nothing() {
    let world = world().await;
    let (_, mut device) = owner(&world, MARA, 1).await;
    world.run("update profile set status = 'suspended'").await;
    let before = world.count("select count(*) from session").await;

    let answer = sign_in(&mut world.browser(), &mut device).await;

    assert_ne!(answer.status, 303);
    assert_eq!(world.count("select count(*) from session").await, before);
}

#[tokio::test]
async fn a68_removing_a_passkey_signs_others_out_and_it_opens_nothing_more() {
    let world = world().await;
    let (mut browser, mut device) = owner(&world, MARA, 1).await;
    let mut elsewhere = world.browser();
    assert_signed_in(&sign_in(&mut elsewhere, &mut device).await);
    let id = first_id(&world).await;

    world.app.clock.advance(TimeDelta::seconds(1));
    let path = format!("/me/security/passkeys/{id}/remove?brand=bakery");
    let removed = browser.post_form(&path, &[]).await;

    assert_eq!(removed.status, 303, "{}", removed.text());
    assert_eq!(elsewhere.get("/me?brand=bakery").await.status, 401);
    assert_eq!(browser.get("/me?brand=bakery").await.status, 200);
    assert_not_taken(&sign_in(&mut world.browser(), &mut device).await);
    assert_eq!(world.latest_mail(MARA).await.kind, "way_removed");
}

#[tokio::test]
async fn a_device_that_has_a_passkey_is_told_so() {
    let world = world().await;
    let (mut browser, mut device) = owner(&world, MARA, 1).await;

    let again = add(&mut browser, &mut device).await;

    assert_eq!(again.status, 400);
    assert!(again.text().contains("has a passkey of yours already"));
    let count = "select count(*) from credential where kind = 'passkey'";
    assert_eq!(world.count(count).await, 1);
}

#[tokio::test]
async fn an_account_of_a_passkey_and_a_name_alone() {
    let world = World::on_localhost(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let page = login.replace("/login?", "/login/passkey/new?");
    assert_eq!(browser.get(&page).await.status, 200);
    let asked = login.replace("/login?", "/login/passkey/new/options?");
    let mut device = Authenticator::new(5);

    let options = browser.post_form(&asked, &[("name", "Ada")]).await.json();
    assert_eq!(world.count("select count(*) from profile").await, 0);
    let answer = device.create(&options);
    let nameless = browser
        .post_form(&page, &[("person", " "), ("answer", &answer)])
        .await;
    assert_eq!(nameless.status, 400);
    let fields = [
        ("person", "Ada"),
        ("purpose", "marketing"),
        ("answer", &*answer),
    ];
    assert_signed_in(&browser.post_form(&page, &fields).await);

    assert_eq!(
        world.texts("select display_name from profile").await,
        ["Ada"]
    );
    let consents = "select purpose from consent where granted order by 1";
    assert_eq!(world.texts(consents).await, ["marketing", "terms"]);
    assert_eq!(world.count("select count(*) from identity").await, 0);
    assert_signed_in(&sign_in(&mut world.browser(), &mut device).await);
    // It is the only way in, so it stays.
    let id = first_id(&world).await;
    let path = format!("/me/security/passkeys/{id}/remove?brand=bakery");
    assert_eq!(browser.post_form(&path, &[]).await.status, 409);
    // The same question makes no second account.
    let again = browser.post_form(&page, &fields).await;
    assert_ne!(again.status, 303);
    assert_eq!(world.count("select count(*) from profile").await, 1);
}

#[tokio::test]
async fn where_the_server_is_a_number_no_passkey_is_offered() {
    let world = World::new().await;
    world.connect_test_provider().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;

    assert!(!browser.get(&login).await.text().contains("passkey"));
    let asked = login.replace("/login?", "/login/passkey/options?");
    assert_eq!(browser.post_form(&asked, &[]).await.status, 404);
}
