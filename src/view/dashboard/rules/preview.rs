//! What the draft would make of everybody, and publishing it.

use askama::Template;

use super::{ChangeRow, Shell, Stale};
use crate::view::{Field, StageTag};

/// `/dashboard/{brand}/rules/preview`
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules/preview.html")]
pub struct RulesPreviewPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the draft's base is not the latest version any more.
    pub stale: Option<Stale>,
    /// What the draft says differently.
    pub changes: Vec<ChangeRow>,
    /// How the preview stands.
    pub state: PreviewState,
    /// Publishing.
    pub form: PublishForm,
}

impl RulesPreviewPage {
    fn is_running(&self) -> bool {
        matches!(self.state, PreviewState::Running { .. })
    }
}

/// How a preview stands.
#[derive(Debug, Clone)]
pub enum PreviewState {
    /// None was made of this draft.
    None,
    /// It is under way.
    Running {
        /// `12,000 of 50,000 people`.
        so_far: String,
        /// How far, in percent.
        percent: u64,
    },
    /// It came to no end; the text says why.
    Failed(String),
    /// Here it is.
    Done(Box<PreviewView>),
}

/// What a preview found.
#[derive(Debug, Clone)]
pub struct PreviewView {
    /// `412 of 5,000 people would stand elsewhere.`
    pub finding: String,
    /// `Looked at on 3 Mar 2026, 14:05 UTC.`
    pub looked_at: String,
    /// Whether it is about applying the draft to history.
    pub is_history: bool,
    /// From where to where, warmest last.
    pub matrix: Vec<MatrixRow>,
    /// People at each stage under the draft, in the same order.
    pub after: Vec<String>,
    /// Some of those who would move.
    pub samples: Vec<SampleRow>,
    /// `8 in the past under the rules that hold, 12 under the draft`.
    pub flip_flops: String,
    /// What each stage went on to earn.
    pub earned: Vec<EarnedRow>,
    /// `Counted over 273 days after 4 Jun 2025.`
    pub earned_when: String,
    /// What to think about before publishing.
    pub warnings: Vec<String>,
}

/// People who stand at one stage, by where they would stand.
#[derive(Debug, Clone)]
pub struct MatrixRow {
    /// Where they stand.
    pub from: StageTag,
    /// How many, by where they would stand.
    pub cells: Vec<MatrixCell>,
    /// How many in all.
    pub before: String,
}

/// A cell of the matrix.
#[derive(Debug, Clone)]
pub struct MatrixCell {
    /// How many.
    pub people: String,
    /// `stay`, `warm`, `cool`, or `none` where there is nobody.
    pub kind: &'static str,
}

/// Somebody who would move.
#[derive(Debug, Clone)]
pub struct SampleRow {
    /// Their page.
    pub href: String,
    /// Their name.
    pub name: String,
    /// Where they stand.
    pub from: StageTag,
    /// Where they would stand.
    pub to: StageTag,
    /// Why.
    pub reason: String,
}

/// What people of a stage went on to buy, under the rules that hold and under the draft.
#[derive(Debug, Clone)]
pub struct EarnedRow {
    /// The stage.
    pub stage: StageTag,
    /// People, now and under the draft.
    pub people: [String; 2],
    /// The share who bought again.
    pub again: [String; 2],
    /// Revenue per head.
    pub per_head: [String; 2],
    /// The stage's share of all revenue.
    pub share: [String; 2],
}

/// Publishing a draft.
#[derive(Debug, Clone)]
pub struct PublishForm {
    /// The version the draft is begun from.
    pub base: i32,
    /// What was stored when the page was made: what is published is what was seen.
    pub seen: String,
    /// The note.
    pub note: Field,
    /// Whether it is to be applied to history.
    pub to_history: bool,
}
