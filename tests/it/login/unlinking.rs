//! Ways in that are taken away.

use futures_util::future::join_all;

use super::provider::Provider;
use super::world::{World, href, person};
use crate::harness::{Answer, Browser};

/// Somebody with two accounts linked: `one` and `two`.
async fn two_ways() -> (World, Browser, [Provider; 2]) {
    let world = World::new().await;
    let first = world.connect("first").await;
    let second = world.connect("second").await;
    let ada = person("one", "ada@example.com");
    let mut browser = world.signed_in(&first, "first", ada).await;
    let page = browser.post_form("/login/link/bakery/second", &[]).await;
    let away = href(&page);
    let done = browser
        .get(&second.agree(&away, person("two", "ada@second.example")))
        .await;
    assert_eq!(done.location(), "/me?brand=bakery", "{}", done.text());
    (world, browser, [first, second])
}

async fn unlink(world: &World, browser: &mut Browser, subject: &str) -> Answer {
    let id = world.identity_of(subject).await;
    let path = format!("/me/identities/{id}/unlink?brand=bakery");
    browser.post_form(&path, &[]).await
}

const SUBJECTS: &str = "select subject from identity order by subject";

#[tokio::test]
async fn a_way_in_is_taken_away_written_down_and_told() {
    let (world, mut browser, _providers) = two_ways().await;
    let page = browser.get("/me?brand=bakery").await.text();
    assert!(page.contains("/unlink?brand=bakery"), "{page}");

    let done = unlink(&world, &mut browser, "two").await;

    assert_eq!(done.location(), "/me?brand=bakery&done=unlinked");
    assert_eq!(world.texts(SUBJECTS).await, ["one"]);
    for sql in [
        "select count(*) from outbox where kind = 'identity.unlinked'",
        "select count(*) from audit where action = 'identity.unlinked' and actor_kind = 'customer'",
        "select count(*) from event where name = 'Social Profile Unlinked'",
    ] {
        assert_eq!(world.count(sql).await, 1, "{sql}");
    }
    let letters = world.letters("way_removed").await;
    let to: Vec<&str> = letters.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["ada@example.com", "ada@second.example"]);
    let page = browser.get("/me?brand=bakery").await.text();
    assert!(page.contains("Your only way in"), "{page}");
    assert!(!page.contains("/unlink?"), "{page}");
}

#[tokio::test]
async fn a31_of_twenty_who_unlink_at_once_one_wins_and_a_way_in_stays() {
    let (world, browser, _providers) = two_ways().await;
    let ids = [
        world.identity_of("one").await,
        world.identity_of("two").await,
    ];
    let tries = (0..20).map(|number| {
        let mut browser = browser.clone();
        let path = format!("/me/identities/{}/unlink?brand=bakery", ids[number % 2]);
        tokio::spawn(async move { browser.post_form(&path, &[]).await.status.as_u16() })
    });

    let statuses: Vec<u16> = join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();

    let won = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(won, 1, "{statuses:?}");
    let known = |status: &u16| matches!(status, 303 | 404 | 409);
    assert!(statuses.iter().all(known), "{statuses:?}");
    assert!(statuses.contains(&409), "{statuses:?}");
    assert_eq!(world.count("select count(*) from identity").await, 1);
}

#[tokio::test]
async fn a31_what_signs_nobody_in_is_no_other_way() {
    let (world, mut browser, _providers) = two_ways().await;
    let ada = world.profile_of("one").await;
    world.enable("second", false).await;

    // The other account's connection is switched off.
    assert_eq!(unlink(&world, &mut browser, "one").await.status, 409);
    // A password is asked for by an address, and none is proven.
    world
        .run("update profile_email set verified_at = null")
        .await;
    world.insert_credential(ada, "password").await;
    world.insert_credential(ada, "totp").await;
    assert_eq!(unlink(&world, &mut browser, "one").await.status, 409);
    assert_eq!(world.texts(SUBJECTS).await, ["one", "two"]);

    world
        .run("update profile_email set verified_at = created_at where address = 'ada@example.com'")
        .await;
    assert_eq!(unlink(&world, &mut browser, "one").await.status, 303);
    assert_eq!(world.texts(SUBJECTS).await, ["two"]);
}

#[tokio::test]
async fn a31_a_passkey_is_another_way() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let ada = person("ada", "ada@example.com");
    let mut browser = world.signed_in(&provider, "op", ada).await;
    assert_eq!(unlink(&world, &mut browser, "ada").await.status, 409);

    world
        .insert_credential(world.profile_of("ada").await, "passkey")
        .await;

    assert_eq!(unlink(&world, &mut browser, "ada").await.status, 303);
}

#[tokio::test]
async fn nobody_unlinks_for_somebody_else_nor_long_after_signing_in() {
    let (world, mut browser, providers) = two_ways().await;
    let eve = person("eve", "eve@example.com");
    let mut eve = world.signed_in(&providers[0], "first", eve).await;

    assert_eq!(unlink(&world, &mut eve, "two").await.status, 404);
    assert_eq!(
        unlink(&world, &mut world.browser(), "two").await.status,
        401
    );
    world.app.clock.advance(chrono::TimeDelta::minutes(11));
    let late = unlink(&world, &mut browser, "two").await;

    assert_eq!(late.status, 303);
    assert!(
        late.location().starts_with("/login?brand=bakery&reauth=1"),
        "{}",
        late.location()
    );
    assert_eq!(world.texts(SUBJECTS).await, ["eve", "one", "two"]);
}

#[tokio::test]
async fn a68_browsers_that_came_in_by_what_is_unlinked_are_signed_out() {
    let (world, mut browser, providers) = two_ways().await;
    let two = person("two", "ada@second.example");
    let mut by_second = world.signed_in(&providers[1], "second", two).await;
    assert_eq!(by_second.get("/me?brand=bakery").await.status, 200);

    assert_eq!(unlink(&world, &mut browser, "two").await.status, 303);

    assert_eq!(by_second.get("/me?brand=bakery").await.status, 401);
    assert_eq!(browser.get("/me?brand=bakery").await.status, 200);
}
