//! What customers will be worth: from orders through the front gate to the API and the pages.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::brand;
use befriend::kernel::id::BrandId;
use befriend::projection::HORIZON_DAYS;
use befriend::value::{History, Purchase, PurchaseModel, SpendModel, Spending, ValueModel};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::pages::Shop;
use crate::harness::start_of_time;

/// A customer's orders: days ago, and amounts.
type Orders = Vec<(i64, f64)>;

/// Sixty customers of a year who differ in how often they come and in what they spend. Always the
/// same ones.
fn people() -> Vec<Orders> {
    let mut seed = 7_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    (0..60)
        .map(|_| {
            let (mut day, pause) = (100 + random(250), 6 + random(50));
            let amount = 8 + random(60);
            let stops = 2 + random(12);
            let mut orders = Vec::new();
            for _ in 0..stops {
                orders.push((day, f64::from(i32::try_from(amount + random(9)).unwrap())));
                day -= 1 + random(2 * pause.unsigned_abs());
                if day < 0 {
                    break;
                }
            }
            orders
        })
        .collect()
}

fn event(user: &str, name: &str, days_ago: i64, properties: &Value) -> Value {
    let id = format!("{user} {name} {days_ago} {properties}");
    json!({
        "type": "track",
        "messageId": id,
        "userId": user,
        "event": name,
        "timestamp": (start_of_time() - TimeDelta::days(days_ago)).to_rfc3339(),
        "properties": properties,
    })
}

fn order(user: &str, days_ago: i64, amount: f64, currency: &str) -> Value {
    let id = format!("{user}-{days_ago}");
    let properties = json!({ "order_id": id, "total": amount, "currency": currency });
    event(user, "Order Completed", days_ago, &properties)
}

/// The same people as the model should see them.
fn known(people: &[Orders]) -> Vec<(History, Option<Spending>)> {
    people
        .iter()
        .map(|orders| {
            let purchases: Vec<Purchase> = orders
                .iter()
                .map(|(days_ago, amount)| Purchase {
                    period: -i32::try_from(*days_ago).unwrap(),
                    amount: Some(*amount),
                })
                .collect();
            History::of(&purchases, 0).unwrap()
        })
        .collect()
}

fn model_of(known: &[(History, Option<Spending>)]) -> ValueModel {
    let histories: Vec<History> = known.iter().map(|(history, _)| *history).collect();
    let spent: Vec<Spending> = known.iter().filter_map(|(_, spent)| *spent).collect();
    ValueModel {
        purchases: PurchaseModel::fit(&histories).unwrap().model,
        spending: Some(SpendModel::fit(&spent).unwrap().model),
    }
}

async fn brand_id(shop: &Shop) -> BrandId {
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let brand = brand::store::find_brand_by_slug(&mut conn, "bakery").await;
    brand.unwrap().unwrap().brand_id
}

async fn fit(shop: &Shop) {
    let app = &shop.test.app;
    app.projector
        .fit_value(brand_id(shop).await, app.clock.now().date_naive(), |_| ())
        .await
        .unwrap();
}

