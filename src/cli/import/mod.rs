//! `befriend import`: purchase histories from a file, through the intake that SDKs use.
//!
//! Owns reading the files ([`cdnow`], [`online_retail`]) and showing how far it is. Every event's
//! message id comes from the line it was read from, so a rerun, after a kill or for no reason at
//! all, adds nothing twice.

mod cdnow;
mod online_retail;
mod run;
mod source;

pub(super) use run::Import;
pub use run::read_events;

/// The formats that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The CDNOW master file: customer, date, number of CDs, dollars; one purchase a line.
    Cdnow,
    /// UCI Online Retail as CSV: one line per product of an invoice.
    OnlineRetail,
}

impl Format {
    /// Guesses from the first line of the file.
    fn guess(first_line: &str) -> Option<Self> {
        let words: Vec<&str> = first_line.split_whitespace().collect();
        if words.first() == Some(&"customer_id") && words.len() == 4 {
            return Some(Self::Cdnow);
        }
        first_line
            .starts_with("InvoiceNo,StockCode,")
            .then_some(Self::OnlineRetail)
    }
}

/// What reading a file gives.
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
            ("id,name", None),
            ("", None),
        ] {
            assert_eq!(Format::guess(line), format, "{line}");
        }
    }
}
