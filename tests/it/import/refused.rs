//! What cannot be imported is refused before anything is stored.

use super::{Installation, gzip};

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_stores_nothing() {
    let place = Installation::new();
    let lines: Vec<String> = (0..5_000)
        .map(|number| {
            format!("{{\"type\":\"track\",\"event\":\"E{number}\",\"userId\":\"u{number}\"}}\n")
        })
        .collect();
    let packed = gzip(lines.concat().as_bytes());
    let torn = &packed[..packed.len() - 200];
    let mut damaged = packed.clone();
    damaged[packed.len() / 2] ^= 0xff;
    damaged[packed.len() / 2 + 1] ^= 0xff;
    let utf16: Vec<u8> = "\u{feff}a,b\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();

    for (name, content, word) in [
        ("torn.gz", torn, "is not a whole gzip file"),
        ("damaged.gz", damaged.as_slice(), "is not a whole gzip file"),
        (
            "not.gz",
            &b"\x1f\x8bno gzip at all"[..],
            "is not a whole gzip file",
        ),
        (
            "picture.csv",
            &b"GIF89a\0\x01\0\x01"[..],
            "neither CSV nor JSON",
        ),
        ("book.csv", &b"PK\x03\x04\x14"[..], "workbook"),
        ("wide.csv", utf16.as_slice(), "UTF-16"),
        ("array.json", &b"[{\"type\":\"track\"}]"[..], "jq -c"),
        (
            "words.txt",
            &b"once upon a time"[..],
            "does not tell what it is",
        ),
    ] {
        let path = place.file(name, content);
        let imported = place.import(&path, &[]);
        assert_eq!(
            imported.code,
            Some(1),
            "{name}: {}{}",
            imported.text,
            imported.said
        );
        assert!(imported.said.contains(word), "{name}: {}", imported.said);
    }
    let missing = place.import(&place.scratch.path().join("none.csv"), &[]);
    assert!(
        missing.code == Some(1) && missing.said.contains("open"),
        "{}",
        missing.said
    );
    assert_eq!(
        [place.count("event").await, place.count("import").await],
        [0, 0]
    );

    let whole = place.file("whole.gz", &packed);
    assert_eq!(place.report(&whole, &[]).0["stored"], 5_000);
}

#[tokio::test]
async fn an_empty_file_is_an_import_of_nothing() {
    let place = Installation::new();
    let mapping = place.file("map.yaml", "user_id: a\nevent: E\ntime: { column: b }\n");
    for (name, content, options) in [
        ("empty.csv", "", vec![]),
        (
            "empty.csv.gz",
            "",
            vec!["--format", "csv", "--mapping", mapping.to_str().unwrap()],
        ),
        ("blank.ndjson", "\n\n", vec!["--format", "ndjson"]),
        (
            "header.csv",
            "a,b\n",
            vec!["--mapping", mapping.to_str().unwrap()],
        ),
    ] {
        let content = if name == "empty.csv.gz" {
            gzip(content.as_bytes())
        } else {
            content.into()
        };
        let path = place.file(name, content);
        let (report, code) = place.report(&path, &options);
        assert_eq!(
            (code, report["events"].as_u64()),
            (Some(0), Some(0)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_mapping_that_does_not_fit_is_refused_with_line_and_mend() {
    let place = Installation::new();
    let rows = place.file("rows.csv", "Customer ID,when\nc1,2024-01-15\n");
    let unfit = place.file(
        "unfit.yaml",
        "user_id: customer_id\nevent: E\ntime:\n  column: when\n  format: ISO\n",
    );
    let unknown = place.file("unknown.yaml", "user_id: Customer ID\nevnt: E\n");

    let unfit = place.import(&rows, &["--mapping", unfit.to_str().unwrap()]);
    let unknown = place.import(&rows, &["--mapping", unknown.to_str().unwrap()]);
    let example = place
        .command(&["import", "--example-mapping", "csv"])
        .output()
        .unwrap();

    assert_eq!((unfit.code, unknown.code), (Some(1), Some(1)));
    for part in [
        "unfit.yaml: line 1: there is no column \"customer_id\": did you mean \"Customer ID\"?",
        "unfit.yaml: line 5: \"ISO\" is no format of times",
    ] {
        assert!(unfit.said.contains(part), "{part} in {}", unfit.said);
    }
    assert!(
        unknown.said.contains("line 2") && unknown.said.contains("evnt"),
        "{}",
        unknown.said
    );
    assert!(String::from_utf8_lossy(&example.stdout).contains("skip_when_empty: [customer_id]"));
    assert_eq!(place.count("event").await, 0);
}

#[tokio::test]
async fn of_a_file_in_which_every_row_is_wrong_the_first_thousand_are_kept() {
    let place = Installation::new();
    let rows: Vec<String> = (0..2_500)
        .map(|number| {
            format!("{{\"type\":\"track\",\"event\":\"E\",\"messageId\":\"m{number}\"}}\n")
        })
        .collect();
    let path = place.file("nobody.ndjson", rows.concat());

    let (report, code) = place.report(&path, &[]);

    assert_eq!((code, report["rejected"].as_u64()), (Some(3), Some(2_500)));
    assert_eq!(report["by_code"], serde_json::json!({ "no_ids": 2_500 }));
    assert_eq!(place.count("reject").await, 1_000);
}
