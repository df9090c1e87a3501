//! The step from a form on this server to a page on another.

use askama::Template;

use super::BrandMark;

/// Answers a form whose way leads to another server: a provider, or the application signed in to.
///
/// Browsers apply `form-action` to every redirect that follows a form, so under the policy of these
/// pages a form's answer must not redirect away. It answers with this page instead, which goes on
/// by itself, without scripts, and has a link in case it does not.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/hand_off.html")]
pub struct HandOffPage {
    /// The brand, whose colours the page wears.
    pub brand: BrandMark,
    /// Who is next, as in `Google` or `Bellmoor web shop`.
    pub destination: String,
    /// The address to go on to: checked, absolute, and as serialised by a URL type.
    pub href: String,
}

#[cfg(test)]
impl HandOffPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            destination: words.text("Google"),
            href: words.text("https://accounts.google.example/authorize?state=abc&nonce=def"),
        }
    }
}
