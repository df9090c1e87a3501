//! One thing, explained, and done by one button: before an account is deleted, and where something is
//! taken back.

use askama::Template;

use super::BrandMark;

/// A page with one thing to do, or to have been done.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/step.html")]
pub struct StepPage {
    /// The brand it is about.
    pub brand: BrandMark,
    /// What it is, as a question or as what happened.
    pub title: String,
    /// What that means.
    pub lead: String,
    /// What follows from it, a sentence each.
    pub points: Vec<String>,
    /// The button that does it; none where it is done.
    pub act: Option<StepAct>,
    /// Where else to go, and what that is called.
    pub away: Option<(String, String)>,
}

/// The button of a [`StepPage`].
#[derive(Debug, Clone)]
pub struct StepAct {
    /// Where it posts to.
    pub action: String,
    /// What it says.
    pub label: String,
    /// Whether it takes something away.
    pub harms: bool,
}

#[cfg(test)]
impl StepPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            title: words.text("Delete your account?"),
            lead: words.text("Everything Bellmoor Bakery knows about you here is deleted."),
            points: vec![
                words.text("You are signed out everywhere now."),
                words.text("You can take it back for 14 days."),
            ],
            act: Some(StepAct {
                action: words.text("/me/delete?brand=bellmoor"),
                label: words.text("Delete my account"),
                harms: true,
            }),
            away: Some((words.text("/me?brand=bellmoor"), words.text("Keep it"))),
        }
    }

    pub(in crate::view) fn sample_done(words: crate::view::sample::Words) -> Self {
        Self {
            title: words.text("Your account will be deleted"),
            act: None,
            ..Self::sample(words)
        }
    }
}
