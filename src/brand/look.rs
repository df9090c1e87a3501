//! How a brand shows itself beside its name and colour: its words and its logo. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest headline, in characters.
pub const HEADLINE_CHARS_MAX: usize = 80;

/// The longest line under it, in characters.
pub const LINE_CHARS_MAX: usize = 200;

/// The words for every language that has none of its own.
pub const ANY_LANGUAGE: &str = "";

/// A headline and a line under it. Either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The headline.
    #[serde(default)]
    pub headline: String,
    /// The line under it.
    #[serde(default)]
    pub line: String,
}

/// What is wrong with words: at each, the fault and its mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordsFaults {
    /// The headline.
    pub headline: Option<String>,
    /// The line.
    pub line: Option<String>,
}

impl Words {
    /// Reads what somebody typed.
    pub fn parse(headline: &str, line: &str) -> Result<Self, WordsFaults> {
        let (headline, line) = (headline.trim(), line.trim());
        let faults = WordsFaults {
            headline: fault(headline, HEADLINE_CHARS_MAX),
            line: fault(line, LINE_CHARS_MAX),
        };
        if faults != WordsFaults::default() {
            return Err(faults);
        }
        Ok(Self {
            headline: headline.to_owned(),
            line: line.to_owned(),
        })
    }

    /// Whether there is nothing to show.
    pub const fn is_empty(&self) -> bool {
        self.headline.is_empty() && self.line.is_empty()
    }
}

fn fault(text: &str, chars_max: usize) -> Option<String> {
    if text.chars().count() > chars_max {
        Some(format!("Use at most {chars_max} characters."))
    } else if text.chars().any(char::is_control) {
        Some("Write it on one line.".to_owned())
    } else {
        None
    }
}

/// Every language's words, by its tag; [`ANY_LANGUAGE`] for the others.
pub type AllWords = BTreeMap<String, Words>;

/// Reads words as stored; what cannot be read is as if it were not there.
pub fn read_words(stored: &Value) -> AllWords {
    serde_json::from_value(stored.clone()).unwrap_or_default()
}

/// The words for the language with this tag.
pub fn words_for(stored: &Value, tag: &str) -> Words {
    let mut all = read_words(stored);
    all.remove(tag)
        .filter(|words| !words.is_empty())
        .or_else(|| all.remove(ANY_LANGUAGE))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_language_has_its_own_words_or_those_for_any() {
        let stored = json!({
            "": {"headline": "Good morning", "line": "Bread from six."},
            "de": {"headline": "Guten Morgen"},
            "fr": {},
        });

        assert_eq!(words_for(&stored, "de").headline, "Guten Morgen");
        assert_eq!(words_for(&stored, "de").line, "");
        assert_eq!(words_for(&stored, "fr").line, "Bread from six.");
        assert_eq!(words_for(&stored, "ar").headline, "Good morning");
        assert!(words_for(&json!([1]), "en").is_empty());
    }

    #[test]
    fn words_are_short_and_on_one_line() {
        assert!(Words::parse(&"x".repeat(80), &"x".repeat(200)).is_ok());
        let faults = Words::parse(&"x".repeat(81), "a\nb").unwrap_err();
        assert!(faults.headline.is_some() && faults.line.is_some());
    }
}
