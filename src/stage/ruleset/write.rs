//! Writing a rule set as YAML that people like to read: short parts on one line, long ones below
//! each other, fields in the order of the types.

use std::fmt::{self, Write as _};

use super::RuleSet;
use super::document::{Content, Entry, Node};

/// A part that fits into this many characters, indentation included, is written on one line.
const WIDTH: usize = 110;

impl RuleSet {
    /// The document in YAML; reads back equal. Comments of a document it was read from are gone.
    pub fn to_yaml(&self) -> String {
        let json = serde_json::to_string(self).expect("a rule set holds only text and numbers");
        // JSON is YAML, and read as such it keeps the order of its fields.
        let node = Node::from_yaml(&json).expect("what was just written can be read");
        let mut text = String::new();
        if let Content::Map(entries) = &node.content {
            for (index, entry) in entries.iter().enumerate() {
                let is_long = matches!(&entry.value.content, Content::List(_));
                if index > 0 && is_long {
                    text.push('\n');
                }
                write_entry(&mut text, entry, 0);
            }
        }
        text
    }
}

fn push(text: &mut String, line: fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes any text");
}

fn write_entry(text: &mut String, entry: &Entry, depth: usize) {
    let indent = "  ".repeat(depth);
    let key = scalar(&entry.key);
    let head = format!("{indent}{key}: ");
    let line = flow(&entry.value);
    let is_section = depth == 0 && !is_empty(&entry.value) && is_list(&entry.value);
    let fits = head.chars().count() + line.chars().count() <= WIDTH;
    if fits && !is_section && !is_spread(&entry.value) {
        push(text, format_args!("{head}{line}\n"));
        return;
    }
    push(text, format_args!("{indent}{key}:\n"));
    write_block(text, &entry.value, depth + 1);
}

/// A list or mapping below the line that names it.
fn write_block(text: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    match &node.content {
        Content::Map(entries) => {
            for entry in entries {
                write_entry(text, entry, depth);
            }
        }
        Content::List(list) => {
            for item in list {
                let line = member(item);
                if !is_spread(item) && indent.len() + 2 + line.chars().count() <= WIDTH {
                    push(text, format_args!("{indent}- {line}\n"));
                    continue;
                }
                let mut inner = String::new();
                write_block(&mut inner, item, depth + 1);
                // The first line of the member stands behind the dash.
                let behind = inner.trim_start_matches(' ');
                push(text, format_args!("{indent}- {behind}"));
            }
        }
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => {
            push(text, format_args!("{indent}{}\n", flow(node)));
        }
    }
}

fn is_list(node: &Node) -> bool {
    matches!(node.content, Content::List(_))
}

fn is_empty(node: &Node) -> bool {
    match &node.content {
        Content::List(list) => list.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => false,
    }
}

/// Whether the part is hard to take in on one line, however short: several groups of fields are
/// listed in it, or it is a rule.
fn is_spread(node: &Node) -> bool {
    let is_group = |node: &Node| matches!(node.content, Content::Map(_));
    match &node.content {
        Content::List(list) => {
            (list.len() > 1 && list.iter().any(is_group)) || list.iter().any(is_spread)
        }
        Content::Map(entries) => entries.iter().any(|entry| {
            is_spread(&entry.value) || (entry.key == "when" && !is_list(&entry.value))
        }),
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => false,
    }
}

/// A member of a list on one line; a single field needs no braces there.
fn member(node: &Node) -> String {
    match &node.content {
        Content::Map(entries) => match &entries[..] {
            [entry] => format!("{}: {}", scalar(&entry.key), flow(&entry.value)),
            _ => flow(node),
        },
        _ => flow(node),
    }
}

/// The part on one line.
fn flow(node: &Node) -> String {
    match &node.content {
        Content::Null => "null".to_owned(),
        Content::Bool(value) => value.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text(text) => scalar(text),
        Content::List(list) => {
            let items: Vec<String> = list.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Content::Map(entries) => {
            let fields: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}: {}", scalar(&entry.key), flow(&entry.value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// A text as it is where YAML takes it for text, else in quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        serde_json::to_string(text).expect("text is JSON")
    }
}

fn is_plain(text: &str) -> bool {
    /// What some reader of YAML takes for something else than text.
    const TAKEN: [&str; 11] = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '$')
        && letters.all(|letter| letter.is_alphanumeric() || " _-.".contains(letter))
        && !text.ends_with(' ')
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::ruleset::{Guard, Preset, Scalar};

    #[test]
    fn every_preset_reads_back_equal_and_stays_readable() {
        for preset in Preset::ALL {
            let set = preset.set();
            let yaml = set.to_yaml();

            assert_eq!(RuleSet::from_yaml(&yaml).unwrap(), set, "{yaml}");
            let longest = yaml.lines().map(|line| line.chars().count()).max();
            assert!(longest.is_some_and(|longest| longest <= 160), "{yaml}");
        }
    }

    #[test]
    fn short_parts_stand_on_one_line_and_rules_are_spread() {
        let yaml = Preset::Default.set().to_yaml();

        for line in [
            "name: Default",
            "  - { event: Signed Up, add: { familiarity: 6 }, cap: { familiarity: 6 } }",
            "  - id: P1",
            "        - score: { of: [familiarity, investment], at_least: 9 }",
        ] {
            assert!(yaml.lines().any(|one| one == line), "{line}\n{yaml}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_any_number_reads_back_equal(
            name in "\\PC{1,40}",
            event in "[a-zA-Z0-9 :#{}\\[\\],&*!|>'\"%@`~^?.$=+/\\\\\u{e4}\u{1F600}-]{1,30}",
            property in "[a-z_]{1,10}",
            equals in prop_oneof![
                any::<bool>().prop_map(Scalar::Bool),
                (-1e9..1e9_f64).prop_map(Scalar::Number),
                "\\PC{0,12}".prop_map(Scalar::Text),
            ],
            points in -10_000.0..10_000.0_f64,
        ) {
            prop_assume!(!name.trim().is_empty() && !event.trim().is_empty());
            let mut set = RuleSet::default_set();
            set.name = name;
            set.signals[0].event = event;
            set.signals[0].add.as_mut().unwrap().familiarity = Some(points);
            let order = set.signals.iter().position(|signal| !signal.cases.is_empty()).unwrap();
            set.signals[order].cases[0].when[0] = Guard {
                property,
                equals: Some(equals),
                ..Guard::default()
            };
            prop_assume!(set.validate().is_empty());

            let yaml = set.to_yaml();

            prop_assert_eq!(RuleSet::from_yaml(&yaml).unwrap(), set, "{}", yaml);
        }
    }
}
