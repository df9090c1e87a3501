//! Whether a document has the shape that its schema asks for, every departure told with its place
//! and its mend.
//!
//! Reads the part of JSON Schema that our own schema uses, and says what is wrong in the words of
//! somebody who writes rules; a general validator speaks of schemas.

use serde_json::Value;

use super::nearest::nearest;
use super::{Finding, Level};
use crate::stage::ruleset::document::{Content, Entry, Node, Place, push_key};
use crate::stage::ruleset::schema::schema;

/// A departure from the schema.
#[derive(Debug, Clone)]
pub(in crate::stage::ruleset) struct Departure {
    pub(in crate::stage::ruleset) finding: Finding,
    pub(in crate::stage::ruleset) effect: Effect,
}

/// What a departure does to the reading of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage::ruleset) enum Effect {
    /// It can be read, and is refused afterwards.
    Readable,
    /// Without this field it could be read.
    StrayField,
    /// It cannot be read.
    Unreadable,
}

/// Everything in `node` that departs from the schema of a rule set.
pub(in crate::stage::ruleset) fn check(node: &Node) -> Vec<Departure> {
    let mut walk = Walk {
        root: schema(),
        departures: Vec::new(),
    };
    walk.node(node, schema(), "");
    walk.departures
}

struct Walk {
    root: &'static Value,
    departures: Vec<Departure>,
}

/// A part, where its name stands, and its path.
#[derive(Clone, Copy)]
struct At<'a> {
    place: Place,
    path: &'a str,
}

impl Walk {
    fn add(&mut self, at: At<'_>, problem: String, mend: impl Into<String>) {
        self.add_with(at, (problem, mend.into()), Effect::Unreadable);
    }

    fn add_with(&mut self, at: At<'_>, (problem, mend): (String, String), effect: Effect) {
        let finding = Finding {
            level: Level::Fault,
            line: at.place.line,
            column: at.place.column,
            path: at.path.to_owned(),
            problem,
            mend,
        };
        self.departures.push(Departure { finding, effect });
    }

    fn node(&mut self, node: &Node, schema: &'static Value, path: &str) {
        let at = At {
            place: node.place,
            path,
        };
        let schema = self.resolve(schema);
        if let Some(variants) = variants(schema) {
            self.variant(node, variants, at);
            return;
        }
        if !self.kind(node, schema, at) {
            return;
        }
        match &node.content {
            Content::Map(entries) => self.map(entries, schema, at),
            Content::List(list) => self.list(list, schema, at),
            Content::Text(text) => self.text(text, schema, at),
            Content::Number(number) => self.number(*number, schema, at),
            Content::Null | Content::Bool(_) => {}
        }
    }

