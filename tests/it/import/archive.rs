//! Events as SDKs sent them: one on each line, and Segment's archive of them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use super::{Imported, Installation, gzip};

const LINES: &str = concat!(
    r#"{"type":"track","event":"Signed In","messageId":"m1","userId":"u1","timestamp":"2024-01-15T12:00:00Z","sentAt":"2024-01-15T12:00:01Z"}"#,
    "\n\r\n",
    r#"{"type":"track","event":"Signed In","messageId":"m2","timestamp":"2024-01-15T12:00:00Z"}"#,
    "\n{\"type\":\"track\",\n",
    "{\"type\":\"track\",\"event\":\"\u{1}\",\"userId\":\"u1\"}\n",
    r#"{"type":"track","event":"Order Completed","userId":"u2","timestamp":"2024-01-16T12:00:00Z","properties":{"total":5}}"#,
    "\n",
    r#"{"type":"identify","messageId":"m3","userId":"u2","timestamp":"2024-01-16T12:00:00Z","traits":{"name":"Ada"}}"#,
);

#[tokio::test]
async fn lines_of_json_are_stored_each_for_itself() {
    let place = Installation::new();
    let path = place.file("events.ndjson", LINES);

    let (report, code) = place.report(&path, &[]);
    let mut stdin = place
        .command(&["import", "-", "--brand", "records", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    stdin
        .stdin
        .take()
        .unwrap()
        .write_all(LINES.as_bytes())
        .unwrap();
    let piped = Imported::of(&stdin.wait_with_output().unwrap());

    assert_eq!(code, Some(3));
    assert_eq!(
        (&report["stored"], &report["rejected"]),
        (&json!(3), &json!(3))
    );
    let faults: Vec<_> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["line"].as_u64().unwrap(),
                fault["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        faults,
        [(3, "no_ids"), (4, "invalid_json"), (5, "invalid_unicode")]
    );
    let stored = place.stored().await;
    assert_eq!(stored[0].3, "2024-01-16 12:00:00");
    assert!(
        stored[0].0.starts_with("import-") && stored[0].0.ends_with("-6"),
        "{}",
        stored[0].0
    );
    assert_eq!(
        (stored[1].0.as_str(), stored[1].3.as_str()),
        ("m1", "2024-01-15 12:00:00"),
        "sentAt shifts nothing"
    );
    let piped: serde_json::Value = serde_json::from_str(&piped.text).unwrap();
    assert_eq!(
        (&piped["stored"], &piped["duplicates"]),
        (&json!(0), &json!(3)),
        "a pipe is the same file"
    );
}

#[tokio::test]
async fn a_segment_archive_is_read_folder_by_folder() {
    let place = Installation::new();
    let event = |id: &str, at: &str| {
        let event = json!({
            "type": "track", "event": "Order Completed", "messageId": id, "userId": "u1",
            "timestamp": at, "originalTimestamp": "2024-01-15T11:59:00Z",
            "sentAt": "2024-01-15T12:00:05.000Z", "receivedAt": "2024-01-15T12:00:06.000Z",
            "properties": { "total": 3 }, "writeKey": "w", "integrations": {},
        });
        event.to_string() + "\n"
    };
    for (file, id, at) in [
        ("archive/1700/b.gz", "m2", "2024-02-01T00:00:00.000Z"),
        ("archive/1699/a.gz", "m1", "2024-01-15T12:00:00.500Z"),
        ("archive/.hidden.gz", "m9", "2024-01-15T12:00:00.500Z"),
    ] {
        place.file(file, gzip(event(id, at).as_bytes()));
    }
    place.file("archive/_SUCCESS", "");
    let archive = place.scratch.path().join("archive");

    let (report, code) = place.report(&archive, &["--format", "segment-archive"]);
    let (again, _) = place.report(&archive, &[]);

    assert_eq!((code, &report["stored"]), (Some(0), &json!(2)));
    assert_eq!(
        (&again["stored"], &again["duplicates"]),
        (&json!(0), &json!(2)),
        "the first line tells the format"
    );
    let stored = place.stored().await;
    assert_eq!(
        stored
            .iter()
            .map(|event| (event.0.as_str(), event.3.as_str()))
            .collect::<Vec<_>>(),
        [("m1", "2024-01-15 12:00:00"), ("m2", "2024-02-01 00:00:00")]
    );
}

#[tokio::test]
async fn json_that_is_no_event_yet_becomes_one_by_a_mapping() {
    let place = Installation::new();
    let rows = place.file(
        "rows.ndjson",
        "{\"id\":7,\"customer\":{\"id\":42},\"at\":1705320000000,\"order\":{\"amount\":1.5}}\n{\"id\":8,\"customer\":{},\"at\":1}\nnothing\n",
    );
    let mapping = place.file(
        "map.yaml",
        "format: ndjson\nuser_id: customer.id\nevent: Order Completed\ntime: { column: at, format: epoch_milliseconds }\n\
         message_id: { columns: [id] }\nproperties:\n  total: { column: order.amount, type: number }\nskip_when_empty: [customer.id]\n",
    );

    let (report, _) = place.report(&rows, &["--mapping", mapping.to_str().unwrap()]);

    assert_eq!(
        (&report["stored"], &report["rejected"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(report["skipped"], json!({ "customer.id is empty": 1 }));
    assert_eq!(report["faults"][0]["line"], 3);
    let (id, _, who, at, properties) = place.stored().await.remove(0);
    assert_eq!(
        (id.as_str(), who.as_deref(), at.as_str()),
        ("7", Some("42"), "2024-01-15 12:00:00")
    );
    assert_eq!(properties, json!({ "total": 1.5 }));
}

#[tokio::test]
async fn both_known_histories_go_on_past_a_bad_line() {
    let place = Installation::new();
    let cdnow = place.file("cdnow.txt", " customer_id  date number_of_cds  dollar_value\n 00001 19970101  1   11.77\n 00002 soon  1   11.77\n 00003 19970103  1   11.77\n");
    let retail = place.file(
        "retail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
         1,A,Lantern,6.0,2010-12-01T08:26:00Z,2.55,17850,United Kingdom\n\
         2,A,Lantern,many,2010-12-01T08:26:00Z,2.55,17850,United Kingdom\n\
         3,A,Lantern,6.0,2010-12-01T08:26:00Z,2.55,,United Kingdom\n\
         4,A,Lantern,1.0,2010-12-02T08:26:00Z,2.55,17850,United Kingdom\n",
    );

    let (cdnow, cdnow_code) = place.report(&cdnow, &[]);
    let (retail, retail_code) = place.report(&retail, &[]);

    for (report, code, line) in [(&cdnow, cdnow_code, 3), (&retail, retail_code, 3)] {
        assert_eq!(
            (&report["stored"], &report["rejected"], code),
            (&json!(2), &json!(1), Some(3))
        );
        assert_eq!(
            (&report["faults"][0]["line"], &report["faults"][0]["code"]),
            (&json!(line), &json!("not_of_format"))
        );
    }
    assert_eq!(retail["skipped"], json!({ "no customer": 1 }));
}
