//! What is wrong with a row, where, and how it is mended.

use serde::{Deserialize, Serialize};

use crate::event::{Rejection, refusal};

/// The most letters of a value that are shown.
const VALUE_CHARS_MAX: usize = 80;

/// Where something stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: Option<String>,
}

impl Place {
    pub(super) const fn line(line: u64) -> Self {
        Self { line, column: None }
    }

    pub(super) fn column(line: u64, column: &str) -> Self {
        Self {
            line,
            column: Some(column.to_owned()),
        }
    }
}

/// A row that makes no event.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Fault<Code = &'static str> {
    /// The file; empty until it is known.
    pub(super) file: Box<str>,
    /// The line, from 1.
    pub(super) line: u64,
    /// The column, or for JSON where in the event.
    pub(super) column: Option<Box<str>>,
    /// What stands there.
    pub(super) value: Option<Box<str>>,
    /// A stable word.
    pub(super) code: Code,
    /// What is wrong.
    pub(super) why: String,
    /// How it is mended.
    pub(super) mend: String,
}

/// A fault as it is kept and shown.
pub(super) type Kept = Fault<String>;

impl Fault {
    pub(super) fn new(place: Place, code: &'static str, why: impl Into<String>) -> Self {
        Self {
            file: Box::default(),
            line: place.line,
            column: place.column.map(String::into_boxed_str),
            value: None,
            code,
            why: why.into(),
            mend: String::new(),
        }
    }

    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }

    pub(super) fn value(mut self, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        let shown: String = value.chars().take(VALUE_CHARS_MAX).collect();
        let is_cut = shown.len() < value.len();
        self.value = Some(if is_cut { shown + "…" } else { shown }.into_boxed_str());
        self
    }

    /// What the intake has against an event, said of the row that made it.
    pub(super) fn of(rejection: &Rejection, line: u64, column: Option<String>) -> Self {
        let column = column.or_else(|| {
            (!rejection.pointer.is_empty())
                .then(|| rejection.pointer.trim_start_matches('/').replace('/', "."))
        });
        let fault = Self::new(
            Place { line, column },
            rejection.code,
            rejection.detail.clone(),
        )
        .mend(mend(rejection.code));
        let event = serde_json::from_str::<serde_json::Value>(&rejection.payload);
        let value = event
            .as_ref()
            .ok()
            .and_then(|event| event.pointer(rejection.pointer))
            .filter(|_| !rejection.pointer.is_empty());
        match value {
            Some(serde_json::Value::String(text)) => fault.value(text),
            Some(value) => fault.value(value.to_string()),
            None if event.is_err() => fault.value(&rejection.payload),
            None => fault,
        }
    }

    pub(super) fn kept(self) -> Kept {
        Fault {
            file: self.file,
            line: self.line,
            column: self.column,
            value: self.value,
            code: self.code.to_owned(),
            why: self.why,
            mend: self.mend,
        }
    }
}

impl Kept {
    /// One line for people.
    pub(super) fn in_words(&self) -> String {
        let mut text = format!("{}, line {}", self.file, self.line);
        if let Some(column) = &self.column {
            text.push_str(&[", ", column].concat());
        }
        if let Some(value) = &self.value {
            text.push_str(&[" (", &value.replace('\n', "⏎"), ")"].concat());
        }
        text.push_str(&[": ", &self.code, ": ", &self.why].concat());
        if !self.mend.is_empty() {
            text.push_str(&["; ", &self.mend].concat());
        }
        text
    }
}

/// How what the intake refuses is mended in a file.
fn mend(code: &str) -> &'static str {
    match code {
        "no_ids" => {
            "fill the column of the user id or of the anonymous id, or skip such rows with skip_when_empty"
        }
        "reserved_id" => "leave the column empty where nobody is known",
        "time_invalid" => "say in the mapping how times are written, under time.format",
        "time_in_future" => {
            "look whether day and month, or seconds and milliseconds, are exchanged"
        }
        "time_too_old" => {
            "look whether seconds and milliseconds are exchanged, or a date is a placeholder"
        }
        "name_missing" => {
            "fill the column of the event name, or give one name for all under `event`"
        }
        "message_id_too_long" => "take fewer columns for message_id",
        "type_missing" | "type_unknown" => "give each event a type that is known",
        "invalid_json" => "put one JSON object on each line",
        _ => refusal::OF_EVENTS
            .iter()
            .find(|one| one.code == code)
            .map_or("", |one| one.mend),
    }
}
