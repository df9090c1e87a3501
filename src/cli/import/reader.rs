//! What files give, step by step: an event, a row that is left out, or a row that is wrong.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::fault::{Fault, Place};
use super::mapping::plan::{Plan, Row};
use super::prepare::{Input, delimiter_of};
use super::records::Records;
use super::source::{Line, Lines, Source};
use super::{Format, LineError, cdnow, online_retail};
use crate::event::decode;
use crate::kernel::secret::sha256;

/// Bytes of a hash that ids are made of.
const ID_BYTES: usize = 16;

/// What a file gives.
#[derive(Debug)]
pub(super) enum What {
    /// An event that was made of a row.
    Event(Value),
    /// An event as it stands in the file, and the id it is given if it has none.
    Text(String, String),
    /// A row that is left out, and why.
    Skipped(String),
    /// A row that is wrong.
    Fault(Fault),
}

/// One step of reading.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) line: u64,
    pub(super) what: What,
}

/// Reads one file.
pub(super) struct Reader<'a> {
    rows: Rows<'a>,
    /// What the ids of rows without one begin with.
    id: String,
    ready: VecDeque<Given>,
    is_done: bool,
}

enum Rows<'a> {
    Cdnow(Lines),
    OnlineRetail(Lines, Box<online_retail::Reader>),
    Events(Lines),
    Mapped(Box<Mapped<'a>>),
}

/// Rows that a mapping tells.
struct Mapped<'a> {
    plan: &'a Plan,
    rows: Cells,
    /// Rows of the group that is not complete yet.
    open: Vec<Row>,
    /// How often each row was seen, where ids are made of what rows hold.
    seen: HashMap<[u8; 32], u32>,
}

enum Cells {
    /// And whether the header row was passed.
    Csv(Records, bool),
    Json(Lines),
}

impl<'a> Reader<'a> {
    pub(super) fn open(format: Format, input: &'a Input) -> anyhow::Result<Self> {
        let lines = input.source.lines()?;
        let rows = match (format, &input.plan) {
            (Format::Cdnow, _) => Rows::Cdnow(lines),
            (Format::OnlineRetail, _) => Rows::OnlineRetail(lines, Box::default()),
            (Format::Csv, Some(plan)) => {
                let records = Records::new(lines, input.delimiter, input.encoding);
                Rows::mapped(plan, Cells::Csv(records, false))
            }
            (Format::Ndjson | Format::SegmentArchive, Some(plan)) => {
                Rows::mapped(plan, Cells::Json(lines))
            }
            (Format::Ndjson | Format::SegmentArchive | Format::Csv, None) => Rows::Events(lines),
        };
        Ok(Self {
            rows,
            id: ["import-", &digits(&input.source.digest)].concat(),
            ready: VecDeque::new(),
            is_done: false,
        })
    }

    /// Bytes read so far, unpacked.
    pub(super) fn position(&self) -> u64 {
        match &self.rows {
            Rows::Cdnow(lines) | Rows::OnlineRetail(lines, _) | Rows::Events(lines) => {
                lines.position
            }
            Rows::Mapped(mapped) => match &mapped.rows {
                Cells::Csv(records, _) => records.position(),
                Cells::Json(lines) => lines.position,
            },
        }
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        match &self.rows {
            Rows::Cdnow(lines) | Rows::OnlineRetail(lines, _) | Rows::Events(lines) => lines.number,
            Rows::Mapped(mapped) => match &mapped.rows {
                Cells::Csv(records, _) => records.lines(),
                Cells::Json(lines) => lines.number,
            },
        }
    }

