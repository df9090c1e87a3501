use super::*;
use crate::cli::import::mapping::{EXAMPLE_CSV, EXAMPLE_NDJSON};

const ORDERS: &str = "
user_id: customer
event: Order Completed
time: { column: at, zone: Europe/Zurich }
message_id: { prefix: o-, columns: [no] }
properties:
  total: { column: amount, type: number }
  gift: { column: gift, type: boolean }
  note: note
skip_when_empty: [customer]
";

fn columns(names: &str) -> Vec<String> {
    names.split(',').map(str::to_owned).collect()
}

fn plan(mapping: &str, names: &str) -> Result<Plan, Vec<String>> {
    let mapping = Mapping::read(mapping).map_err(|fault| vec![fault.to_string()])?;
    Plan::new(&mapping, columns(names))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn orders() -> Plan {
    plan(ORDERS, "no,customer,at,amount,gift,note").expect("a mapping")
}

fn row(line: u64, cells: &str) -> Row {
    Row {
        line,
        cells: columns(cells),
    }
}

#[test]
fn a_row_becomes_an_event() {
    let event = orders()
        .event(&[row(2, "7, c1 ,2026-01-15 13:00,12.50,yes,")], "unused")
        .expect("an event");

    assert_eq!(
        event,
        json!({
            "type": "track", "event": "Order Completed", "messageId": "o-7", "userId": "c1",
            "timestamp": "2026-01-15T12:00:00Z",
            "properties": { "total": 12.5, "gift": true },
        })
    );
}

#[test]
fn what_a_cell_should_hold_and_does_not_is_told_by_line_and_column() {
    for (cells, column, code) in [
        ("7,c1,15.1.2026,1,,", "at", "time_invalid"),
        ("7,c1,,1,,", "at", "time_missing"),
        ("7,c1,2026-03-29 02:30,1,,", "at", "time_invalid"),
        ("7,c1,2026-01-15,twelve,,", "amount", "not_a_number"),
        ("7,c1,2026-01-15,inf,,", "amount", "not_a_number"),
        ("7,c1,2026-01-15,1,maybe,", "gift", "not_boolean"),
        (",c1,2026-01-15,1,,", "no", "id_empty"),
    ] {
        let fault = orders().event(&[row(9, cells)], "unused").expect_err(cells);
        assert_eq!(
            (fault.line, fault.column.as_deref(), fault.code),
            (9, Some(column), code)
        );
        assert!(!fault.mend.is_empty(), "{cells}");
    }
}

#[test]
fn rows_without_what_must_be_filled_are_left_out() {
    assert_eq!(
        orders().skips(&row(2, "7, ,2026-01-15,1,,")),
        Some("customer")
    );
    assert_eq!(orders().skips(&row(2, "7,c1,2026-01-15,1,,")), None);
}

#[test]
fn a_comma_stands_before_decimals_where_the_mapping_says_so() {
    let mapping = format!("{ORDERS}\ndecimal_comma: true\n");
    let plan = plan(&mapping, "no,customer,at,amount,gift,note").expect("a mapping");
    let mut row = row(2, "7,c1,2026-01-15,1,,");
    row.cells[3] = String::from("1.234,50");

    let event = plan.event(&[row], "unused").expect("an event");

    assert_eq!(event["properties"]["total"], 1234.5);
}

#[test]
fn rows_of_one_order_become_one_event() {
    let mapping = "
user_id: who
event: Order Completed
time: { column: at }
group:
  by: no
  items: { sku: article, price: { column: price, type: number } }
  total: { of: [quantity, price] }
";
    let plan = plan(mapping, "no,who,at,article,quantity,price").expect("a mapping");
    let rows = [
        row(2, "1,c1,2026-01-15,a,3,1.1"),
        row(3, "1,c1,2026-01-15,b,1,2.25"),
    ];

    assert_eq!(plan.shared(&rows[0]), Some("1"));
    let event = plan.event(&rows, "import-x-2").expect("an event");

    assert_eq!(event["messageId"], "import-x-2");
    assert_eq!(event["properties"]["total"], 5.55);
    assert_eq!(
        event["properties"]["products"],
        json!([{ "sku": "a", "price": 1.1 }, { "sku": "b", "price": 2.25 }])
    );
}

#[test]
fn every_fault_of_a_mapping_is_told_with_its_line() {
    let mapping = "user_id: Customer\nevent: E\nevent_column: what\ntype: purchase\n\
                   time: { column: when, format: iso, zone: Europe/Bern }\n\
                   properties:\n  total: { column: amount, type: number }\n";

    let faults = plan(mapping, "customer,at,amount,amount").expect_err("faults");

    let text = faults.join("\n");
    for part in [
        "names \"amount\" twice",
        "line 1: there is no column \"Customer\": did you mean \"customer\"?",
        "line 2: give event or event_column",
        "line 3: there is no column \"what\"",
        "line 4: type is one of track",
        "line 5: there is no column \"when\"",
        "line 5: \"iso\" is no format",
        "line 5: \"Europe/Bern\" is no time zone",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn unknown_keys_and_missing_parts_are_told() {
    let unknown = plan("user_id: a\nevnt: E\n", "a")
        .expect_err("a fault")
        .join("\n");
    let missing = plan("format: csv\n", "a").expect_err("faults").join("\n");
    let typed = plan(
        "user_id: a\nproperties:\n  x: { column: a, type: money }\n",
        "a",
    )
    .expect_err("a fault")
    .join("\n");

    assert!(
        unknown.contains("line 2") && unknown.contains("evnt"),
        "{unknown}"
    );
    for part in [
        "user_id or anonymous_id",
        "event_column",
        "time, with its column",
    ] {
        assert!(missing.contains(part), "{part} in {missing}");
    }
    assert!(
        typed.contains("line 3") && typed.contains("money"),
        "{typed}"
    );
}

#[test]
fn the_printed_examples_can_be_used() {
    let csv = plan(
        EXAMPLE_CSV,
        "order_no,customer_id,ordered_at,amount,currency",
    );
    let mapping = Mapping::read(EXAMPLE_NDJSON).expect("an example");
    let fields = mapping.fields();
    let ndjson = Plan::new(&mapping, fields.clone());
    // What stands in comments is right too, but for the two that exclude what stands without.
    let whole: String = EXAMPLE_CSV
        .lines()
        .filter(|line| {
            !line.contains("event_column:")
                && !line.starts_with("# How")
                && !line.starts_with("# Try")
                && !line.contains("befriend import")
        })
        .map(|line| {
            let bare = line.strip_prefix("# ").unwrap_or(line);
            let is_key = line.starts_with("# ")
                && (bare.starts_with(' ')
                    || bare
                        .split(' ')
                        .next()
                        .is_some_and(|word| word.ends_with(':')));
            [if is_key { bare } else { line }, "\n"].concat()
        })
        .collect();
    let whole = whole.replacen("  # paid_at", "  paid_at", 1);
    let whole = plan(
        &whole,
        "order_no,customer_id,visitor,ordered_at,amount,currency,paid,mail,full_name,article,quantity,price",
    );

    assert!(csv.is_ok(), "{csv:?}");
    assert!(ndjson.is_ok(), "{ndjson:?}");
    assert!(fields.contains(&String::from("customer.id")), "{fields:?}");
    assert!(whole.is_ok_and(|plan| plan.group.is_some()
        && plan.traits.len() == 2
        && plan.properties.len() == 4));
}
