//! What is queued, and what is not.

use befriend::kernel::EmailAddress;
use befriend::mail::{self, Letter, Mail, Message, Post};
use befriend::postgres;
use befriend::view::language::Language;
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::{LIFE, brand, code, queue, reset, rows};
use crate::harness::TestApp;

async fn count_to(test: &TestApp, recipient: &str) -> i64 {
    sqlx::query_scalar("select count(*) from mail where recipient like $1")
        .bind(recipient)
        .fetch_one(&test.app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_mail_is_stored_sealed_and_only_with_its_change() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let app = &test.app;
    let to = EmailAddress::parse("mara@x.example").unwrap();
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language: Language::English,
    };
    let mail = Mail {
        to: &to,
        profile_id: None,
        message: code("482913"),
        at: test.clock.now(),
        expires_at: test.clock.now() + LIFE,
    };

    let undone: Result<(), postgres::Error> = postgres::tx(&app.pool, async |conn| {
        mail::queue(conn, bakery.brand_id, &post, mail.clone()).await?;
        let fault = postgres::Inconsistency::new("profile", "nobody", "fails");
        Err(fault.into())
    })
    .await;
    let after_fault = rows(&test).await;
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;

    assert!(undone.is_err() && after_fault.is_empty());
    let (mail_id, body): (uuid::Uuid, Vec<u8>) = sqlx::query_as("select mail_id, body from mail")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(!body.windows(6).any(|six| six == b"482913"));
    let mail_id = befriend::kernel::id::MailId::from_uuid(mail_id);
    let letter = Letter::open(&app.cipher, bakery.brand_id, mail_id, &body).unwrap();
    assert!(letter.text.contains("482913"));
}

#[tokio::test]
async fn a65_a_box_gets_five_mails_an_hour_that_strangers_ask_for() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let books = brand(&test, "books").await;

    join_all((0..40).map(|n| {
        let to = match n % 3 {
            0 => "mara@x.example".to_owned(),
            1 => format!("mara+{n}@x.example"),
            _ => format!("MARA+{n}@X.example"),
        };
        let message = if n % 2 == 0 { code("1") } else { reset("2") };
        let (test, brand_id) = (&test, bakery.brand_id);
        async move { queue(test, brand_id, &to, message).await }
    }))
    .await;
    let of_bakery = count_to(&test, "mara%").await;
    queue(&test, books.brand_id, "mara@x.example", code("3")).await;
    queue(&test, bakery.brand_id, "noa@x.example", code("4")).await;
    queue(
        &test,
        bakery.brand_id,
        "mara@x.example",
        Message::PasswordChanged,
    )
    .await;
    let with_others = count_to(&test, "%").await;
    test.clock.advance(TimeDelta::minutes(61));
    for _ in 0..10 {
        queue(&test, bakery.brand_id, "mara@x.example", code("5")).await;
    }

    assert_eq!(of_bakery, 5);
    assert_eq!(with_others, 8, "others are not kept waiting by it");
    assert_eq!(count_to(&test, "%").await, 13, "an hour later, five more");
}

#[tokio::test]
async fn a65_strangers_do_not_use_up_what_the_owner_may_ask_for() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let app = &test.app;
    for _ in 0..10 {
        queue(&test, bakery.brand_id, "mara@x.example", code("1")).await;
    }

    let to = EmailAddress::parse("mara@x.example").unwrap();
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language: Language::English,
    };
    let at = test.clock.now();
    let mail = Mail {
        to: &to,
        profile_id: None,
        message: code("2"),
        at,
        expires_at: at + LIFE,
    };
    postgres::tx(&app.pool, async |conn| {
        mail::queue_for_known(conn, bakery.brand_id, &post, mail.clone()).await
    })
    .await
    .unwrap();

    assert_eq!(count_to(&test, "mara%").await, 6);
}
