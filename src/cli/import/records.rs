//! Lines put together to the records of a CSV file: a field in quotes may hold line breaks.
//!
//! A quote that is opened and never closed would swallow everything after it. It costs the line it
//! stands in and no other: what follows is read again as if that line were not there.

use std::collections::VecDeque;
use std::io;

use super::fault::{Fault, Place};
use super::source::{LINE_BYTES_MAX, Line, Lines};

/// The most lines of one record.
const RECORD_LINES_MAX: usize = 1_000;

/// How a file's letters are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, which Latin-1 is a part of.
    #[serde(rename = "windows-1252", alias = "latin-1", alias = "iso-8859-1")]
    Windows1252,
}

/// What 0x80 to 0x9f are in Windows-1252; what is not assigned stays as it is.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

impl Encoding {
    /// Reads bytes; `None` where they are not so written.
    pub(super) fn read(self, bytes: Vec<u8>) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes).ok(),
            Self::Windows1252 => Some(
                bytes
                    .into_iter()
                    .map(|byte| match byte {
                        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
                        _ => char::from(byte),
                    })
                    .collect(),
            ),
        }
    }
}

/// One record, and the line it begins in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) fields: Vec<String>,
}

/// The records of a file.
pub(super) struct Records {
    lines: Lines,
    /// Lines that are to be read once more.
    again: VecDeque<Line>,
    delimiter: u8,
    encoding: Encoding,
    /// How many fields each record has: as many as the first.
    width: Option<usize>,
}

impl Records {
    pub(super) const fn new(lines: Lines, delimiter: u8, encoding: Encoding) -> Self {
        Self {
            lines,
            again: VecDeque::new(),
            delimiter,
            encoding,
            width: None,
        }
    }

    /// Bytes read so far.
    pub(super) const fn position(&self) -> u64 {
        self.lines.position
    }

    /// Lines read so far.
    pub(super) const fn lines(&self) -> u64 {
        self.lines.number
    }

    /// The next record, or what is wrong with the next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Record, Fault>>> {
        loop {
            let Some(first) = self.next_line()? else {
                return Ok(None);
            };
            if first.bytes.iter().all(u8::is_ascii_whitespace) && first.is_whole {
                continue;
            }
            return self.assemble(first).map(Some);
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }

    fn assemble(&mut self, first: Line) -> io::Result<Result<Record, Fault>> {
        let number = first.number;
        let mut is_whole = first.is_whole;
        let mut quotes = Quotes::default();
        quotes.read(&first.bytes, self.delimiter);
        let mut length = first.bytes.len();
        let mut lines = vec![first];
        while quotes.is_open && lines.len() < RECORD_LINES_MAX && length < LINE_BYTES_MAX {
            let Some(next) = self.next_line()? else { break };
            is_whole &= next.is_whole;
            length += next.bytes.len();
            quotes.read(&next.bytes, self.delimiter);
            lines.push(next);
        }
        let fields = if quotes.is_open || !is_whole {
            None
        } else {
            self.parse(&lines)
        };
        let is_doubtful = quotes.is_broken && lines.len() > 1;
        match fields {
            Some(fields)
                if !is_doubtful && self.width.is_none_or(|width| width == fields.len()) =>
            {
                self.width = Some(fields.len());
                Ok(Ok(Record {
                    line: number,
                    fields,
                }))
            }
            fields => Ok(Err(self.give_up(
                lines,
                quotes.is_open,
                is_whole,
                fields.as_deref(),
            ))),
        }
    }

    /// Blames the first line, and lets the others be read again.
    fn give_up(
        &mut self,
        mut lines: Vec<Line>,
        is_open: bool,
        is_whole: bool,
        fields: Option<&[String]>,
    ) -> Fault {
        let spans = lines.len();
        for line in lines.drain(1..).rev() {
            self.again.push_front(line);
        }
        let line = lines.remove(0);
        let place = Place::line(line.number);
        let text: String = String::from_utf8_lossy(&line.bytes)
            .chars()
            .take(200)
            .collect();
        let fault = match fields {
            _ if !is_whole => Fault::new(place, "line_too_long", "this line is longer than 4 MiB")
                .mend("look whether a quote is missing near here"),
            _ if is_open => Fault::new(
                place,
                "quote_not_closed",
                "a quote is opened in this line and never closed",
            )
            .mend("close it, or write a quote within a field as two"),
            Some(_) if spans > 1 => Fault::new(
                place,
                "quote_not_closed",
                format!(
                    "a quote is opened in this line, and closed {spans} lines on or not at all"
                ),
            )
            .mend("close it, or write a quote within a field as two"),
            Some(fields) => Fault::new(
                place,
                "columns_differ",
                format!(
                    "this row has {} columns where {} are expected",
                    fields.len(),
                    self.width.unwrap_or_default()
                ),
            )
            .mend("put fields that hold the delimiter in quotes"),
            None => Fault::new(place, "not_utf8", "this row is not written in UTF-8")
                .mend("say `encoding: windows-1252` in the mapping if that is what it is"),
        };
        fault.value(text)
    }

