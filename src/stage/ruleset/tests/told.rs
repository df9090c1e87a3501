//! What people are told of rule sets, written down: every preset in words, and what is said of
//! documents that were damaged in every place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::stage::hash;
use crate::stage::ruleset::lint::{self, Vocabulary, lint};
use crate::stage::ruleset::sentences::{Sentence, Sentences};
use crate::stage::ruleset::{Preset, RuleSet};

/// Every sentence, and below it the figures in it with what they are called.
fn sentence(told: &mut String, indent: usize, sentence: &Sentence) {
    let _ = writeln!(told, "{:indent$}{}", "", sentence.text());
    for slot in sentence.slots() {
        let _ = writeln!(
            told,
            "{:indent$}  [{}] {:?} {} = {}",
            "", slot.label, slot.kind, slot.path, slot.value
        );
    }
}

fn in_words(set: &RuleSet) -> String {
    let all = Sentences::of(set);
    let mut told = String::new();
    for (name, list) in [
        ("names", &all.names),
        ("fading", &all.fading),
        ("disputes", &all.disputes),
        ("referrals", &all.referrals),
        ("contact", &all.contact),
    ] {
        let _ = writeln!(told, "{name}:");
        for one in list {
            sentence(&mut told, 2, one);
        }
    }
    for rule in &all.rules {
        let _ = writeln!(told, "rule:");
        for line in &rule.lines {
            sentence(&mut told, 2 + line.depth * 2, &line.sentence);
        }
    }
    for signal in &all.signals {
        let _ = writeln!(told, "signal:");
        for one in &signal.sentences {
            sentence(&mut told, 2, one);
        }
    }
    let _ = writeln!(told, "speaks up by: {}", set.advocacy_events().join(", "));
    told
}

#[test]
fn every_preset_in_words() {
    for preset in Preset::ALL {
        insta::assert_snapshot!(format!("words-{}", preset.slug()), in_words(&preset.set()));
    }
}

/// A person is one and people are many, in the sentences of conditions that count.
#[test]
fn one_of_anything_is_named_in_the_singular() {
    let mut document = serde_json::to_value(RuleSet::default_set()).unwrap();
    document["rules"][0]["when"] = json!({ "all": [
        { "converted_referrals": { "at_least": 1 } },
        { "converted_referrals": { "at_least": 2, "within_days": 30 } },
        { "advocacy_kinds": { "at_least": 1 } },
        { "advocacy_kinds": { "at_least": 2 } },
        { "orders": { "at_least": 1, "within_days": 1 } },
        { "orders": { "at_least": 2, "within_days": 30 } },
        { "days_in_stage": { "at_least": 1 } },
        { "qualifying_days": { "at_least": 1, "within_days": 1 } },
        { "not": { "any": ["known", "no_open_dispute"] } },
    ] });
    let set: RuleSet = serde_json::from_value(document).unwrap();
    let all = Sentences::of(&set);
    let lines = all.rules[0].lines.iter();
    let told: Vec<String> = lines.map(|line| line.sentence.text()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// Every place of a document that is no event's own, and of every ninth event.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                if at != "/signals" || index % 9 == 0 {
                    places(inner, &format!("{at}/{index}"), found);
                }
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                places(inner, &format!("{at}/{}", key.replace('/', "~1")), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What may have got into a place: `number` turns.
fn damage(was: &Value, number: usize) -> Value {
    let turned = match number % 9 {
        0 => json!(null),
        1 => json!(-1),
        2 => json!(0),
        3 => json!("stray"),
        4 => json!([]),
        5 => json!({ "stray": 1 }),
        6 => json!(2.5),
        7 => json!(70_000),
        _ => json!(true),
    };
    // Figures are more often off than of another kind.
    match was.as_f64() {
        Some(figure) if number.is_multiple_of(2) => {
            json!(figure * [0.0, 0.5, 2.0, 40.0][number / 2 % 4])
        }
        _ => turned,
    }
}

/// A finding without the figures and names that make two of a kind different.
fn kind_of(problem: &str) -> String {
    let mut kind = String::new();
    let mut in_quotes = false;
    for letter in problem.chars() {
        if letter == '"' {
            in_quotes = !in_quotes;
            kind.push(letter);
        } else if !in_quotes && !letter.is_ascii_digit() {
            kind.push(letter);
        }
    }
    kind
}

#[test]
fn what_is_said_of_damaged_documents() {
    let vocabulary = Vocabulary::standard();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut told = String::new();
    for preset in Preset::ALL {
        let document = serde_json::to_value(preset.set()).unwrap();
        let mut all = Vec::new();
        places(&document, "", &mut all);
        let mut sections: BTreeMap<String, (usize, usize, u64)> = BTreeMap::new();
        for (number, place) in all.iter().enumerate() {
            let mut damaged = document.clone();
            let node = damaged.pointer_mut(place).unwrap();
            *node = damage(node, number);
            let found = lint(&damaged.to_string(), &vocabulary);
            let name = place.split('/').nth(1).unwrap_or_default().to_owned();
            let section = sections.entry(name).or_default();
            section.0 += found.faults().count();
            section.1 += found.warnings().count();
            for finding in &found.findings {
                let text = format!("{finding:?}{}", section.2);
                section.2 = hash::fnv(text.as_bytes());
                *kinds
                    .entry(format!(
                        "{} | {}",
                        kind_of(&finding.problem),
                        kind_of(&finding.mend)
                    ))
                    .or_default() += 1;
            }
            if let Some(set) = &found.set {
                let text = format!("{:?}{}", lint::doubts(set, &vocabulary), section.2);
                section.2 = hash::fnv(text.as_bytes());
            }
        }
        for (name, (faults, warnings, digest)) in sections {
            let _ = writeln!(
                told,
                "{} {name}: {faults} faults, {warnings} warnings, {digest:016x}",
                preset.slug()
            );
        }
    }
    for (kind, times) in kinds {
        let _ = writeln!(told, "{times} x {kind}");
    }
    insta::assert_snapshot!(told);
}
