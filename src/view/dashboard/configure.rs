//! The sign-in element of a site, tried out.

use askama::Template;

use super::Shell;
use crate::view::Colour;

/// `/dashboard/{brand}/sites/{id}/configure`: the element itself on light, on dark and at the width
/// of a telephone, whether it can be read, and the lines to paste.
///
/// Sends `label`, `layout`, `theme`, `flow`, `provider` for each that is ticked, `ink` and
/// `background` to the same address.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/configure.html")]
pub struct ConfigurePage {
    /// The frame.
    pub shell: Shell,
    /// The site's name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// When a page of it first loaded the element.
    pub first_seen: Option<String>,
    /// What the buttons say.
    pub labels: Vec<Choice>,
    /// How they stand.
    pub layouts: Vec<Choice>,
    /// How they look.
    pub themes: Vec<Choice>,
    /// Where people sign in.
    pub flows: Vec<Choice>,
    /// Which there are.
    pub providers: Vec<Choice>,
    /// Whether they can be read.
    pub contrasts: Vec<Contrast>,
    /// What was chosen.
    pub configuration: Configuration,
    /// The lines to paste.
    pub snippet: String,
}

/// Something to choose.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it is.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// What was chosen, as the element's attributes.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// `label`.
    pub label: &'static str,
    /// `layout`.
    pub layout: &'static str,
    /// `theme`.
    pub theme: &'static str,
    /// `flow`.
    pub flow: &'static str,
    /// `providers`, separated by spaces.
    pub providers: String,
    /// The text's colour on the site's page.
    pub ink: Colour,
    /// What is behind it.
    pub background: Colour,
}

/// How well something can be read.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// What, or where.
    pub place: String,
    /// The ratio to one, as in `16.5`.
    pub ratio: String,
    /// Whether it is at least 4.5.
    pub passes: bool,
}

#[cfg(test)]
impl ConfigurePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let choice = |value: &str, label: &str, chosen| Choice {
            value: words.text(value),
            label: words.text(label),
            chosen,
        };
        let contrast = |place: &str, ratio: &str, passes| Contrast {
            place: words.text(place),
            ratio: ratio.to_owned(),
            passes,
        };
        Self {
            shell: Shell::sample(words),
            name: words.text("Bellmoor web shop"),
            client_id: words.text("bellmoor.web"),
            first_seen: None,
            labels: vec![
                choice("continue", "Continue with …", true),
                choice("sign-in", "Sign in with …", false),
            ],
            layouts: vec![choice("stack", "One below the other", true)],
            themes: vec![choice("neutral", "The page’s own colours", true)],
            flows: vec![choice("redirect", "On this page", true)],
            providers: vec![
                choice("google", "Google", true),
                choice("test", "Test provider", false),
            ],
            contrasts: vec![
                contrast("Light pages", "16.5", true),
                contrast("Dark pages", "3.9", false),
            ],
            configuration: Configuration {
                label: "continue",
                layout: "stack",
                theme: "neutral",
                flow: "redirect",
                providers: words.text("google"),
                ink: Colour::BLACK,
                background: Colour::WHITE,
            },
            snippet: words.text("<befriend-sign-in client-id=\"bellmoor.web\"></befriend-sign-in>"),
        }
    }

    pub(in crate::view) fn sample_seen(words: crate::view::sample::Words) -> Self {
        Self {
            first_seen: Some("3 Mar 2026, 14:05".to_owned()),
            ..Self::sample(words)
        }
    }
}
