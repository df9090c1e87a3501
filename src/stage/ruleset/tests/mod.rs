//! What may stand in a rule set, figure by figure: the last that is taken and the first that is not.

mod figures;
mod layers;
mod shapes;
mod told;

use serde_json::{Value, json};

use super::{Fault, RuleSet};

/// The default set with one place written differently; `rules[0].when` as JSON has it:
/// `/rules/0/when`. What leads there is made where it is missing.
pub(super) fn with(place: &str, written: &Value) -> Vec<Fault> {
    let mut document = serde_json::to_value(RuleSet::default_set()).unwrap();
    let mut node = &mut document;
    for step in place.split('/').skip(1) {
        node = match step.parse::<usize>() {
            Ok(index) => &mut node[index],
            Err(_) => &mut node[step],
        };
    }
    *node = written.clone();
    let set: RuleSet = serde_json::from_value(document)
        .unwrap_or_else(|error| panic!("{place}: {written} cannot be read: {error}"));
    set.validate()
}

/// Asserts that `fits` is taken at `place` and that `not` is a fault at `fault` alone.
#[track_caller]
pub(super) fn assert_limit(place: &str, fits: &Value, not: &Value, fault: &str) {
    assert_eq!(with(place, fits), [], "{place}: {fits}");
    let faults = with(place, not);
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, [fault], "{place}: {not}");
    assert!(!faults[0].problem.is_empty() && !faults[0].mend.is_empty());
}

pub(super) fn long(chars: usize) -> Value {
    json!("é".repeat(chars))
}
