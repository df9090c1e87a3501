//! The sign-in page.

use askama::Template;

use super::{BrandMark, PasskeySignIn};
use crate::view::language::Language;
use crate::view::{Notice, ProviderButton};

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
    /// Where an address posts to, where codes by mail are on.
    pub email_action: Option<String>,
    /// The page for a password, where passwords are on.
    pub password_href: Option<String>,
    /// Whether somebody signed in is to prove again who they are.
    pub is_again: bool,
    /// What was done just now.
    pub notice: Option<Notice>,
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
            passkey: Some(PasskeySignIn::sample(words)),
            email_action: Some(words.text("/login/email?flow=flw_01")),
            password_href: Some(words.text("/login/password?flow=flw_01")),
            is_again: false,
            notice: None,
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

    /// Somebody proves again who they are.
    pub(in crate::view) fn sample_again(words: crate::view::sample::Words) -> Self {
        Self {
            application_name: None,
            is_again: true,
            error: None,
            ..Self::sample(words)
        }
    }

    pub(in crate::view) fn sample_arabic() -> Self {
        let mut page = Self::sample(crate::view::sample::Words::Plain);
        page.brand.language = Language::Arabic;
        page.error = None;
        page
    }
}
