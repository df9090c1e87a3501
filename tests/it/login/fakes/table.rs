//! One table of tests for every provider of the catalogue.

use befriend::federation::catalogue::{self, TEST};
use serde_json::{Value, json};

use super::super::world::{Wishes, World, assert_refused, assert_signed_in};
use super::{Fakes, Proves, Spec, come_back, go_to, open_login, sign_in, spec, world};

/// Every provider that is not in this server itself. One that nobody plays fails the test.
fn played() -> Vec<&'static Spec> {
    catalogue::all()
        .filter(|provider| provider.key != TEST)
        .map(|provider| spec(provider.key))
        .collect()
}

async fn connect_all(world: &World, fakes: &Fakes) {
    for spec in played() {
        world.insert(&fakes.connection(world, spec.key)).await;
    }
}

/// What is stored of whom the provider `key` knows by `id`: issuer, subject, name, addresses and
/// whether each is proven.
async fn stored(
    world: &World,
    key: &str,
    id: &str,
) -> (String, String, Option<String>, Vec<(String, bool)>) {
    let pool = &world.app.app.pool;
    let (profile, issuer, subject, name): (uuid::Uuid, String, String, Option<String>) =
        sqlx::query_as(
            "select p.profile_id, i.issuer, i.subject, p.display_name
             from identity i join profile p using (brand_id, profile_id)
             join connection c using (brand_id, connection_id)
             where c.slug = $1 and i.subject = $2",
        )
        .bind(key)
        .bind(spec(key).subject.replace("7001", id))
        .fetch_one(pool)
        .await
        .unwrap();
    let emails = sqlx::query_as(
        "select address, verified_at is not null from profile_email where profile_id = $1
         order by verified_at is null, address",
    )
    .bind(profile)
    .fetch_all(pool)
    .await
    .unwrap();
    (issuer, subject, name, emails)
}

async fn last_failure(world: &World) -> String {
    let codes = world
        .texts(
            "select detail->>'code' from audit where action = 'sign_in.failed'
             order by created_at desc limit 1",
        )
        .await;
    // So that the next one is later.
    world.app.clock.advance(chrono::TimeDelta::milliseconds(1));
    codes.into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn somebody_signs_up_with_every_provider_as_who_it_says() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    for spec in played() {
        let key = spec.key;
        let email = format!("{key}@gmail.com");
        fakes.seat("7001", &email, json!(true));
        let mut browser = world.browser();

        let answer = sign_in(&mut browser, &fakes, key).await;

        assert_eq!(answer.status, 303, "{key}: {}", last_failure(&world).await);
        assert_signed_in(&answer);
        let (issuer, subject, name, emails) = stored(&world, key, "7001").await;
        assert_eq!(
            (issuer.as_str(), subject.as_str()),
            (spec.issuer, spec.subject),
            "{key}"
        );
        if key == "apple" {
            assert_eq!(name, None, "it sends no name but in its form");
        } else {
            assert_eq!(name.as_deref(), spec.name, "{key}");
        }
        let found = emails.iter().find(|(address, _)| *address == email);
        let proven = match spec.proves {
            Proves::NoAddress => None,
            Proves::Nothing => Some(false),
            Proves::True | Proves::TrueOrText => Some(true),
        };
        assert_eq!(
            found.map(|(_, proven)| *proven),
            proven,
            "{key}: {emails:?}"
        );
    }
    let kept = "select count(*) from identity where raw_claims::text like '%refresh-that%'
                or raw_claims::text like '%access-%'";
    assert_eq!(
        world.count(kept).await,
        0,
        "no token of a provider is kept (S30)"
    );
}

#[tokio::test]
async fn a02_only_the_boolean_true_proves_an_address_and_for_apple_the_text() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    let mut number = 8000;
    for spec in played()
        .into_iter()
        .filter(|spec| spec.proves != Proves::NoAddress)
    {
        for flag in [
            json!(false),
            json!("true"),
            json!(1),
            json!("yes"),
            Value::Null,
        ] {
            number += 1;
            let key = spec.key;
            let email = format!("{key}{number}@gmail.com");
            fakes.seat(&number.to_string(), &email, flag.clone());
            let mut browser = world.browser();

            assert_signed_in(&sign_in(&mut browser, &fakes, key).await);

            let (.., emails) = stored(&world, key, &number.to_string()).await;
            let found = emails.iter().find(|(address, _)| *address == email);
            let expected = spec.proves == Proves::TrueOrText && flag == "true";
            assert_eq!(
                found.map(|(_, proven)| *proven),
                Some(expected),
                "{key}: {flag}"
            );
        }
    }
}

