//! Texts for sample pages: as people write them, or as attackers do.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};

/// What hostile samples put before every text.
pub(super) const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&";

/// Where the texts of a sample come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// As written.
    Plain,
    /// With [`HOSTILE`] before each.
    Hostile,
}

impl Words {
    /// A text that a person or a third party could have chosen.
    pub(super) fn text(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Hostile => format!("{HOSTILE}{text}"),
        }
    }
}

/// The instant at which samples are taken.
pub(super) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 10, 14, 5, 9).unwrap()
}

/// A day of a sample.
pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// The cells of a table written as text: a line each row, a bar between cells.
pub(super) fn table<const CELLS: usize>(text: &str) -> Vec<[&str; CELLS]> {
    text.trim()
        .lines()
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            cells.try_into().unwrap()
        })
        .collect()
}
