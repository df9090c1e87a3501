//! The languages of our pages, one catalogue each.
//!
//! Owns every text that customers read on hosted pages and on the sign-in element. A text is a whole
//! sentence with gaps; none is put together from parts. Never decides which language somebody reads
//! (that is for whoever knows the request). Start with [`Messages`].

mod arabic;
mod english;
mod french;
mod german;
mod messages;
mod portuguese;
mod spanish;
mod text;
mod trouble;

pub use messages::Messages;
pub use text::Text;
pub use trouble::{Told, Trouble};

use trouble::Troubles;

/// A language that our pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// Portuguese.
    Portuguese,
    /// Arabic, written from right to left.
    Arabic,
}

impl Language {
    /// All languages, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Portuguese,
        Self::Arabic,
    ];

    /// The language for a BCP 47 tag, judged by its first part, as in `de-CH`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.trim();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first supported language of a list in order of preference, separated by commas or spaces,
    /// as in `Accept-Language` and in the `ui_locales` of OpenID Connect.
    pub fn from_wishes(list: &str) -> Option<Self> {
        list.split([',', ' '])
            .take(16)
            .find_map(|part| Self::from_tag(part.split(';').next()?))
    }

    /// [`Self::from_wishes`] of an `Accept-Language` header; English where it names none of ours.
    pub fn from_accept_language(header: &str) -> Self {
        Self::from_wishes(header).unwrap_or_default()
    }

    /// The language's BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Portuguese => "pt",
            Self::Arabic => "ar",
        }
    }

    /// The language's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::French => "Français",
            Self::Portuguese => "Português",
            Self::Arabic => "العربية",
        }
    }

    /// The direction it is written in: `ltr` or `rtl`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German | Self::Spanish | Self::French | Self::Portuguese => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The language's texts.
    pub const fn messages(self) -> &'static Messages {
        match self {
            Self::English => &english::MESSAGES,
            Self::German => &german::MESSAGES,
            Self::Spanish => &spanish::MESSAGES,
            Self::French => &french::MESSAGES,
            Self::Portuguese => &portuguese::MESSAGES,
            Self::Arabic => &arabic::MESSAGES,
        }
    }

    const fn troubles(self) -> &'static Troubles {
        match self {
            Self::English => &english::TROUBLES,
            Self::German => &german::TROUBLES,
            Self::Spanish => &spanish::TROUBLES,
            Self::French => &french::TROUBLES,
            Self::Portuguese => &portuguese::TROUBLES,
            Self::Arabic => &arabic::TROUBLES,
        }
    }
}

impl Messages {
    /// The texts of the sign-in element, in the order in which it reads them. `{}` is its own gap.
    pub const fn element(&self) -> [&'static str; 8] {
        [
            self.element_continue.as_str(),
            self.element_sign_in.as_str(),
            self.element_sign_up.as_str(),
            self.element_email.as_str(),
            self.element_greeting.as_str(),
            self.sign_out.as_str(),
            self.last_used.as_str(),
            self.element_failed.as_str(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted_gaps(text: Text) -> Vec<&'static str> {
        let mut gaps: Vec<_> = text.gaps().collect();
        gaps.sort_unstable();
        gaps
    }

    #[test]
    fn languages_are_chosen_by_preference() {
        for (header, language) in [
            ("de-CH,de;q=0.9,en;q=0.8", Language::German),
            ("it, ES;q=0.5", Language::Spanish),
            ("fr-CA en", Language::French),
            ("pt_BR", Language::Portuguese),
            ("ar", Language::Arabic),
            ("ja", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header}");
        }
        assert_eq!(Language::from_wishes("ja zh"), None);
    }

    #[test]
    fn every_language_has_every_text_with_the_same_gaps() {
        let english = Language::English.messages().all();
        for language in Language::ALL {
            let texts = language.messages().all();
            for ((name, own), (_, original)) in texts.iter().zip(&english) {
                assert!(!own.as_str().trim().is_empty(), "{language:?} {name}");
                assert_eq!(
                    sorted_gaps(*own),
                    sorted_gaps(*original),
                    "{language:?} {name}"
                );
                assert!(!own.as_str().contains('!'), "{language:?} {name}");
            }
        }
    }

    #[test]
    fn no_language_repeats_another_by_oversight() {
        let english = Language::English.messages().all();
        for language in Language::ALL.into_iter().skip(1) {
            let texts = language.messages().all();
            let same = texts
                .iter()
                .zip(&english)
                .filter(|((_, own), (_, original))| own == original && own.as_str().contains(' '))
                .map(|((name, _), _)| *name)
                .collect::<Vec<_>>();
            assert_eq!(same, Vec::<&str>::new(), "{language:?}");
        }
    }

    #[test]
    fn every_trouble_is_told_in_every_language() {
        for language in Language::ALL {
            for trouble in Trouble::ALL {
                let own = trouble.told(language);
                let original = trouble.told(Language::English);
                assert_eq!(sorted_gaps(own.title), sorted_gaps(original.title));
                assert_eq!(sorted_gaps(own.advice), sorted_gaps(original.advice));
            }
        }
    }

    #[test]
    fn a_gap_is_filled_once() {
        let text = Text("{a} and {b}, {c}");

        assert_eq!(text.fill(&[("a", "{b}"), ("b", "x")]), "{b} and x, {c}");
        assert_eq!(Text("a {").with("x"), "a {");
    }
}
