//! Two accounts of one person: whether they become one.

use askama::Template;

use super::BrandMark;

/// `/me/join?flow=…`: both accounts, before anything is done.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/join.html")]
pub struct JoinPage {
    /// The brand of both.
    pub brand: BrandMark,
    /// The account that is signed in and goes on.
    pub kept: JoinSide,
    /// The account that was just proven and is joined into it.
    pub joined: JoinSide,
    /// The day until which it can be undone, as in `3 Mar 2026`.
    pub until: String,
    /// Where the answer posts to, as `decision`: `join` or `leave`.
    pub action: String,
}

/// One of the two.
#[derive(Debug, Clone)]
pub struct JoinSide {
    /// What the person is called there.
    pub name: String,
    /// The address that is proven there.
    pub email: Option<String>,
    /// What signs in, as in `Google, GitHub`.
    pub ways: String,
    /// The day it began, as in `3 Mar 2026`.
    pub since: String,
}

#[cfg(test)]
impl JoinPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let side = |name: &str, email: &str, ways: &str, since: &str| JoinSide {
            name: words.text(name),
            email: Some(words.text(email)),
            ways: words.text(ways),
            since: since.to_owned(),
        };
        Self {
            brand: BrandMark::sample(words),
            kept: side(
                "Anna Keller",
                "anna.keller@example.com",
                "Google, a password",
                "14 Sep 2025",
            ),
            joined: side("annakeller", "anna@keller.example", "GitHub", "3 Mar 2026"),
            until: "2 Apr 2026".to_owned(),
            action: words.text("/me/join?flow=flw_01"),
        }
    }
}