    /// Passes one step without making anything of it where that can be avoided. Returns false at the
    /// end.
    pub(super) fn pass(&mut self) -> anyhow::Result<bool> {
        if let Rows::Events(lines) = &mut self.rows {
            while let Some(line) = lines.next()? {
                if !is_blank(&line) {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Ok(self.next()?.is_some())
    }

    /// The next step; `None` at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Given>> {
        while self.ready.is_empty() && !self.is_done {
            self.is_done = !self.read().context("read the file again")?;
        }
        Ok(self.ready.pop_front())
    }

    /// Reads a line or record. Returns false at the end.
    fn read(&mut self) -> std::io::Result<bool> {
        let (ready, id) = (&mut self.ready, &self.id);
        match &mut self.rows {
            Rows::Cdnow(lines) => {
                let Some(line) = lines.next()? else {
                    return Ok(false);
                };
                let text = String::from_utf8_lossy(&line.bytes);
                let steps =
                    cdnow::read_line(line.number, &text).map(|step| step.into_iter().collect());
                take(ready, line.number, steps);
            }
            Rows::OnlineRetail(lines, reader) => {
                let Some(line) = lines.next()? else {
                    take(ready, 0, Ok(reader.close()));
                    return Ok(false);
                };
                // Some lines are Latin-1; a replaced letter in a product's name loses nothing that
                // anything is decided by.
                let text = String::from_utf8_lossy(&line.bytes);
                take(ready, line.number, reader.read_line(line.number, &text));
            }
            Rows::Events(lines) => {
                let Some(line) = lines.next()? else {
                    return Ok(false);
                };
                if !is_blank(&line) {
                    let (number, whole) = (line.number, whole(&line));
                    let what = match whole {
                        Ok(()) => What::Text(
                            decode::text(&line.bytes).into_owned(),
                            format!("{id}-{number}"),
                        ),
                        Err(fault) => What::Fault(fault),
                    };
                    ready.push_back(Given { line: number, what });
                }
            }
            Rows::Mapped(mapped) => return mapped.read(ready, id),
        }
        Ok(true)
    }
}

impl<'a> Rows<'a> {
    fn mapped(plan: &'a Plan, rows: Cells) -> Self {
        Self::Mapped(Box::new(Mapped {
            plan,
            rows,
            open: Vec::new(),
            seen: HashMap::new(),
        }))
    }
}

impl Mapped<'_> {
    fn read(&mut self, ready: &mut VecDeque<Given>, id: &str) -> std::io::Result<bool> {
        let row = match self.next_row()? {
            None => {
                self.close(ready, id);
                return Ok(false);
            }
            Some(Ok(row)) => row,
            Some(Err(fault)) => {
                let line = fault.line;
                ready.push_back(Given {
                    line,
                    what: What::Fault(fault),
                });
                return Ok(true);
            }
        };
        if row.cells.is_empty() {
            return Ok(true);
        }
        if let Some(column) = self.plan.skips(&row) {
            ready.push_back(Given {
                line: row.line,
                what: What::Skipped(format!("{column} is empty")),
            });
            return Ok(true);
        }
        let goes_on = match (self.open.first(), self.plan.shared(&row)) {
            (Some(first), Some(shared)) => self.plan.shared(first) == Some(shared),
            _ => false,
        };
        if !goes_on {
            self.close(ready, id);
        }
        self.open.push(row);
        if self.plan.shared(&self.open[0]).is_none() {
            self.close(ready, id);
        }
        Ok(true)
    }

    /// Makes the event of the rows that are open.
    fn close(&mut self, ready: &mut VecDeque<Given>, id: &str) {
        let rows = std::mem::take(&mut self.open);
        let Some(first) = rows.first() else {
            return;
        };
        let line = first.line;
        let made_id = if self.plan.ids_are_of_rows() {
            self.id_of_rows(&rows)
        } else {
            format!("{id}-{line}")
        };
        let what = match self.plan.event(&rows, &made_id) {
            Ok(event) => What::Event(event),
            Err(fault) => What::Fault(fault),
        };
        ready.push_back(Given { line, what });
    }

    fn id_of_rows(&mut self, rows: &[Row]) -> String {
        let text: Vec<String> = rows.iter().map(|row| row.cells.join("\u{1f}")).collect();
        let hash = sha256(text.join("\u{1e}").as_bytes());
        let count = self.seen.entry(hash).or_default();
        *count += 1;
        format!("row-{}-{count}", digits(&hash))
    }

    /// The next row; one without cells is no row.
    fn next_row(&mut self) -> std::io::Result<Option<Result<Row, Fault>>> {
        match &mut self.rows {
            Cells::Csv(records, is_past_header) => {
                if !std::mem::replace(is_past_header, true) {
                    // It was read, and its faults told, before the import began.
                    records.next()?;
                }
                Ok(records.next()?.map(|record| {
                    record.map(|record| Row {
                        line: record.line,
                        cells: record.fields,
                    })
                }))
            }
            Cells::Json(lines) => {
                let Some(line) = lines.next()? else {
                    return Ok(None);
                };
                Ok(Some(json_row(&line, &self.plan.columns)))
            }
        }
    }
}

fn json_row(line: &Line, fields: &[String]) -> Result<Row, Fault> {
    whole(line)?;
    let number = line.number;
    if is_blank(line) {
        return Ok(Row {
            line: number,
            cells: Vec::new(),
        });
    }
    let object: Value = serde_json::from_slice(&line.bytes).map_err(|error| {
        let why = format!("this is not valid JSON: {error}");
        Fault::new(Place::line(number), "invalid_json", why)
            .value(String::from_utf8_lossy(&line.bytes))
            .mend("put one JSON object on each line")
    })?;
    let cells = fields
        .iter()
        .map(|field| match find(&object, field) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        })
        .collect();
    Ok(Row {
        line: number,
        cells,
    })
}

