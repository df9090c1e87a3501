//! The mapping: which column of a file is what of an event.
//!
//! Owns the document ([`Mapping`]), its faults by line, and what rows become by it ([`plan`]). Never
//! reads a file of events itself. Start with [`Mapping::read`], then [`plan::Plan::new`].

mod guess;
pub(super) mod plan;
mod time;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

use super::records::Encoding;

pub(super) use guess::{Guess, guess};

/// A commented mapping for CSV.
pub(super) const EXAMPLE_CSV: &str = include_str!("example_csv.yaml");
/// A commented mapping for JSON.
pub(super) const EXAMPLE_NDJSON: &str = include_str!("example_ndjson.yaml");

/// A text of the mapping that names a column, or another thing that may be wrong where it stands.
type Name = Spanned<String>;

/// The document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    #[serde(default)]
    pub(super) format: Written,
    #[serde(default)]
    delimiter: Option<Name>,
    #[serde(default)]
    pub(super) encoding: Encoding,
    #[serde(default)]
    decimal_comma: bool,
    #[serde(default, rename = "type")]
    kind: Option<Name>,
    user_id: Option<Name>,
    anonymous_id: Option<Name>,
    previous_id: Option<Name>,
    group_id: Option<Name>,
    /// The same name for every row.
    event: Option<Name>,
    event_column: Option<Name>,
    time: Option<Time>,
    message_id: Option<MessageId>,
    #[serde(default)]
    properties: BTreeMap<String, Spanned<Field>>,
    #[serde(default)]
    traits: BTreeMap<String, Spanned<Field>>,
    #[serde(default)]
    skip_when_empty: Vec<Name>,
    group: Option<Group>,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Written {
    /// Columns and a header row.
    #[default]
    Csv,
    /// A JSON object on each line.
    Ndjson,
}

/// When it happened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    column: Name,
    #[serde(default)]
    format: Option<Name>,
    #[serde(default)]
    zone: Option<Name>,
}

/// What tells an event from every other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageId {
    /// Columns whose values together are unique.
    #[serde(default)]
    columns: Vec<Name>,
    /// What is put before them.
    #[serde(default)]
    prefix: String,
    /// Without columns: what an id is made of.
    #[serde(default)]
    of: Option<Of>,
}

/// What the id of a row without one is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    /// The file's contents and the line.
    #[default]
    File,
    /// What the row holds, and the how-manieth such row it is.
    Row,
}

/// A property or trait: a column, or a column and how it is read.
#[derive(Debug)]
struct Field {
    column: String,
    is: Type,
    format: Option<Name>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    #[default]
    Text,
    Number,
    Boolean,
    Time,
}

/// Rows that follow each other and are one event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// The column that they share.
    by: Name,
    /// The property that lists them.
    #[serde(default = "products")]
    list: String,
    /// What each of them holds in it.
    #[serde(default)]
    items: BTreeMap<String, Spanned<Field>>,
    #[serde(default)]
    total: Option<Total>,
}

/// A sum over the rows of a group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Total {
    /// The property that holds it.
    #[serde(default = "total")]
    property: String,
    /// The columns whose product is added.
    of: Vec<Name>,
}

fn products() -> String {
    String::from("products")
}

fn total() -> String {
    String::from("total")
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            column: String,
            #[serde(default, rename = "type")]
            is: Type,
            #[serde(default)]
            format: Option<Name>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column, or a map of column, type and format")
            }

            fn visit_str<E>(self, column: &str) -> Result<Field, E> {
                Ok(Field {
                    column: column.to_owned(),
                    is: Type::Text,
                    format: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
                let whole = Whole::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Field {
                    column: whole.column,
                    is: whole.is,
                    format: whole.format,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// What is wrong with a mapping, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MappingFault {
    /// From 1; 0 where nobody knows.
    pub(super) line: u64,
    pub(super) why: String,
}

impl fmt::Display for MappingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

impl MappingFault {
    fn at<T>(place: &Spanned<T>, why: impl Into<String>) -> Self {
        Self {
            line: place.referenced.line(),
            why: why.into(),
        }
    }

    fn of_all(why: impl Into<String>) -> Self {
        Self {
            line: 0,
            why: why.into(),
        }
    }
}

impl Mapping {
    /// Reads a mapping; what is wrong with it is told by line.
    pub(super) fn read(text: &str) -> Result<Self, MappingFault> {
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            let why = error.without_snippet().to_string();
            let why = why.lines().next().unwrap_or_default();
            MappingFault {
                line,
                why: format!(
                    "{why}; `befriend import --example-mapping csv` prints one with comments"
                ),
            }
        })
    }

    /// The byte between columns.
    pub(super) fn delimiter(&self) -> Result<u8, MappingFault> {
        match &self.delimiter {
            None => Ok(b','),
            Some(given) => match given.value.as_bytes() {
                [byte] if !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
                _ => Err(MappingFault::at(
                    given,
                    "the delimiter is one letter: \",\", \";\", \"|\" or \"\\t\"",
                )),
            },
        }
    }
}
