//! What one version of a rule set says differently from another.

use serde::Serialize;
use serde_json::Value;

use super::RuleSet;

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where, in words that survive a reordering: `rules P2 › when › all 1 › score › at_least`.
    pub place: String,
    /// What it was; none if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    /// What it is; none if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
}

impl Change {
    /// `rules P2 › … at_least: 24 → 20`.
    pub fn in_words(&self) -> String {
        let said = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match (&self.was, &self.is) {
            (Some(was), Some(is)) => format!("{}: {} → {}", self.place, said(was), said(is)),
            (None, Some(is)) => format!("{}: new, {}", self.place, said(is)),
            (Some(was), None) => format!("{}: gone, was {}", self.place, said(was)),
            (None, None) => self.place.clone(),
        }
    }
}

/// What `to` says differently from `from`, in the order of the document's parts. Signals are told
/// apart by their event and rules by their id, so that moving one changes nothing.
pub fn changes(from: &RuleSet, to: &RuleSet) -> Vec<Change> {
    let written = |set: &RuleSet| serde_json::to_value(set).expect("a rule set is plain data");
    let mut found = Vec::new();
    compare("", &written(from), &written(to), &mut found);
    found
}

fn compare(place: &str, was: &Value, is: &Value, found: &mut Vec<Change>) {
    match (was, is) {
        _ if same(was, is) => {}
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                both(&within(place, key), before.get(key), after.get(key), found);
            }
        }
        (Value::Array(before), Value::Array(after)) => match (names(before), names(after)) {
            (Some(names), Some(others)) => {
                let added = others.iter().filter(|name| !names.contains(name));
                for name in names.iter().chain(added) {
                    let find = |list: &'_ [Value], names: &[String]| {
                        let index = names.iter().position(|one| one == name)?;
                        list.get(index).cloned()
                    };
                    let (was, is) = (find(before, &names), find(after, &others));
                    both(&format!("{place} {name}"), was.as_ref(), is.as_ref(), found);
                }
            }
            _ => {
                for index in 0..before.len().max(after.len()) {
                    let place = format!("{place} {}", index + 1);
                    both(&place, before.get(index), after.get(index), found);
                }
            }
        },
        _ => found.push(Change {
            place: place.to_owned(),
            was: Some(was.clone()),
            is: Some(is.clone()),
        }),
    }
}

fn both(place: &str, was: Option<&Value>, is: Option<&Value>, found: &mut Vec<Change>) {
    match (was, is) {
        (Some(was), Some(is)) => compare(place, was, is, found),
        (was, is) => found.push(Change {
            place: place.to_owned(),
            was: was.cloned(),
            is: is.cloned(),
        }),
    }
}

fn within(place: &str, key: &str) -> String {
    if place.is_empty() {
        key.to_owned()
    } else {
        format!("{place} › {key}")
    }
}

/// What the members of a list are called, if all of them are called something.
fn names(list: &[Value]) -> Option<Vec<String>> {
    list.iter()
        .map(|member| {
            let name = ["event", "id", "name"]
                .iter()
                .find_map(|key| member.get(key));
            name.and_then(Value::as_str).map(str::to_owned)
        })
        .collect()
}

/// Equal, and 24 equals 24.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ruleset::sentences;

    #[test]
    fn a_set_differs_from_itself_in_nothing_whatever_the_order() {
        let set = RuleSet::default_set();
        let mut turned = set.clone();
        turned.signals.reverse();

        assert_eq!(changes(&set, &set), []);
        assert_eq!(changes(&set, &turned), []);
    }

    #[test]
    fn differences_are_told_by_name() {
        let set = RuleSet::default_set();
        let figures = [
            ("rules[1].when.all[0].score.at_least", "20"),
            ("signals[0].add.familiarity", "5"),
        ];
        let mut changed = sentences::change(&set, figures).unwrap();
        changed.signals.remove(1);

        let words: Vec<String> = changes(&set, &changed)
            .iter()
            .map(Change::in_words)
            .collect();

        assert_eq!(words.len(), 3, "{words:?}");
        assert!(
            words.contains(&"rules P2 › when › all 1 › score › at_least: 24.0 → 20.0".to_owned()),
            "{words:?}"
        );
        assert!(words.contains(&"signals Signed Up › add › familiarity: 6.0 → 5.0".to_owned()));
        assert!(
            words
                .iter()
                .any(|word| word.starts_with("signals Consent Given: gone"))
        );
    }
}
