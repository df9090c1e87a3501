//! A mapping held against the columns of a file, and the events that rows become by it.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::time::{Format, Reading, Unread};
use super::{Field, Mapping, MappingFault, Name, Of, Spanned, Type};
use crate::cli::import::fault::{Fault, Place};
use crate::event::Kind;

/// One row: a cell for each of the plan's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::import) struct Row {
    pub(in crate::cli::import) line: u64,
    pub(in crate::cli::import) cells: Vec<String>,
}

/// What becomes of rows.
#[derive(Debug)]
pub(in crate::cli::import) struct Plan {
    /// The columns of a file, or the fields that are looked for in JSON.
    pub(in crate::cli::import) columns: Vec<String>,
    kind: Kind,
    event: Option<String>,
    event_column: Option<usize>,
    /// Keys of an event, and the columns that fill them.
    ids: Vec<(&'static str, usize)>,
    time: Option<(usize, Reading)>,
    id: Id,
    decimal_comma: bool,
    properties: Vec<Part>,
    traits: Vec<Part>,
    skip_when_empty: Vec<usize>,
    group: Option<Group>,
}

#[derive(Debug)]
enum Id {
    Columns { prefix: String, columns: Vec<usize> },
    Made { prefix: String, of: Of },
}

#[derive(Debug)]
struct Part {
    key: String,
    column: usize,
    is: Type,
    reading: Reading,
}

#[derive(Debug)]
struct Group {
    by: usize,
    list: String,
    items: Vec<Part>,
    total: Option<(String, Vec<usize>)>,
}

/// Looks columns up, and gathers what is wrong.
struct Finder<'a> {
    columns: &'a [String],
    faults: Vec<MappingFault>,
    reading: Reading,
}

impl Plan {
    /// Holds `mapping` against the columns of a file; all that is wrong is told at once.
    pub(in crate::cli::import) fn new(
        mapping: &Mapping,
        columns: Vec<String>,
    ) -> Result<Self, Vec<MappingFault>> {
        let mut find = Finder {
            columns: &columns,
            faults: Vec::new(),
            reading: Reading {
                format: Format::Rfc3339,
                zone: Tz::UTC,
            },
        };
        find.look_for_doubles();
        let time = mapping.time.as_ref().map(|time| {
            find.reading = find.reading_of(time.format.as_ref(), time.zone.as_ref());
            (find.column(&time.column), find.reading.clone())
        });
        let ids = [
            ("userId", &mapping.user_id),
            ("anonymousId", &mapping.anonymous_id),
            ("previousId", &mapping.previous_id),
            ("groupId", &mapping.group_id),
        ]
        .into_iter()
        .filter_map(|(key, name)| Some((key, find.column(name.as_ref()?))))
        .collect();
        let plan = Self {
            kind: find.kind(mapping),
            event: mapping.event.as_ref().map(|name| name.value.clone()),
            event_column: mapping.event_column.as_ref().map(|name| find.column(name)),
            ids,
            time,
            id: find.id(mapping),
            decimal_comma: mapping.decimal_comma,
            properties: find.parts(&mapping.properties),
            traits: find.parts(&mapping.traits),
            skip_when_empty: find.columns(&mapping.skip_when_empty),
            group: mapping.group.as_ref().map(|group| find.group(group)),
            columns: Vec::new(),
        };
        find.look_for_gaps(mapping);
        let mut faults = find.faults;
        if faults.is_empty() {
            return Ok(Self { columns, ..plan });
        }
        faults.sort();
        Err(faults)
    }

    /// Whether a row is left out: one of the columns that must be filled is not. Says which.
    pub(in crate::cli::import) fn skips(&self, row: &Row) -> Option<&str> {
        self.skip_when_empty
            .iter()
            .find(|column| row.cells[**column].trim().is_empty())
            .map(|column| self.columns[*column].as_str())
    }

