//! Browsers that were never seen, and ends of sessions that every process sees.

use axum::http::Method;

use super::world::{World, person, sign_in};
use crate::harness::Browser;
use crate::intake::another;

#[tokio::test]
async fn a_sign_in_from_a_browser_never_seen_is_told_by_mail() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let ada = || person("ada", "ada@example.com");
    let mut first = world.signed_in(&provider, "op", ada()).await;
    assert_eq!(
        world.letters("new_device").await,
        [],
        "the first is no news"
    );

    first.post_form("/logout?brand=bakery", &[]).await;
    sign_in(&mut first, &provider, "op", ada()).await;
    assert_eq!(world.letters("new_device").await, [], "it was seen before");

    let mut second = world.signed_in(&provider, "op", ada()).await;
    let letters = world.letters("new_device").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, "ada@example.com");
    sign_in(&mut second, &provider, "op", ada()).await;
    assert_eq!(world.letters("new_device").await.len(), 1);

    // What one person's browser is known by says nothing of another's.
    let bob = || person("bob", "bob@example.com");
    world.signed_in(&provider, "op", bob()).await;
    sign_in(&mut second, &provider, "op", bob()).await;
    let told = world.letters("new_device").await;
    let told: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(told, ["ada@example.com", "bob@example.com"]);
}

#[tokio::test]
async fn a68_what_one_process_ends_is_ended_in_every_other_at_once() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let ada = || person("ada", "ada@example.com");
    let mut here = world.signed_in(&provider, "op", ada()).await;
    let signed_in = world.signed_in(&provider, "op", ada()).await;
    let other = another(&world.app);
    let router = befriend::http::router(other.clone());
    let mut there = Browser::new(router, other.config.issuer());
    there.cookies = signed_in.cookies.clone();
    assert_eq!(there.get("/me?brand=bakery").await.status, 200);

    here.post_form("/me/sessions/end-others?brand=bakery", &[])
        .await;
    assert_eq!(there.get("/me?brand=bakery").await.status, 401);
    assert_eq!(here.get("/me?brand=bakery").await.status, 200);

    there.cookies = here.cookies.clone();
    assert_eq!(there.get("/me?brand=bakery").await.status, 200);
    world.run("update profile set status = 'suspended'").await;
    assert_eq!(there.get("/me?brand=bakery").await.status, 401);
    assert_eq!(here.get("/me?brand=bakery").await.status, 401);
    let posted = here
        .send(
            Method::POST,
            "/me/export?brand=bakery",
            &[("sec-fetch-site", "same-origin")],
            axum::body::Body::empty(),
        )
        .await;
    assert_eq!(posted.status, 401);
}
