//! A window that has done its work.

use askama::Template;

use super::BrandMark;

/// What a window shows whose answer waits for the page that opened it. It closes itself where scripts
/// run and the browser lets it; else the person closes it.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/window_done.html")]
pub struct WindowDonePage {
    /// The brand, whose colours the page wears.
    pub brand: BrandMark,
    /// The application that goes on.
    pub application_name: String,
}

#[cfg(test)]
impl WindowDonePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            application_name: words.text("Bellmoor web shop"),
        }
    }
}