    fn parse(&self, lines: &[Line]) -> Option<Vec<String>> {
        let bytes = lines
            .iter()
            .map(|line| line.bytes.as_slice())
            .collect::<Vec<_>>()
            .join(&b'\n');
        let text = self.encoding.read(bytes)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(text.len().max(1))
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record).ok()?;
        Some(record.iter().map(str::to_owned).collect())
    }
}

/// Whether a field in quotes is open, as RFC 4180 has it: quotes begin where a field begins, and two
/// within are one of its letters.
#[derive(Default)]
struct Quotes {
    is_open: bool,
    /// Whether a quote was closed and the field went on: most likely it was opened by mistake.
    is_broken: bool,
}

impl Quotes {
    fn read(&mut self, line: &[u8], delimiter: u8) {
        let mut is_start = !self.is_open;
        let mut bytes = line.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if self.is_open {
                if byte == b'"' && bytes.next_if_eq(&b'"').is_none() {
                    self.is_open = false;
                    self.is_broken |= bytes.peek().is_some_and(|next| *next != delimiter);
                }
                is_start = false;
            } else {
                self.is_open = is_start && byte == b'"';
                is_start = byte == delimiter;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    /// A row's line and fields, or its line and fault.
    type Seen = Result<(u64, String), (u64, &'static str)>;

    fn read(content: &[u8], encoding: Encoding) -> Vec<Seen> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, content).expect("written");
        let source = Source::survey(&path, &|_| {}).expect("text");
        let mut records = Records::new(source.lines().expect("opened"), b',', encoding);
        let mut seen = Vec::new();
        while let Some(record) = records.next().expect("read") {
            seen.push(match record {
                Ok(record) => Ok((record.line, record.fields.join("|"))),
                Err(fault) => Err((fault.line, fault.code)),
            });
        }
        seen
    }

    #[expect(clippy::unnecessary_wraps, reason = "one of what is seen")]
    fn row(line: u64, text: &str) -> Seen {
        Ok((line, text.to_owned()))
    }

    #[test]
    fn fields_hold_delimiters_quotes_and_line_breaks() {
        let read = read(
            b"\xef\xbb\xbfa,b\r\n1,\"x, \"\"y\"\"\r\nz\"\r\n\r\n2,5\" pipe\r\n",
            Encoding::Utf8,
        );

        assert_eq!(
            read,
            [row(1, "a|b"), row(2, "1|x, \"y\"\nz"), row(5, "2|5\" pipe")]
        );
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        let to_the_end = read(b"a,b\n1,\"x\n2,y\n3,z\n", Encoding::Utf8);
        let to_another = read(b"a,b\n1,\"x\n2,\"y\"\n3,z\n", Encoding::Utf8);

        assert_eq!(
            to_the_end,
            [
                row(1, "a|b"),
                Err((2, "quote_not_closed")),
                row(3, "2|y"),
                row(4, "3|z")
            ]
        );
        assert_eq!(
            to_another,
            [
                row(1, "a|b"),
                Err((2, "quote_not_closed")),
                row(3, "2|y"),
                row(4, "3|z")
            ]
        );
    }

    #[test]
    fn a_row_of_another_width_is_refused_alone() {
        let read = read(b"a,b\n1\n2,y\n3,z,w\n", Encoding::Utf8);

        assert_eq!(
            read,
            [
                row(1, "a|b"),
                Err((2, "columns_differ")),
                row(3, "2|y"),
                Err((4, "columns_differ"))
            ]
        );
    }

    #[test]
    fn letters_are_read_as_they_are_written() {
        let content = b"a,b\n1,M\xfcller \x80\n";

        assert_eq!(
            read(content, Encoding::Utf8),
            [row(1, "a|b"), Err((2, "not_utf8"))]
        );
        assert_eq!(
            read(content, Encoding::Windows1252),
            [row(1, "a|b"), row(2, "1|Müller €")]
        );
    }
}