#[tokio::test]
async fn a03_an_address_that_a_provider_does_not_prove_never_links() {
    let wishes = Wishes {
        links_by_email: true,
        ..Wishes::default()
    };
    let (world, fakes) = world(wishes).await;
    for spec in played() {
        let mut connection = fakes.connection(&world, spec.key);
        connection.trusted_domains = vec!["gmail.com".to_owned()];
        world.insert(&connection).await;
    }
    let mut number = 0;
    for spec in played()
        .into_iter()
        .filter(|spec| spec.proves != Proves::NoAddress)
    {
        let key = spec.key;
        number += 1;
        let email = format!("victim{number}@gmail.com");
        let owner = if key == "google" { "gitlab" } else { "google" };
        fakes.seat(&format!("1{number:04}"), &email, json!(true));
        assert_signed_in(&sign_in(&mut world.browser(), &fakes, owner).await);
        let before = world.count("select count(*) from profile").await;

        fakes.seat(&format!("2{number:04}"), &email, json!(false));
        assert_signed_in(&sign_in(&mut world.browser(), &fakes, key).await);

        let after = world.count("select count(*) from profile").await;
        assert_eq!(after, before + 1, "{key}: somebody new");
    }
}

#[tokio::test]
async fn a16_a_nonce_that_is_not_ours_is_refused_by_every_provider_that_signs() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    for spec in played().into_iter().filter(|spec| spec.open_id.is_some()) {
        for nonce in [json!("another"), Value::Null, json!("")] {
            fakes.twist(&[("nonce", nonce.clone())]);
            let answer = sign_in(&mut world.browser(), &fakes, spec.key).await;
            assert_refused(&answer, 400);
            let code = last_failure(&world).await;
            assert_eq!(code, "id_token_nonce", "{}: {nonce}", spec.key);
        }
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a21_a_token_of_another_issuer_or_for_another_client_is_refused() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    for spec in played().into_iter().filter(|spec| spec.open_id.is_some()) {
        let slashed = json!(format!("{}/", spec.issuer));
        for (name, value, expected) in [
            ("iss", json!("https://evil.example"), "id_token_issuer"),
            ("iss", slashed, "id_token_issuer"),
            ("iss", Value::Null, "id_token_issuer"),
            ("aud", json!("another client"), "id_token_audience"),
            ("sub", Value::Null, "id_token_subject"),
            ("exp", json!(1), "id_token_expired"),
        ] {
            fakes.twist(&[(name, value.clone())]);
            let answer = sign_in(&mut world.browser(), &fakes, spec.key).await;
            assert_refused(&answer, 400);
            let code = last_failure(&world).await;
            assert_eq!(code, expected, "{}: {name} {value}", spec.key);
        }
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a29_an_account_of_somebody_else_than_the_token_is_refused() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    fakes.speak_of(Some("victim"));
    let both = |spec: &&Spec| spec.open_id.is_some() && spec.account.is_some();
    for spec in played().into_iter().filter(both) {
        let answer = sign_in(&mut world.browser(), &fakes, spec.key).await;
        assert_refused(&answer, 400);
        assert_eq!(
            last_failure(&world).await,
            "subject_mismatch",
            "{}",
            spec.key
        );
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a19_an_answer_in_anothers_name_is_refused_before_any_provider_sees_the_code() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    for spec in played() {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let away = go_to(&mut browser, &login, spec.key).await;
        let mut back = fakes.agree(&away);
        let named = ("iss".to_owned(), "https://honest.example".to_owned());
        back.parameters.push(named);
        fakes.calls();

        assert_refused(&come_back(&mut browser, &back).await, 400);

        let calls = fakes.calls();
        let shown = calls.iter().any(|call| call.contains(spec.token));
        assert!(!shown, "{}: {calls:?}", spec.key);
    }
}

#[tokio::test]
async fn a12_an_answer_for_one_provider_is_taken_by_no_other() {
    let (world, fakes) = world(Wishes::default()).await;
    connect_all(&world, &fakes).await;
    let all = played();
    for (one, other) in all.iter().zip(all.iter().cycle().skip(1)) {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let away = go_to(&mut browser, &login, one.key).await;
        let mut back = fakes.agree(&away);
        back.path = back
            .path
            .replace(&format!("/{}", one.key), &format!("/{}", other.key));
        assert_refused(&come_back(&mut browser, &back).await, 400);
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
}
