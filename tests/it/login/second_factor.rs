//! The authenticator app as a second step: set up, asked for, used once, and stood in for.

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};

use super::post;
use super::world::{World, assert_signed_in};
use crate::harness::{Answer, Browser};

const MARA: &str = "mara@x.example";

async fn world() -> World {
    let world = World::new().await;
    world.connect_mailbox().await;
    world
}

/// A moment after whatever was before, so that the latest mail is the one that is meant.
async fn sign_in_by_mail(world: &World, browser: &mut Browser, address: &str) -> Answer {
    world.app.clock.advance(TimeDelta::seconds(1));
    post::sign_in_by_mail(world, browser, address).await
}

/// What an app shows, computed here and not by the code under test (RFC 6238).
fn code(key: &str, now: DateTime<Utc>) -> String {
    let bits: Vec<String> = key
        .bytes()
        .map(|letter| {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                _ => letter - b'2' + 26,
            };
            format!("{value:05b}")
        })
        .collect();
    let bits = bits.concat();
    let secret: Vec<u8> = (0..bits.len() / 8)
        .map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap())
        .collect();
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&hmac_key, &(now.timestamp() / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] % 16);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    let digits = (u32::from_be_bytes(four) % (1 << 31)).to_string();
    let digits = format!("{digits:0>6}");
    digits[digits.len() - 6..].to_owned()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

/// Signs in and sets an app up; gives the key and the recovery codes.
async fn set_up(world: &World, browser: &mut Browser) -> (String, Vec<String>) {
    assert_signed_in(&sign_in_by_mail(world, browser, MARA).await);
    let page = browser.get("/me/security/app?brand=bakery").await.text();
    let key = between(&page, "aria-label=\"Key\"><code>", "</code>").to_owned();
    let sealed = between(&page, "name=\"sealed\" value=\"", "\"").to_owned();
    let right = code(&key, world.app.clock.now());
    let fields = [("sealed", sealed.as_str()), ("code", right.as_str())];
    let shown = browser
        .post_form("/me/security/app?brand=bakery", &fields)
        .await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let shown = shown.text();
    let codes = between(&shown, "aria-label=\"Recovery codes\"><code>", "</code>");
    let codes: Vec<String> = codes.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    (key, codes)
}

/// Gives the first proof in a new browser; gives the browser and the path of the second step.
async fn first_step(world: &World) -> (Browser, String) {
    let mut browser = world.browser();
    let asked = sign_in_by_mail(world, &mut browser, MARA).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let path = asked.location().to_owned();
    assert!(path.starts_with("/login/second-factor?flow="), "{path}");
    (browser, path)
}

async fn give(browser: &mut Browser, path: &str, code: &str) -> Answer {
    browser.post_form(path, &[("code", code)]).await
}

#[tokio::test]
async fn a_code_of_the_app_is_asked_for_and_taken_once() {
    let world = world().await;
    let (key, _) = set_up(&world, &mut world.browser()).await;
    world.app.clock.advance(TimeDelta::minutes(2));
    let now = world.app.clock.now();

    let (mut browser, path) = first_step(&world).await;
    assert_eq!(browser.get(&path).await.status, 200);
    assert_eq!(browser.get("/me?brand=bakery").await.status, 401);
    assert_eq!(give(&mut browser, &path, "000000").await.status, 422);
    assert_signed_in(&give(&mut browser, &path, &code(&key, now)).await);

    // Whoever saw it typed has nothing.
    let (mut thief, path) = first_step(&world).await;
    assert_eq!(give(&mut thief, &path, &code(&key, now)).await.status, 422);
    let before = now - TimeDelta::seconds(30);
    assert_eq!(
        give(&mut thief, &path, &code(&key, before)).await.status,
        422
    );
    assert_eq!(thief.get("/me?brand=bakery").await.status, 401);
}

#[tokio::test]
async fn a_recovery_code_stands_in_once() {
    let world = world().await;
    let (_, codes) = set_up(&world, &mut world.browser()).await;

    let (mut browser, path) = first_step(&world).await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    assert_signed_in(&give(&mut browser, &path, &typed).await);

    let (mut again, path) = first_step(&world).await;
    assert_eq!(give(&mut again, &path, &codes[3]).await.status, 422);
    assert_signed_in(&give(&mut again, &path, &codes[4]).await);
    let used = "select detail->>'left' from audit where action = 'recovery_code.used' order by 1";
    assert_eq!(world.texts(used).await, ["8", "9"]);
    let page = again.get("/me/security?brand=bakery").await.text();
    assert!(page.contains("8 are left"), "{page}");
}

