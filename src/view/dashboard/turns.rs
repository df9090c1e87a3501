//! The turns of a relationship and the layers someone is in, as a card of their page.

use crate::view::chart::spiral::{Spiral, TurnMark, spiral};

/// Turns drawn; the table has the earlier ones too.
const DRAWN_MAX: usize = 12;

/// The card.
#[derive(Debug, Clone)]
pub struct TurnsCard {
    /// The whole in one sentence, as in `In turn 7 since 12 Mar 2026, using what they have.`
    pub finding: String,
    /// The figure.
    pub spiral: Spiral,
    /// The turns, earliest first.
    pub turns: Vec<TurnRow>,
    /// The layers of the rule set, as far as there is something to say about them.
    pub layers: Vec<LayerRow>,
}

/// A turn.
#[derive(Debug, Clone)]
pub struct TurnRow {
    /// Its number, from 1.
    pub number: u32,
    /// In which layer it began; `The base` for none.
    pub layer: String,
    /// How many layers that is from the base.
    pub depth: usize,
    /// Its first day, as in `12 Mar 2026`.
    pub from: String,
    /// Its last day; empty while it lasts.
    pub until: String,
    /// How it ended, as in `Came back for more`; while it lasts, where it is.
    pub outcome: String,
    /// The word for that in style classes.
    pub slug: &'static str,
    /// How much of it has gone by, 0 to 1.
    pub share: f64,
}

/// A layer.
#[derive(Debug, Clone)]
pub struct LayerRow {
    /// What people call it.
    pub name: String,
    /// How they stand to it, as in `Invited`; empty for somebody never invited.
    pub status: String,
    /// What there is to say about it.
    pub sentences: Vec<String>,
    /// What they are entitled to at present.
    pub entitlements: Vec<String>,
}

/// A turn as it is drawn.
pub(super) struct Drawn<'card> {
    pub(super) turn: &'card TurnRow,
    pub(super) path: &'card str,
}

impl TurnsCard {
    /// Draws turns on as many rings as there are layers, and one for the base.
    pub fn new(finding: String, turns: Vec<TurnRow>, layers: Vec<LayerRow>, rings: usize) -> Self {
        let first = turns.len().saturating_sub(DRAWN_MAX);
        let marks: Vec<_> = turns[first..]
            .iter()
            .map(|turn| TurnMark {
                depth: turn.depth,
                share: turn.share,
            })
            .collect();
        Self {
            finding,
            spiral: spiral(&marks, rings),
            turns,
            layers,
        }
    }

    pub(super) fn drawn(&self) -> impl Iterator<Item = Drawn<'_>> {
        let first = self.turns.len() - self.spiral.turns.len();
        self.turns[first..]
            .iter()
            .zip(&self.spiral.turns)
            .map(|(turn, path)| Drawn { turn, path })
    }
}
