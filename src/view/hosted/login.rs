//! The sign-in page.

use askama::Template;

use super::BrandMark;
use crate::view::ProviderButton;
use crate::view::language::Language;

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
    /// The brand's privacy notice.
    pub privacy_url: Option<String>,
    /// Why the last try did not work, as one sentence with what to do.
    pub error: Option<String>,
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

#[cfg(test)]
impl LoginPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            application_name: Some(words.text("Bellmoor web shop")),
            providers: ProviderButton::samples(words),
            privacy_url: Some(words.text("https://bellmoor.example/privacy")),
            error: Some(words.text("That sign-in was cancelled. Choose a way in to try again.")),
            languages: [Language::German, Language::Spanish, Language::Arabic]
                .map(|language| LanguageLink {
                    language,
                    href: words.text("/login?flow=flw_01&lang=de"),
                })
                .into(),
        }
    }

    pub(in crate::view) fn sample_arabic() -> Self {
        let mut page = Self::sample(crate::view::sample::Words::Plain);
        page.brand.language = Language::Arabic;
        page.error = None;
        page
    }
}