    fn resolve(&self, schema: &'static Value) -> &'static Value {
        let mut schema = schema;
        while let Some(reference) = schema["$ref"].as_str() {
            schema = self
                .root
                .pointer(reference.trim_start_matches('#'))
                .expect("the schema refers to its own parts: a test walks all of it");
        }
        schema
    }

    /// Whether the part is of a kind that the schema allows.
    fn kind(&mut self, node: &Node, schema: &Value, at: At<'_>) -> bool {
        let allowed = kinds(schema);
        if allowed.is_empty() || allowed.iter().any(|kind| is_kind(&node.content, kind)) {
            return true;
        }
        let wanted = allowed
            .iter()
            .filter(|kind| **kind != "null" || allowed.len() == 1)
            .map(|kind| kind_in_words(kind))
            .collect::<Vec<_>>()
            .join(" or ");
        let mend = match (&node.content, allowed.first()) {
            (Content::Number(_) | Content::Bool(_) | Content::Null, Some(&"string")) => {
                "put it in quotes, so that it is read as text".to_owned()
            }
            (Content::Null, _) => format!("give {wanted}, or drop the line"),
            (Content::Text(_) | Content::Map(_), Some(&"array")) => {
                "write it as a list: [a, b]".to_owned()
            }
            _ => format!("give {wanted}"),
        };
        let problem = format!("{} where {wanted} is wanted", in_words(&node.content));
        self.add(at, problem, mend);
        false
    }

    fn map(&mut self, entries: &[Entry], schema: &'static Value, at: At<'_>) {
        let properties = schema["properties"].as_object();
        let names: Vec<&str> = properties
            .into_iter()
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect();
        for entry in entries {
            let mut path = at.path.to_owned();
            push_key(&mut path, &entry.key);
            match properties.and_then(|properties| properties.get(&entry.key)) {
                Some(inner) => self.node(&entry.value, inner, &path),
                None if schema["additionalProperties"] == Value::Bool(false) => {
                    let at = At {
                        place: entry.place,
                        path: &path,
                    };
                    let mend = one_of("the fields here are", &entry.key, &names);
                    let problem = format!("there is no field `{}` here", entry.key);
                    self.add_with(at, (problem, mend), Effect::StrayField);
                }
                None => {}
            }
        }
        for name in strings(&schema["required"]) {
            if !entries.iter().any(|entry| entry.key == name) {
                let says = properties
                    .and_then(|properties| properties[name]["description"].as_str())
                    .unwrap_or_default();
                let mend = format!("add `{name}`: {}", first_sentence(says));
                self.add(at, format!("`{name}` is missing"), mend);
            }
        }
        self.exactly_one(entries, schema, at);
    }

    /// For parts that compare once: one of several fields, and only one.
    fn exactly_one(&mut self, entries: &[Entry], schema: &Value, at: At<'_>) {
        let choices: Vec<&str> = schema["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|choice| strings(&choice["required"]))
            .collect();
        if choices.is_empty() {
            return;
        }
        let given: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.value.content != Content::Null)
            .map(|entry| entry.key.as_str())
            .filter(|key| choices.contains(key))
            .collect();
        if given.len() == 1 {
            return;
        }
        let problem = if given.is_empty() {
            "it compares with nothing".to_owned()
        } else {
            format!("it compares {} times: {}", given.len(), given.join(", "))
        };
        let mend = format!("give exactly one of {}", choices.join(", "));
        self.add(at, problem, mend);
    }

    fn list(&mut self, list: &[Node], schema: &'static Value, at: At<'_>) {
        let limit = |name: &str| schema[name].as_u64().and_then(|n| usize::try_from(n).ok());
        if let Some(least) = limit("minItems").filter(|least| list.len() < *least) {
            let says = (
                "the list is empty".to_owned(),
                format!("give at least {least}"),
            );
            self.add_with(at, says, Effect::Readable);
        }
        if let Some(most) = limit("maxItems").filter(|most| list.len() > *most) {
            let says = (
                "there are too many".to_owned(),
                format!("keep at most {most}"),
            );
            self.add_with(at, says, Effect::Readable);
        }
        for node in list {
            self.node(
                node,
                &schema["items"],
                &format!("{}[{}]", at.path, node.index),
            );
        }
    }

    fn text(&mut self, text: &str, schema: &Value, at: At<'_>) {
        let allowed = strings(&schema["enum"]);
        if !allowed.is_empty() && !allowed.contains(&text) {
            let mend = one_of("it is one of", text, &allowed);
            self.add(at, format!("`{text}` is not known here"), mend);
        }
        let most = schema["maxLength"].as_u64();
        let is_long = most.is_some_and(|most| text.chars().count() as u64 > most);
        // The one pattern that the schema uses asks for something to read.
        if is_long || (schema["pattern"].is_string() && text.trim().is_empty()) {
            let mend = format!(
                "give a name of 1 to {} characters",
                most.unwrap_or_default()
            );
            let says = ("the name is empty or too long".to_owned(), mend);
            self.add_with(at, says, Effect::Readable);
        }
    }

    fn number(&mut self, number: f64, schema: &Value, at: At<'_>) {
        let least = schema["minimum"].as_f64();
        let above = schema["exclusiveMinimum"].as_f64();
        let most = schema["maximum"].as_f64();
        let fits = number.is_finite()
            && least.is_none_or(|least| number >= least)
            && above.is_none_or(|above| number > above)
            && most.is_none_or(|most| number <= most);
        if fits {
            return;
        }
        let most = most.map(|most| format!("at most {most}"));
        let least = least.map(|least| format!("at least {least}"));
        let above = above.map(|above| format!("above {above}"));
        let bounds: Vec<String> = above.or(least).into_iter().chain(most).collect();
        let mend = if bounds.is_empty() {
            "give a plain number".to_owned()
        } else {
            format!("give a number {}", bounds.join(", "))
        };
        let is_small_whole = number.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number);
        let effect = if kinds(schema).contains(&"integer") && !is_small_whole {
            Effect::Unreadable
        } else {
            Effect::Readable
        };
        self.add_with(at, (format!("{number} cannot be used here"), mend), effect);
    }

    /// A part that may be written in several ways.
    fn variant(&mut self, node: &Node, variants: &'static [Value], at: At<'_>) {
        let (nothing, variants): (Vec<&Value>, Vec<&Value>) = variants
            .iter()
            .map(|schema| self.resolve(schema))
            .partition(|schema| schema["type"] == "null");
        match (&node.content, &nothing[..], &variants[..]) {
            (Content::Null, [_, ..], _) => return,
            (_, [_, ..], [only]) => return self.node(node, only, at.path),
            _ => {}
        }
        let words: Vec<&str> = variants
            .iter()
            .filter_map(|v| v["const"].as_str())
            .collect();
        let keyed: Vec<(&'static str, &'static Value)> =
            variants.iter().filter_map(|v| keyed(v)).collect();
        if words.is_empty() && keyed.len() < 2 {
            self.kinds_of(node, &variants, at);
            return;
        }
        let names: Vec<&str> = words
            .iter()
            .copied()
            .chain(keyed.iter().map(|(key, _)| *key))
            .collect();
        match &node.content {
            Content::Text(text) if words.contains(&text.as_str()) => {}
            Content::Text(text) if keyed.iter().any(|(key, _)| key == text) => {
                let mend = format!("write what it asks for after it: `{text}: …`");
                self.add(at, format!("`{text}` needs more than its name"), mend);
            }
            Content::Text(text) => {
                let mend = one_of("it is one of", text, &names);
                self.add(at, format!("`{text}` is not known here"), mend);
            }
            Content::Map(entries) => self.keyed(entries, &words, &keyed, at),
            content => {
                let problem = format!("{} cannot stand here", in_words(content));
                self.add(at, problem, format!("give one of {}", names.join(", ")));
            }
        }
    }