/// A field by its name, or by a path with dots.
fn find<'v>(object: &'v Value, field: &str) -> Option<&'v Value> {
    object.get(field).or_else(|| {
        field
            .split('.')
            .try_fold(object, |value, key| value.get(key))
    })
}

/// The digits of a hash, as many as ids have.
fn digits(hash: &[u8; 32]) -> String {
    let digits: Vec<String> = hash[..ID_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.concat()
}

fn is_blank(line: &Line) -> bool {
    line.bytes.iter().all(u8::is_ascii_whitespace)
}

fn whole(line: &Line) -> Result<(), Fault> {
    if line.is_whole {
        return Ok(());
    }
    let why = "this line is longer than 4 MiB";
    Err(Fault::new(Place::line(line.number), "line_too_long", why)
        .mend("an event takes a line; look whether line breaks are missing"))
}

/// Takes what a purchase history gives.
fn take(ready: &mut VecDeque<Given>, line: u64, steps: Result<Vec<super::Step>, LineError>) {
    let whats: Vec<What> = match steps {
        Ok(steps) => steps
            .into_iter()
            .map(|step| match step {
                super::Step::Event(event) => What::Event(event),
                super::Step::Skipped(reason) => What::Skipped(reason.to_owned()),
            })
            .collect(),
        Err(error) => vec![What::Fault(
            Fault::new(Place::line(error.line), "not_of_format", error.fault)
                .mend("mend the line, and import the file again: what is stored stays as it is"),
        )],
    };
    ready.extend(whats.into_iter().map(|what| Given { line, what }));
}

/// The columns that a CSV file begins with, and its first rows.
pub(super) fn head(
    source: &Source,
    delimiter: Option<u8>,
    encoding: super::records::Encoding,
    rows_max: usize,
) -> anyhow::Result<(u8, Vec<String>, Vec<Vec<String>>)> {
    let first = first_line(source)?;
    let delimiter = delimiter.or_else(|| delimiter_of(&first)).unwrap_or(b',');
    let mut records = Records::new(source.lines()?, delimiter, encoding);
    let columns = match records.next()? {
        None => Vec::new(),
        Some(Ok(header)) => header
            .fields
            .iter()
            .map(|name| name.trim().to_owned())
            .collect(),
        Some(Err(fault)) => anyhow::bail!(
            "{}: the header row, line {}: {}; {}",
            source.name,
            fault.line,
            fault.why,
            fault.mend
        ),
    };
    let mut rows = Vec::new();
    while rows.len() < rows_max
        && let Some(record) = records.next()?
    {
        rows.extend(record.ok().map(|record| record.fields));
    }
    Ok((delimiter, columns, rows))
}

/// The first line that says something; empty if none does.
pub(super) fn first_line(source: &Source) -> anyhow::Result<String> {
    let mut lines = source.lines()?;
    while let Some(line) = lines.next()? {
        if !is_blank(&line) {
            return Ok(String::from_utf8_lossy(&line.bytes).into_owned());
        }
    }
    Ok(String::new())
}

/// The events of a purchase history, as [`super::Import`] sends them, without storing any: what a
/// backtest in memory is made from. Lines that make no event are left out.
pub fn read_events(file: &Path) -> anyhow::Result<Vec<Value>> {
    let source = Source::survey(file, &|_| {})?;
    let format = Format::guess(&first_line(&source)?)
        .with_context(|| format!("{} is no purchase history that is known", source.name))?;
    let input = Input::bare(source);
    let mut reader = Reader::open(format, &input)?;
    let mut events = Vec::new();
    while let Some(given) = reader.next()? {
        match given.what {
            What::Event(event) => events.push(event),
            What::Text(text, _) => events.push(serde_json::from_str(&text)?),
            What::Skipped(_) => {}
            What::Fault(fault) => anyhow::bail!("line {}: {}", fault.line, fault.why),
        }
    }
    Ok(events)
}
