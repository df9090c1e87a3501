//! What an application of somebody else may learn.

use askama::Template;

use super::BrandMark;

/// `/oauth/consent`: the question before an application learns anything.
///
/// Posts `decision` (`allow` or `deny`).
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/allow.html")]
pub struct AllowPage {
    /// The brand whose customer is asked.
    pub brand: BrandMark,
    /// Who asks.
    pub application: String,
    /// The host that the person goes on to, whatever they say.
    pub returns_to: String,
    /// What is asked, and nothing else.
    pub asks: Vec<AllowItem>,
    /// Where the answer posts to.
    pub action: String,
}

/// One thing that an application learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowItem {
    /// What, in a few words.
    pub what: String,
    /// In one sentence.
    pub why: String,
}

/// An application on the customer's own page.
#[derive(Debug, Clone)]
pub struct MeGrant {
    /// Its name.
    pub application: String,
    /// What it may learn, in a few words each.
    pub allowed: Vec<String>,
    /// The day that was last decided, as in `3 Mar 2026`.
    pub since: String,
    /// Where taking it back posts to.
    pub withdraw_action: String,
}

#[cfg(test)]
impl AllowPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let item = |what: &str, why: &str| AllowItem {
            what: words.text(what),
            why: words.text(why),
        };
        Self {
            brand: BrandMark::sample(words),
            application: words.text("Bread Club"),
            returns_to: words.text("club.example"),
            asks: vec![
                item("That it is you", "A number that stands for you here."),
                item("Your email address", "And whether it is proven."),
            ],
            action: words.text("/oauth/consent?brand=bellmoor&request=cnr_01"),
        }
    }
}

#[cfg(test)]
impl MeGrant {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            application: words.text("Bread Club"),
            allowed: vec![
                words.text("That it is you"),
                words.text("Your email address"),
            ],
            since: "3 Mar 2026".to_owned(),
            withdraw_action: words.text("/me/applications/app_01/withdraw?brand=bellmoor"),
        }
    }
}
