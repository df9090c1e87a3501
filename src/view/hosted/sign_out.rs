//! Before signing out, where the person did not ask for it on a page of ours.

use askama::Template;

use super::BrandMark;

/// `/oauth/logout` and `/logout`: do you want to?
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/sign_out.html")]
pub struct SignOutPage {
    /// The brand to sign out of.
    pub brand: BrandMark,
    /// Where yes posts to.
    pub action: String,
    /// Where no leads.
    pub stay_href: String,
}

#[cfg(test)]
impl SignOutPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            action: words.text("/logout?brand=bellmoor"),
            stay_href: words.text("/me?brand=bellmoor"),
        }
    }
}
