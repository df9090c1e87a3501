//! What somebody wants to be written about.

use askama::Template;

use super::BrandMark;
use crate::view::Notice;

/// `/preferences/{token}`: stopping everything comes first; below it, what is welcome and a break.
///
/// Posts `topic` and `channel` for each box that is ticked, and `pause`, to `action`; posts nothing,
/// or `decision=start`, to `stop_action`.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/preferences.html")]
pub struct PreferencesPage {
    /// The brand that writes.
    pub brand: BrandMark,
    /// Whom it writes to, in part hidden; none where no address is known.
    pub address: Option<String>,
    /// Whether everything is stopped.
    pub stopped: bool,
    /// Where the choices post to.
    pub action: String,
    /// Where stopping everything posts to.
    pub stop_action: String,
    /// What there may be to read about.
    pub topics: Vec<PreferenceChoice>,
    /// By what it may come.
    pub channels: Vec<PreferenceChoice>,
    /// The breaks that there are.
    pub pauses: Vec<PauseChoice>,
    /// What the last action did.
    pub notice: Option<Notice>,
}

/// A box to tick.
#[derive(Debug, Clone)]
pub struct PreferenceChoice {
    /// What is posted.
    pub key: String,
    /// What it is.
    pub label: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// A break to choose.
#[derive(Debug, Clone)]
pub struct PauseChoice {
    /// What is posted: days, or `keep`.
    pub value: String,
    /// How long.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

#[cfg(test)]
impl PreferencesPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let choice = |key: &str, label: &str, ticked| PreferenceChoice {
            key: words.text(key),
            label: words.text(label),
            ticked,
        };
        let pause = |value: &str, label: &str, chosen| PauseChoice {
            value: words.text(value),
            label: words.text(label),
            chosen,
        };
        Self {
            brand: BrandMark::sample(words),
            address: Some(words.text("a…@example.com")),
            stopped: false,
            action: words.text("/preferences/tok"),
            stop_action: words.text("/preferences/tok/stop"),
            topics: vec![choice("marketing", "Send you news by email", true)],
            channels: vec![
                choice("email", "By email", true),
                choice("phone", "By telephone", false),
            ],
            pauses: vec![pause("0", "No break", true), pause("30", "30 days", false)],
            notice: None,
        }
    }

    pub(in crate::view) fn sample_stopped(words: crate::view::sample::Words) -> Self {
        Self {
            stopped: true,
            ..Self::sample(words)
        }
    }
}
