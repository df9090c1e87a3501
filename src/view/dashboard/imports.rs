//! Histories read from files: how far each came, and what was not taken.

use askama::Template;

use super::Shell;
use crate::view::format;

/// `/dashboard/{brand}/imports`. Imports are begun on the server, where the files are: the page looks
/// on.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/imports.html")]
pub struct ImportsPage {
    /// The frame.
    pub shell: Shell,
    /// The command that begins one.
    pub command: String,
    /// The latest imports, newest first.
    pub rows: Vec<ImportRow>,
}

/// How an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// It goes on.
    Running,
    /// It says that it goes on, and gave no sign of life for a while.
    Silent,
    /// It was stopped before its end.
    Stopped,
    /// All of it was read.
    Done,
}

impl ImportState {
    /// The state in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Silent => "Broke off",
            Self::Stopped => "Stopped",
            Self::Done => "Done",
        }
    }

    /// What to do about it; empty for nothing.
    const fn advice(self) -> &'static str {
        match self {
            Self::Running | Self::Done => "",
            Self::Silent | Self::Stopped => "The same command with --resume goes on.",
        }
    }
}

/// One import.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// The files, as they were named.
    pub source: String,
    /// What they are, as in `csv`.
    pub format: String,
    /// How it stands.
    pub state: ImportState,
    /// How much of the files is read, as in `40 %`; empty once all of it is.
    pub progress: String,
    /// When it began, as in `10 Mar 2026, 14:05`.
    pub started: String,
    /// When it was done, or gave its last sign of life, in words.
    pub ended: String,
    /// Lines read.
    pub lines: u64,
    /// Events stored.
    pub stored: u64,
    /// Events that were stored before.
    pub before: u64,
    /// Events whose ids belong to others.
    pub conflicts: u64,
    /// Rows that made no event that could be stored.
    pub rejected: u64,
    /// Rows left out as the mapping says.
    pub skipped: u64,
    /// The first faults.
    pub faults: Vec<ImportFault>,
    /// How many more there are.
    pub faults_more: u64,
}

/// What is wrong with a row.
#[derive(Debug, Clone)]
pub struct ImportFault {
    /// Where it stands, as in `orders.csv, line 17, amount`.
    pub place: String,
    /// What is wrong, and how it is mended.
    pub why: String,
    /// Its stable word.
    pub code: String,
    /// Where the word is explained.
    pub docs: String,
}

impl ImportRow {
    fn faults_label(&self) -> String {
        let all = self.faults_more + u64::try_from(self.faults.len()).unwrap_or(0);
        match self.faults_more {
            0 => format::plural(all, "fault", "faults"),
            _ => format!(
                "The first {} of {} faults",
                self.faults.len(),
                format::count(all)
            ),
        }
    }
}

#[cfg(test)]
impl ImportsPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |source: &str, state, progress: &str| ImportRow {
            source: words.text(source),
            format: "csv".to_owned(),
            state,
            progress: progress.to_owned(),
            started: "10 Mar 2026, 14:05".to_owned(),
            ended: "2 minutes ago".to_owned(),
            lines: 541_909,
            stored: 20_028,
            before: 0,
            conflicts: 0,
            rejected: 0,
            skipped: 0,
            faults: Vec::new(),
            faults_more: 0,
        };
        let fault = |place: &str| ImportFault {
            place: words.text(place),
            why: words.text("\u{201c}12,50\u{201d} is no number; say decimal_comma"),
            code: words.text("not_a_number"),
            docs: "/docs/errors#not_a_number".to_owned(),
        };
        let faulty = ImportRow {
            before: 12,
            conflicts: 1,
            rejected: 41,
            skipped: 7,
            faults: vec![
                fault("orders.csv, line 17, amount"),
                fault("orders.csv, line 20, amount"),
            ],
            faults_more: 40,
            ..row("orders.csv", ImportState::Done, "")
        };
        Self {
            shell: Shell::sample(words),
            command: words.text("befriend import orders.csv --brand bellmoor --dry-run"),
            rows: vec![
                row("events.ndjson.gz", ImportState::Running, "40 %"),
                row("archive", ImportState::Silent, "12 %"),
                row("2024.csv and 3 more", ImportState::Stopped, "99 %"),
                faulty,
            ],
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            rows: Vec::new(),
            ..Self::sample(words)
        }
    }
}
