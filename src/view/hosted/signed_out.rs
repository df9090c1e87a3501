//! After signing out.

use askama::Template;

use super::BrandMark;

/// `/logout`, done.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/signed_out.html")]
pub struct SignedOutPage {
    /// The brand signed out of.
    pub brand: BrandMark,
    /// Where to go back to, checked against the application's registered addresses.
    pub return_to: Option<String>,
    /// Where to sign in again.
    pub sign_in_href: Option<String>,
}

#[cfg(test)]
impl SignedOutPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            return_to: Some(words.text("https://bellmoor.example/")),
            sign_in_href: Some(words.text("/login?client_id=web")),
        }
    }
}
