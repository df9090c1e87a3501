//! Imports as staff see them.

use befriend::brand;
use befriend::event::import_store::{self, NewImport, Progress};
use befriend::kernel::id::{BrandId, ImportId};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::pages::Shop;

async fn brand_of(shop: &Shop, slug: &str) -> BrandId {
    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let found = brand::store::find_brand_by_slug(&mut conn, slug).await;
    found.unwrap().unwrap().brand_id
}

/// Begins an import, and notes how far it came unless nothing is known of that.
async fn begin(shop: &Shop, brand_id: BrandId, source: &str, came: Option<(&'static str, Value)>) {
    let app = &shop.test.app;
    let now = app.clock.now();
    let mut fingerprint = [0; 32];
    fingerprint[..source.len()].copy_from_slice(source.as_bytes());
    let new = NewImport {
        import_id: ImportId::new(now, &app.entropy),
        fingerprint,
        source: source.to_owned(),
        format: "csv",
        bytes_total: 200,
    };
    let mut conn = app.pool.acquire().await.unwrap();
    let id = import_store::begin_import(&mut conn, brand_id, &new, now)
        .await
        .unwrap();
    if let Some((state, report)) = came {
        let progress = Progress {
            state,
            steps_done: 3,
            bytes_done: 80,
            report,
        };
        import_store::note_progress(&mut conn, brand_id, id, &progress, now)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn imports_are_seen_with_their_state_their_counts_and_their_first_faults() {
    let mut shop = Shop::open().await;
    let empty = shop.see("imports").await;
    let fields = [("name", "Other"), ("slug", "other"), ("colour", "")];
    shop.browser.post_form("/dashboard/brands", &fields).await;
    let (bakery, other) = (
        brand_of(&shop, "bakery").await,
        brand_of(&shop, "other").await,
    );
    let fault = |line: u64| {
        json!({
            "file": "orders <b>.csv", "line": line, "column": "amount", "value": null,
            "code": "not_a_number", "why": "it is no number", "mend": "say decimal_comma",
        })
    };
    let report = json!({
        "lines": 1_234, "events": 1_200, "stored": 1_150, "duplicates": 9, "conflicts": 1,
        "rejected": 40, "kept": 40, "by_code": { "not_a_number": 40, "message_id_reused": 1 },
        "skipped": { "customer_id is empty": 34 }, "faults": (1..=30).map(fault).collect::<Vec<_>>(),
    });
    begin(&shop, bakery, "killed.csv", None).await;
    shop.test.clock.advance(TimeDelta::minutes(6));
    begin(&shop, bakery, "orders.csv", Some(("done", report))).await;
    begin(&shop, bakery, "half.csv", Some(("stopped", json!({})))).await;
    begin(&shop, bakery, "going.csv", Some(("running", json!({})))).await;
    begin(&shop, other, "theirs.csv", None).await;

    let page = shop.see("imports").await;

    assert!(empty.contains("Nothing imported yet"), "{empty}");
    let command = "befriend import history.csv --brand bakery --dry-run";
    assert!(empty.contains(command) && page.contains(command));
    assert!(!page.contains("Nothing imported yet") && !page.contains("theirs.csv"));
    let row = |source: &str| {
        let rows = page.split("<tr>").find(|row| row.contains(source));
        rows.unwrap_or_else(|| panic!("{source} is not listed: {page}"))
    };
    assert!(row("killed.csv").contains("Broke off, 0 %"), "{page}");
    assert!(row("killed.csv").contains("--resume"), "{page}");
    assert!(row("half.csv").contains("Stopped, 40 %"), "{page}");
    assert!(row("half.csv").contains("--resume"), "{page}");
    assert!(row("going.csv").contains("Running, 40 %"), "{page}");
    assert!(!row("going.csv").contains("--resume"), "{page}");
    let done = row("orders.csv");
    for told in [
        "Done",
        "1,234 lines read, 34 left out",
        "1,150",
        "</span>9<",
        "</span>41<",
        "1 in conflict",
        "The first 10 of 41 faults",
        "line 10, amount",
        "it is no number; say decimal_comma",
        "/docs/errors#not_a_number",
    ] {
        assert!(done.contains(told), "{told}: {done}");
    }
    assert!(!done.contains("line 11") && !page.contains("<b>"), "{done}");
    let link = "href=\"/dashboard/bakery/imports\"";
    assert!(shop.see("keys").await.contains(link), "it is not linked");
}
