//! Rules in words, with figures that can be changed where the page is a form.

use super::Direction;
use crate::view::StageTag;

/// All parts of a rule set.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    /// What the stages are called.
    pub names: Vec<Line>,
    /// When people move, those that warm first.
    pub rules: Vec<RuleCard>,
    /// What events count for.
    pub signals: Vec<SignalCard>,
    /// How scores fade.
    pub fading: Vec<Line>,
    /// Complaints.
    pub disputes: Vec<Line>,
    /// Bringing others.
    pub referrals: Vec<Line>,
    /// How often people are written to.
    pub contact: Vec<Line>,
    /// What the sentences do not tell, part by part, as in `VIP: by invitation`.
    pub further: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct RuleCard {
    /// The rule's id, such as `P2`.
    pub id: String,
    /// Which way it moves people.
    pub direction: Direction,
    /// The stage it moves from; none where it moves from any.
    pub from: Option<StageTag>,
    /// The stage it moves to.
    pub to: StageTag,
    /// `Newcomer warms to Regular when all of these hold:`
    pub lead: String,
    /// What it asks, one condition a line.
    pub lines: Vec<Line>,
}

/// What one event counts for.
#[derive(Debug, Clone)]
pub struct SignalCard {
    /// The event's name.
    pub event: String,
    /// Its other names, as in `also Session Started`; may be empty.
    pub aliases: String,
    /// The part it plays, as in `an order`; may be empty.
    pub part: String,
    /// What it adds, case by case.
    pub lines: Vec<Line>,
}

/// One sentence.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// How deep it is nested, 0 to 6.
    pub depth: usize,
    /// Its words and figures, in order.
    pub pieces: Vec<Piece>,
}

impl Line {
    /// The figures that were refused.
    pub(in crate::view) fn refused(&self) -> impl Iterator<Item = (&Figure, &str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Figure(figure) => figure.error.as_deref().map(|error| (figure, error)),
            Piece::Words(_) => None,
        })
    }
}

/// A part of a sentence.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A figure or a name.
    Figure(Figure),
}

/// A figure or a name in a sentence.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Where it stands in the document; the name of its input.
    pub name: String,
    /// What it is, or what was typed.
    pub value: String,
    /// What it is, for whoever does not see the sentence.
    pub label: String,
    /// What may be typed.
    pub kind: FigureKind,
    /// What is wrong with what was typed, and how to mend it.
    pub error: Option<String>,
}

/// What may be typed into a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// A number with decimals, also below zero.
    Number,
    /// A number with decimals, not below zero.
    Positive,
    /// A whole number, not below zero.
    Whole,
    /// A text.
    Text,
}

impl Figure {
    /// The input's type. A number input cannot show a text that is none, and what was typed must
    /// come back.
    pub(in crate::view) fn input_type(&self) -> &'static str {
        if self.kind == FigureKind::Text || self.value.parse::<f64>().is_err() {
            "text"
        } else {
            "number"
        }
    }

    pub(in crate::view) fn step(&self) -> &'static str {
        match self.kind {
            FigureKind::Whole => "1",
            FigureKind::Number | FigureKind::Positive | FigureKind::Text => "any",
        }
    }

    pub(in crate::view) fn has_floor(&self) -> bool {
        matches!(self.kind, FigureKind::Whole | FigureKind::Positive)
    }

    pub(in crate::view) fn is_text(&self) -> bool {
        self.kind == FigureKind::Text
    }
}
