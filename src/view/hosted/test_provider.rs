//! The built-in provider, with which anybody can be anybody.

use askama::Template;

use crate::view::Field;

/// The test provider's own page: pick who you are.
///
/// Posts to `action` either `person` (the subject of a sample person), or `name`, `email` and
/// perhaps `email_verified=yes` from the form, or `decision=deny`.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/test_provider.html")]
pub struct TestProviderPage {
    /// Where every choice posts to.
    pub action: String,
    /// The brand that asked for the sign-in.
    pub brand_name: String,
    /// People to pick from.
    pub people: Vec<TestPerson>,
    /// The name of somebody else.
    pub name: Field,
    /// The address of somebody else; may be empty, as with providers that give none.
    pub email: Field,
    /// Whether somebody else's address counts as verified.
    pub email_verified: bool,
}

/// Somebody to sign in as.
#[derive(Debug, Clone)]
pub struct TestPerson {
    /// The subject that the test provider would report.
    pub subject: String,
    /// Their name.
    pub name: String,
    /// Their address, if the test provider gives one.
    pub email: Option<String>,
    /// Whether the address counts as verified.
    pub email_verified: bool,
}

impl TestPerson {
    fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.name)
    }
}

#[cfg(test)]
impl TestProviderPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let person = |subject: &str, name: &str, email: Option<&str>, email_verified| TestPerson {
            subject: words.text(subject),
            name: words.text(name),
            email: email.map(|email| words.text(email)),
            email_verified,
        };
        Self {
            action: words.text("/test-provider/authorize?request=abc"),
            brand_name: words.text("Bellmoor Bakery"),
            people: vec![
                person("anna", "Anna Keller", Some("anna@example.com"), true),
                person("bilal", "Bilal Rahman", Some("bilal@example.com"), true),
                person("chen", "Chen Wei", Some("chen@example.com"), false),
                person("dana", "Dana Novak", None, false),
            ],
            name: Field::filled(words.text("Eve Moreau")),
            email: Field::refused(
                words.text("eve@"),
                words.text("This is not an address. Write it as name@example.com."),
            ),
            email_verified: true,
        }
    }
}
