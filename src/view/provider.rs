//! Sign-in buttons of social providers.

/// The look of a provider's button: providers' own rules allow these and no free colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonTheme {
    /// Dark text on white, in light and dark pages alike.
    Light,
    /// Light text on near-black, in light and dark pages alike.
    Dark,
    /// The page's own surface: follows light and dark.
    #[default]
    Neutral,
}

impl ButtonTheme {
    /// The word used in style classes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Neutral => "neutral",
        }
    }
}

/// A button that starts a sign-in with one of the brand's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderButton {
    /// The provider's key, such as `google`: chooses the mark. An unknown key shows `label`'s first
    /// letter.
    pub key: String,
    /// The provider's name as the person knows it, such as `Google`.
    pub label: String,
    /// Where the button posts to, such as `/login/{flow}/{connection_slug}`.
    pub action: String,
    /// Whether this browser signed in this way last time. Such a button is listed first and marked.
    pub last_used: bool,
    /// The button's look.
    pub theme: ButtonTheme,
}

impl ProviderButton {
    /// The letter shown where the provider has no mark.
    pub fn letter(&self) -> char {
        first_letter(&self.label)
    }
}

#[cfg(test)]
impl ProviderButton {
    pub(super) fn samples(words: super::sample::Words) -> Vec<Self> {
        [
            ("google", "Google", true, ButtonTheme::Neutral),
            ("apple", "Apple", false, ButtonTheme::Neutral),
            ("microsoft", "Microsoft", false, ButtonTheme::Neutral),
            ("github", "GitHub", false, ButtonTheme::Dark),
            ("test", "Test provider", false, ButtonTheme::Light),
        ]
        .into_iter()
        .map(|(key, label, last_used, theme)| Self {
            key: words.text(key),
            label: words.text(label),
            action: words.text(&format!("/login/flw_01/{key}")),
            last_used,
            theme,
        })
        .collect()
    }
}

/// The first letter or digit of a name, upper case, or a dot for a name without any.
pub fn first_letter(name: &str) -> char {
    name.chars()
        .find(|character| character.is_alphanumeric())
        .and_then(|character| character.to_uppercase().next())
        .unwrap_or('·')
}

#[cfg(test)]
mod tests {
    use super::first_letter;

    #[test]
    fn first_letter_skips_what_is_not_a_letter() {
        for (name, letter) in [
            ("Bellmoor", 'B'),
            ("élan", 'É'),
            ("“Quoted”", 'Q'),
            ("7 stars", '7'),
            ("", '·'),
        ] {
            assert_eq!(first_letter(name), letter, "{name:?}");
        }
    }
}
