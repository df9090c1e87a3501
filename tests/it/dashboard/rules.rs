//! The rules in force.

use axum::http::StatusCode;

use super::staff_with_brand;
use crate::harness::TestApp;

#[tokio::test]
async fn a_brand_begins_with_the_default_rules_in_words() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let page = browser.get("/dashboard/bakery/rules").await;

    assert_eq!(page.status, StatusCode::OK);
    let body = page.text();
    for said in [
        "Version 1, published 15 Jan 2026",
        "How people warm",
        "How people cool",
        "Order Completed, discount 20 % or more",
        "Familiarity halves every 60 days.",
    ] {
        assert!(body.contains(said), "{said}");
    }
}
