//! What staff may do to a customer's account.

/// The card of a customer's page.
#[derive(Debug, Clone)]
pub struct AccountCard {
    /// Profiles that were joined to this one, and can be taken apart again.
    pub joined: Vec<JoinedRow>,
    /// The day on which everything of them is deleted, if that was asked for.
    pub erased_on: Option<String>,
}

/// A profile that was joined to another.
#[derive(Debug, Clone)]
pub struct JoinedRow {
    /// The merge's id.
    pub merge_id: String,
    /// What they were called there.
    pub name: String,
    /// The day it was joined.
    pub on: String,
    /// The last day on which it can be undone.
    pub until: String,
}

#[cfg(test)]
impl AccountCard {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            joined: vec![JoinedRow {
                merge_id: words.text("mrg_01"),
                name: words.text("annakeller"),
                on: "3 Mar 2026".to_owned(),
                until: "2 Apr 2026".to_owned(),
            }],
            erased_on: None,
        }
    }
}
