//! What cannot be projected is set aside with its reason, and holds up nobody.

use befriend::stage::Stage;

use super::shop::{Shop, act, befriending, day};

/// An instant that Postgres can hold and this program cannot read.
const UNREADABLE: &str = "infinity";

async fn poison(shop: &Shop, profile_id: befriend::kernel::id::ProfileId) {
    shop.receive(
        profile_id,
        &[act("Signed In", shop.now()).message_id("poison")],
    )
    .await;
    sqlx::query("update event set event_time = $2::text::timestamptz where brand_id = $1 and message_id like '%poison'")
        .bind(shop.brand_id.uuid())
        .bind(UNREADABLE)
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_poisonous_event_is_parked_and_later_ones_flow() {
    let shop = Shop::open().await;
    let (sick, well) = (shop.customer().await, shop.customer().await);
    poison(&shop, sick).await;
    shop.receive(well, &befriending(day(shop.now(), -61))).await;

    shop.drain().await;

    assert_eq!(shop.stage(well).await, Stage::Friend);
    assert_eq!(shop.queue().await, (0, 1));
    let (attempts, reason): (i32, String) = sqlx::query_as(
        "select attempts, last_error from projection_queue where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(sick.uuid())
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!(attempts, 5);
    assert!(!reason.is_empty());

    // Later arrivals flow too, though the sick one still stands first in line.
    shop.learn(well, &[act("Signed In", shop.now())]).await;
    assert_eq!(shop.standing(well).await.unwrap()["events_folded"], 6);
}

#[tokio::test]
async fn whoever_recovers_takes_along_what_was_parked() {
    let shop = Shop::open().await;
    let sick = shop.customer().await;
    poison(&shop, sick).await;
    shop.drain().await;
    assert_eq!(shop.queue().await, (0, 1));
    sqlx::query("update event set event_time = received_at where brand_id = $1")
        .bind(shop.brand_id.uuid())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();

    shop.learn(sick, &[act("Signed Up", shop.now())]).await;

    assert_eq!(shop.queue().await, (0, 0));
    assert_eq!(shop.standing(sick).await.unwrap()["events_folded"], 2);
    shop.prove().await;
}
