//! A document as it was written: every part with the line and column it stands at.
//!
//! YAML and JSON are read into the same tree, so that both are judged and understood alike.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Where something stands, counted from 1; line 0 where nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) place: Place,
    /// Its position in the list that it is written in; 0 outside lists.
    pub(super) index: usize,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and what it names, in the order of writing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

/// Why a text is no document.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) place: Place,
    pub(super) why: String,
}

impl Node {
    pub(super) fn from_yaml(text: &str) -> Result<Self, Unreadable> {
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        serde_saphyr::from_str_with_options::<Spanned<Content>>(text, options)
            .map(Self::from)
            .map_err(|error| Unreadable {
                place: error.location().map(Place::from).unwrap_or_default(),
                why: without_place(&error.without_snippet().to_string()),
            })
    }

    pub(super) fn from_json(text: &str) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_str(text).map_err(|error| Unreadable {
            place: Place {
                line: u32::try_from(error.line()).unwrap_or(0),
                column: u32::try_from(error.column()).unwrap_or(0),
            },
            why: without_place(&error.to_string()),
        })?;
        Ok(Self::from(&value))
    }

    /// The same without places. A whole number is an integer, however it was written.
    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => number_value(*number),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(list) => list.iter().map(Self::to_value).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_value()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// The part of a mapping that `key` names.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_) => None,
        }
    }

    /// The part that `path` names, by the positions of the original lists.
    pub(super) fn find_mut(&mut self, path: &str) -> Option<&mut Self> {
        steps(path).try_fold(self, |node, step| match (step, &mut node.content) {
            (Step::Key(key), Content::Map(entries)) => entries
                .iter_mut()
                .find(|entry| entry.key == key)
                .map(|entry| &mut entry.value),
            (Step::Index(index), Content::List(list)) => {
                list.iter_mut().find(|node| node.index == index)
            }
            _ => None,
        })
    }

    /// Where `path` leads, as far as it leads, and the path with the positions of the original
    /// lists.
    pub(super) fn locate(&self, path: &str) -> (Place, String) {
        let mut node = self;
        let mut place = self.place;
        let mut written = String::new();
        for step in steps(path) {
            match (step, &node.content) {
                (Step::Key(key), _) => {
                    push_key(&mut written, key);
                    let Some(entry) = node.get(key) else { continue };
                    node = &entry.value;
                    place = match node.content {
                        Content::List(_) | Content::Map(_) => entry.place,
                        _ => node.place,
                    };
                }
                (Step::Index(index), Content::List(list)) => {
                    let Some(inner) = list.get(index) else { break };
                    push_index(&mut written, inner.index);
                    node = inner;
                    place = inner.place;
                }
                (Step::Index(index), _) => push_index(&mut written, index),
            }
        }
        (place, written)
    }
}

/// `a.b`, or `b` at the top.
pub(super) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

fn push_index(path: &mut String, index: usize) {
    path.extend(["[", &index.to_string(), "]"]);
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The steps of a path like `signals[3].cases[0].when`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '['])
        .filter(|step| !step.is_empty())
        .map(|step| match step.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => Step::Index(index),
            Some(Err(_)) | None => Step::Key(step),
        })
}

fn number_value(number: f64) -> Value {
    /// Beyond this a float does not hold every integer.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and within the range of exact integers"
        )]
        let whole = number as i64;
        return Value::from(whole);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// What a parser says of a fault, without where: the place is told apart.
fn without_place(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut = [" at line ", " (line "]
        .iter()
        .filter_map(|mark| line.rfind(mark))
        .min()
        .unwrap_or(line.len());
    let line = &line[..cut];
    // "error: line 3 column 5: …"
    match line.split_once(": ") {
        Some((head, rest)) if head.contains("line ") => rest.to_owned(),
        _ => line.to_owned(),
    }
}

impl From<serde_saphyr::Location> for Place {
    fn from(location: serde_saphyr::Location) -> Self {
        Self {
            line: u32::try_from(location.line()).unwrap_or(0),
            column: u32::try_from(location.column()).unwrap_or(0),
        }
    }
}

impl From<Spanned<Content>> for Node {
    fn from(spanned: Spanned<Content>) -> Self {
        Self {
            place: Place::from(spanned.referenced),
            content: spanned.value,
            index: 0,
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(number) => Content::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Content::Text(text.clone()),
            Value::Array(list) => numbered(list.iter().map(Self::from).collect()),
            Value::Object(map) => Content::Map(
                map.iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        place: Place::default(),
                        value: Self::from(value),
                    })
                    .collect(),
            ),
        };
        Self {
            content,
            place: Place::default(),
            index: 0,
        }
    }
}

fn numbered(mut list: Vec<Node>) -> Content {
    for (index, node) in list.iter_mut().enumerate() {
        node.index = index;
    }
    Content::List(list)
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no figure of a rule set comes near 2^53, and larger ones are refused"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no figure of a rule set comes near 2^53, and larger ones are refused"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Content>>()? {
            list.push(Node::from(item));
        }
        Ok(numbered(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let value = access.next_value::<Spanned<Content>>()?;
            entries.push(Entry {
                place: Place::from(key.referenced),
                key: key.value,
                value: Node::from(value),
            });
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32) -> Place {
        Place { line, column }
    }

    #[test]
    fn every_part_knows_its_line_and_column() {
        let node = Node::from_yaml(
            "name: A\nsignals:\n  - { event: Signed Up, add: { trust: -1.5 } }\n  - event: B\n    cap:\n      trust: 2\n",
        )
        .unwrap();

        for (path, at) in [
            ("name", place(1, 7)),
            ("signals", place(2, 1)),
            ("signals[0]", place(3, 5)),
            ("signals[0].event", place(3, 14)),
            ("signals[0].add.trust", place(3, 39)),
            ("signals[1].cap.trust", place(6, 14)),
            // What is not there is told at what would hold it.
            ("signals[1].cap.advocacy", place(5, 5)),
            ("signals[7].cap", place(2, 1)),
        ] {
            assert_eq!(node.locate(path).0, at, "{path}");
        }
    }

    #[test]
    fn a_broken_text_says_where_it_breaks() {
        let error = Node::from_yaml("name: A\nsignals: [1, 2\nrules: 3\n").unwrap_err();

        assert!(error.place.line >= 2, "{error:?}");
        assert!(!error.why.contains("line"), "{error:?}");
    }

    #[test]
    fn an_anchor_is_told_where_it_is_used() {
        let node = Node::from_yaml("a: &x { b: 1 }\nc: *x\n").unwrap();

        assert_eq!(
            node.to_value(),
            serde_json::json!({"a": {"b": 1}, "c": {"b": 1}})
        );
    }

    #[test]
    fn yaml_and_json_read_alike() {
        let yaml = Node::from_yaml("{a: [1, 2.5, yes, true, null, \"3\"]}").unwrap();
        let json = Node::from_json(r#"{"a": [1, 2.5, "yes", true, null, "3"]}"#).unwrap();

        assert_eq!(yaml.to_value(), json.to_value());
    }
}
