//! Reads a rule-set document as a careful colleague would: every fault and every doubt at once,
//! each with its line, its column and its mend.
//!
//! Owns findings, and the doubts that are no faults. Never changes a document, and never lets one
//! pass that [`RuleSet::from_yaml`] refuses. Start with [`lint`]; `structure.rs` judges the shape,
//! `validate.rs` beside this folder what a set must satisfy, `doubts.rs` what it had better.

mod doubts;
mod nearest;
pub(in crate::stage::ruleset) mod structure;
mod supply;
mod vocabulary;

use serde::Serialize;

pub use vocabulary::Vocabulary;

use super::document::{Content, Node};
use super::load::DOCUMENT_BYTES_MAX;
use super::{Fault, RuleSet};
use structure::{Departure, Effect};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The document cannot be used.
    Fault,
    /// It can be used, and probably does not do what its author thinks.
    Warning,
}

/// Something that a reader of the document should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// The line, from 1; 0 where the text itself was not at hand.
    pub line: u32,
    /// The column, from 1, in characters; 0 where the text itself was not at hand.
    pub column: u32,
    /// The part: `rules[1].when.all[0].score.at_least`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

/// What was found in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    /// Faults and warnings, in the order of lines.
    pub findings: Vec<Finding>,
    /// The rules; none if there is a fault.
    pub set: Option<RuleSet>,
}

impl Lint {
    /// What makes the document unusable.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.at(Level::Fault)
    }

    /// What is probably not meant.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.at(Level::Warning)
    }

    fn at(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.level == level)
    }
}

/// Everything that can be said of a document in YAML (or JSON, which is YAML). Warnings are given
/// only once there is no fault: half a document raises doubts that the whole one does not.
pub fn lint(text: &str, vocabulary: &Vocabulary) -> Lint {
    if text.len() > DOCUMENT_BYTES_MAX {
        let problem = format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes");
        return refused(vec![fault_at_top(&problem, "keep what the rules need")]);
    }
    let node = match Node::from_yaml(text) {
        Ok(node) => node,
        Err(error) => {
            let mut finding = fault_at_top(&error.why, "mend the line; YAML reads by indentation");
            (finding.line, finding.column) = (error.place.line.max(1), error.place.column.max(1));
            return refused(vec![finding]);
        }
    };
    let departures = structure::check(&node);
    let readable = without_departures(&node, &departures);
    let mut findings: Vec<Finding> = departures.into_iter().map(|one| one.finding).collect();
    match serde_json::from_value::<RuleSet>(readable.to_value()) {
        Ok(set) => {
            let faults = set.validate();
            let faults = without_consequences(located(&readable, faults, Level::Fault), &findings);
            merge(&mut findings, faults);
            if findings.is_empty() {
                let doubts = doubts::of(&set, vocabulary);
                findings = located(&node, doubts, Level::Warning);
                return sorted(findings, Some(set));
            }
        }
        Err(error) if findings.is_empty() => {
            findings.push(fault_at_top(
                &error.to_string(),
                "see `befriend rules schema`",
            ));
        }
        Err(_) => {}
    }
    sorted(findings, None)
}

/// The doubts about a set that has no text of its own, with paths and without lines.
pub fn doubts(set: &RuleSet, vocabulary: &Vocabulary) -> Vec<Finding> {
    doubts::of(set, vocabulary)
        .into_iter()
        .map(|doubt| finding(doubt, Level::Warning, (0, 0)))
        .collect()
}

fn refused(findings: Vec<Finding>) -> Lint {
    sorted(findings, None)
}

fn sorted(mut findings: Vec<Finding>, set: Option<RuleSet>) -> Lint {
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.level));
    Lint { findings, set }
}

fn fault_at_top(problem: &str, mend: &str) -> Finding {
    Finding {
        level: Level::Fault,
        line: 1,
        column: 1,
        path: String::new(),
        problem: problem.to_owned(),
        mend: mend.to_owned(),
    }
}

fn finding(fault: Fault, level: Level, (line, column): (u32, u32)) -> Finding {
    Finding {
        level,
        line,
        column,
        path: fault.path,
        problem: fault.problem,
        mend: fault.mend,
    }
}

fn located(node: &Node, faults: Vec<Fault>, level: Level) -> Vec<Finding> {
    faults
        .into_iter()
        .map(|mut fault| {
            let (place, path) = node.locate(&fault.path);
            fault.path = path;
            finding(fault, level, (place.line, place.column))
        })
        .collect()
}

/// Adds the faults of the set that was read. They know more of the matter than the schema does, so
/// theirs is the word where both speak of one place.
fn merge(findings: &mut Vec<Finding>, faults: Vec<Finding>) {
    findings.retain(|one| !faults.iter().any(|fault| fault.path == one.path));
    findings.extend(faults);
}

/// The faults that are not there only because a broken part was left out: those told of what holds
/// it, and those of layers that ask for a signal which was left out.
fn without_consequences(faults: Vec<Finding>, broken: &[Finding]) -> Vec<Finding> {
    let is_within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let has_lost_signals = broken.iter().any(|one| one.path.starts_with("signals"));
    faults
        .into_iter()
        .filter(|fault| !broken.iter().any(|one| is_within(&one.path, &fault.path)))
        .filter(|fault| !(has_lost_signals && fault.path.starts_with("layers")))
        .collect()
}

/// The document without what keeps it from being read, so that the rest can be judged: stray fields
/// go, a broken signal or rule goes whole, and another broken part is taken from the default set.
fn without_departures(node: &Node, departures: &[Departure]) -> Node {
    let mut node = node.clone();
    for departure in departures {
        match departure.effect {
            Effect::Readable => {}
            Effect::StrayField => drop_field(&mut node, &departure.finding.path),
            Effect::Unreadable => drop_part(&mut node, &departure.finding.path),
        }
    }
    node
}

fn drop_field(node: &mut Node, path: &str) {
    let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
    if let Some(Node {
        content: Content::Map(entries),
        ..
    }) = node.find_mut(parent)
    {
        entries.retain(|entry| entry.key != key);
    }
}

fn drop_part(node: &mut Node, path: &str) {
    let section = path.split(['.', '[']).next().unwrap_or_default();
    let element = path[section.len()..]
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .and_then(|index| index.parse::<usize>().ok());
    let Content::Map(entries) = &mut node.content else {
        *node = default_node();
        return;
    };
    let written = entries.iter_mut().find(|entry| entry.key == section);
    match (element, written) {
        (Some(index), Some(entry)) => {
            if let Content::List(list) = &mut entry.value.content {
                list.retain(|inner| inner.index != index);
            }
        }
        (None, written) => {
            let default = default_node();
            match (default.get(section), written) {
                (Some(healthy), Some(entry)) => entry.value.content = healthy.value.content.clone(),
                // A missing part is told of the whole document.
                _ => {
                    let Content::Map(healthy) = default.content else {
                        return;
                    };
                    for entry in healthy {
                        if !entries.iter().any(|one| one.key == entry.key) {
                            entries.push(entry);
                        }
                    }
                }
            }
        }
        (Some(_), None) => {}
    }
}

fn default_node() -> Node {
    Node::from_yaml(super::presets::Preset::Default.yaml())
        .expect("the default rule set is valid: a test reads it")
}

#[cfg(test)]
mod tests;
