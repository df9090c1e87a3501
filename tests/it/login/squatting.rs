//! Accounts made with an address before its owner comes: what whoever made them keeps. Nothing.

use super::provider::Provider;
use super::world::{World, assert_signed_in, person, sign_in};
use crate::harness::Browser;

/// A squatter who holds all that one can hold, and the provider by which both come.
async fn squatted() -> (World, Provider, Browser) {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut claims = person("squatter", "victim@example.com");
    claims["email_verified"] = false.into();
    let browser = world.signed_in(&provider, "op", claims).await;
    let squatter = world.profile_of("squatter").await;
    for kind in ["password", "passkey", "totp", "recovery_codes"] {
        world.insert_credential(squatter, kind).await;
    }
    // An application that acts for them, and a change of address that waits for a box of theirs.
    world
        .run(
            "insert into application (brand_id, application_id, client_id, name, kind, created_at)
             select brand_id, gen_random_uuid(), 'bakery.web', 'web', 'browser', created_at
             from brand",
        )
        .await;
    world
        .run(
            "insert into refresh_family (brand_id, family_id, application_id, session_id,
                                         profile_id, scope, authenticated_at, created_at,
                                         expires_at)
             select s.brand_id, gen_random_uuid(), a.application_id, s.session_id, s.profile_id,
                    'openid', s.created_at, s.created_at, s.created_at + interval '30 days'
             from session s join application a using (brand_id)",
        )
        .await;
    world
        .run(
            "insert into access_token (brand_id, token_id, token_hash, code_id, application_id,
                                       session_id, profile_id, scope, created_at, expires_at)
             select brand_id, gen_random_uuid(), '\\x01', family_id, application_id, session_id,
                    profile_id, scope, created_at, created_at + interval '10 minutes'
             from refresh_family",
        )
        .await;
    world
        .run(
            "insert into proof (brand_id, proof_id, purpose, address, profile_id, created_at,
                                expires_at)
             select brand_id, gen_random_uuid(), 'address', 'evil@example.com', profile_id,
                    created_at, created_at + interval '1 day'
             from session",
        )
        .await;
    (world, provider, browser)
}

async fn owner_comes(world: &World, provider: &Provider) -> Browser {
    let mut owner = world.browser();
    let came = person("owner", "victim@example.com");
    assert_signed_in(&sign_in(&mut owner, provider, "op", came).await);
    owner
}

#[tokio::test]
async fn a06_the_squatters_password_and_account_do_not_become_the_owners() {
    let (world, provider, _squatter) = squatted().await;

    owner_comes(&world, &provider).await;

    assert_ne!(
        world.profile_of("squatter").await,
        world.profile_of("owner").await
    );
    let passwords = "select count(*) from credential where kind = 'password'";
    assert_eq!(world.count(passwords).await, 0);
    let bearers = "select i.subject from profile_email e join identity i
         using (brand_id, profile_id) where e.address = 'victim@example.com'";
    assert_eq!(world.texts(bearers).await, ["owner"]);
}

#[tokio::test]
async fn a07_the_squatters_session_and_tokens_end() {
    let (world, provider, mut squatter) = squatted().await;
    assert_eq!(squatter.get("/me?brand=bakery").await.status, 200);

    let mut owner = owner_comes(&world, &provider).await;

    assert_eq!(squatter.get("/me?brand=bakery").await.status, 401);
    assert_eq!(owner.get("/me?brand=bakery").await.status, 200);
    for sql in [
        "select count(*) from refresh_family where revoked_at is null",
        "select count(*) from access_token where revoked_at is null",
    ] {
        assert_eq!(world.count(sql).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn a08_every_credential_that_the_squatter_added_goes() {
    let (world, provider, _squatter) = squatted().await;
    assert_eq!(world.count("select count(*) from credential").await, 4);

    owner_comes(&world, &provider).await;

    assert_eq!(world.count("select count(*) from credential").await, 0);
}

#[tokio::test]
async fn a09_a_change_that_waits_for_the_squatters_box_waits_in_vain() {
    let (world, provider, _squatter) = squatted().await;

    owner_comes(&world, &provider).await;

    let open = "select count(*) from proof where used_at is null";
    assert_eq!(world.count(open).await, 0);
}

#[tokio::test]
async fn a10_an_account_by_a_provider_that_verifies_nothing_gives_way_to_proof() {
    let (world, provider, _squatter) = squatted().await;
    let unproven = "select count(*) from profile_email where verified_at is null";
    assert_eq!(world.count(unproven).await, 1);

    let mut owner = owner_comes(&world, &provider).await;

    assert_eq!(world.count(unproven).await, 0);
    let page = owner.get("/me?brand=bakery").await.text();
    assert!(page.contains("victim@example.com"), "{page}");
    assert!(page.contains("Verified"), "{page}");
}