    /// What rows that are one event share; `None` where each is one.
    pub(in crate::cli::import) fn shared<'a>(&self, row: &'a Row) -> Option<&'a str> {
        let group = self.group.as_ref()?;
        Some(&row.cells[group.by])
    }

    /// Whether ids are made of what rows hold.
    pub(in crate::cli::import) const fn ids_are_of_rows(&self) -> bool {
        matches!(&self.id, Id::Made { of: Of::Row, .. })
    }

    /// The column that fills a part of an event.
    pub(in crate::cli::import) fn column_of(&self, pointer: &str) -> Option<&str> {
        let key = pointer.trim_start_matches('/');
        let column = match key {
            "event" | "name" => self.event_column,
            "timestamp" => self.time.as_ref().map(|(column, _)| *column),
            "messageId" => match &self.id {
                Id::Columns { columns, .. } => columns.first().copied(),
                Id::Made { .. } => None,
            },
            _ => self
                .ids
                .iter()
                .find(|(of, _)| *of == key)
                .map(|(_, column)| *column),
        };
        column.map(|column| self.columns[column].as_str())
    }

    /// The event that rows make: one row, or those of a group. `made_id` tells it apart where no
    /// column does.
    pub(in crate::cli::import) fn event(
        &self,
        rows: &[Row],
        made_id: &str,
    ) -> Result<Value, Fault> {
        let Some(row) = rows.first() else {
            return Ok(Value::Null);
        };
        let mut event = Map::new();
        event.insert("type".to_owned(), json!(self.kind.as_str()));
        event.insert("messageId".to_owned(), json!(self.id_of(row, made_id)?));
        let name = self
            .event_column
            .map(|column| row.cells[column].trim())
            .or(self.event.as_deref());
        if let Some(name) = name {
            let key = if self.kind == Kind::Track {
                "event"
            } else {
                "name"
            };
            event.insert(key.to_owned(), json!(name));
        }
        for (key, column) in &self.ids {
            let id = row.cells[*column].trim();
            if !id.is_empty() {
                event.insert((*key).to_owned(), json!(id));
            }
        }
        if let Some((column, reading)) = &self.time {
            event.insert("timestamp".to_owned(), self.time_of(row, *column, reading)?);
        }
        let mut properties = self.parts_of(row, &self.properties)?;
        if let Some(group) = &self.group {
            self.gather(group, rows, &mut properties)?;
        }
        if !properties.is_empty() {
            event.insert("properties".to_owned(), Value::Object(properties));
        }
        let traits = self.parts_of(row, &self.traits)?;
        if !traits.is_empty() {
            event.insert("traits".to_owned(), Value::Object(traits));
        }
        Ok(Value::Object(event))
    }

    fn gather(
        &self,
        group: &Group,
        rows: &[Row],
        properties: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        if !group.items.is_empty() {
            let items = rows
                .iter()
                .map(|row| self.parts_of(row, &group.items).map(Value::Object))
                .collect::<Result<Vec<_>, _>>()?;
            properties.insert(group.list.clone(), Value::Array(items));
        }
        if let Some((property, factors)) = &group.total {
            let mut sum = 0.0;
            for row in rows {
                let mut product = 1.0;
                for column in factors {
                    product *= self.number(row, *column)?;
                }
                sum += product;
            }
            // To the thousandth: a sum of prices is no 31.499999999999996.
            properties.insert(property.clone(), json!((sum * 1e3).round() / 1e3));
        }
        Ok(())
    }

    fn id_of(&self, row: &Row, made_id: &str) -> Result<String, Fault> {
        match &self.id {
            Id::Made { prefix, .. } => Ok([prefix, made_id].concat()),
            Id::Columns { prefix, columns } => {
                let parts: Vec<&str> = columns
                    .iter()
                    .map(|column| row.cells[*column].trim())
                    .collect();
                if let Some(empty) = parts.iter().position(|part| part.is_empty()) {
                    let place = Place::column(row.line, &self.columns[columns[empty]]);
                    let why = "the event's id is made of this column, and it is empty";
                    return Err(Fault::new(place, "id_empty", why)
                        .mend("fill it, or take other columns for message_id"));
                }
                Ok([prefix, parts.join("-").as_str()].concat())
            }
        }
    }

    fn parts_of(&self, row: &Row, parts: &[Part]) -> Result<Map<String, Value>, Fault> {
        let mut map = Map::new();
        for part in parts {
            if let Some(value) = self.value(row, part)? {
                map.insert(part.key.clone(), value);
            }
        }
        Ok(map)
    }

    /// What a cell holds; `None` if nothing.
    fn value(&self, row: &Row, part: &Part) -> Result<Option<Value>, Fault> {
        let text = row.cells[part.column].trim();
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(match part.is {
            Type::Text => json!(text),
            Type::Number => match text.parse::<i64>() {
                Ok(whole) => json!(whole),
                Err(_) => json!(self.number(row, part.column)?),
            },
            Type::Boolean => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "t" | "1" => json!(true),
                "false" | "no" | "n" | "f" | "0" => json!(false),
                _ => {
                    let why = "this is neither true nor false";
                    let mend = "write true or false, or read the column as text";
                    return Err(self.fault(row, part.column, "not_boolean", why).mend(mend));
                }
            },
            Type::Time => self.time_of(row, part.column, &part.reading)?,
        }))
    }

    fn number(&self, row: &Row, column: usize) -> Result<f64, Fault> {
        let text = row.cells[column].trim();
        let plain;
        let text = if self.decimal_comma {
            plain = text
                .replace(['.', '\u{a0}', ' ', '\''], "")
                .replace(',', ".");
            plain.as_str()
        } else {
            text
        };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| {
            let mend = if text.contains(',') {
                "say `decimal_comma: true` if a comma stands before the decimals"
            } else {
                "write a plain number such as 1234.5, or read the column as text"
            };
            self.fault(row, column, "not_a_number", "this is not a number")
                .mend(mend)
        })
    }

    fn time_of(&self, row: &Row, column: usize, reading: &Reading) -> Result<Value, Fault> {
        let text = row.cells[column].trim();
        if text.is_empty() {
            let why = "there is no time, and it is needed to know when this happened";
            return Err(self
                .fault(row, column, "time_missing", why)
                .mend("fill the column, or leave such rows out with skip_when_empty"));
        }
        match reading.read(text) {
            Ok(at) => Ok(json!(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
            Err(Unread::Other) => {
                let why = "the time is not written as the mapping says";
                Err(self
                    .fault(row, column, "time_invalid", why)
                    .mend("say how times are written, under time.format"))
            }
            Err(Unread::Skipped) => {
                let why = format!("no clock in {} ever showed this time", reading.zone);
                Err(self
                    .fault(row, column, "time_invalid", why)
                    .mend("look whether another zone is meant, under time.zone"))
            }
        }
    }

    fn fault(&self, row: &Row, column: usize, code: &'static str, why: impl Into<String>) -> Fault {
        Fault::new(Place::column(row.line, &self.columns[column]), code, why)
            .value(&row.cells[column])
    }
}

impl Mapping {
    /// The fields that a mapping looks for in JSON.
    pub(in crate::cli::import) fn fields(&self) -> Vec<String> {
        let names = [
            &self.user_id,
            &self.anonymous_id,
            &self.previous_id,
            &self.group_id,
            &self.event_column,
        ];
        let mut fields: Vec<&str> = names
            .into_iter()
            .flatten()
            .map(|name| name.value.as_str())
            .collect();
        fields.extend(self.time.iter().map(|time| time.column.value.as_str()));
        fields.extend(
            self.message_id
                .iter()
                .flat_map(|id| &id.columns)
                .map(|name| name.value.as_str()),
        );
        fields.extend(self.skip_when_empty.iter().map(|name| name.value.as_str()));
        fields.extend(
            self.properties
                .values()
                .chain(self.traits.values())
                .map(|field| field.value.column.as_str()),
        );
        if let Some(group) = &self.group {
            fields.push(&group.by.value);
            fields.extend(
                group
                    .items
                    .values()
                    .map(|field| field.value.column.as_str()),
            );
            fields.extend(
                group
                    .total
                    .iter()
                    .flat_map(|total| &total.of)
                    .map(|name| name.value.as_str()),
            );
        }
        let mut fields: Vec<String> = fields.into_iter().map(str::to_owned).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

impl Finder<'_> {
    fn fault<T>(&mut self, place: &Spanned<T>, why: impl Into<String>) {
        self.faults.push(MappingFault::at(place, why));
    }

    fn look_for_doubles(&mut self) {
        for (position, column) in self.columns.iter().enumerate() {
            if self.columns[..position].contains(column) {
                let why = format!("the header row names {column:?} twice: rename one");
                self.faults.push(MappingFault::of_all(why));
            }
        }
    }

    fn look_for_gaps(&mut self, mapping: &Mapping) {
        if mapping.user_id.is_none() && mapping.anonymous_id.is_none() {
            let why = "say who rows are about: user_id or anonymous_id";
            self.faults.push(MappingFault::of_all(why));
        }
        let is_track = mapping
            .kind
            .as_ref()
            .is_none_or(|kind| kind.value == "track");
        if is_track && mapping.event.is_none() && mapping.event_column.is_none() {
            let why = "say what happened: event (one name for all) or event_column";
            self.faults.push(MappingFault::of_all(why));
        }
        if let (Some(event), Some(_)) = (&mapping.event, &mapping.event_column) {
            self.fault(event, "give event or event_column, not both");
        }
        if mapping.time.is_none() {
            let why =
                "say when it happened: time, with its column; without it all would count as now";
            self.faults.push(MappingFault::of_all(why));
        }
    }

    fn kind(&mut self, mapping: &Mapping) -> Kind {
        let Some(name) = &mapping.kind else {
            return Kind::Track;
        };
        Kind::parse(&name.value).unwrap_or_else(|| {
            let known = Kind::ALL.map(Kind::as_str).join(", ");
            self.fault(name, format!("type is one of {known}"));
            Kind::Track
        })
    }

    fn column(&mut self, name: &Name) -> usize {
        self.column_named(&name.value, name)
    }

    fn columns(&mut self, names: &[Name]) -> Vec<usize> {
        names.iter().map(|name| self.column(name)).collect()
    }

    fn column_named<T>(&mut self, column: &str, place: &Spanned<T>) -> usize {
        if let Some(position) = self.columns.iter().position(|known| known == column) {
            return position;
        }
        let alike = |known: &&String| plain(known) == plain(column);
        let why = match self.columns.iter().find(alike) {
            Some(known) => format!("there is no column {column:?}: did you mean {known:?}?"),
            None => format!(
                "there is no column {column:?}: the header row has {}",
                self.columns.join(", ")
            ),
        };
        self.fault(place, why);
        0
    }

    fn reading_of(&mut self, format: Option<&Name>, zone: Option<&Name>) -> Reading {
        let mut reading = self.reading.clone();
        if let Some(format) = format {
            match Format::parse(&format.value) {
                Ok(parsed) => reading.format = parsed,
                Err(why) => self.fault(format, why),
            }
        }
        if let Some(zone) = zone {
            match zone.value.parse() {
                Ok(parsed) => reading.zone = parsed,
                Err(_) => self.fault(
                    zone,
                    format!(
                        "{:?} is no time zone: write one such as Europe/Zurich",
                        zone.value
                    ),
                ),
            }
        }
        reading
    }

    fn id(&mut self, mapping: &Mapping) -> Id {
        let Some(id) = &mapping.message_id else {
            return Id::Made {
                prefix: String::new(),
                of: Of::File,
            };
        };
        if let (Some(_), Some(column)) = (id.of, id.columns.first()) {
            self.fault(
                column,
                "message_id is made of columns, or of file or row: not of both",
            );
        }
        let prefix = id.prefix.clone();
        if id.columns.is_empty() {
            return Id::Made {
                prefix,
                of: id.of.unwrap_or_default(),
            };
        }
        Id::Columns {
            prefix,
            columns: self.columns(&id.columns),
        }
    }

    fn parts<'f>(
        &mut self,
        fields: impl IntoIterator<Item = (&'f String, &'f Spanned<Field>)>,
    ) -> Vec<Part> {
        fields
            .into_iter()
            .map(|(key, field)| Part {
                key: key.clone(),
                column: self.column_named(&field.value.column, field),
                is: field.value.is,
                reading: self.reading_of(field.value.format.as_ref(), None),
            })
            .collect()
    }

    fn group(&mut self, group: &super::Group) -> Group {
        Group {
            by: self.column(&group.by),
            list: group.list.clone(),
            items: self.parts(&group.items),
            total: group
                .total
                .as_ref()
                .map(|total| (total.property.clone(), self.columns(&total.of))),
        }
    }
}

/// Letters and digits only: what people write differently without meaning another thing.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