async fn ask(shop: &Shop, path: &str) -> Value {
    let bearer = format!("Bearer {}", shop.key);
    let headers = [("authorization", bearer.as_str())];
    let mut browser = shop.test.browser();
    let answer = browser
        .send(
            Method::GET,
            &format!("/api/v1/{path}"),
            &headers,
            Body::empty(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

async fn profile(shop: &Shop, user: &str) -> String {
    let found = ask(shop, &format!("profiles?user_id={user}")).await;
    found["profiles"][0]["id"].as_str().unwrap().to_owned()
}

async fn send_people(shop: &Shop, people: &[Orders]) {
    let events: Vec<Value> = people
        .iter()
        .enumerate()
        .flat_map(|(number, orders)| {
            let user = format!("u{number}");
            orders
                .iter()
                .map(move |(days_ago, amount)| order(&user, *days_ago, *amount, "CHF"))
        })
        .collect();
    for batch in events.chunks(100) {
        shop.send(batch).await;
    }
}

fn assert_near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    let error = (found - expected).abs() / expected.abs();
    assert!(error < 1e-6, "{found} is not {expected}");
}

#[tokio::test]
async fn the_forecast_is_that_of_the_orders_that_were_not_taken_back() {
    let mut shop = Shop::open().await;
    let people = people();
    send_people(&shop, &people).await;
    shop.send(&[
        // Taken back, before and after: no order at all.
        event("u0", "Order Refunded", 2, &json!({ "order_id": "u0-3" })),
        order("u0", 3, 500.0, "CHF"),
        // Twice under the same id: one order.
        event(
            "u1",
            "Completed Order",
            1,
            &json!({ "order_id": "u1-1", "total": 30 }),
        ),
        event(
            "u1",
            "Order Completed",
            1,
            &json!({ "order_id": "u1-1", "total": 31 }),
        ),
        event("u1", "Order Refunded", 0, &json!({ "order_id": "u1-1" })),
        // Looks, and never orders.
        event("looker", "Product Viewed", 5, &json!({})),
    ])
    .await;

    fit(&shop).await;

    let known = known(&people);
    let expected = model_of(&known);
    for number in [0, 1, 17, 41] {
        let id = profile(&shop, &format!("u{number}")).await;
        let (history, spent) = known[number];
        let forecast = expected.forecast(&history, spent.as_ref(), HORIZON_DAYS.into());

        let body = ask(&shop, &format!("profiles/{id}/value")).await;

        assert_eq!(body["absent"], Value::Null, "{body}");
        assert_near(&body["value"]["expected_orders"], forecast.purchases);
        assert_near(&body["value"]["expected_value"], forecast.value.unwrap());
        if history.repeats() > 0 {
            assert_near(&body["value"]["p_alive"], forecast.alive);
        } else {
            assert_eq!(body["value"]["p_alive"], Value::Null);
        }
        assert_eq!(body["orders"]["days"], history.repeats() + 1);
        assert_eq!(body["model"]["customers"], 60);
        assert_eq!(body["model"]["currency"], "CHF");
        assert_eq!(body["model"]["as_of"], "2026-01-15");
        assert_near(
            &body["model"]["orders"]["alpha_days"],
            expected.purchases.alpha(),
        );
    }
    let looker = profile(&shop, "looker").await;
    let body = ask(&shop, &format!("profiles/{looker}/value")).await;
    assert_eq!(body["absent"]["code"], "no_orders");
    assert_eq!(body["value"], Value::Null);
    let page = shop.see(&format!("customers/{looker}")).await;
    assert!(page.contains("No order so far"), "{page}");
}

#[tokio::test]
async fn pages_show_the_forecast_and_hide_small_groups() {
    let mut shop = Shop::open().await;
    let page = shop.see("").await;
    assert!(page.contains("No customers yet"));
    let people = people();
    send_people(&shop, &people).await;
    let first = profile(&shop, "u0").await;
    assert!(shop.see("").await.contains("Not reckoned yet"));
    assert!(
        shop.see(&format!("customers/{first}"))
            .await
            .contains("Not reckoned yet")
    );

    fit(&shop).await;
    let overview = shop.see("").await;

    assert!(
        overview.contains("Expected worth in the next 39 weeks, by stage"),
        "{overview}"
    );
    assert!(overview.contains("Active, of repeat buyers"));
    // Nobody advocates.
    assert!(overview.contains("too few to show"));
    let body = ask(&shop, &format!("profiles/{first}/value")).await;
    let alive = body["value"]["p_alive"].as_f64().unwrap();
    let page = shop.see(&format!("customers/{first}")).await;
    let said = befriend::view::format::chance(alive).replace("< ", "&#60; ");
    assert!(
        page.contains(&format!(
            "The chance that this customer is still active is {said}."
        )),
        "{said}: {page}"
    );
    assert!(
        page.contains("weeks after that, worth about CHF "),
        "{page}"
    );
}

#[tokio::test]
async fn too_few_repeat_buyers_are_an_answer() {
    let mut shop = Shop::open().await;
    let few: Vec<Orders> = people()
        .into_iter()
        .filter(|orders| orders.len() > 1)
        .take(12)
        .collect();
    send_people(&shop, &few).await;

    fit(&shop).await;

    let id = profile(&shop, "u3").await;
    let body = ask(&shop, &format!("profiles/{id}/value")).await;
    let absent = json!({ "code": "too_few_repeat_buyers", "found": 12, "needed": 30 });
    assert_eq!(body["absent"], absent);
    assert_eq!(body["value"], Value::Null);
    let sentence = "Too few repeat buyers to say: 12 of 30 needed.";
    assert!(shop.see("").await.contains(sentence));
    assert!(
        shop.see(&format!("customers/{id}"))
            .await
            .contains(sentence)
    );
}

#[tokio::test]
async fn other_currencies_and_profiles_that_were_joined_are_reckoned_rightly() {
    let mut shop = Shop::open().await;
    let people = people();
    send_people(&shop, &people).await;
    let mut abroad: Vec<Value> = (1..6)
        .map(|n| order("abroad", n * 9, 9_000.0, "JPY"))
        .collect();
    abroad.push(order("joined", 20, 10.0, "CHF"));
    abroad.push(order("later", 10, 30.0, "CHF"));
    shop.send(&abroad).await;
    let (joined, later) = (
        profile(&shop, "joined").await,
        profile(&shop, "later").await,
    );
    let uuid = |id: &str| {
        id.parse::<befriend::kernel::id::ProfileId>()
            .unwrap()
            .uuid()
    };
    fit(&shop).await;
    sqlx::query("update profile set status = 'merged', merged_into = $2 where profile_id = $1")
        .bind(uuid(&later))
        .bind(uuid(&joined))
        .execute(&shop.test.app.pool)
        .await
        .unwrap();

    shop.test.clock.advance(TimeDelta::minutes(5));
    fit(&shop).await;

    let id = profile(&shop, "abroad").await;
    let body = ask(&shop, &format!("profiles/{id}/value")).await;
    assert_eq!(body["model"]["currency"], "CHF");
    assert_eq!(body["model"]["other_currency_orders"], 5);
    assert!(body["value"]["expected_orders"].as_f64().unwrap() > 1.0);
    assert_eq!(body["value"]["expected_value"], Value::Null);
    let body = ask(&shop, &format!("profiles/{joined}/value")).await;
    assert_eq!(body["orders"]["days"], 2);
    assert_eq!(body["orders"]["mean_repeat_amount"], 30.0);
    let rows: i64 = sqlx::query_scalar("select count(*) from profile_value")
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
    assert_eq!(rows, 62, "the joined profile keeps no row of its own");
    assert!(shop.see("").await.contains("5 orders in other currencies"));
}

#[tokio::test]
async fn it_is_fitted_anew_when_orders_came_and_a_day_has_passed() {
    let shop = Shop::open().await;
    send_people(&shop, &people()).await;
    let brands = [brand_id(&shop).await];
    let projector = &shop.test.app.projector;

    assert_eq!(projector.fit_due_values(&brands).await.unwrap(), 1);
    assert_eq!(projector.fit_due_values(&brands).await.unwrap(), 0);
    shop.test.clock.advance(TimeDelta::hours(25));
    assert_eq!(
        projector.fit_due_values(&brands).await.unwrap(),
        0,
        "no order came"
    );
    shop.send(&[order("u5", 0, 12.0, "CHF")]).await;
    assert_eq!(projector.fit_due_values(&brands).await.unwrap(), 1);
    shop.test.clock.advance(TimeDelta::days(8));
    assert_eq!(
        projector.fit_due_values(&brands).await.unwrap(),
        1,
        "silence says something"
    );
    let fits: i64 =
        sqlx::query_scalar("select count(*) from value_model where finished_at is not null")
            .fetch_one(&shop.test.app.pool)
            .await
            .unwrap();
    assert_eq!(fits, 3);
}
