//! The dashboard's page of mail.

use axum::http::StatusCode;

use super::{code, queue};
use crate::dashboard::{audited, staff_with_brand};
use crate::harness::TestApp;

async fn only_mail(test: &TestApp) -> (befriend::kernel::id::BrandId, String) {
    let brand: uuid::Uuid = sqlx::query_scalar("select brand_id from brand where slug = 'bakery'")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    let brand_id = befriend::kernel::id::BrandId::from_uuid(brand);
    queue(test, brand_id, "mara@x.example", code("482913")).await;
    let mail: uuid::Uuid = sqlx::query_scalar("select mail_id from mail")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    let id = befriend::kernel::id::MailId::from_uuid(mail).to_string();
    (brand_id, format!("/dashboard/bakery/mail/{id}/open"))
}

#[tokio::test]
async fn mail_that_is_kept_can_be_opened_and_that_is_written_down() {
    let test = TestApp::start().await;
    let mut staff = staff_with_brand(&test).await;
    let (_, open) = only_mail(&test).await;

    let list = staff.get("/dashboard/bakery/mail").await;
    let before = audited(&test, "mail.opened").await;
    let by_get = staff.get(&open).await;
    let opened = staff.post_form(&open, &[]).await;
    let elsewhere = open.replace("/bakery/", "/nowhere/");
    let elsewhere = staff.post_form(&elsewhere, &[]).await;

    assert_eq!(list.status, StatusCode::OK);
    let text = list.text();
    assert!(text.contains("Code to sign in") && text.contains("mara@x.example"));
    assert!(text.contains("Kept") && !text.contains("482913"));
    assert_eq!(by_get.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(opened.status, StatusCode::OK);
    assert!(opened.text().contains("482913"), "{}", opened.text());
    assert_eq!(opened.header("cache-control"), "no-store");
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    assert_eq!((before, audited(&test, "mail.opened").await), (0, 1));
}

#[tokio::test]
async fn mail_of_another_brand_is_not_there() {
    let test = TestApp::start().await;
    let mut staff = staff_with_brand(&test).await;
    let (_, open) = only_mail(&test).await;
    super::brand(&test, "books").await;

    let answer = staff
        .post_form(&open.replace("/bakery/", "/books/"), &[])
        .await;

    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "mail.opened").await, 0);
}

#[tokio::test]
async fn mail_that_is_sent_is_not_for_staff_to_read() {
    let settings = [
        ("smtp_url", "smtp://127.0.0.1:1"),
        ("mail_from", "no-reply@bellmoor.example"),
    ];
    let test = TestApp::start_with(&settings).await;
    let mut staff = staff_with_brand(&test).await;
    let (_, open) = only_mail(&test).await;

    let list = staff.get("/dashboard/bakery/mail").await.text();
    let answer = staff.post_form(&open, &[]).await;

    assert!(list.contains("Waiting") && !list.contains("/open\""));
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&test, "mail.opened").await, 0);
}
