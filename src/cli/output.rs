//! What the command line prints: text for people, or JSON with `--json`.

use std::io::Write as _;

use serde::Serialize;

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: `data` with `--json`, else `text`.
    pub fn result<T: Serialize>(&self, data: &T, text: &str) {
        let line = if self.json {
            serde_json::to_string(data).expect("a result is plain data")
        } else {
            text.to_owned()
        };
        // A reader that went away (`| head`) is no fault.
        drop(writeln!(std::io::stdout(), "{line}"));
    }

    /// Prints a line for people; nothing with `--json`.
    pub fn say(&self, text: &str) {
        if !self.json {
            drop(writeln!(std::io::stdout(), "{text}"));
        }
    }
}

/// Prints an error.
pub fn error(text: &str) {
    drop(writeln!(std::io::stderr(), "befriend: {text}"));
}

/// `lines` in a box, so that they are found again in a log.
pub fn boxed(lines: &[String]) -> String {
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let bar = "─".repeat(width + 2);
    let body: Vec<String> = lines
        .iter()
        .map(|line| format!("│ {line}{} │", " ".repeat(width - line.chars().count())))
        .collect();
    format!("┌{bar}┐\n{}\n└{bar}┘", body.join("\n"))
}
