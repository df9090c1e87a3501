//! What arrives late, or takes something back, corrects the timeline and overwrites nothing.

use befriend::stage::Stage;
use chrono::TimeDelta;
use serde_json::json;

use super::shop::{Shop, act, befriending, day, order};

#[tokio::test]
async fn a_late_order_befriends_in_the_past_and_is_told_as_a_correction() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -66);
    let customer = shop.customer().await;
    let history = befriending(start);
    shop.learn(customer, &history[..4]).await;
    assert_eq!(shop.stage(customer).await, Stage::Acquaintance);

    shop.learn(customer, &history[4..]).await;

    assert_eq!(shop.stage(customer).await, Stage::Friend);
    let moves = shop.moves(customer).await;
    assert_eq!(moves[1], (1, 2, "P2".to_owned(), day(start, 61)));
    let facts = shop.facts(customer).await;
    let corrections: Vec<_> = facts
        .iter()
        .filter(|(kind, _)| kind == "stage.corrected")
        .collect();
    assert_eq!((facts.len(), corrections.len()), (2, 1), "{facts:?}");
    assert_eq!(corrections[0].1["old"], json!([]));
    assert_eq!(corrections[0].1["new"][0]["to"], "friend");
    shop.prove().await;
}

#[tokio::test]
async fn an_event_older_than_what_was_folded_moves_a_transition_and_keeps_the_old_row() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -30);
    let customer = shop.customer().await;
    shop.learn(
        customer,
        &[
            act("Signed Up", start),
            act("Consent Given", day(start, 10)),
        ],
    )
    .await;
    let before = shop.moves(customer).await;
    assert_eq!(before[0].3, day(start, 10));

    shop.learn(
        customer,
        &[
            act("Fact Shared", day(start, 1)),
            act("Question Asked", day(start, 2)),
        ],
    )
    .await;

    let after = shop.moves(customer).await;
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].3, day(start, 2));
    let (rows, superseded): (i64, i64) = sqlx::query_as(
        "select count(*), count(superseded_at) from transition
         where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.uuid())
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!((rows, superseded), (2, 1));
    let facts = shop.facts(customer).await;
    let kinds: Vec<_> = facts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert!(
        kinds.contains(&"stage.changed") && kinds.contains(&"stage.corrected"),
        "{kinds:?}"
    );
    let corrected = facts.iter().find(|(kind, _)| kind == "stage.corrected");
    let (_, payload) = corrected.unwrap();
    assert_eq!(facts.len(), 2);
    assert_eq!(payload["old"][0]["to"], payload["new"][0]["to"]);
    shop.prove().await;
}

#[tokio::test]
async fn a_refund_annuls_the_promotion_that_its_order_earned() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -68);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(start)).await;
    assert_eq!(shop.stage(customer).await, Stage::Friend);

    let refund = act("Order Refunded", shop.now()).with(json!({ "order_id": "three" }));
    shop.learn(customer, &[refund]).await;

    assert_eq!(shop.stage(customer).await, Stage::Acquaintance);
    let moves = shop.moves(customer).await;
    let (from, to, rule, _) = &moves[2];
    assert_eq!((*from, *to, rule.as_str()), (2, 1, "D2"));
    shop.prove().await;
}

#[tokio::test]
async fn the_same_rows_queued_twice_change_nothing() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(start)).await;
    let before = (shop.standing(customer).await, shop.facts(customer).await);

    sqlx::query(
        "insert into projection_queue (brand_id, profile_id, since, queued_at)
         values ($1, $2, $3, $4)",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.uuid())
    .bind(start)
    .bind(shop.now())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    shop.drain().await;

    let after = (shop.standing(customer).await, shop.facts(customer).await);
    assert_eq!(before, after);
}

#[tokio::test]
async fn an_act_at_the_instant_of_the_last_one_is_folded_whatever_its_id() {
    let shop = Shop::open().await;
    let at = day(shop.now(), -1);
    let customer = shop.customer().await;
    shop.learn(customer, &[act("Signed Up", at).message_id("m")])
        .await;

    shop.learn(customer, &[act("Consent Given", at).message_id("a")])
        .await;

    assert_eq!(shop.stage(customer).await, Stage::Acquaintance);
    shop.prove().await;
}

#[tokio::test]
async fn replay_mends_what_was_tampered_with_and_check_finds_it() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let customer = shop.customer().await;
    let other = shop.customer().await;
    shop.learn(customer, &befriending(start)).await;
    shop.learn(other, &[order(start + TimeDelta::hours(1), "x")])
        .await;
    let good = shop.standing(customer).await;
    sqlx::query(
        "update standing set stage = 3, state = jsonb_set(state, '{stage}', '\"advocate\"')
         where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.uuid())
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

    assert_eq!((found.people, found.differing), (2, 1));
    assert_eq!(found.differences[0].profile_id, customer);
    assert_eq!(shop.standing(customer).await, good);
    shop.prove().await;
}
