//! The half-life of investment, learnt from the rhythm of a brand's own orders.

use befriend::audit::Actor;
use befriend::kernel::id::ProfileId;
use befriend::projection::{LearnFor, Mode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::shop::{Shop, act, day, order};

/// A brand whose customers order every 20 days: 60 of them, four times each, before `until`.
async fn steady_customers(shop: &Shop, until: DateTime<Utc>) -> Vec<ProfileId> {
    let mut people = Vec::new();
    for number in 0..60 {
        let person = shop.customer().await;
        let orders: Vec<_> = (0..4)
            .map(|turn| order(day(until, -80 + turn * 20), &format!("{number}-{turn}")))
            .collect();
        shop.receive(person, &orders).await;
        people.push(person);
    }
    shop.drain().await;
    people
}

/// Since when, the median gap in days, the number of gaps, and the half-life in days.
type LearntRow = (Option<DateTime<Utc>>, Option<f64>, i64, f64);

#[tokio::test]
async fn the_rhythm_is_learnt_as_each_month_begins_whenever_somebody_gets_there() {
    let shop = Shop::open().await;
    let people = steady_customers(&shop, shop.now()).await;
    let projector = &shop.test.app.projector;
    let score = async |at: &str| {
        let mut conn = shop.test.app.pool.acquire().await.unwrap();
        let current = projector
            .current(&mut conn, shop.brand_id, people[0])
            .await
            .unwrap();
        assert_eq!(current.at, at.parse::<DateTime<Utc>>().unwrap());
        current.standing.scores.investment
    };
    let learnt = async || -> Vec<LearntRow> {
        sqlx::query_as(
            "select effective_from, median_gap_days, gaps, half_life_days from learnt_half_life
             where brand_id = $1 order by learnt_id",
        )
        .bind(shop.brand_id.uuid())
        .fetch_all(&shop.test.app.pool)
        .await
        .unwrap()
    };
    projector.learn_monthly().await.unwrap();
    assert_eq!(learnt().await, [], "a brand is given a month to begin with");

    // From 15 January to 3 March nobody looked.
    shop.test
        .clock
        .advance(TimeDelta::days(47) + TimeDelta::hours(12));
    projector.learn_monthly().await.unwrap();
    projector.learn_monthly().await.unwrap();

    let month = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    assert_eq!(
        learnt().await,
        [
            (month("2026-02-01T00:00:00Z"), Some(20.0), 180, 100.0),
            (month("2026-03-01T00:00:00Z"), Some(20.0), 180, 100.0),
        ]
    );
    shop.sweep().await;
    shop.prove().await;
    // Orders on 27 October, 16 November, 6 and 26 December; half in 180 days until 1 February, in
    // 100 from there on.
    let on_february_first: f64 = [97.0, 77.0, 57.0, 37.0]
        .iter()
        .map(|age: &f64| 10.0 * (-age / 180.0).exp2())
        .sum();
    let expected = on_february_first * (-31.0_f64 / 100.0).exp2();
    let found = score("2026-03-04T00:00:00Z").await;
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[tokio::test]
async fn the_rhythm_can_be_learnt_at_once_and_for_all_history() {
    let shop = Shop::open().await;
    let people = steady_customers(&shop, shop.now()).await;
    let projector = &shop.test.app.projector;
    let stored = async || {
        let report = projector
            .replay(shop.brand_id, Mode::Check, |_| ())
            .await
            .unwrap();
        assert_eq!((report.waiting, report.differing), (0, 0), "{report:?}");
    };

    let learnt = projector
        .learn(shop.brand_id, LearnFor::History, Actor::Operator)
        .await
        .unwrap()
        .expect("nobody has learnt for history");

    assert_eq!((learnt.median_gap_days, learnt.gaps), (Some(20.0), 180));
    assert!(learnt.is_enough && learnt.is_asked_for);
    assert!((learnt.half_life_days - 100.0).abs() < f64::EPSILON);
    shop.sweep().await;
    stored().await;
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let current = projector
        .current(&mut conn, shop.brand_id, people[0])
        .await
        .unwrap();
    let expected: f64 = [80.0, 60.0, 40.0, 20.0]
        .iter()
        .map(|age: &f64| 10.0 * (-age / 100.0).exp2())
        .sum();
    let found = current.standing.scores.investment;
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[tokio::test]
async fn too_few_orders_and_orders_taken_back_teach_nothing() {
    let shop = Shop::open().await;
    let projector = &shop.test.app.projector;
    let start = day(shop.now(), -60);
    let customer = shop.customer().await;
    let orders: Vec<_> = [0, 1, 2, 30, 58]
        .map(|on| order(day(start, on), &on.to_string()))
        .into();
    shop.learn(customer, &orders).await;
    let refund = act("Order Refunded", day(start, 59)).with(json!({ "order_id": "30" }));
    shop.learn(customer, &[refund]).await;

    let learnt = projector
        .learn(shop.brand_id, LearnFor::Now, Actor::Operator)
        .await
        .unwrap()
        .unwrap();

    // Days 0, 1, 2 and 58: gaps of 1, 1 and 56.
    assert_eq!((learnt.median_gap_days, learnt.gaps), (Some(1.0), 3));
    assert!(!learnt.is_enough);
    assert!((learnt.half_life_days - 180.0).abs() < f64::EPSILON);
    assert_eq!(
        projector.publish_progress(shop.brand_id).await.unwrap(),
        None
    );
    let again = projector.learn(shop.brand_id, LearnFor::Now, Actor::Operator);
    assert_eq!(again.await.unwrap(), None, "once for one instant");
}
