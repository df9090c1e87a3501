//! Writing the next version: in sentences, or as the document.

use askama::Template;

use super::{Direction, Sections, Shell, Stale};

/// `/dashboard/{brand}/rules/draft`: figures to change in place.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/draft.html")]
pub struct RulesDraftPage {
    /// The frame.
    pub shell: Shell,
    /// The version the draft is begun from.
    pub base: i32,
    /// What was stored when the page was made; a later draft is not written over unseen.
    pub seen: String,
    /// Whether there is a draft already.
    pub is_saved: bool,
    /// Whether the draft's base is not the latest version any more.
    pub stale: Option<Stale>,
    /// The rules of the draft, as typed.
    pub sections: Sections,
    /// What was refused.
    pub faults: Vec<FaultLink>,
    /// What the draft says differently from the rules that hold.
    pub changes: Vec<ChangeRow>,
    /// What is probably not meant.
    pub warnings: Vec<String>,
    /// Rule sets to begin with.
    pub presets: Vec<PresetChoice>,
}

/// `/dashboard/{brand}/rules/draft/text`: the document itself.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/text.html")]
pub struct RulesTextPage {
    /// The frame.
    pub shell: Shell,
    /// The version the draft is begun from.
    pub base: i32,
    /// What was stored when the page was made.
    pub seen: String,
    /// Whether there is a draft already.
    pub is_saved: bool,
    /// Whether the draft's base is not the latest version any more.
    pub stale: Option<Stale>,
    /// The document as typed.
    pub text: String,
    /// What was found in it, line by line.
    pub findings: Vec<FindingRow>,
    /// Whether it can be used.
    pub is_usable: bool,
}

/// A refused figure, to jump to.
#[derive(Debug, Clone)]
pub struct FaultLink {
    /// The id of its input; empty where there is none.
    pub name: String,
    /// What is wrong.
    pub text: String,
}

/// A sentence before and after.
#[derive(Debug, Clone)]
pub struct ChangeRow {
    /// The rule, the event or the part.
    pub place: String,
    /// What it said; empty if it is new.
    pub was: String,
    /// What it says; empty if it is gone.
    pub is: String,
}

/// Something found in a document.
#[derive(Debug, Clone)]
pub struct FindingRow {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// Whether the document cannot be used for it.
    pub is_fault: bool,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
    /// The line as written.
    pub source: String,
}

/// A rule set to begin with.
#[derive(Debug, Clone)]
pub struct PresetChoice {
    /// What forms call it.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whom it suits.
    pub suits: String,
}
