//! A rule set as somebody reads it who has never seen the document: sentences, whose figures can be
//! changed in place.
//!
//! Owns the words, and where in the document each figure stands. Never judges a figure: what is
//! changed goes through the same reading as the document ([`change`]). Start with [`Sentences`].

mod difference;
mod edit;
mod rules;
mod sections;
mod signals;

pub use difference::{Difference, differences};
pub use edit::change;
pub use rules::{Line, RuleSentence};

use super::RuleSet;

/// A rule set in words, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentences {
    /// What the stages are called.
    pub names: Vec<Sentence>,
    /// When customers move, those that warm first.
    pub rules: Vec<RuleSentence>,
    /// What events are worth, in the order of the document.
    pub signals: Vec<SignalSentence>,
    /// How fast scores fade.
    pub fading: Vec<Sentence>,
    /// What happens with complaints.
    pub disputes: Vec<Sentence>,
    /// What bringing others is worth.
    pub referrals: Vec<Sentence>,
    /// How often people are written to.
    pub contact: Vec<Sentence>,
}

/// What one event is worth: a sentence for each case.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalSentence {
    /// The event's name.
    pub event: String,
    /// The other names it goes by.
    pub aliases: Vec<String>,
    /// What it does, in sentences; empty if it plays a part in the engine's bookkeeping alone.
    pub sentences: Vec<Sentence>,
    /// The part it plays, in words; empty for none.
    pub part: &'static str,
}

/// Words and figures, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sentence {
    /// The parts. Spaces between them are theirs.
    pub parts: Vec<Part>,
}

/// Words, or a figure that can be changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words.
    Words(String),
    /// A figure.
    Slot(Slot),
}

/// A figure in a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Where it stands in the document: `rules[1].when.all[0].score.at_least`.
    pub path: String,
    /// What it is now, as typed: `24`, `80` for a share of 0.8, `Friend`.
    pub value: String,
    /// What may be typed.
    pub kind: SlotKind,
    /// What it is, for those who do not see the sentence: "points of investment".
    pub label: String,
}

/// What may be typed into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// Points, also negative and with decimals.
    Points,
    /// Whole days from 1.
    Days,
    /// Days from 1, also with decimals.
    HalfLife,
    /// A whole number from 0.
    Count,
    /// A share, typed in percent.
    Percent,
    /// A multiple.
    Factor,
    /// A name.
    Name,
}

impl Sentences {
    /// The rule set in words.
    pub fn of(set: &RuleSet) -> Self {
        Self {
            names: sections::names(set),
            rules: rules::rules(set),
            signals: signals::signals(set),
            fading: sections::fading(set),
            disputes: sections::disputes(set),
            referrals: sections::referrals(set),
            contact: sections::contact(set),
        }
    }

    /// Every figure that can be changed.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        let lists = [
            &self.names,
            &self.fading,
            &self.disputes,
            &self.referrals,
            &self.contact,
        ];
        lists
            .into_iter()
            .flatten()
            .chain(self.signals.iter().flat_map(|signal| &signal.sentences))
            .chain(
                self.rules
                    .iter()
                    .flat_map(|rule| rule.lines.iter().map(|line| &line.sentence)),
            )
            .flat_map(Sentence::slots)
    }
}

impl Sentence {
    /// The figures in it.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Words(_) => None,
        })
    }

    /// The sentence as plain text.
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Words(words) => words.as_str(),
                Part::Slot(slot) => slot.value.as_str(),
            })
            .collect()
    }

    fn words(mut self, words: &str) -> Self {
        self.parts.push(Part::Words(words.to_owned()));
        self
    }

    fn slot(mut self, path: &str, value: f64, kind: SlotKind, label: &str) -> Self {
        let value = if kind == SlotKind::Percent {
            // Twelve digits hide that 0.07 × 100 is 7.000000000000001.
            (value * 1e14).round() / 1e12
        } else {
            value
        };
        self.parts.push(Part::Slot(Slot {
            path: path.to_owned(),
            value: value.to_string(),
            kind,
            label: label.to_owned(),
        }));
        self
    }

    /// A figure in days and the word for them, with what follows.
    fn days(self, path: &str, days: u16, rest: &str) -> Self {
        let word = counted(f64::from(days), " day", " days");
        self.slot(path, f64::from(days), SlotKind::Days, "days")
            .words(&format!("{word}{rest}"))
    }

    fn count(self, path: &str, count: u16, label: &str) -> Self {
        self.slot(path, f64::from(count), SlotKind::Count, label)
    }

    fn name(mut self, path: &str, value: &str, label: &str) -> Self {
        self.parts.push(Part::Slot(Slot {
            path: path.to_owned(),
            value: value.to_owned(),
            kind: SlotKind::Name,
            label: label.to_owned(),
        }));
        self
    }
}

/// One of anything is named in the singular.
fn counted<'a>(count: f64, one: &'a str, many: &'a str) -> &'a str {
    if (count - 1.0).abs() < f64::EPSILON {
        one
    } else {
        many
    }
}

#[cfg(test)]
mod tests;
