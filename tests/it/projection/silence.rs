//! What time alone brings about, whenever the sweeper gets there.

use befriend::stage::Stage;
use chrono::TimeDelta;

use super::shop::{Shop, befriending, day, order};

/// How long the examples are followed.
const YEAR_AND_A_HALF: i64 = 600;

#[tokio::test]
async fn silence_cools_on_the_day_it_fell_due() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let start = day(shop.now(), -61);
    shop.learn(customer, &befriending(start)).await;

    shop.test.clock.advance(TimeDelta::days(348 - 61 - 2));
    shop.sweep().await;
    assert_eq!(shop.stage(customer).await, Stage::Friend);
    shop.test.clock.advance(TimeDelta::days(YEAR_AND_A_HALF));
    shop.sweep().await;

    assert_eq!(shop.stage(customer).await, Stage::Stranger);
    let moves = shop.moves(customer).await;
    let days: Vec<_> = moves
        .iter()
        .map(|(from, to, rule, at)| {
            (
                (*from, *to, rule.as_str()),
                (at.date_naive() - start.date_naive()).num_days(),
            )
        })
        .collect();
    // Example 11 of the stage model.
    assert_eq!(days[2], ((2, 1, "D2"), 348));
    assert_eq!(days[3], ((1, 0, "D3"), 587));
    shop.prove().await;
}

#[tokio::test]
async fn it_does_not_matter_how_often_the_sweeper_looks() {
    let often = Shop::open().await;
    let once = Shop::open().await;
    let start = day(often.now(), -61);
    let customers = (often.customer().await, once.customer().await);
    often.learn(customers.0, &befriending(start)).await;
    once.learn(customers.1, &befriending(start)).await;

    for _ in 0..(YEAR_AND_A_HALF / 3) {
        often.test.clock.advance(TimeDelta::days(3));
        often.sweep().await;
    }
    once.test.clock.advance(TimeDelta::days(YEAR_AND_A_HALF));
    once.sweep().await;

    assert_eq!(often.moves(customers.0).await.len(), 4);
    assert_eq!(
        often.moves(customers.0).await,
        once.moves(customers.1).await
    );
    let states = (
        often.standing(customers.0).await.unwrap()["state"]["scores"].clone(),
        once.standing(customers.1).await.unwrap()["state"]["scores"].clone(),
    );
    assert_eq!(states.0, states.1);
    // Time's moves are news however late they were noticed.
    let kinds = once.facts(customers.1).await;
    assert!(
        kinds.iter().all(|(kind, _)| kind == "stage.changed"),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn nobody_is_swept_while_something_waits_for_them() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let start = day(shop.now(), -61);
    shop.learn(customer, &befriending(start)).await;
    shop.test.clock.advance(TimeDelta::days(YEAR_AND_A_HALF));
    shop.receive(customer, &[order(day(start, 200), "four")])
        .await;

    shop.sweep().await;

    assert_eq!(shop.moves(customer).await.len(), 2);
    shop.drain().await;
    shop.prove().await;
}

#[tokio::test]
async fn one_more_act_is_written_without_touching_an_index() {
    const ROUNDS: i64 = 20;
    let shop = Shop::open().await;
    let mut customers = Vec::new();
    for _ in 0..40 {
        customers.push(shop.customer().await);
    }
    // Each order puts off the day on which silence would tell.
    for round in 0..ROUNDS {
        let at = day(shop.now(), round - ROUNDS);
        for customer in &customers {
            shop.receive(*customer, &[order(at, &round.to_string())])
                .await;
        }
        shop.drain().await;
    }

    // The server counts as it goes idle, some seconds later.
    let counts = async || -> (i64, i64) {
        sqlx::query_as(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'standing'",
        )
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap()
    };
    let (mut updated, mut in_place) = (0, 0);
    for _ in 0..600 {
        (updated, in_place) = counts().await;
        if updated >= (ROUNDS - 1) * 40 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(
        updated >= (ROUNDS - 1) * 40,
        "{updated} updates were counted"
    );
    assert!(
        in_place * 10 >= updated * 7,
        "{in_place} of {updated} in place"
    );
}
