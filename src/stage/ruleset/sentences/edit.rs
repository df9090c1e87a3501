//! Changing figures in place.

use serde_json::Value;

use super::{Sentences, Slot, SlotKind};
use crate::stage::ruleset::{Fault, RuleSet};

/// The set with figures changed: pairs of a slot's path and what was typed. What is not a slot is
/// left alone. Every figure that cannot be used is told with its path, and then nothing is changed.
pub fn change<'a>(
    set: &RuleSet,
    typed: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<RuleSet, Vec<Fault>> {
    let sentences = Sentences::of(set);
    let mut document = serde_json::to_value(set).expect("a rule set is plain data");
    let mut faults = Vec::new();
    for (path, text) in typed {
        let Some(slot) = sentences.slots().find(|slot| slot.path == path) else {
            continue;
        };
        if slot.value == text {
            continue;
        }
        match read(slot, text) {
            Ok(value) => {
                if let Some(place) = find_mut(&mut document, path) {
                    *place = value;
                }
            }
            Err((problem, mend)) => faults.push(Fault {
                path: path.to_owned(),
                problem,
                mend: mend.to_owned(),
            }),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let set: RuleSet = serde_json::from_value(document).map_err(|error| {
        vec![Fault {
            path: String::new(),
            problem: error.to_string(),
            mend: "change the figures one by one".to_owned(),
        }]
    })?;
    let faults = set.validate();
    if faults.is_empty() {
        Ok(set)
    } else {
        Err(faults)
    }
}

fn read(slot: &Slot, text: &str) -> Result<Value, (String, &'static str)> {
    let text = text.trim();
    if slot.kind == SlotKind::Name {
        return Ok(Value::from(text));
    }
    let refused = |mend| Err((format!("\"{text}\" cannot be used here"), mend));
    let whole = matches!(slot.kind, SlotKind::Days | SlotKind::Count);
    if whole {
        return match text.parse::<u16>() {
            Ok(number) => Ok(Value::from(number)),
            Err(_) => refused("type a whole number from 0 to 65535"),
        };
    }
    // Many people write decimals with a comma.
    match text.replace(',', ".").parse::<f64>() {
        Ok(number) if number.is_finite() && slot.kind == SlotKind::Percent => {
            Ok(Value::from(number / 100.0))
        }
        Ok(number) if number.is_finite() => Ok(Value::from(number)),
        Ok(_) | Err(_) => refused("type a number, such as 12 or 0.5"),
    }
}

fn find_mut<'a>(document: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let steps = path
        .split(['.', '['])
        .map(|step| step.trim_end_matches(']'));
    steps
        .into_iter()
        .try_fold(document, |value, step| match value {
            Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
            Value::Object(map) => map.get_mut(step),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
}
