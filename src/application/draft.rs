//! What a new application must satisfy.

use super::{Application, Kind, Settings, redirect_uri_fault};
use crate::kernel::id::{ApplicationId, BrandId};
use crate::kernel::{Entropy, Secret};
use chrono::{DateTime, Utc};

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 80;

/// The most addresses to send people back to.
pub const REDIRECT_URIS_MAX: usize = 20;

/// The longest word after the dot of a client id, in characters.
pub const WORD_CHARS_MAX: usize = 40;

/// An application about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    word: String,
    name: String,
    kind: Kind,
    redirect_uris: Vec<String>,
}

/// What is wrong with a draft: at each part, the fault and its mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The name.
    pub name: Option<String>,
    /// The word after the dot of the client id.
    pub word: Option<String>,
    /// The addresses to send people back to.
    pub redirect_uris: Option<String>,
}

impl Faults {
    /// Every fault, with the name of its part.
    pub fn list(&self) -> Vec<(&'static str, &str)> {
        [
            ("name", &self.name),
            ("client", &self.word),
            ("redirect-uri", &self.redirect_uris),
        ]
        .into_iter()
        .filter_map(|(part, fault)| fault.as_deref().map(|fault| (part, fault)))
        .collect()
    }
}

impl Draft {
    /// Reads what somebody typed. Without `word`, the name gives it.
    pub fn parse<'a>(
        name: &str,
        word: Option<&str>,
        kind: Kind,
        redirect_uris: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Faults> {
        let name = name.trim();
        let word = word.map_or_else(|| word_of(name), str::to_owned);
        let uris: Vec<&str> = redirect_uris
            .into_iter()
            .map(str::trim)
            .filter(|uri| !uri.is_empty())
            .collect();
        let fits = !name.is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.chars().any(char::is_control);
        let faults = Faults {
            name: (!fits).then(|| "Give a name of 1 to 80 characters.".to_owned()),
            word: (!is_word(&word)).then(|| {
                "Use 1 to 40 lower-case letters, digits and dashes for the client id.".to_owned()
            }),
            redirect_uris: list_fault(&uris),
        };
        if faults != Faults::default() {
            return Err(faults);
        }
        let mut kept: Vec<String> = Vec::with_capacity(uris.len());
        for uri in uris {
            if !kept.iter().any(|known| known == uri) {
                kept.push(uri.to_owned());
            }
        }
        Ok(Self {
            word,
            name: name.to_owned(),
            kind,
            redirect_uris: kept,
        })
    }

    /// The application as it is to be stored, and the secret that its server is given this once.
    /// After signing out, people may be sent to the same addresses as after signing in.
    pub fn into_application(
        self,
        (brand_id, brand_slug): (BrandId, &str),
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> (Application, Option<Secret>) {
        let secret = match self.kind {
            Kind::Server => Some(Secret::random(entropy)),
            Kind::Browser => None,
        };
        let application = Application {
            brand_id,
            application_id: ApplicationId::new(now, entropy),
            client_id: format!("{brand_slug}.{}", self.word),
            name: self.name,
            kind: self.kind,
            secret_hash: secret.as_ref().map(|secret| secret.hash().to_vec()),
            logout_uris: self.redirect_uris.clone(),
            redirect_uris: self.redirect_uris,
            settings: Settings::default(),
        };
        (application, secret)
    }
}

/// The name in lower-case letters, digits and dashes; `site` where nothing of it is left.
fn word_of(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if word.len() >= WORD_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() && !word.ends_with('-') {
            word.push('-');
        }
    }
    let word = word.trim_end_matches('-');
    if word.is_empty() {
        "site".to_owned()
    } else {
        word.to_owned()
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= WORD_CHARS_MAX
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn list_fault(uris: &[&str]) -> Option<String> {
    if uris.is_empty() {
        return Some("Give at least one address, such as https://shop.example/.".to_owned());
    }
    if uris.len() > REDIRECT_URIS_MAX {
        return Some(format!("Give at most {REDIRECT_URIS_MAX} addresses."));
    }
    uris.iter()
        .find_map(|uri| redirect_uri_fault(uri).map(|fault| format!("{uri}: {fault}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_given_a_secret_and_a_browser_none() {
        let entropy = Entropy::seeded(1);
        let brand = BrandId::new(DateTime::UNIX_EPOCH, &entropy);
        let make = |kind| {
            Draft::parse("Web shop", None, kind, ["https://shop.example/"])
                .expect("a good draft")
                .into_application((brand, "bakery"), DateTime::UNIX_EPOCH, &entropy)
        };

        let (browser, none) = make(Kind::Browser);
        let (server, secret) = make(Kind::Server);

        assert_eq!(browser.client_id, "bakery.web-shop");
        assert!(none.is_none() && browser.secret_hash.is_none());
        let hash = server.secret_hash.expect("a server has a secret");
        assert!(secret.expect("shown once").hash().matches(&hash));
    }

    #[test]
    fn a_name_gives_a_word() {
        for (name, word) in [
            ("Web", "web"),
            ("  Our  Shop! ", "our-shop"),
            ("Äpfel", "pfel"),
            ("店", "site"),
        ] {
            assert_eq!(word_of(name), word);
        }
        assert!(is_word(&word_of(&"long name ".repeat(20))));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let faults = Draft::parse("", Some("Web.1"), Kind::Browser, ["ftp://x"])
            .expect_err("nothing is right");

        assert_eq!(faults.list().len(), 3);
        let none = Draft::parse("Web", None, Kind::Browser, ["", " "]).expect_err("no address");
        assert!(none.redirect_uris.is_some());
    }
}
