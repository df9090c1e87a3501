//! An event arrives and a stage follows; several workers share the work.

use std::time::Duration;

use befriend::stage::Stage;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, act, befriending, day, order};

#[tokio::test]
async fn events_become_a_stage_with_its_moves_and_facts() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let customer = shop.customer().await;

    shop.learn(customer, &befriending(start)).await;

    assert_eq!(shop.stage(customer).await, Stage::Friend);
    assert_eq!(
        shop.moves(customer).await,
        [
            (0, 1, "P1".to_owned(), start + TimeDelta::seconds(5)),
            (1, 2, "P2".to_owned(), day(start, 61)),
        ]
    );
    let facts = shop.facts(customer).await;
    let kinds: Vec<_> = facts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["stage.changed", "stage.changed"]);
    assert_eq!(facts[1].1["to"], "friend");
    assert_eq!(facts[1].1["profile_id"], customer.to_string());
    assert_eq!(shop.queue().await, (0, 0));
    shop.prove().await;
}

#[tokio::test]
async fn visitors_stay_strangers_and_are_not_counted() {
    let shop = Shop::open().await;
    let visitor = shop.profile("anonymous").await;
    let start = day(shop.now(), -20);
    let views: Vec<_> = (0..20)
        .map(|days| act("Product Viewed", day(start, days)).by_visitor())
        .collect();

    shop.learn(visitor, &views).await;

    assert_eq!(shop.stage(visitor).await, Stage::Stranger);
    assert!(shop.moves(visitor).await.is_empty());
    let counts = shop
        .test
        .app
        .projector
        .stages_at(shop.brand_id, shop.now(), None, |_| ())
        .await
        .unwrap();
    assert_eq!((counts.people, counts.anonymous), ([0; 4], 1));
}

#[tokio::test]
async fn stages_at_a_date_are_those_of_that_date() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -400);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(start)).await;
    let at = async |days| {
        let projector = &shop.test.app.projector;
        let counts = projector.stages_at(shop.brand_id, day(start, days), None, |_| ());
        counts.await.unwrap().people
    };

    assert_eq!(at(-1).await, [0, 0, 0, 0]);
    assert_eq!(at(30).await, [0, 1, 0, 0]);
    assert_eq!(at(62).await, [0, 0, 1, 0]);
    assert_eq!(at(349).await, [0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_the_queue_and_never_do_a_thing_twice() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let mut customers = Vec::new();
    for _ in 0..40 {
        customers.push(shop.customer().await);
    }
    let stop = CancellationToken::new();
    let workers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(shop.test.app.projector.clone().run(stop.clone())))
        .collect();

    for event in befriending(start) {
        for customer in &customers {
            shop.receive(*customer, std::slice::from_ref(&event)).await;
        }
        shop.test.app.projector.wake().poke();
    }
    tokio::time::timeout(Duration::from_mins(1), async {
        while shop.queue().await.0 > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    stop.cancel();
    for worker in workers {
        worker.await.unwrap();
    }

    for customer in customers {
        assert_eq!(shop.moves(customer).await.len(), 2);
        let folded = &shop.standing(customer).await.unwrap()["events_folded"];
        assert_eq!(folded, 5);
        let changes = shop.facts(customer).await;
        assert_eq!(changes.len(), 2, "{changes:?}");
    }
    shop.prove().await;
}

#[tokio::test]
async fn a_visitor_who_signs_in_brings_their_past() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -10);
    let visitor = shop.profile("anonymous").await;
    let customer = shop.customer().await;
    let views: Vec<_> = (0..8)
        .map(|days| act("Product Viewed", day(start, days)).by_visitor())
        .collect();
    shop.learn(visitor, &views).await;
    shop.learn(customer, &[act("Signed Up", day(start, 9))])
        .await;
    assert_eq!(shop.stage(customer).await, Stage::Stranger);

    sqlx::query(
        "update profile set status = 'merged', merged_into = $3
         where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(visitor.uuid())
    .bind(customer.uuid())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    // Intake queues both sides; the visitor's side alone must do.
    sqlx::query(
        "insert into projection_queue (brand_id, profile_id, since, queued_at)
         values ($1, $2, $3, $4)",
    )
    .bind(shop.brand_id.uuid())
    .bind(visitor.uuid())
    .bind(start)
    .bind(shop.now())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    shop.drain().await;

    assert_eq!(shop.stage(customer).await, Stage::Acquaintance);
    assert_eq!(shop.standing(visitor).await, None);
    assert_eq!(shop.standing(customer).await.unwrap()["events_folded"], 9);
    shop.prove().await;

    // What still comes under the visitor's id counts for the customer.
    shop.learn(visitor, &[order(shop.now(), "late basket")])
        .await;
    assert_eq!(shop.standing(visitor).await, None);
    assert_eq!(shop.standing(customer).await.unwrap()["events_folded"], 10);
    shop.prove().await;
}

#[tokio::test]
async fn an_erased_profile_leaves_no_standing() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;

    sqlx::query("update profile set status = 'erased' where brand_id = $1 and profile_id = $2")
        .bind(shop.brand_id.uuid())
        .bind(customer.uuid())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    shop.learn(customer, &[act("Signed In", shop.now())]).await;

    assert_eq!(shop.standing(customer).await, None);
    assert!(shop.moves(customer).await.is_empty());
}
