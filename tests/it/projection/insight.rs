//! What the dashboard is told.

use befriend::insight::{self, Happening, LiveKind};
use befriend::kernel::id::ProfileId;
use befriend::stage::Stage;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use serde_json::json;

use super::shop::{Act, Shop, act, befriending, day};

async fn rename(shop: &Shop, profile_id: ProfileId, name: &str, seen: DateTime<Utc>) {
    let (given, family) = name.split_once(' ').unwrap();
    sqlx::query(
        "update profile set display_name = $3, given_name = $4, family_name = $5, last_seen_at = $6
         where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(profile_id.uuid())
    .bind(name)
    .bind(given)
    .bind(family)
    .bind(seen)
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn each_weeks_end_counts_who_stood_where_then() {
    let shop = Shop::open().await;
    let mut starts = Vec::new();
    for age in [300_i64, 200, 90, 40] {
        let start = day(shop.now(), -age);
        let history: Vec<Act> = befriending(start)
            .into_iter()
            .filter(|act| act.at <= shop.now())
            .collect();
        shop.learn(shop.customer().await, &history).await;
        starts.push(start);
    }
    let visitor = shop.profile("anonymous").await;
    shop.learn(visitor, &[act("Product Viewed", shop.now()).by_visitor()])
        .await;

    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let overview = insight::overview(&mut conn, shop.brand_id, shop.now(), 52)
        .await
        .unwrap();

    assert_eq!(overview.people, [0, 1, 3, 0]);
    let projector = &shop.test.app.projector;
    for week in &overview.weeks {
        assert_eq!(week.start.weekday(), chrono::Weekday::Mon);
        let end = (week.start + chrono::Days::new(7))
            .and_time(chrono::NaiveTime::MIN)
            .and_utc()
            - TimeDelta::microseconds(1);
        let at = end.min(shop.now());
        let counts = projector
            .stages_at(shop.brand_id, at, None, |_| ())
            .await
            .unwrap();
        assert_eq!(week.people, counts.people, "week of {}", week.start);
    }
    let warmed: u64 = overview.weeks.iter().map(|week| week.warmed).sum();
    let newcomers: u64 = overview.weeks.iter().map(|week| week.newcomers).sum();
    assert_eq!((warmed, newcomers), (7, 4));
    assert!(overview.weeks[0].start <= starts[0].date_naive());
    assert!(overview.weeks[1].start > starts[0].date_naive());
}

#[tokio::test]
async fn customers_are_found_by_the_beginning_of_what_they_are_called() {
    let shop = Shop::open().await;
    let (anna, bert) = (shop.customer().await, shop.customer().await);
    let visitor = shop.profile("anonymous").await;
    rename(&shop, anna, "Anna Keller", day(shop.now(), -1)).await;
    rename(&shop, bert, "Bert Anders", day(shop.now(), -2)).await;
    for (table, value) in [
        (
            "insert into alias values ($1, 'user', 'K-17', $2, $3)",
            anna,
        ),
        (
            "insert into profile_email values ($1, $2, 'bert%_@example.com', null, 'events', $3)",
            bert,
        ),
    ] {
        sqlx::query(table)
            .bind(shop.brand_id.uuid())
            .bind(value.uuid())
            .bind(shop.now())
            .execute(&shop.test.app.pool)
            .await
            .unwrap();
    }
    shop.learn(bert, &befriending(day(shop.now(), -61))).await;
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let mut found = async |search: &str, stage| {
        let rows = insight::list_customers(&mut conn, shop.brand_id, search, stage, None, 10);
        let rows = rows.await.unwrap();
        rows.iter().map(|row| row.profile_id).collect::<Vec<_>>()
    };

    assert_eq!(found("", None).await, [visitor, anna, bert]);
    assert_eq!(found("AN", None).await, [anna, bert]);
    assert_eq!(found("kell", None).await, [anna]);
    assert_eq!(found("K-1", None).await, [anna]);
    assert_eq!(found("bert%_", None).await, [bert]);
    assert_eq!(found("%", None).await, []);
    assert_eq!(found(&anna.to_string(), None).await, [anna]);
    assert_eq!(found("", Some(Stage::Friend)).await, [bert]);
    assert_eq!(found("an", Some(Stage::Friend)).await, [bert]);
    assert_eq!(found("", Some(Stage::Stranger)).await, []);
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended() {
    let shop = Shop::open().await;
    let mut all = Vec::new();
    for number in 0..7 {
        let customer = shop.customer().await;
        // Some are last seen at one instant.
        rename(&shop, customer, "Same Name", day(shop.now(), -(number / 3))).await;
        all.push((-(number / 3), customer));
    }
    all.sort_by_key(|(seen, id)| (-seen, *id));
    let mut conn = shop.test.app.pool.acquire().await.unwrap();

    for search in ["", "same"] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = insight::list_customers(&mut conn, shop.brand_id, search, None, after, 2);
            let page = page.await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.position());
            seen.extend(page.iter().map(|row| row.profile_id));
        }
        let expected: Vec<_> = all.iter().map(|(_, id)| *id).collect();
        assert_eq!(seen, expected, "{search:?}");
    }
}

