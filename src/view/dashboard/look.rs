//! How a brand shows itself to its customers.

use askama::Template;

use super::Shell;
use crate::view::Field;

/// `/dashboard/{brand}/look`.
///
/// Posts `headline-{tag}` and `line-{tag}` for each language to the same address; the file `logo` to
/// `look/logo`; nothing to `look/logo/remove`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/look.html")]
pub struct LookPage {
    /// The frame.
    pub shell: Shell,
    /// The logo's address, if there is one.
    pub logo: Option<String>,
    /// The letter shown where there is none.
    pub letter: String,
    /// Why the last file was not taken.
    pub logo_fault: Option<String>,
    /// The words in each language, those for every other language first.
    pub words: Vec<WordsForm>,
    /// The brand's sign-in page, to look at.
    pub sign_in_href: String,
}

/// The words in one language.
#[derive(Debug, Clone)]
pub struct WordsForm {
    /// The language's tag; empty for every language that has no words of its own.
    pub tag: String,
    /// The language's own name.
    pub language: String,
    /// The headline.
    pub headline: Field,
    /// The line under it.
    pub line: Field,
}

impl WordsForm {
    fn is_open(&self) -> bool {
        let fields = [&self.headline, &self.line];
        self.tag.is_empty()
            || fields
                .iter()
                .any(|field| !field.value.is_empty() || field.error.is_some())
    }
}

#[cfg(test)]
impl LookPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let form = |tag: &str, language: &str, headline: &str| WordsForm {
            tag: tag.to_owned(),
            language: language.to_owned(),
            headline: Field::filled(words.text(headline)),
            line: Field::refused(
                words.text("Too long"),
                words.text("Use at most 200 characters."),
            ),
        };
        Self {
            shell: Shell::sample(words),
            logo: Some(words.text("/logo/bellmoor/0123456789abcdef.png")),
            letter: "B".to_owned(),
            logo_fault: Some(words.text("Use a PNG, JPEG or WebP picture.")),
            words: vec![
                form("", "Every language", "Bread from six"),
                form("de", "Deutsch", "Brot ab sechs"),
            ],
            sign_in_href: words.text("/login?brand=bellmoor"),
        }
    }
}