    fn keyed(
        &mut self,
        entries: &[Entry],
        words: &[&str],
        keyed: &[(&'static str, &'static Value)],
        at: At<'_>,
    ) {
        let names: Vec<&str> = keyed.iter().map(|(key, _)| *key).collect();
        let [entry] = entries else {
            let mend = "write each under its own dash, or put them under `all:`";
            self.add(
                at,
                format!("{} names where one is wanted", entries.len()),
                mend,
            );
            return;
        };
        let mut path = at.path.to_owned();
        push_key(&mut path, &entry.key);
        if let Some((_, inner)) = keyed.iter().find(|(key, _)| *key == entry.key) {
            self.node(&entry.value, inner, &path);
            return;
        }
        let at = At {
            place: entry.place,
            path: &path,
        };
        if words.contains(&entry.key.as_str()) {
            let mend = format!("write it by itself: {}", entry.key);
            self.add(at, format!("`{}` takes nothing after it", entry.key), mend);
        } else {
            let all: Vec<&str> = words.iter().chain(&names).copied().collect();
            let mend = one_of("it is one of", &entry.key, &all);
            self.add(at, format!("`{}` is not known here", entry.key), mend);
        }
    }

    /// A part that may be of several kinds: the variant of its kind decides.
    fn kinds_of(&mut self, node: &Node, variants: &[&'static Value], at: At<'_>) {
        let of_kind = variants.iter().find(|schema| {
            kinds(schema)
                .iter()
                .any(|kind| is_kind(&node.content, kind))
        });
        if let Some(schema) = of_kind {
            self.node(node, schema, at.path);
            return;
        }
        let wanted: Vec<&str> = variants
            .iter()
            .flat_map(|schema| kinds(schema))
            .filter(|kind| *kind != "null")
            .map(kind_in_words)
            .collect();
        let wanted = wanted.join(" or ");
        let problem = format!("{} where {wanted} is wanted", in_words(&node.content));
        self.add(at, problem, format!("give {wanted}"));
    }
}

/// The ways in which a part may be written, if there are several.
fn variants(schema: &'static Value) -> Option<&'static [Value]> {
    if schema["properties"].is_object() {
        return None;
    }
    let list = schema["oneOf"].as_array().or(schema["anyOf"].as_array())?;
    Some(list)
}

/// The key and the value's schema of a variant that is one key.
fn keyed(schema: &'static Value) -> Option<(&'static str, &'static Value)> {
    let [key] = strings(&schema["required"])[..] else {
        return None;
    };
    Some((key, &schema["properties"][key]))
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        list => strings(list),
    }
}

fn is_kind(content: &Content, kind: &str) -> bool {
    match content {
        Content::Null => kind == "null",
        Content::Bool(_) => kind == "boolean",
        Content::Number(number) => kind == "number" || (kind == "integer" && number.fract() == 0.0),
        Content::Text(_) => kind == "string",
        Content::List(_) => kind == "array",
        Content::Map(_) => kind == "object",
    }
}

fn kind_in_words(kind: &str) -> &'static str {
    match kind {
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        "string" => "text",
        "array" => "a list",
        "object" => "a group of fields",
        _ => "nothing",
    }
}

fn in_words(content: &Content) -> String {
    match content {
        Content::Null => "nothing".to_owned(),
        Content::Bool(value) => format!("`{value}`"),
        Content::Number(number) => format!("the number {number}"),
        Content::Text(text) => format!("the text \"{}\"", shortened(text)),
        Content::List(_) => "a list".to_owned(),
        Content::Map(_) => "a group of fields".to_owned(),
    }
}

/// "did you mean …" where one is near, else all there are.
fn one_of(lead: &str, written: &str, names: &[&str]) -> String {
    match nearest(written, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {lead} {}", names.join(", ")),
        None => format!("{lead} {}", names.join(", ")),
    }
}

fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let end = text.find(". ").map_or(text.len(), |dot| dot + 1);
    text[..end].trim_end_matches('.').to_owned()
}

fn shortened(text: &str) -> String {
    /// As much of a text as is repeated in a message.
    const CHARS_MAX: usize = 40;
    if text.chars().count() <= CHARS_MAX {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(CHARS_MAX).collect::<String>())
    }
}
