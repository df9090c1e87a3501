//! People's places in layers, as stored, told and shown.

use befriend::kernel::id::ProfileId;
use befriend::key::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api::{get, key};
use super::shop::{Act, Shop, act, befriending, day, order};

/// Five orders within 120 days: invited to VIP.
fn buying(start: DateTime<Utc>) -> Vec<Act> {
    let mut history = befriending(start);
    history.push(order(day(start, 90), "four"));
    history.push(order(day(start, 120), "five"));
    history
}

fn accepts(at: DateTime<Utc>) -> Act {
    act("Invitation Accepted", at).with(json!({ "layer": "vip" }))
}

/// What is believed, in order: kind, when.
async fn layers(shop: &Shop, profile_id: ProfileId) -> Vec<(String, DateTime<Utc>)> {
    sqlx::query_as(
        "select kind, effective_at from layer_transition
         where brand_id = $1 and profile_id = $2 and superseded_at is null
         order by effective_at, place",
    )
    .bind(shop.brand_id.uuid())
    .bind(profile_id.uuid())
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap()
}

async fn told(shop: &Shop, profile_id: ProfileId, kind: &str) -> Vec<Value> {
    let facts = shop.facts(profile_id).await;
    facts
        .into_iter()
        .filter(|fact| fact.0 == kind)
        .map(|fact| fact.1)
        .collect()
}

#[tokio::test]
async fn an_invitation_and_its_acceptance_are_stored_and_told() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -123);
    let customer = shop.customer().await;

    shop.learn(customer, &buying(start)).await;
    shop.learn(customer, &[accepts(shop.now())]).await;

    assert_eq!(
        layers(&shop, customer).await,
        [
            ("invited".to_owned(), day(start, 120)),
            ("joined".to_owned(), shop.now()),
        ]
    );
    let invited = told(&shop, customer, "layer.invited").await;
    assert_eq!((invited.len(), &invited[0]["layer"]), (1, &json!("vip")));
    assert_eq!(told(&shop, customer, "layer.joined").await.len(), 1);
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let current = shop
        .test
        .app
        .projector
        .current(&mut conn, shop.brand_id, customer)
        .await
        .unwrap();
    assert_eq!(
        current.rules.rules.overall_name(&current.standing),
        "Friend · VIP"
    );
    shop.prove().await;
}

#[tokio::test]
async fn the_sweeper_gives_notice_and_lets_a_layer_lapse_on_their_days() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -123);
    let customer = shop.customer().await;
    shop.learn(customer, &buying(start)).await;
    shop.learn(customer, &[accepts(shop.now())]).await;
    let midnight = |days| {
        let at = day(start, days).date_naive();
        at.and_time(chrono::NaiveTime::MIN).and_utc()
    };

    shop.test.clock.advance(TimeDelta::days(370));
    shop.sweep().await;
    let noticed = layers(&shop, customer).await;
    shop.test.clock.advance(TimeDelta::days(40));
    shop.sweep().await;
    let lapsed = layers(&shop, customer).await;

    assert_eq!(noticed[2..], [("notice".to_owned(), midnight(488))]);
    assert_eq!(lapsed[3..], [("lapsed".to_owned(), midnight(518))]);
    assert_eq!(told(&shop, customer, "layer.lapsed").await.len(), 1);
    assert_eq!(told(&shop, customer, "layer.corrected").await.len(), 0);
    shop.prove().await;
}

#[tokio::test]
async fn a_late_refund_takes_an_invitation_back_as_a_correction_and_says_what_was_known() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -123);
    let customer = shop.customer().await;
    shop.learn(customer, &buying(start)).await;
    let invited_at = shop.now();
    assert_eq!(layers(&shop, customer).await.len(), 1);

    shop.test.clock.advance(TimeDelta::days(3));
    let refund = act("Order Refunded", day(start, 100)).with(json!({ "order_id": "one" }));
    shop.learn(customer, &[refund]).await;

    assert_eq!(layers(&shop, customer).await, []);
    let corrected = told(&shop, customer, "layer.corrected").await;
    assert_eq!(corrected.len(), 1);
    let old = &corrected[0]["old"][0];
    assert_eq!(old["kind"], "invited");
    let known: DateTime<Utc> = serde_json::from_value(old["taken_on_the_knowledge_of"].clone())
        .expect("when it was recorded");
    assert_eq!(known, invited_at);
    assert_eq!(corrected[0]["new"], json!([]));
    shop.prove().await;

    let answer = json!({ "layer": "vip", "invited_at": day(start, 120).to_rfc3339() });
    let answer = act("Invitation Accepted", shop.now()).with(answer);
    shop.learn(customer, &[answer]).await;
    let kinds: Vec<_> = layers(&shop, customer).await;
    assert_eq!(kinds, [("joined".to_owned(), shop.now())], "it was sent");
    shop.prove().await;
}

#[tokio::test]
async fn replay_finds_a_layer_that_was_tampered_with_and_mends_it() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -123);
    let customer = shop.customer().await;
    shop.learn(customer, &buying(start)).await;
    sqlx::query("update layer_transition set superseded_at = $2 where brand_id = $1")
        .bind(shop.brand_id.uuid())
        .bind(shop.now())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    let projector = &shop.test.app.projector;

    let found = projector
        .replay(shop.brand_id, befriend::projection::Mode::Check, |_| ())
        .await
        .unwrap();
    projector
        .replay(shop.brand_id, befriend::projection::Mode::Rewrite, |_| ())
        .await
        .unwrap();

    assert_eq!((found.differing, found.differences[0].what), (1, "layers"));
    assert_eq!(layers(&shop, customer).await.len(), 1);
    shop.prove().await;
}

#[tokio::test]
async fn layers_turns_and_rest_are_told_over_the_api() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let start = day(shop.now(), -123);
    let customer = shop.customer().await;
    shop.learn(customer, &buying(start)).await;
    let pause = act("Relationship Paused", shop.now() + TimeDelta::seconds(1))
        .with(json!({ "hibernate_until": "2026-03-01" }));
    shop.learn(customer, &[accepts(shop.now()), pause]).await;
    shop.test.clock.advance(TimeDelta::minutes(1));
    let path = |rest: &str| format!("/api/v1/profiles/{customer}/{rest}");

    let standing = get(&shop, &path("standing"), &bearer).await.json();
    let layers = get(&shop, &path("layers"), &bearer).await.json();
    let moves = get(&shop, &path("layer-transitions?limit=2"), &bearer).await;

    assert_eq!(standing["stage"], "friend");
    assert_eq!(
        standing["overall"],
        json!({ "stage": "friend", "layer": "vip", "name": "Friend · VIP" })
    );
    assert_eq!(standing["layers"][0]["status"], "hibernating");
    assert_eq!(standing["hibernating_until"], "2026-03-01T00:00:00Z");
    assert_eq!(
        (&standing["turn"], &standing["step"]),
        (&json!(6), &json!("discover"))
    );
    assert_eq!(standing["dormant"], false);
    assert_eq!(
        layers["layers"][0]["sentences"],
        json!(["VIP hibernates until 1 March 2026."])
    );
    let turns = layers["turns"].as_array().expect("turns");
    assert_eq!(turns.len(), 6);
    assert_eq!(turns[4]["outcome"], "graduation");
    let moves = moves.json();
    assert_eq!(moves["layer_transitions"][0]["kind"], "hibernated");
    assert_eq!(moves["layer_transitions"][1]["kind"], "joined");
    assert!(moves["next_cursor"].is_string());
    shop.prove().await;
}
