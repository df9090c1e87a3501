//! Reading the document.

use std::sync::LazyLock;

use super::document::{Node, Place, Unreadable};
use super::lint::structure::{self, Departure, Effect};
use super::presets::Preset;
use super::{Fault, Layer, RuleSet};
use crate::stage::dimension::{DIMENSIONS, Scores};

/// Longest document read, in bytes; the default set is a tenth of it.
pub(super) const DOCUMENT_BYTES_MAX: usize = 128 * 1024;

/// Why a document is not a rule set.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is too long to be one.
    #[error("the document is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// It cannot be read: the text says where and why.
    #[error("{0}")]
    Unreadable(String),
    /// It can be read but not used.
    #[error("the rule set has {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
}

impl RuleSet {
    /// The rule set that a brand starts with, from `rules/default.yaml`.
    pub fn default_set() -> Self {
        static DEFAULT: LazyLock<RuleSet> = LazyLock::new(|| Preset::Default.set());
        DEFAULT.clone()
    }

    /// Reads and checks a YAML document.
    pub fn from_yaml(text: &str) -> Result<Self, LoadError> {
        refuse_long(text)?;
        Self::read(&Node::from_yaml(text)?)
    }

    /// Reads and checks a JSON document.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        refuse_long(text)?;
        Self::read(&Node::from_json(text)?)
    }

    fn read(node: &Node) -> Result<Self, LoadError> {
        let breaks = |departure: &Departure| departure.effect != Effect::Readable;
        if let Some(Departure { finding, .. }) = structure::check(node).into_iter().find(breaks) {
            return Err(LoadError::Unreadable(format!(
                "{}{}: {}; {}",
                told(Place {
                    line: finding.line,
                    column: finding.column
                }),
                finding.path,
                finding.problem,
                finding.mend
            )));
        }
        let set: Self = serde_json::from_value(node.to_value())
            .map_err(|error| LoadError::Unreadable(error.to_string()))?;
        set.checked()
    }

    fn checked(self) -> Result<Self, LoadError> {
        let faults = self.validate();
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(LoadError::Invalid(faults))
        }
    }

    /// A number that two rule sets share only if they compute the same stages: names for people are
    /// left out of it. Stored beside a state, it says which rules the state was computed under.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint_with(self.half_life_days.to_array())
    }

    /// The same with these half-lives in place of the document's: what is learnt counts as if it
    /// were written.
    pub(in crate::stage) fn fingerprint_with(&self, half_lives: [f64; DIMENSIONS]) -> u64 {
        let computing = (
            Scores::from(half_lives),
            &self.signals,
            &self.rules,
            &self.disputes,
            &self.referrals,
        );
        let json = "rule sets hold only text, numbers and lists, all of which are JSON";
        let mut text = serde_json::to_vec(&computing).expect(json);
        // Left out where there is nothing, so that older documents keep the number they had.
        if !self.layers.is_empty() || !self.resting.is_default() {
            let layers: Vec<_> = self.layers.iter().map(Layer::computing).collect();
            text.extend(serde_json::to_vec(&(layers, self.resting)).expect(json));
        }
        if let Some(contact) = self.contact.computing() {
            text.extend(serde_json::to_vec(&contact).expect(json));
        }
        crate::stage::hash::fnv(&text)
    }
}

impl From<Unreadable> for LoadError {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(format!("{}{}", told(error.place), error.why))
    }
}

/// "line 3, column 5: ", or nothing where the place is not known.
fn told(place: Place) -> String {
    if place.line == 0 {
        String::new()
    } else {
        format!("line {}, column {}: ", place.line, place.column)
    }
}

fn refuse_long(text: &str) -> Result<(), LoadError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        Err(LoadError::TooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::tier::Stage;

    #[test]
    fn the_default_set_reads_the_same_from_yaml_and_from_json() {
        let set = RuleSet::default_set();

        let json = serde_json::to_string(&set).unwrap();
        let again = RuleSet::from_json(&json).unwrap();

        assert_eq!(again, set);
        assert_eq!(again.fingerprint(), set.fingerprint());
    }

    #[test]
    fn unknown_fields_are_refused_with_their_name() {
        let text = Preset::Default
            .yaml()
            .replacen("half_life_days:", "half_live_days:", 1);

        let error = RuleSet::from_yaml(&text).unwrap_err();

        assert!(error.to_string().contains("half_live_days"), "{error}");
    }

    #[test]
    fn stage_names_are_for_people_and_change_no_fingerprint() {
        let mut set = RuleSet::default_set();
        let before = set.fingerprint();

        set.stages.friend = String::from("Regular");
        assert_eq!(set.stages.of(Stage::Friend), "Regular");
        assert_eq!(set.fingerprint(), before);

        set.layers[0].name = String::from("Inner circle");
        set.layers[0].entitlements.clear();
        assert_eq!(set.fingerprint(), before);

        set.half_life_days.investment = crate::stage::ruleset::HalfLife::Days(170.0);
        assert_ne!(set.fingerprint(), before);
    }

    #[test]
    fn a_document_without_end_is_refused_unread() {
        let text = "a".repeat(DOCUMENT_BYTES_MAX + 1);

        assert!(matches!(RuleSet::from_yaml(&text), Err(LoadError::TooLong)));
    }
}
