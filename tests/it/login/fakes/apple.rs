//! What is Apple's own: a form with the name in it once, relay addresses, two names for itself.

use serde_json::json;

use super::super::world::{Wishes, World, assert_signed_in};
use super::{Back, Fakes, come_back, go_to, open_login, post_from_elsewhere, sign_in, world};

/// Comes back with this `user` field in the form.
async fn sign_up(world: &World, fakes: &Fakes, user: &str) {
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "apple").await;
    let mut back = fakes.agree(&away);
    back.parameters.push(("user".to_owned(), user.to_owned()));
    assert_signed_in(&come_back(&mut browser, &back).await);
}

#[tokio::test]
async fn a36_the_name_of_the_form_is_taken_once_and_nothing_else_of_it() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "apple")).await;
    fakes.seat("7001", "relay@privaterelay.appleid.com", json!("true"));

    let user = r#"{"name": {"firstName": "A\u0000da <b>\u202e", "lastName": "Byron"},
                   "email": "victim@example.com"}"#;
    sign_up(&world, &fakes, user).await;

    assert_eq!(
        world.texts("select given_name from profile").await,
        ["Ada <b>"]
    );
    assert_eq!(
        world.texts("select family_name from profile").await,
        ["Byron"]
    );
    assert_eq!(
        world.texts("select address from profile_email").await,
        ["relay@privaterelay.appleid.com"],
        "the address is the signed one"
    );
    let raw = world.texts("select raw_claims::text from identity").await;
    assert!(!raw[0].contains("victim"));

    // Whoever comes back sends no name, and keeps the one they have.
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "apple").await);
    assert_eq!(
        world.texts("select given_name from profile").await,
        ["Ada <b>"]
    );
}

#[tokio::test]
async fn a36_a_name_waits_with_its_own_sign_in_alone() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "apple")).await;
    world.insert(&fakes.connection(&world, "google")).await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let away = go_to(&mut browser, &login, "apple").await;
    let back = fakes.agree(&away);
    let named = |name: &str, state: &str, slug: &str| {
        let user = json!({ "name": { "firstName": name } }).to_string();
        Back {
            path: format!("/login/callback/bakery/{slug}"),
            parameters: vec![
                ("state".to_owned(), state.to_owned()),
                ("user".to_owned(), user),
            ],
            by_form: true,
        }
    };
    let state = back.parameters[1].1.clone();

    for form in [
        named("First", &state, "apple"),
        named("Second", &state, "apple"),
        named("Third", "made-up", "apple"),
        named("Fourth", &state, "google"),
        named("Fifth", &state, "nothing"),
    ] {
        post_from_elsewhere(&browser, &form.path, &form.body()).await;
    }
    assert_signed_in(&come_back(&mut browser, &back).await);

    let names = world.texts("select posted_name::text from attempt").await;
    assert_eq!(names.len(), 1);
    assert!(names[0].contains("First"), "{names:?}");
    assert_eq!(
        world.texts("select given_name from profile").await,
        ["First"]
    );
}

#[tokio::test]
async fn both_of_apples_issuers_are_the_same_apple() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "apple")).await;
    fakes.seat("7001", "ada@example.com", json!("true"));

    for issuer in ["https://appleid.apple.com", "https://account.apple.com"] {
        fakes.twist(&[("iss", json!(issuer))]);
        assert_signed_in(&sign_in(&mut world.browser(), &fakes, "apple").await);
    }

    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(
        world.texts("select distinct issuer from identity").await,
        ["https://appleid.apple.com"]
    );
}

#[tokio::test]
async fn the_secret_for_apple_is_made_anew_months_later() {
    let (world, fakes) = world(Wishes::default()).await;
    world.insert(&fakes.connection(&world, "apple")).await;

    for _ in 0..3 {
        // The fake refuses a secret that has expired.
        assert_signed_in(&sign_in(&mut world.browser(), &fakes, "apple").await);
        world.app.clock.advance(chrono::TimeDelta::days(200));
        fakes.clock.advance(chrono::TimeDelta::days(200));
    }
    assert_eq!(world.count("select count(*) from profile").await, 1);
}
