//! What came of an import, in figures and words.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::Kept;
use crate::event::Event;
use crate::kernel::secret::sha256;

/// The most faults that are kept with their words.
const FAULTS_MAX: usize = 1_000;

/// How many of them are kept for a later run.
const FAULTS_NOTED: usize = 100;

/// How many events a dry run shows.
const SHOWN_EVENTS: usize = 3;

/// What came of an import. Kept beside it, so that a later run goes on counting.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tally {
    /// Lines of all files read so far.
    pub(super) lines: u64,
    /// Events that were made, fit to be stored or not.
    pub(super) events: u64,
    pub(super) stored: u64,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
    pub(super) rejected: u64,
    /// Refused events that are listed under Live.
    pub(super) kept: u64,
    /// Refused events and conflicts, by their word.
    pub(super) by_code: BTreeMap<String, u64>,
    /// Rows that were left out, by why.
    pub(super) skipped: BTreeMap<String, u64>,
    /// The first faults.
    pub(super) faults: Vec<Kept>,
}

impl Tally {
    /// Counts a refused event or a conflict; the first are kept in words.
    pub(super) fn fault(&mut self, fault: Kept) {
        *self.by_code.entry(fault.code.clone()).or_default() += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// As it is noted for a later run: with the first faults, and without the values in them, which
    /// are people's and would stay for ever.
    pub(super) fn noted(&self) -> serde_json::Result<Value> {
        let faults: Vec<Kept> = self
            .faults
            .iter()
            .take(FAULTS_NOTED)
            .map(|fault| Kept {
                value: None,
                ..fault.clone()
            })
            .collect();
        let mut report = serde_json::to_value(self)?;
        report["faults"] = serde_json::to_value(faults)?;
        Ok(report)
    }

    /// Whether everything was taken.
    pub(super) const fn is_clean(&self) -> bool {
        self.rejected == 0 && self.conflicts == 0
    }

    /// The figures, for people; at most `faults_shown` faults.
    pub(super) fn in_words(&self, looked: Option<&Looked>, faults_shown: usize) -> String {
        let Self {
            lines,
            events,
            stored,
            duplicates,
            conflicts,
            rejected,
            ..
        } = self;
        let mut text = match looked {
            None => format!(
                "{lines} lines read, {events} events: {stored} stored, {duplicates} stored before, \
                 {conflicts} in conflict, {rejected} rejected"
            ),
            Some(looked) => format!(
                "{lines} lines read, {events} events: {stored} would be stored, {duplicates} are stored \
                 already or come twice, {conflicts} are in conflict, {rejected} would be rejected\n{}",
                looked.in_words()
            ),
        };
        let mut line = |parts: &[&str]| {
            text.push('\n');
            text.extend(parts.iter().copied());
        };
        for (reason, count) in &self.skipped {
            line(&[&count.to_string(), " skipped: ", reason]);
        }
        for (code, count) in &self.by_code {
            line(&[&count.to_string(), " not taken: ", code]);
        }
        for fault in self.faults.iter().take(faults_shown) {
            line(&["  ", &fault.in_words()]);
        }
        let all: u64 = self.by_code.values().sum();
        let unshown = all - (self.faults.len().min(faults_shown) as u64).min(all);
        if unshown > 0 {
            line(&[
                "  and ",
                &unshown.to_string(),
                " more; --faults shows more of them",
            ]);
        }
        if self.kept > 0 {
            line(&[
                "The first ",
                &self.kept.to_string(),
                " of these are listed under Live for seven days.",
            ]);
        }
        text
    }
}

/// What a dry run learns of the events beside their number.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Message ids and what they stand for, both cut from their hashes.
    ids: HashMap<[u8; 16], [u8; 8]>,
    people: HashSet<[u8; 8]>,
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    first: Vec<Value>,
}

/// How an event relates to those before it in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    New,
    Same,
    Other,
}

/// As it is printed with `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Printed<'a> {
    #[serde(flatten)]
    pub(super) tally: &'a Tally,
    pub(super) dry_run: bool,
    pub(super) done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) people: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) first: &'a [Value],
}

impl Looked {
    /// Takes an event into account that could be stored.
    pub(super) fn see(&mut self, event: &Event) -> Before {
        let id = head(&sha256(event.message_id.as_bytes()));
        let content = head(&event.payload_hash);
        if let Some(known) = self.ids.insert(id, content) {
            self.ids.insert(id, known);
            return if known == content {
                Before::Same
            } else {
                Before::Other
            };
        }
        let person = match (&event.user_id, &event.anonymous_id) {
            (Some(user), _) => ["u", user].concat(),
            (None, Some(anonymous)) => ["a", anonymous].concat(),
            (None, None) => String::new(),
        };
        self.people.insert(head(&sha256(person.as_bytes())));
        let at = event.event_time;
        let (from, until) = self.span.unwrap_or((at, at));
        self.span = Some((from.min(at), until.max(at)));
        if self.first.len() < SHOWN_EVENTS {
            self.first.push(shown(event));
        }
        Before::New
    }

    pub(super) fn people(&self) -> usize {
        self.people.len()
    }

    pub(super) const fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.span
    }

    pub(super) fn first(&self) -> &[Value] {
        &self.first
    }

    fn in_words(&self) -> String {
        let Some((from, until)) = self.span else {
            return String::from("No event could be stored.");
        };
        let mut text = format!(
            "{} people, from {} to {}. The first, as they would be stored:",
            self.people.len(),
            from.format("%Y-%m-%d %H:%M:%S UTC"),
            until.format("%Y-%m-%d %H:%M:%S UTC"),
        );
        for event in &self.first {
            text.push_str("\n  ");
            text.push_str(&event.to_string());
        }
        text
    }
}

/// An event as it would be stored.
fn shown(event: &Event) -> Value {
    serde_json::json!({
        "message_id": event.message_id,
        "type": event.kind.as_str(),
        "name": event.name,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "event_time": event.event_time,
        "flags": event.flags,
        "payload": serde_json::from_str(&event.payload).unwrap_or(Value::Null),
    })
}

fn head<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut head = [0; N];
    head.copy_from_slice(&hash[..N]);
    head
}
