//! What two rule sets say differently, sentence by sentence.

use super::{Sentence, Sentences};
use crate::stage::ruleset::{RuleSet, changes};

/// A sentence that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: `Rule P2`, `Order Completed`, `Complaints`.
    pub place: String,
    /// What it said; none if it is new.
    pub was: Option<String>,
    /// What it says; none if it is gone.
    pub is: Option<String>,
}

/// The sentences of one part: the part's place in the document, what people call it, and they.
struct Part {
    key: String,
    place: String,
    sentences: Vec<String>,
}

/// What `to` says differently from `from`. What no sentence tells is told as the document has it.
pub fn differences(from: &RuleSet, to: &RuleSet) -> Vec<Difference> {
    let (before, after) = (parts(from), parts(to));
    let mut found = Vec::new();
    let mut told = Vec::new();
    let added = after
        .iter()
        .filter(|part| !before.iter().any(|one| one.key == part.key));
    for part in before.iter().chain(added) {
        let find = |list: &'_ [Part]| {
            let same = list.iter().find(|one| one.key == part.key);
            same.map(|one| one.sentences.clone()).unwrap_or_default()
        };
        let count = found.len();
        compare(&part.place, &find(&before), &find(&after), &mut found);
        if found.len() > count {
            told.push(part.key.as_str());
        }
    }
    for change in changes(from, to) {
        if !told.iter().any(|key| change.place.starts_with(key)) {
            let said = |value: &serde_json::Value| match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            found.push(Difference {
                place: change.place.clone(),
                was: change.was.as_ref().map(said),
                is: change.is.as_ref().map(said),
            });
        }
    }
    found
}

fn compare(place: &str, was: &[String], is: &[String], found: &mut Vec<Difference>) {
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        let is_missing = |sentence: &&String| !other.contains(sentence);
        one.iter().filter(is_missing).cloned().collect()
    };
    let (gone, new) = (only(was, is), only(is, was));
    for index in 0..gone.len().max(new.len()) {
        found.push(Difference {
            place: place.to_owned(),
            was: gone.get(index).cloned(),
            is: new.get(index).cloned(),
        });
    }
}

fn parts(set: &RuleSet) -> Vec<Part> {
    let words = Sentences::of(set);
    let texts = |list: &[Sentence]| list.iter().map(Sentence::text).collect::<Vec<_>>();
    let part = |key: &str, place: &str, sentences: Vec<String>| Part {
        key: key.to_owned(),
        place: place.to_owned(),
        sentences,
    };
    let rules = words.rules.iter().map(|rule| {
        // A stage that is renamed changes no rule: only how the conditions are joined matters.
        let how = rule.lead.rsplit(" when ").next().unwrap_or_default();
        let lines = rule.lines.iter().map(|line| line.sentence.text());
        let sentences = std::iter::once(how.trim_end_matches(':').to_owned()).chain(lines);
        part(
            &format!("rules {}", rule.id),
            &format!("Rule {}", rule.id),
            sentences.collect(),
        )
    });
    let signals = words.signals.iter().map(|signal| {
        let key = format!("signals {}", signal.event);
        part(&key, &signal.event, texts(&signal.sentences))
    });
    let (title, stages) = words.names.split_at(1);
    rules
        .chain(signals)
        .chain([
            part("half_life_days", "How scores fade", texts(&words.fading)),
            part("disputes", "Complaints", texts(&words.disputes)),
            part("referrals", "Bringing others", texts(&words.referrals)),
            part("contact", "Writing to people", texts(&words.contact)),
            part("stages", "Names", texts(stages)),
            part("name", "Names", texts(title)),
        ])
        .collect()
}
