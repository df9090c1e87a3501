//! Versions: what each said, and taking one back.

use askama::Template;

use super::{ChangeRow, Direction, Sections, Shell};

/// One version of the rules.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Its number.
    pub number: i32,
    /// The day it was published.
    pub published: String,
    /// By whom, as in `Mara Lindqvist` or `the command line`.
    pub by: String,
    /// The note it was published with.
    pub note: String,
    /// From when it holds, as in `from 3 Mar 2026, 14:05 UTC on` or `for all history`.
    pub holds: String,
    /// When and by whom it was taken back.
    pub taken_back: Option<String>,
    /// Whether it can be taken back.
    pub can_take_back: bool,
}

/// `/dashboard/{brand}/rules/versions/{number}`
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/version.html")]
pub struct RulesVersionPage {
    /// The frame.
    pub shell: Shell,
    /// The version.
    pub version: VersionRow,
    /// What it changed from the version before it.
    pub changes: Vec<ChangeRow>,
    /// It in words.
    pub sections: Sections,
    /// It as a document.
    pub text: String,
}

/// `/dashboard/{brand}/rules/versions/{number}/take-back`: are you sure?
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/take_back.html")]
pub struct RulesTakeBackPage {
    /// The frame.
    pub shell: Shell,
    /// The version.
    pub version: VersionRow,
    /// The version that is then the latest.
    pub then: i32,
    /// What the rules say differently afterwards.
    pub changes: Vec<ChangeRow>,
}
