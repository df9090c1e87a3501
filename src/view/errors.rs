//! The page that explains what senders of events are told.

use askama::Template;

/// `/docs/errors`: public, so that a link in an answer leads somewhere.
#[derive(Debug, Clone, Template)]
#[template(path = "errors.html")]
pub struct ErrorsPage {
    /// The lists, in the order shown.
    pub lists: Vec<ErrorList>,
}

/// Codes that are told in one place.
#[derive(Debug, Clone)]
pub struct ErrorList {
    /// The heading, as in `Why an event was not stored`.
    pub title: String,
    /// A sentence below it.
    pub hint: String,
    /// The codes.
    pub rows: Vec<ErrorRow>,
}

/// A code.
#[derive(Debug, Clone)]
pub struct ErrorRow {
    /// The stable word, which is also the row's anchor.
    pub code: String,
    /// What it means.
    pub means: String,
    /// What to do about it.
    pub mend: String,
}

#[cfg(test)]
impl ErrorsPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            lists: vec![ErrorList {
                title: words.text("Why an event was not stored"),
                hint: words.text("Its neighbours in the batch are stored."),
                rows: vec![ErrorRow {
                    code: "no_ids".to_owned(),
                    means: words.text("The event names nobody."),
                    mend: words.text("Send a userId, or an anonymousId."),
                }],
            }],
        }
    }
}
