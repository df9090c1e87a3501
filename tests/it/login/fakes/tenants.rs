//! What is Microsoft's own: anybody may run a tenant, and say anything in it.

use serde_json::{Value, json};

use super::super::world::{Wishes, World, assert_refused, assert_signed_in};
use super::{Fakes, sign_in, world};

const ATTACKERS: &str = "99999999-2222-4333-8444-555555555555";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn of(tenant: &str) -> Value {
    json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"))
}

async fn trusting_world() -> (World, std::sync::Arc<Fakes>) {
    let (world, fakes) = world(Wishes {
        links_by_email: true,
        ..Wishes::default()
    })
    .await;
    for key in ["google", "microsoft"] {
        let mut connection = fakes.connection(&world, key);
        connection.trusted_domains = vec!["gmail.com".to_owned()];
        world.insert(&connection).await;
    }
    (world, fakes)
}

#[tokio::test]
async fn a01_a_tenants_word_on_an_address_leads_to_nobody_else() {
    let (world, fakes) = trusting_world().await;
    fakes.seat("1", "victim@gmail.com", json!(true));
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "google").await);

    fakes.seat("2", "victim@gmail.com", json!("true"));
    fakes.twist(&[("iss", of(ATTACKERS)), ("tid", json!(ATTACKERS))]);
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "microsoft").await);

    assert_eq!(world.count("select count(*) from profile").await, 2);
    let proven = "select count(*) from profile_email where verified_at is not null";
    assert_eq!(world.count(proven).await, 1, "the victim's alone");
}

#[tokio::test]
async fn a01_the_same_person_in_two_tenants_is_two_accounts() {
    let (world, fakes) = trusting_world().await;
    fakes.seat("2", "ada@brand.example", json!(false));
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "microsoft").await);
    // A tenant that sets the object id, and whatever else it likes, of somebody elsewhere.
    fakes.twist(&[("iss", of(ATTACKERS)), ("tid", json!(ATTACKERS))]);
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "microsoft").await);

    assert_eq!(
        world
            .count("select count(distinct subject) from identity")
            .await,
        2
    );
    assert_eq!(world.count("select count(*) from profile").await, 2);
}

#[tokio::test]
async fn a01_a_tenant_does_not_speak_in_anothers_name() {
    let (world, fakes) = trusting_world().await;
    for twists in [
        vec![("tid", json!(ATTACKERS))],
        vec![("iss", of(ATTACKERS))],
        vec![("tid", Value::Null)],
        vec![("iss", of("{tenantid}")), ("tid", json!("{tenantid}"))],
        vec![("iss", of("common")), ("tid", json!("common"))],
    ] {
        fakes.twist(&twists);
        let answer = sign_in(&mut world.browser(), &fakes, "microsoft").await;
        assert_refused(&answer, 400);
    }
    fakes.twist(&[("oid", Value::Null)]);
    let nobody = sign_in(&mut world.browser(), &fakes, "microsoft").await;
    assert_refused(&nobody, 400);
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a_consumers_address_is_proven_by_microsoft_itself() {
    let (world, fakes) = trusting_world().await;
    fakes.seat("1", "ada@gmail.com", json!(true));
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "google").await);

    fakes.seat("2", "ada@gmail.com", Value::Null);
    fakes.twist(&[("iss", of(CONSUMERS)), ("tid", json!(CONSUMERS))]);
    assert_signed_in(&sign_in(&mut world.browser(), &fakes, "microsoft").await);

    assert_eq!(
        world.count("select count(*) from profile").await,
        1,
        "linked"
    );
    assert_eq!(world.count("select count(*) from identity").await, 2);
}
