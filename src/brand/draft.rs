//! What a new brand must satisfy.

use chrono::{DateTime, Utc};

use super::Brand;
use crate::kernel::Entropy;
use crate::kernel::id::BrandId;

/// The longest short name, in characters.
pub const SLUG_CHARS_MAX: usize = 40;

/// The longest name for people, in characters.
pub const NAME_CHARS_MAX: usize = 80;

/// The colour of a brand that chose none.
pub const COLOUR_DEFAULT: &str = "#0b6e4f";

/// Short names that addresses of the dashboard already use.
const SLUGS_RESERVED: [&str; 6] = [
    "brands", "set-up", "sign-in", "sign-out", "team", "settings",
];

/// A brand about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    slug: String,
    name: String,
    colour: String,
}

/// What is wrong with a draft: at each part, the fault and its mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The short name.
    pub slug: Option<&'static str>,
    /// The name.
    pub name: Option<&'static str>,
    /// The colour.
    pub colour: Option<&'static str>,
}

impl Faults {
    /// Every fault, with the name of its part.
    pub fn list(&self) -> Vec<(&'static str, &'static str)> {
        [
            ("slug", self.slug),
            ("name", self.name),
            ("colour", self.colour),
        ]
        .into_iter()
        .filter_map(|(part, fault)| fault.map(|fault| (part, fault)))
        .collect()
    }
}

impl Draft {
    /// Reads what somebody typed. An empty colour is [`COLOUR_DEFAULT`].
    pub fn parse(slug: &str, name: &str, colour: &str) -> Result<Self, Faults> {
        let (slug, name) = (slug.trim(), name.trim());
        let colour = match colour.trim() {
            "" => COLOUR_DEFAULT.to_owned(),
            given => given.to_ascii_lowercase(),
        };
        let faults = Faults {
            slug: slug_fault(slug),
            name: name_fault(name),
            colour: (!is_colour(&colour))
                .then_some("Write a colour as # and six hexadecimal digits, such as #b85207."),
        };
        if faults != Faults::default() {
            return Err(faults);
        }
        Ok(Self {
            slug: slug.to_owned(),
            name: name.to_owned(),
            colour,
        })
    }

    /// The brand as it is to be stored.
    pub fn into_brand(self, is_demo: bool, now: DateTime<Utc>, entropy: &Entropy) -> Brand {
        Brand {
            brand_id: BrandId::new(now, entropy),
            slug: self.slug,
            name: self.name,
            colour: self.colour,
            links_by_email: false,
            asks_terms: true,
            terms_url: None,
            privacy_url: None,
            words: serde_json::json!({}),
            logo: None,
            is_demo,
            created_at: now,
            disabled_at: None,
        }
    }
}

/// What is wrong with a short name of at most [`SLUG_CHARS_MAX`] characters, if anything.
pub fn slug_fault(slug: &str) -> Option<&'static str> {
    if !is_slug(slug) {
        Some("Use 1 to 40 lower-case letters, digits and dashes, and begin with a letter or digit.")
    } else if SLUGS_RESERVED.contains(&slug) {
        Some("The dashboard uses this word itself. Choose another.")
    } else {
        None
    }
}

/// Whether `text` has the form of a short name.
pub fn is_slug(text: &str) -> bool {
    text.len() <= SLUG_CHARS_MAX
        && !text.is_empty()
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What is wrong with a name for people, if anything.
pub fn name_fault(name: &str) -> Option<&'static str> {
    let fits = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control);
    (!fits).then_some("Give a name of 1 to 80 characters.")
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_fit_addresses_and_the_schema() {
        for good in ["bakery", "a", "7-stars", &"x".repeat(40)] {
            assert_eq!(slug_fault(good), None, "{good}");
        }
        for bad in [
            "",
            "-a",
            "Bakery",
            "a b",
            "ä",
            "a.b",
            "a/b",
            "brands",
            "sign-in",
            &"x".repeat(41),
        ] {
            assert!(slug_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let faults = Draft::parse("A", "\u{7}", "red").expect_err("nothing is right");

        assert_eq!(faults.list().len(), 3);
    }

    #[test]
    fn a_colour_may_be_left_out_and_is_kept_in_lower_case() {
        let plain = Draft::parse("bakery", "Bakery", "").expect("no colour is needed");
        let upper = Draft::parse("bakery", " Bakery ", "#B85207").expect("upper case is a colour");

        assert_eq!(plain.colour, COLOUR_DEFAULT);
        assert_eq!(
            (upper.colour.as_str(), upper.name.as_str()),
            ("#b85207", "Bakery")
        );
    }
}
