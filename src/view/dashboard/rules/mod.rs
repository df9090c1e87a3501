//! The rules by which customers move: read as sentences, changed in place, previewed, published,
//! taken back.
//!
//! Start reading at [`RulesPage`]; the pages follow the order in which a change goes through them.

mod draft;
mod preview;
#[cfg(test)]
mod sample;
mod sections;
mod version;

pub use draft::{ChangeRow, FaultLink, FindingRow, PresetChoice, RulesDraftPage, RulesTextPage};
pub use preview::{
    EarnedRow, MatrixCell, MatrixRow, PreviewState, PreviewView, PublishForm, RulesPreviewPage,
    SampleRow,
};
pub use sections::{Figure, FigureKind, Line, Piece, RuleCard, Sections, SignalCard};
pub use version::{RulesTakeBackPage, RulesVersionPage, VersionRow};

use askama::Template;

use super::Shell;
use super::customer_parts::Direction;

/// `/dashboard/{brand}/rules`: the rules that hold.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/show.html")]
pub struct RulesPage {
    /// The frame.
    pub shell: Shell,
    /// The version that holds, or will hold next.
    pub version: VersionRow,
    /// The draft of the next version, if there is one.
    pub draft: Option<DraftLine>,
    /// How far the latest change has come with the people, while it has not come to the end.
    pub progress: Option<String>,
    /// The rules in words.
    pub sections: Sections,
    /// Every version, latest first.
    pub versions: Vec<VersionRow>,
}

/// What is told of a draft.
#[derive(Debug, Clone)]
pub struct DraftLine {
    /// When it was saved, as in `3 minutes ago`.
    pub saved: String,
    /// How many sentences it changes; none where it cannot be read yet.
    pub changes: Option<usize>,
}

/// A draft that was begun from a version which is not the latest any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// The version it was begun from.
    pub base: i32,
    /// The latest.
    pub latest: i32,
}
