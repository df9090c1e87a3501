use befriend::kernel::{Cipher, Entropy};
use befriend::postgres;
use befriend::token::{Error, Expected, Keyring, PublicKeys, VerifyError, store};
use chrono::TimeDelta;

use super::world::World;
use crate::harness::TestApp;

fn ring(seed: u64) -> Keyring {
    let entropy = Entropy::seeded(seed);
    Keyring::new(Cipher::new([7; 32], entropy.clone()), entropy)
}

#[tokio::test]
async fn f06_processes_that_start_at_once_agree_on_one_key() {
    let test = TestApp::start().await;
    let pool = &test.app.pool;
    let now = test.clock.now();
    let rings: Vec<Keyring> = (100..106).map(ring).collect();

    let loaded =
        futures_util::future::join_all(rings.iter().map(|ring| ring.keys(pool, now))).await;

    let sets: Vec<String> = loaded
        .iter()
        .map(|keys| keys.as_ref().unwrap().public().to_jwks().to_string())
        .collect();
    assert!(sets.iter().all(|set| *set == sets[0]), "{sets:?}");
    let made: i64 = sqlx::query_scalar("select count(*) from signing_key")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn s24_a117_a_rotation_disturbs_nobody() {
    let world = World::start().await;
    let app = &world.test.app;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let other_process = ring(200);
    let expected = |after: TimeDelta| Expected {
        issuer: app.config.issuer(),
        audience: Some("bakery.web"),
        now: app.clock.now() + after,
    };
    let id_token = |tokens: &serde_json::Value| tokens["id_token"].as_str().unwrap().to_owned();
    let zero = TimeDelta::zero();

    let old = id_token(&world.tokens(&mut browser).await);
    other_process
        .keys(&app.pool, app.clock.now())
        .await
        .unwrap();
    postgres::tx(&app.pool, async |conn| {
        let now = app.clock.now();
        store::insert_next_key(conn, &app.cipher, &app.entropy, now).await
    })
    .await
    .unwrap();

    // Published within a minute, signing only after an hour.
    world.test.clock.advance(TimeDelta::seconds(60));
    let jwks = world.test.browser().get("/oauth/jwks").await.json();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    assert!(
        !jwks.to_string().contains("\"d\""),
        "no private half is published"
    );
    let between = id_token(&world.tokens(&mut browser).await);
    assert_eq!(kid(&between), kid(&old));

    // Signed just before the change, good until its end.
    world.test.clock.advance(TimeDelta::minutes(58));
    let last = id_token(&world.tokens(&mut browser).await);
    assert_eq!(kid(&last), kid(&old));
    world.test.clock.advance(TimeDelta::minutes(2));
    let new = id_token(&world.tokens(&mut browser).await);
    assert_ne!(kid(&new), kid(&old));
    for token in [&last, &new] {
        for process in [&app.keyring, &other_process] {
            process
                .verify_id_token(&app.pool, token, expected(zero))
                .await
                .unwrap();
        }
    }

    // Removed once its last token is over.
    world.test.clock.advance(TimeDelta::hours(2));
    let refused = app
        .keyring
        .verify_hint(&app.pool, &old, expected(zero))
        .await;
    assert!(
        matches!(refused, Err(Error::Token(VerifyError::UnknownKey))),
        "{refused:?}"
    );
    let jwks = world.test.browser().get("/oauth/jwks").await.json();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
}

/// The drill of `docs/sign-in.md`: two servers, and a client that caches keys for five minutes, as our
/// answer allows.
#[tokio::test]
async fn s24_a117_two_servers_agree_and_a_client_with_cached_keys_notices_nothing() {
    let world = World::start().await;
    let one = &world.test.app;
    let other = befriend::app::App::new(befriend::app::Parts {
        config: one.config.clone(),
        pool: one.pool.clone(),
        clock: one.clock.clone(),
        entropy: Entropy::seeded(300),
        installation_key: [7; 32],
        metrics: befriend::telemetry::metrics().unwrap(),
        breached: befriend::credential::breached::Breached::none(),
    });
    let mut routers = [
        world.test.browser(),
        crate::harness::Browser::new(
            befriend::http::router(std::sync::Arc::clone(&other)),
            other.config.issuer(),
        ),
    ];
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let verified = |jwks: &serde_json::Value, token: &str| {
        let expected = Expected {
            issuer: one.config.issuer(),
            audience: Some("bakery.web"),
            now: one.clock.now(),
        };
        PublicKeys::from_jwks(jwks).unwrap().verify(token, expected)
    };
    let mut cached = routers[0].get("/oauth/jwks").await.json();

    postgres::tx(&one.pool, async |conn| {
        store::insert_next_key(conn, &one.cipher, &one.entropy, one.clock.now()).await
    })
    .await
    .unwrap();
    let mut signers = std::collections::BTreeSet::new();
    // Four hours in steps of five minutes: over the change of keys and the end of the old one.
    for step in 0..48 {
        world.test.clock.advance(TimeDelta::minutes(5));
        let mut sets = Vec::new();
        for router in &mut routers {
            sets.push(router.get("/oauth/jwks").await.json());
        }
        assert_eq!(sets[0], sets[1], "after step {step}");
        let tokens = world.tokens(&mut browser).await;
        let token = tokens["id_token"].as_str().unwrap();
        signers.insert(kid(token));
        // With the keys of five minutes ago.
        verified(&cached, token).unwrap();
        cached = sets.remove(0);
        other
            .keyring
            .verify_id_token(
                &other.pool,
                token,
                Expected {
                    issuer: one.config.issuer(),
                    audience: None,
                    now: one.clock.now(),
                },
            )
            .await
            .unwrap();
    }
    assert_eq!(signers.len(), 2, "the new key took over");
    assert_eq!(
        cached["keys"].as_array().unwrap().len(),
        1,
        "the old one is gone"
    );
}

#[tokio::test]
async fn a_key_under_another_installation_key_does_not_open() {
    let test = TestApp::start().await;
    let now = test.clock.now();
    test.app.keyring.keys(&test.app.pool, now).await.unwrap();
    let entropy = Entropy::seeded(5);
    let stranger = Keyring::new(Cipher::new([8; 32], entropy.clone()), entropy);

    let refused = stranger.keys(&test.app.pool, now).await;

    assert!(matches!(refused, Err(Error::Sealed(_))));
}

fn kid(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: serde_json::Value = serde_json::from_slice(&json).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
