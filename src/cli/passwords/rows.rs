//! An export's rows, from CSV with a header row or from an object on each line.

use std::io::{BufRead, Read as _};

use serde::Deserialize;
use serde_json::Value;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// One person of an export.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) email: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) name: Option<String>,
    /// The hash; Keycloak's is an object.
    #[serde(default, deserialize_with = "text_or_json")]
    pub(super) hash: Option<String>,
    pub(super) salt: Option<String>,
    pub(super) format: Option<String>,
    /// Whether the other system had the address proven.
    #[serde(default, deserialize_with = "flag")]
    pub(super) email_verified: bool,
}

fn text_or_json<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(input)? {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
    })
}

fn flag<'de, D: serde::Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(match Option::<Value>::deserialize(input)? {
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
    })
}

/// A row, or why a line is none; with its line's number.
pub(super) type Read = (u64, Result<Row, String>);

/// The rows of `input`: NDJSON if it begins with a brace, else CSV.
pub(super) fn read(mut input: Box<dyn BufRead>) -> anyhow::Result<Box<dyn Iterator<Item = Read>>> {
    let first = input.fill_buf()?.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'{') {
        return Ok(Box::new(objects(input)));
    }
    let reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(input);
    Ok(Box::new(csv_rows(reader)))
}

fn csv_rows(mut reader: csv::Reader<Box<dyn BufRead>>) -> impl Iterator<Item = Read> {
    let headers = reader.headers().cloned();
    let mut record = csv::StringRecord::new();
    std::iter::from_fn(move || {
        let line = reader.position().line();
        let Ok(headers) = &headers else { return None };
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                Some((line, Ok(from_record(headers, &record))))
            }
            Err(error) => Some((line, Err(error.to_string()))),
        }
    })
}

fn from_record(headers: &csv::StringRecord, record: &csv::StringRecord) -> Row {
    let get = |name: &str| {
        let at = headers.iter().position(|header| header == name)?;
        let text = record.get(at)?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    Row {
        email: get("email"),
        external_id: get("external_id"),
        name: get("name"),
        hash: get("hash"),
        salt: get("salt"),
        format: get("format"),
        email_verified: get("email_verified")
            .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1"),
    }
}

fn objects(mut input: Box<dyn BufRead>) -> impl Iterator<Item = Read> {
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            number += 1;
            match input
                .by_ref()
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut line)
            {
                Ok(0) => return None,
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => {
                    let row = serde_json::from_slice(&line).map_err(|error| error.to_string());
                    return Some((number, row));
                }
                Err(error) => return Some((number, Err(error.to_string()))),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &'static str) -> Vec<Read> {
        read(Box::new(text.as_bytes())).unwrap().collect()
    }

    #[test]
    fn csv_and_ndjson_say_the_same() {
        let csv = rows("email,hash,email_verified\nAda@x.example,$1$a$b,TRUE\n,,\n");
        let ndjson = rows(
            "{\"email\":\"Ada@x.example\",\"hash\":\"$1$a$b\",\"email_verified\":true}\n\n{}\n",
        );

        assert_eq!(csv.len(), 2);
        assert_eq!((csv[0].0, ndjson[0].0), (2, 1));
        assert_eq!(csv[0].1, ndjson[0].1);
        assert_eq!(csv[1].1, ndjson[1].1);
        assert_eq!(csv[1].1, Ok(Row::default()));
    }

    #[test]
    fn an_object_for_a_hash_stays_an_object() {
        let read = rows("{\"hash\":{\"secretData\":\"x\"}}\n{\"hash\":1\n");

        let first = read[0].1.as_ref().unwrap();
        assert_eq!(first.hash.as_deref(), Some("{\"secretData\":\"x\"}"));
        assert!(read[1].1.is_err());
    }
}