#[tokio::test]
async fn new_recovery_codes_end_the_old_ones() {
    let world = world().await;
    let mut owner = world.browser();
    let (_, old) = set_up(&world, &mut owner).await;

    let shown = owner
        .post_form("/me/security/recovery-codes?brand=bakery", &[])
        .await
        .text();
    let codes = between(&shown, "aria-label=\"Recovery codes\"><code>", "</code>");
    let new = codes.lines().next().unwrap().to_owned();

    let (mut browser, path) = first_step(&world).await;
    assert_eq!(give(&mut browser, &path, &old[0]).await.status, 422);
    assert_signed_in(&give(&mut browser, &path, &new).await);
    let kinds: Vec<String> = world
        .mails(MARA)
        .await
        .into_iter()
        .map(|mail| mail.kind)
        .collect();
    let told = kinds
        .iter()
        .filter(|k| *k == "second_factor_changed")
        .count();
    assert_eq!(told, 2, "{kinds:?}");
}

#[tokio::test]
async fn a_trusted_browser_is_not_asked_for_thirty_days() {
    let world = world().await;
    let (_, codes) = set_up(&world, &mut world.browser()).await;
    let (mut browser, path) = first_step(&world).await;
    let fields = [("code", codes[0].as_str()), ("trust", "yes")];
    assert_signed_in(&browser.post_form(&path, &fields).await);

    assert_signed_in(&sign_in_by_mail(&world, &mut browser, MARA).await);
    let page = browser.get("/me/security?brand=bakery").await.text();
    assert!(page.contains("are not asked for a code"), "{page}");
    world.app.clock.advance(TimeDelta::days(31));
    let asked = sign_in_by_mail(&world, &mut browser, MARA).await;
    assert!(asked.location().starts_with("/login/second-factor"));
}

#[tokio::test]
async fn a_browser_that_is_trusted_no_longer_is_asked_again() {
    let world = world().await;
    let (_, codes) = set_up(&world, &mut world.browser()).await;
    let (mut browser, path) = first_step(&world).await;
    let fields = [("code", codes[0].as_str()), ("trust", "yes")];
    assert_signed_in(&browser.post_form(&path, &fields).await);
    let page = browser.get("/me/security?brand=bakery").await.text();
    let forget = between(&page, "action=\"/me/security/browsers/", "\"");

    let done = browser
        .post_form(&format!("/me/security/browsers/{forget}"), &[])
        .await;

    assert_eq!(done.status, 303, "{}", done.text());
    let asked = sign_in_by_mail(&world, &mut browser, MARA).await;
    assert!(asked.location().starts_with("/login/second-factor"));
}

#[tokio::test]
async fn a64_somebody_halfway_in_can_change_nothing() {
    let world = world().await;
    set_up(&world, &mut world.browser()).await;
    let (mut halfway, _) = first_step(&world).await;

    for path in [
        "/me/security/app/remove?brand=bakery",
        "/me/security/recovery-codes?brand=bakery",
        "/me/security/passkeys/options?brand=bakery",
    ] {
        let refused = halfway.post_form(path, &[]).await;
        assert!(matches!(refused.status.as_u16(), 401 | 404), "{path}");
    }
    let kinds = "select kind from credential order by 1";
    assert_eq!(world.texts(kinds).await, ["recovery_codes", "totp"]);
}

#[tokio::test]
async fn a46_codes_cannot_be_guessed_on_and_on() {
    let world = world().await;
    set_up(&world, &mut world.browser()).await;
    let (mut thief, path) = first_step(&world).await;

    let mut statuses = Vec::new();
    for n in 0..40 {
        let guess = format!("{n:06}");
        statuses.push(give(&mut thief, &path, &guess).await.status.as_u16());
    }

    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(world.count("select count(*) from session").await, 1);
}

#[tokio::test]
async fn a68_turning_the_app_off_signs_others_out_and_ends_the_asking() {
    let world = world().await;
    let mut owner = world.browser();
    let (_, codes) = set_up(&world, &mut owner).await;
    let (mut elsewhere, path) = first_step(&world).await;
    assert_signed_in(&give(&mut elsewhere, &path, &codes[0]).await);

    let off = owner
        .post_form("/me/security/app/remove?brand=bakery", &[])
        .await;

    assert_eq!(off.status, 303, "{}", off.text());
    assert_eq!(elsewhere.get("/me?brand=bakery").await.status, 401);
    assert_eq!(world.count("select count(*) from credential").await, 0);
    assert_signed_in(&sign_in_by_mail(&world, &mut world.browser(), MARA).await);
}

#[tokio::test]
async fn a_secret_shown_to_one_session_sets_nothing_up_in_another() {
    let world = world().await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut browser, MARA).await);
    let page = browser.get("/me/security/app?brand=bakery").await.text();
    let key = between(&page, "aria-label=\"Key\"><code>", "</code>").to_owned();
    let sealed = between(&page, "name=\"sealed\" value=\"", "\"").to_owned();
    let mut other = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut other, "nora@x.example").await);

    let right = code(&key, world.app.clock.now());
    let fields = [("sealed", sealed.as_str()), ("code", right.as_str())];
    let answer = other
        .post_form("/me/security/app?brand=bakery", &fields)
        .await;

    assert_eq!(answer.status, 303);
    assert_eq!(world.count("select count(*) from credential").await, 0);
}
