//! The document's JSON Schema, made from the types that read it: the two cannot part.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::RuleSet;

/// Where a running Befriend answers with the schema, below its public address.
pub const SCHEMA_PATH: &str = "/schemas/rule-set.json";

/// The schema's own name; it does not depend on where the schema was fetched.
const SCHEMA_ID: &str = "urn:befriend:rule-set";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<RuleSet>();
    schema.insert("$id".to_owned(), json!(SCHEMA_ID));
    schema.insert("title".to_owned(), json!("Befriend rule set"));
    schema.to_value()
});

/// The JSON Schema (draft 2020-12) of a rule-set document. What it cannot say, such as that two
/// rules may not share an id, `befriend rules lint` does.
pub fn schema() -> &'static Value {
    &SCHEMA
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ruleset::{LoadError, Preset};

    /// An independent reader of JSON Schema.
    fn accepts(document: &Value) -> bool {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource(SCHEMA_ID, schema().clone()).unwrap();
        let index = compiler.compile(SCHEMA_ID, &mut schemas).unwrap();
        schemas.validate(document, index).is_ok()
    }

    #[test]
    fn every_part_is_described_and_closed() {
        let definitions = schema()["$defs"].as_object().unwrap();

        assert_eq!(
            schema()["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        for (name, definition) in definitions {
            assert!(definition["description"].is_string(), "{name}");
            if definition["type"] == "object" {
                assert_eq!(definition["additionalProperties"], false, "{name}");
                for (property, part) in definition["properties"].as_object().unwrap() {
                    assert!(part["description"].is_string(), "{name}.{property}");
                }
            }
        }
    }

    #[test]
    fn every_preset_satisfies_it() {
        for preset in Preset::ALL {
            let document = serde_json::to_value(preset.set()).unwrap();
            assert!(accepts(&document), "{}", preset.slug());
        }
    }

    /// Every place of a document, by its JSON pointer.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(list) => {
                for (index, inner) in list.iter().enumerate() {
                    places(inner, &format!("{at}/{index}"), found);
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

    /// The schema and the reader agree on what each of hundreds of damaged documents is worth: what
    /// the schema refuses the reader refuses, and what only the reader refuses is no matter of shape.
    #[test]
    fn the_schema_and_the_reader_agree_on_damaged_documents() {
        let replacements = [
            json!(null),
            json!(true),
            json!(-1),
            json!(0),
            json!(2.5),
            json!(70_000),
            json!(1e9),
            json!(""),
            json!("stray"),
            json!([]),
            json!({}),
            json!({ "stray": 1 }),
        ];
        let document = serde_json::to_value(RuleSet::default_set()).unwrap();
        let mut all = Vec::new();
        places(&document, "", &mut all);
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource(SCHEMA_ID, schema().clone()).unwrap();
        let index = compiler.compile(SCHEMA_ID, &mut schemas).unwrap();
        let (mut refused, mut accepted) = (0, 0);
        for (number, place) in all.iter().enumerate() {
            // Four of the twelve at each place, so that every kind meets every kind of place.
            for step in 0..4 {
                let mut damaged = document.clone();
                let by = &replacements[(number + step * 3) % replacements.len()];
                *damaged.pointer_mut(place).unwrap() = by.clone();

                let is_valid = schemas.validate(&damaged, index).is_ok();
                let read = RuleSet::from_json(&damaged.to_string());

                match &read {
                    Ok(_) => assert!(is_valid, "{place} = {by}: read, against the schema"),
                    Err(LoadError::Unreadable(why)) => {
                        assert!(!is_valid, "{place} = {by}: {why}, by the schema's leave");
                    }
                    Err(LoadError::Invalid(_) | LoadError::TooLong) => {}
                }
                refused += u32::from(!is_valid);
                accepted += u32::from(is_valid);
                if !is_valid {
                    assert!(read.is_err(), "{place} = {by}");
                }
            }
        }
        assert!(
            refused > 500 && accepted > 50,
            "{refused} refused, {accepted} accepted"
        );
    }

    #[test]
    fn a_score_is_compared_exactly_once() {
        let with = |test: Value| {
            let mut document = serde_json::to_value(RuleSet::default_set()).unwrap();
            document["rules"][0]["when"] = json!({ "score": test });
            document
        };

        assert!(accepts(&with(json!({ "of": ["trust"], "above": 1 }))));
        assert!(!accepts(&with(json!({ "of": ["trust"] }))));
        assert!(!accepts(&with(
            json!({ "of": ["trust"], "above": 1, "below": 2 })
        )));
    }
}
