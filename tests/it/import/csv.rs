//! CSV with a mapping, and without one.

use serde_json::json;

use super::{Installation, gzip};

/// As a spreadsheet of Windows writes it: a byte order mark, CRLF, semicolons, decimal commas, a name
/// with a line break and quotes, and among good rows bad ones.
const ORDERS: &str = "\u{feff}No;Customer;Ordered;Amount;Note\r\n\
    1;c1;15.01.2024 13:00;1.234,50;\"two\r\nlines; \"\"quoted\"\"\"\r\n\
    2;c2;16.01.2024 13:00;7;\r\n\
    3;c1;yesterday;7;\r\n\
    4;c1;17.01.2024 13:00;dear;\r\n\
    5;;18.01.2024 13:00;7;\r\n\
    6;c3;18.07.2024 13:00;7\r\n\
    7;null;18.07.2024 13:00;7;\r\n\
    8;c3;\"18.07.2024 13:00;7;never closed\r\n\
    9;c3;18.07.2024 13:00;0,5;last\r\n\
    2;c2;16.01.2024 13:00;8;not the same\r\n";

const MAPPING: &str = "
delimiter: \";\"
decimal_comma: true
event: Order Completed
user_id: Customer
time: { column: Ordered, format: \"%d.%m.%Y %H:%M\", zone: Europe/Zurich }
message_id: { prefix: o-, columns: [No] }
properties:
  order_id: No
  total: { column: Amount, type: number }
  note: Note
skip_when_empty: [Customer]
";

#[tokio::test]
async fn good_rows_are_stored_and_bad_ones_are_named_by_line_and_column() {
    let place = Installation::new();
    let (orders, mapping) = (
        place.file("orders.csv", ORDERS),
        place.file("map.yaml", MAPPING),
    );
    let options = ["--mapping", mapping.to_str().unwrap()];

    let (dry, dry_code) = place.report(&orders, &[&options[..], &["--dry-run"]].concat());
    let stored_by_dry_run = [
        place.count("event").await,
        place.count("reject").await,
        place.count("import").await,
    ];
    let (report, code) = place.report(&orders, &options);
    let told = place.import(&orders, &options);

    assert_eq!(stored_by_dry_run, [0, 0, 0], "a dry run stores nothing");
    for key in [
        "lines",
        "events",
        "stored",
        "duplicates",
        "conflicts",
        "rejected",
        "skipped",
        "by_code",
        "faults",
    ] {
        assert_eq!(
            dry[key], report[key],
            "{key}: a dry run tells what the import does"
        );
    }
    assert_eq!((dry_code, code), (Some(3), Some(3)));
    assert_eq!(
        json!([
            report["lines"],
            report["events"],
            report["stored"],
            report["conflicts"],
            report["rejected"]
        ]),
        json!([12, 9, 3, 1, 5])
    );
    assert_eq!(report["skipped"], json!({ "Customer is empty": 1 }));
    let faults: Vec<_> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["line"].as_u64().unwrap(),
                fault["column"].as_str(),
                fault["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        faults,
        [
            (5, Some("Ordered"), "time_invalid"),
            (6, Some("Amount"), "not_a_number"),
            (8, None, "columns_differ"),
            (9, Some("Customer"), "reserved_id"),
            (10, None, "quote_not_closed"),
            (12, None, "message_id_reused"),
        ]
    );
    assert_eq!(dry["people"], 3);
    assert_eq!(
        dry["span"],
        json!(["2024-01-15T12:00:00Z", "2024-07-18T11:00:00Z"])
    );
    assert_eq!(dry["first"][0]["payload"]["properties"]["total"], 1234.5);
    let stored = place.stored().await;
    let order = |no: &str, who: &str, at: &str, properties| {
        (
            format!("o-{no}"),
            "Order Completed".to_owned(),
            Some(who.to_owned()),
            at.to_owned(),
            properties,
        )
    };
    assert_eq!(
        stored,
        [
            order(
                "1",
                "c1",
                "2024-01-15 12:00:00",
                json!({ "order_id": "1", "total": 1234.5, "note": "two\nlines; \"quoted\"" })
            ),
            order(
                "2",
                "c2",
                "2024-01-16 12:00:00",
                json!({ "order_id": "2", "total": 7 })
            ),
            order(
                "9",
                "c3",
                "2024-07-18 11:00:00",
                json!({ "order_id": "9", "total": 0.5, "note": "last" })
            ),
        ]
    );
    assert!(
        told.text
            .contains("0 stored, 3 stored before, 1 in conflict, 5 rejected"),
        "{}",
        told.text
    );
    for part in [
        "orders.csv, line 5, Ordered (yesterday): time_invalid:",
        "under time.format",
        "orders.csv, line 10 (8;c3;",
        "listed under Live",
    ] {
        assert!(told.text.contains(part), "{part} in {}", told.text);
    }
    let kept: Vec<String> = sqlx::query_scalar(
        "select detail from reject where status = 'rejected' and code = 'not_a_number'",
    )
    .fetch_all(&mut place.connect().await)
    .await
    .unwrap();
    assert!(
        kept[0].contains("orders.csv, line 6, Amount: this is not a number"),
        "{kept:?}"
    );
}

#[tokio::test]
async fn the_same_file_is_the_same_wherever_it_lies_and_however_it_is_packed() {
    let place = Installation::new();
    // No column tells events apart, and two rows are equal: two purchases.
    let rows =
        "who,at,what\nc1,2024-01-15,Signed In\nc1,2024-01-15,Signed In\nc2,2024-01-16,Signed In\n";
    let mapping = "user_id: who\nevent_column: what\ntime: { column: at }\n";
    let mapping_path = place.file("map.yaml", mapping);
    let of_rows = place.file(
        "rows.yaml",
        [mapping, "message_id: { of: row, prefix: x- }\n"].concat(),
    );
    let first = place.file("a.csv", rows);
    let elsewhere = place.file("b/other.csv.gz", gzip(rows.as_bytes()));
    let grown = place.file(
        "grown.csv",
        [
            "who,at,what\nc9,2024-01-14,Signed In\n",
            rows.split_once('\n').unwrap().1,
        ]
        .concat(),
    );
    let by_line = ["--mapping", mapping_path.to_str().unwrap()];
    let by_row = ["--mapping", of_rows.to_str().unwrap()];

    let counts = |(report, _): (serde_json::Value, Option<i32>)| {
        (
            report["stored"].as_u64().unwrap(),
            report["duplicates"].as_u64().unwrap(),
        )
    };
    let once = counts(place.report(&first, &by_line));
    let again = counts(place.report(&elsewhere, &by_line));
    let rows_once = counts(place.report(&first, &by_row));
    let rows_grown = counts(place.report(&grown, &by_row));

    assert_eq!((once, again), ((3, 0), (0, 3)));
    assert_eq!((rows_once, rows_grown), ((3, 0), (1, 3)));
    assert_eq!(
        place.count("reject where status = 'duplicate'").await,
        0,
        "what is known is not sent again"
    );
}

#[tokio::test]
async fn a_mapping_is_guessed_shown_and_used_only_when_asked() {
    let place = Installation::new();
    let rows = "order_id,customer_id,created_at,amount\nA-1,c1,2024-01-15 10:00:00,12.5\nA-2,c2,2024-01-16 10:00:00,7\n";
    let good = place.file("orders.csv", rows);
    let unclear = place.file("unclear.csv", "a,b\n1,2\n");

    let shown = place.import(&good, &[]);
    let stored_by_showing = place.count("event").await;
    let unclear = place.import(&unclear, &["--yes"]);
    let (used, code) = place.report(&good, &["--yes"]);
    let saved = place.file("guessed.yaml", &shown.text);
    let (again, _) = place.report(&good, &["--mapping", saved.to_str().unwrap()]);

    assert_eq!((shown.code, stored_by_showing), (Some(3), 0));
    assert!(
        shown.text.contains("user_id: customer_id") && shown.said.contains("--mapping"),
        "{}{}",
        shown.text,
        shown.said
    );
    assert_eq!(unclear.code, Some(3));
    assert!(
        unclear
            .said
            .contains("does not tell who the rows are about, what happened, when it happened"),
        "{}",
        unclear.said
    );
    assert_eq!((code, &used["stored"]), (Some(0), &json!(2)));
    assert_eq!(
        (&again["stored"], &again["duplicates"]),
        (&json!(0), &json!(2)),
        "what is shown is what is used"
    );
    let (_, name, who, at, properties) = place.stored().await.remove(0);
    assert_eq!(
        (name.as_str(), who.as_deref(), at.as_str()),
        ("Order Completed", Some("c1"), "2024-01-15 10:00:00")
    );
    assert_eq!(properties, json!({ "order_id": "A-1", "amount": 12.5 }));
}

#[tokio::test]
async fn rows_of_one_order_make_one_event_and_its_total() {
    let place = Installation::new();
    let lines = place.file(
        "lines.csv",
        "no,who,at,sku,quantity,price\n1,c1,2024-01-15,a,3,1.1\n1,c1,2024-01-15,b,1,2.25\n2,c2,2024-01-16,a,1,1.1\n3,c2,2024-01-17,a,x,1\n3,c2,2024-01-17,b,1,1\n",
    );
    let mapping = place.file(
        "map.yaml",
        "user_id: who\nevent: Order Completed\ntime: { column: at }\nmessage_id: { columns: [no] }\n\
         group:\n  by: no\n  items: { sku: sku }\n  total: { of: [quantity, price] }\n",
    );

    let (report, _) = place.report(&lines, &["--mapping", mapping.to_str().unwrap()]);

    assert_eq!(
        (&report["events"], &report["stored"], &report["rejected"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(report["faults"][0]["line"], 5);
    let stored = place.stored().await;
    assert_eq!(
        stored[0].4,
        json!({ "total": 5.55, "products": [{ "sku": "a" }, { "sku": "b" }] })
    );
    assert_eq!(stored[1].4["total"], 1.1);
}
