//! `befriend import`: histories from files, through the intake that SDKs use.
//!
//! Owns looking files through ([`source`]), reading them ([`reader`], [`records`], [`cdnow`],
//! [`online_retail`]), the mapping of columns ([`mapping`]), and showing what came of it ([`tally`]).
//! Every event's id comes from what it is, so reading a file again, after a kill or for no reason at
//! all, adds nothing twice. Never judges an event itself: a dry run asks the same code that imports.
//!
//! Start with [`run::Import`], then [`prepare`], then [`judge`].

mod cdnow;
mod fault;
mod importer;
mod judge;
mod mapping;
mod online_retail;
mod prepare;
mod reader;
mod records;
mod run;
mod source;
mod tally;

pub use reader::read_events;
pub(super) use run::Import;

/// The formats that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Columns under a header row, as a mapping tells them.
    Csv,
    /// An event on each line, as SDKs send it; or any JSON, with a mapping.
    Ndjson,
    /// Segment's raw data: folders of gzip files with an event on each line.
    SegmentArchive,
    /// The CDNOW master file: customer, date, number of CDs, dollars; one purchase a line.
    Cdnow,
    /// UCI Online Retail as CSV: one line per product of an invoice.
    OnlineRetail,
}

impl Format {
    /// Guesses from the first line of the file that says something.
    fn guess(first_line: &str) -> Option<Self> {
        let words: Vec<&str> = first_line.split_whitespace().collect();
        if words.first() == Some(&"customer_id") && words.len() == 4 {
            return Some(Self::Cdnow);
        }
        if first_line.starts_with("InvoiceNo,StockCode,") {
            return Some(Self::OnlineRetail);
        }
        if first_line.trim_start().starts_with('{') {
            let is_archive = first_line.contains("\"receivedAt\"");
            return Some(if is_archive {
                Self::SegmentArchive
            } else {
                Self::Ndjson
            });
        }
        let is_array = first_line.trim_start().starts_with('[');
        (!is_array && prepare::delimiter_of(first_line).is_some()).then_some(Self::Csv)
    }

    /// As it is named on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::SegmentArchive => "segment-archive",
            Self::Cdnow => "cdnow",
            Self::OnlineRetail => "online-retail",
        }
    }
}

/// What reading a purchase history gives.
enum Step {
    /// One event, as an SDK would send it.
    Event(serde_json::Value),
    /// A line that cannot become an event, counted by its reason.
    Skipped(&'static str),
}

/// A line that is not of the format.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
struct LineError {
    line: u64,
    fault: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_format() {
        for (line, format) in [
            (
                " customer_id  date number_of_cds  dollar_value",
                Some(Format::Cdnow),
            ),
            (
                "InvoiceNo,StockCode,Description,Quantity",
                Some(Format::OnlineRetail),
            ),
            ("id,name", Some(Format::Csv)),
            ("id;name", Some(Format::Csv)),
            ("{\"type\":\"track\"}", Some(Format::Ndjson)),
            (
                "{\"type\":\"track\",\"receivedAt\":\"\"}",
                Some(Format::SegmentArchive),
            ),
            ("[{\"type\":\"track\"},", None),
            ("word", None),
            ("", None),
        ] {
            assert_eq!(Format::guess(line), format, "{line}");
        }
    }
}
