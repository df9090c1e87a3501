//! The pool, the transaction helper, migrations and the HTTP edge.

use std::time::Duration;

use axum::http::StatusCode;
use befriend::audit::Actor;
use befriend::brand;
use befriend::postgres::{self, migrate};

use crate::harness::{Database, TestApp};

#[tokio::test]
async fn the_service_answers_health_checks_and_says_who_it_is() {
    let test = TestApp::start().await;
    let mut browser = test.browser();

    let health = browser.get("/healthz").await;
    let ready = browser.get("/readyz").await;

    assert_eq!(
        (health.status, ready.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert!(health.header("request-id").starts_with("req_"));
    assert_eq!(health.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_failed_unit_of_work_leaves_nothing() {
    let test = TestApp::start().await;

    let failed: Result<(), postgres::Error> = postgres::tx(&test.app.pool, async |conn| {
        sqlx::query(
            "insert into staff (staff_id, email, name, password_hash, created_at) \
                     values (gen_random_uuid(), 'a@b.example', 'A', 'x', now())",
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query("select 1/0").execute(&mut *conn).await?;
        Ok(())
    })
    .await;

    assert!(failed.is_err());
    let left: i64 = sqlx::query_scalar("select count(*) from staff")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_pool_refuses_a_connection_still_inside_a_transaction() {
    let database = Database::create().await;
    let pool = database.address().pool(1);
    {
        let mut connection = pool.acquire().await.unwrap();
        // What a cancelled begin leaves behind: the server is in a transaction, sqlx does not know.
        sqlx::query("begin")
            .execute(&mut *connection)
            .await
            .unwrap();
        sqlx::query("create table lost (x int)")
            .execute(&mut *connection)
            .await
            .unwrap();
    }

    sqlx::query("create table kept (x int)")
        .execute(&pool)
        .await
        .unwrap();

    pool.close().await;
    let mut fresh = database.address().connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_name in ('lost', 'kept')",
    )
    .fetch_all(&mut fresh)
    .await
    .unwrap();
    assert_eq!(
        tables,
        ["kept"],
        "the write after the refused connection must be durable"
    );
}

#[tokio::test]
async fn f05_three_processes_migrate_an_empty_database_at_once() {
    let database = Database::create_empty().await;
    let address = database.address();

    let (a, b, c) = tokio::join!(
        migrate::run(address),
        migrate::run(address),
        migrate::run(address)
    );

    assert!(a.is_ok() && b.is_ok() && c.is_ok(), "{a:?} {b:?} {c:?}");
    assert_eq!(migrate::pending(address).await.unwrap(), 0);
}

#[tokio::test]
async fn f07_a_spent_pool_answers_unavailable_within_its_wait() {
    let test = TestApp::start().await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(test.app.pool.acquire().await.unwrap());
    }

    let mut browser = test.browser();
    let answer = tokio::time::timeout(Duration::from_secs(10), browser.get("/readyz")).await;

    let answer = answer.expect("an answer in time");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn keeping_house_deletes_what_has_served_its_time_and_nothing_else() {
    let test = TestApp::start().await;
    let draft = befriend::brand::draft::Draft::parse("house", "House", "").unwrap();
    let (brand, _) = test
        .app
        .create_brand(befriend::audit::Actor::Operator, draft, false)
        .await
        .unwrap();
    let now = test.clock.now();
    for age_days in [1, 6, 8, 400] {
        sqlx::query(
            "insert into reject (brand_id, reject_id, status, code, detail, received_at)
             values ($1, gen_random_uuid(), 'rejected', 'x', 'x', $2)",
        )
        .bind(brand.brand_id.uuid())
        .bind(now - chrono::TimeDelta::days(age_days))
        .execute(&test.app.pool)
        .await
        .unwrap();
    }
    let kept = "select (select count(*) from reject), (select count(*) from audit)";
    let before: (i64, i64) = sqlx::query_as(kept)
        .fetch_one(&test.app.pool)
        .await
        .unwrap();

    befriend::maintenance::clean(&test.app.pool, now)
        .await
        .unwrap();

    let after: (i64, i64) = sqlx::query_as(kept)
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!((before.0, after.0), (4, 2));
    assert_eq!(before.1, after.1, "the audit record stays");
}

#[tokio::test]
async fn wiping_the_demo_knows_every_table_of_a_brand() {
    let test = TestApp::start().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.table_name::text
         from information_schema.columns c join information_schema.tables t using (table_name)
         where c.table_schema = 'public' and t.table_schema = 'public'
           and t.table_type = 'BASE TABLE' and c.column_name = 'brand_id'",
    )
    .fetch_all(&test.app.pool)
    .await
    .unwrap();
    let forgotten: Vec<&String> = tables
        .iter()
        // The record of who did what is never deleted; the brand itself goes last.
        .filter(|table| !["audit", "brand"].contains(&table.as_str()))
        .filter(|table| !brand::store::TABLES.contains(&table.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "not wiped: {forgotten:?}");
    let draft = brand::draft::Draft::parse("demo", "Demo", "").unwrap();
    let (demo, _) = test
        .app
        .create_brand(Actor::Operator, draft, true)
        .await
        .unwrap();

    postgres::tx(&test.app.pool, async |conn| {
        brand::store::delete_demo_brand(conn, demo.brand_id).await
    })
    .await
    .unwrap();

    let left: i64 = sqlx::query_scalar("select count(*) from brand")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
