//! What is stored, and for what, before a profile is made.

use askama::Template;

use super::BrandMark;

/// `/consent?flow=…`: nothing is stored until the person says yes here.
///
/// Posts `decision` (`accept` or `decline`) and one `purpose` for each optional purpose ticked.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/consent.html")]
pub struct ConsentPage {
    /// The brand that asks.
    pub brand: BrandMark,
    /// Where the answer posts to.
    pub action: String,
    /// The provider that the facts come from, such as `Google`.
    pub provider_label: String,
    /// What will be stored, as it was received.
    pub stored: Vec<StoredItem>,
    /// What it will be used for. Purposes that the profile cannot do without come first.
    pub purposes: Vec<Purpose>,
    /// The brand's terms, if it has any.
    pub terms_url: Option<String>,
    /// The brand's privacy notice.
    pub privacy_url: Option<String>,
    /// Why the last answer was not taken.
    pub error: Option<String>,
}

/// One fact that will be stored.
#[derive(Debug, Clone)]
pub struct StoredItem {
    /// What it is, such as `Email address`.
    pub name: String,
    /// Its value, as received.
    pub value: String,
}

/// One thing that the facts are used for.
#[derive(Debug, Clone)]
pub struct Purpose {
    /// What is posted when it is ticked, such as `marketing_email`.
    pub key: String,
    /// What it is, in a few words.
    pub title: String,
    /// Why it is asked, in one sentence.
    pub why: String,
    /// Whether a profile can do without it. Only optional purposes have a box to tick.
    pub optional: bool,
    /// Whether the box is ticked: only ever by the person, after an answer that was not taken.
    pub ticked: bool,
}

#[cfg(test)]
impl ConsentPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let purpose = |key: &str, title: &str, why: &str, optional| Purpose {
            key: words.text(key),
            title: words.text(title),
            why: words.text(why),
            optional,
            ticked: false,
        };
        Self {
            brand: BrandMark::sample(words),
            action: words.text("/consent?flow=flw_01"),
            provider_label: words.text("Google"),
            stored: [
                ("Name", "Anna Keller"),
                ("Email address", "anna.keller@example.com"),
                ("Google account", "a number that stands for your account"),
            ]
            .map(|(name, value)| StoredItem {
                name: words.text(name),
                value: words.text(value),
            })
            .into(),
            purposes: vec![
                purpose(
                    "account",
                    "Keep your account",
                    "So that you can sign in again and find your orders.",
                    false,
                ),
                purpose(
                    "relationship",
                    "Remember how you use the shop",
                    "Orders, visits and questions show us how well we know each other.",
                    false,
                ),
                purpose(
                    "marketing_email",
                    "Send you news by email",
                    "At most once a week. You can stop it at any time.",
                    true,
                ),
            ],
            terms_url: Some(words.text("https://bellmoor.example/terms")),
            privacy_url: Some(words.text("https://bellmoor.example/privacy")),
            error: None,
        }
    }
}
