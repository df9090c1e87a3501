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
    fn the_default_set_satisfies_it() {
        assert!(accepts(
            &serde_json::to_value(RuleSet::default_set()).unwrap()
        ));
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
