//! Email addresses, canonicalised once before any use.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

/// The longest address that is accepted, in bytes (RFC 5321 §4.5.3.1.3, less the brackets).
pub const EMAIL_LENGTH_MAX: usize = 254;

/// An address in canonical form: lower case, NFC, one `@`, plain ASCII domain.
///
/// Addresses that look alike but are spelt otherwise (fullwidth `＠`, NUL, dotless i in the domain,
/// a quoted local part, a trailing dot) are refused rather than folded: a fold that joins two
/// spellings is how one person gets into another's account.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// The text is not an address that Befriend takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address like name@example.com")]
pub struct ParseEmailError;

impl EmailAddress {
    /// Parses and canonicalises `text`.
    pub fn parse(text: &str) -> Result<Self, ParseEmailError> {
        let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
        let canonical: String = trimmed.nfc().collect::<String>().to_lowercase();
        if canonical.len() > EMAIL_LENGTH_MAX || canonical.chars().any(is_unwelcome) {
            return Err(ParseEmailError);
        }
        let (local, domain) = canonical.split_once('@').ok_or(ParseEmailError)?;
        let domain_fits = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            });
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if domain_fits && local_fits {
            Ok(Self(canonical))
        } else {
            Err(ParseEmailError)
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Control characters, space, quotes and every look-alike of `@` outside ASCII.
fn is_unwelcome(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(
            c,
            '"' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '\\' | '[' | ']'
        )
        || matches!(c, '\u{ff20}' | '\u{fe6b}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses are personal data: a debug print shows the domain only.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…@{}", self.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_become_one() {
        for text in ["victim@x.com", " VICTIM@X.COM ", "Victim@x.Com"] {
            assert_eq!(
                EmailAddress::parse(text).expect(text).as_str(),
                "victim@x.com"
            );
        }
    }

    #[test]
    fn a37_look_alikes_are_refused() {
        for text in [
            "victim@x.com@evil",
            "victim＠x.com",
            "victim@x.com\u{0}",
            "\"a b\"@x.com",
            "victim@x.com.",
            "victim@gıthub.com",
            "victim@x",
            "@x.com",
            "victim@",
            "",
            "a..b@x.com",
            "a@-x.com",
            "a@x..com",
            "vic\u{200b}tim@x.com",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?} was accepted");
        }
        assert!(EmailAddress::parse(&format!("{}@x.com", "a".repeat(300))).is_err());
    }
}
