//! Word of mouth and complaints, as staff see them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::pages::Shop;
use crate::harness::start_of_time;

/// An event of somebody, some days ago.
fn said(user: &str, name: &str, days_ago: i64, properties: &Value) -> Value {
    json!({
        "type": "track",
        "messageId": format!("{user} {name} {days_ago}"),
        "userId": user,
        "event": name,
        "timestamp": (start_of_time() - TimeDelta::days(days_ago)).to_rfc3339(),
        "properties": properties,
    })
}

fn named(user: &str, name: &str) -> Value {
    json!({
        "type": "identify",
        "messageId": format!("who {user}"),
        "userId": user,
        "timestamp": (start_of_time() - TimeDelta::days(40)).to_rfc3339(),
        "traits": { "name": name },
    })
}

/// Anna brings Bilal, who brings Chen; Bilal brings himself as well, or tries to.
fn family() -> Vec<Value> {
    let order = |user, days_ago| {
        said(
            user,
            "Order Completed",
            days_ago,
            &json!({ "order_id": user, "total": 20 }),
        )
    };
    vec![
        named("a", "Anna Keller"),
        named("b", "Bilal <b>Rahman</b>"),
        named("c", "Chen Wei"),
        said("a", "Invite Sent", 30, &json!({ "code": "ANNA" })),
        said(
            "b",
            "Referral Clicked",
            28,
            &json!({ "code": "ANNA", "channel": "email" }),
        ),
        order("b", 27),
        said("b", "Cart Shared", 26, &json!({ "code": "BILAL" })),
        said("b", "Referral Clicked", 25, &json!({ "code": "BILAL" })),
        said("c", "Signed Up", 20, &json!({ "referrer_id": "b" })),
        order("c", 10),
    ]
}

#[tokio::test]
async fn the_network_is_shown_with_its_figures_its_tree_and_what_is_not_believed() {
    let mut shop = Shop::open().await;
    let empty = shop.see("network").await;
    assert!(empty.contains("Nobody has been invited yet"), "{empty}");
    shop.send(&family()).await;
    shop.test.app.projector.refresh_figures().await.unwrap();

    let page = shop.see("network").await;

    assert!(page.contains("Whom Anna Keller brought"), "{page}");
    assert!(page.contains("2 people over 2 generations; 2 became customers."));
    assert!(
        page.contains("In 90 days every 2 customers brought one more."),
        "{page}"
    );
    assert_eq!(page.matches("tree-node").count(), 3);
    assert!(page.contains("They would have brought themselves"));
    assert!(!page.contains("<b>Rahman"), "names are escaped");

    let start = page.find("network?person=prf_").unwrap();
    let anna = page[start..].split('"').next().unwrap().to_owned();
    assert!(shop.see(&anna).await.contains("Whom Anna Keller brought"));
    let nobody = shop
        .see("network?person=prf_00000000000000000000000000000000")
        .await;
    assert!(
        !nobody.contains("h-family"),
        "an unknown person has no tree"
    );
}

#[tokio::test]
async fn a_customers_page_says_who_brought_them_and_whom_they_brought() {
    let mut shop = Shop::open().await;
    shop.send(&family()).await;
    let list = shop.see("customers?q=bilal").await;
    let start = list.find("customers/prf_").unwrap();
    let path = list[start..].split('"').next().unwrap().to_owned();

    let page = shop.see(&path).await;

    assert!(page.contains("People brought in"), "{page}");
    assert!(
        page.contains("Anna Keller</a> by email on 18 Dec 2025."),
        "{page}"
    );
    assert!(page.contains("Chen Wei"));
    assert!(page.contains("became a customer on 5 Jan 2026"));
}

#[tokio::test]
async fn complaints_are_listed_with_their_clock_until_they_are_made_good() {
    let mut shop = Shop::open().await;
    assert!(shop.see("complaints").await.contains("Nobody waits"));
    let opened = json!({ "dispute_id": "d", "about": "A cold cake", "channel": "public" });
    let events = [
        named("a", "Anna Keller"),
        said(
            "a",
            "Order Completed",
            5,
            &json!({ "order_id": "1", "total": 20 }),
        ),
        said("a", "Dispute Opened", 2, &opened),
        said("a", "Dispute Handed Off", 1, &json!({ "dispute_id": "d" })),
    ];
    shop.send(&events).await;

    let page = shop.see("complaints").await;

    assert!(
        page.contains("A cold cake") && page.contains("Anna Keller"),
        "{page}"
    );
    assert!(page.contains("2 of 3 days") && page.contains("Runs out on 16 Jan 2026"));
    assert!(page.contains("clock-urgent") && page.contains(">Public<"));
    assert!(page.contains("1 customer waiting"));
    let offered = json!({ "dispute_id": "d" });
    shop.send(&[said("a", "Remedy Proposed", 0, &offered)])
        .await;
    let page = shop.see("complaints").await;
    assert!(page.contains("Settled on 22 Jan 2026 by silence"), "{page}");
    assert!(!page.contains("clock-urgent"));

    let good = json!({ "dispute_id": "d", "satisfied": true });
    shop.send(&[said("a", "Dispute Resolved", 0, &good)]).await;

    assert!(shop.see("complaints").await.contains("Nobody waits"));
    assert!(
        shop.see("complaints?show=made-good")
            .await
            .contains("A cold cake")
    );
    assert!(
        shop.see("complaints?show=review")
            .await
            .contains("Nobody to look at")
    );
}