#[tokio::test]
async fn a_life_is_told_backwards_in_pages() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(start)).await;
    let mut conn = shop.test.app.pool.acquire().await.unwrap();

    let mut lines = Vec::new();
    let mut before = None;
    loop {
        let page = insight::list_timeline(&mut conn, shop.brand_id, customer, before.as_ref(), 3);
        let page = page.await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.position());
        lines.extend(page.into_iter().map(|entry| match entry.happening {
            Happening::Event { name, .. } => (name, entry.stage),
            Happening::Move { rule, .. } => (rule, entry.stage),
        }));
    }

    let told: Vec<_> = lines
        .iter()
        .map(|(what, stage)| (what.as_str(), *stage))
        .collect();
    assert_eq!(
        told,
        [
            ("P2", 2),
            ("Order Completed", 2),
            ("Order Completed", 1),
            ("Order Completed", 1),
            ("P1", 1),
            ("Consent Given", 1),
            ("Signed Up", 0),
        ]
    );
}

#[tokio::test]
async fn the_stream_shows_what_arrived_and_what_it_did() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    rename(&shop, customer, "Anna Keller", shop.now()).await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let latest = insight::list_live(&mut conn, shop.brand_id, shop.now(), None, 3)
        .await
        .unwrap();
    assert_eq!(latest.len(), 3);
    assert_eq!(latest[0].who.as_deref(), Some("Anna Keller"));
    let position = latest[0].position.clone();

    shop.test.clock.advance(TimeDelta::seconds(1));
    shop.learn(customer, &[act("Signed In", shop.now())]).await;
    let reject = befriend::kernel::id::RejectId::new(shop.now(), &shop.test.app.entropy);
    sqlx::query(
        "insert into reject (brand_id, reject_id, status, code, detail, received_at)
         values ($1, $2, 'rejected', 'no_id', 'nobody is named', $3)",
    )
    .bind(shop.brand_id.uuid())
    .bind(reject.uuid())
    .bind(shop.now() + TimeDelta::milliseconds(1))
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    let mut after = async |kind| {
        let items = insight::list_live_after(&mut conn, shop.brand_id, &position, kind, 10);
        items.await.unwrap()
    };

    let all = after(None).await;
    let kinds: Vec<_> = all.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [LiveKind::Rejected, LiveKind::Accepted]);
    assert_eq!(
        all[0].refusal,
        Some(("no_id".to_owned(), "nobody is named".to_owned()))
    );
    assert_eq!(all[1].name, "Signed In");
    assert_eq!(after(Some(LiveKind::Accepted)).await.len(), 1);
    assert_eq!(after(Some(LiveKind::Duplicate)).await.len(), 0);

    let everything = insight::list_live(&mut conn, shop.brand_id, shop.now(), None, 50)
        .await
        .unwrap();
    let promoted = everything
        .iter()
        .find(|item| item.moves == [(1, 2)])
        .unwrap();
    assert_eq!(promoted.name, "Order Completed");
    let payload: serde_json::Value = serde_json::from_str(&promoted.payload).unwrap();
    assert_eq!(payload["properties"]["order_id"], json!("three"));
}
