//! The sign-in page.

use askama::Template;

use super::{BrandMark, PasskeySignIn};
use crate::view::ProviderButton;
use crate::view::language::{Language, Messages};

/// `/login?flow=…`: the ways into a brand, last used first.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/login.html")]
pub struct LoginPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// The application that the person goes on to; none where it bears the brand's own name.
    pub application_name: Option<String>,
    /// The ways in, in the order shown; the last used one comes first.
    pub providers: Vec<ProviderButton>,
    /// Passkeys, where they can be used.
    pub passkey: Option<PasskeySignIn>,
    /// The brand's privacy notice.
    pub privacy_url: Option<String>,
    /// Why the last try did not work, as one sentence with what to do.
    pub error: Option<String>,
    /// The language of the page.
    pub language: Language,
    /// The other languages, and the address of this page in each.
    pub languages: Vec<LanguageLink>,
}

/// This page in another language.
#[derive(Debug, Clone)]
pub struct LanguageLink {
    /// The language.
    pub language: Language,
    /// The address of the same page in it, such as `/login?flow=…&lang=de`.
    pub href: String,
}

impl LoginPage {
    fn messages(&self) -> &'static Messages {
        self.language.messages()
    }
}

#[cfg(test)]
impl LoginPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            application_name: Some(words.text("Bellmoor web shop")),
            providers: ProviderButton::samples(words),
            passkey: Some(PasskeySignIn::sample(words)),
            privacy_url: Some(words.text("https://bellmoor.example/privacy")),
            error: Some(words.text("That sign-in was cancelled. Choose a way in to try again.")),
            language: Language::English,
            languages: [Language::German, Language::Spanish, Language::Arabic]
                .map(|language| LanguageLink {
                    language,
                    href: words.text("/login?flow=flw_01&lang=de"),
                })
                .into(),
        }
    }

    pub(in crate::view) fn sample_arabic() -> Self {
        Self {
            language: Language::Arabic,
            error: None,
            ..Self::sample(crate::view::sample::Words::Plain)
        }
    }
}
