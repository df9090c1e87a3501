//! The CDNOW master file: `customer date cds dollars`, separated by spaces, dates as `YYYYMMDD`.

use chrono::NaiveDate;
use serde_json::json;

use super::{LineError, Step};

/// Reads one line. Two equal lines are two purchases: the line number tells them apart.
pub(super) fn read_line(number: u64, text: &str) -> Result<Option<Step>, LineError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, date, cds, dollars] = words[..] else {
        return match words.as_slice() {
            [] => Ok(None),
            _ => Err(fault(number, "four columns were expected")),
        };
    };
    if customer == "customer_id" {
        return Ok(None);
    }
    let date = NaiveDate::parse_from_str(date, "%Y%m%d")
        .map_err(|_| fault(number, "the second column must be a date as YYYYMMDD"))?;
    let cds: u32 = cds
        .parse()
        .map_err(|_| fault(number, "the third column must be a number"))?;
    let total: f64 = dollars
        .parse()
        .ok()
        .filter(|total: &f64| total.is_finite())
        .ok_or_else(|| fault(number, "the fourth column must be an amount"))?;
    let id = format!("cdnow-{number}");
    Ok(Some(Step::Event(json!({
        "type": "track",
        "event": "Order Completed",
        "messageId": id,
        "userId": format!("cdnow-{customer}"),
        // The file knows days only; noon is the same day in every zone of its country.
        "timestamp": format!("{date}T12:00:00Z"),
        "properties": { "order_id": id, "total": total, "currency": "USD", "items": cds },
    }))))
}

fn fault(line: u64, fault: &str) -> LineError {
    LineError {
        line,
        fault: fault.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_an_order_under_its_number() {
        let step = read_line(2, " 00001 19970101  1   11.77").expect("a good line");

        let Some(Step::Event(event)) = step else {
            panic!("no event")
        };
        assert_eq!(event["messageId"], "cdnow-2");
        assert_eq!(event["userId"], "cdnow-00001");
        assert_eq!(event["timestamp"], "1997-01-01T12:00:00Z");
        assert_eq!(event["properties"]["total"], 11.77);
    }

    #[test]
    fn headings_and_empty_lines_are_passed_over() {
        for text in [" customer_id  date number_of_cds  dollar_value", "", "   "] {
            assert!(read_line(1, text).expect("no fault").is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        for text in [
            "00001 19970101 1",
            "00001 19971301 1 2.0",
            "1 19970101 x 2.0",
            "1 19970101 1 NaN",
        ] {
            let error = read_line(7, text).err().expect(text);
            assert!(error.to_string().starts_with("line 7: "), "{error}");
        }
    }
}
