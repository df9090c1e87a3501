//! Every error that a person sees.

use askama::Template;

use super::BrandMark;
use crate::view::language::Language;

/// What happened, one thing to do, and a reference to give to whoever helps.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/error.html")]
pub struct ErrorPage {
    /// The brand, where the request names one that exists; none on staff pages and unknown hosts.
    pub brand: Option<BrandMark>,
    /// The language it is told in.
    pub language: Language,
    /// What happened, in a few words, as in `This page is not here`.
    pub title: String,
    /// Why, and what it means for the person, in one or two sentences.
    pub explanation: String,
    /// The one thing to do.
    pub action: Option<ErrorAction>,
    /// The request's id, as in the `Request-Id` header.
    pub reference: String,
}

/// A way out of an error.
#[derive(Debug, Clone)]
pub struct ErrorAction {
    /// What it does, as in `Start again`.
    pub label: String,
    /// Where it leads, by GET.
    pub href: String,
}

#[cfg(test)]
impl ErrorPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: Some(BrandMark::sample(words)),
            language: Language::English,
            title: words.text("This sign-in has expired"),
            explanation: words.text(
                "It was started more than ten minutes ago, so it can no longer be finished. \
                 Nothing was stored.",
            ),
            action: Some(ErrorAction {
                label: words.text("Start again"),
                href: words.text("/login?client_id=web"),
            }),
            reference: words.text("req_01jnz6v6k3f7w"),
        }
    }

    pub(in crate::view) fn sample_without_brand() -> Self {
        Self {
            brand: None,
            language: Language::Arabic,
            title: "This page is not here".to_owned(),
            explanation: "The address may be mistyped, or the page may have moved.".to_owned(),
            action: None,
            reference: "req_01jnz6v6k3f7w".to_owned(),
        }
    }
}
