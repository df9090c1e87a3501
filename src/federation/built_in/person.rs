//! The people of the test provider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::kernel::secret::sha256;

/// Somebody ready-made.
#[derive(Clone, Copy, Debug)]
pub struct SamplePerson {
    /// Their account.
    pub subject: &'static str,
    /// Their name.
    pub name: &'static str,
    /// Their address, if they give one.
    pub email: Option<&'static str>,
    /// Whether it is proven.
    pub email_verified: bool,
}

/// The ready-made people: enough to see every case of linking.
pub const PEOPLE: &[SamplePerson] = &[
    SamplePerson {
        subject: "ada",
        name: "Ada Lindqvist",
        email: Some("ada@example.com"),
        email_verified: true,
    },
    SamplePerson {
        subject: "bilal",
        name: "Bilal Rahman",
        email: Some("bilal@example.com"),
        email_verified: true,
    },
    SamplePerson {
        subject: "chen",
        name: "Chen Wei",
        email: Some("chen@example.com"),
        email_verified: false,
    },
    SamplePerson {
        subject: "dana",
        name: "Dana Novak",
        email: None,
        email_verified: false,
    },
];

/// Who a browser's person says they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account.
    pub subject: String,
    /// The name; may be empty.
    pub name: String,
    /// The address, if any.
    pub email: Option<String>,
    /// Whether it is proven.
    pub email_verified: bool,
}

impl Person {
    /// The ready-made person with this subject.
    pub fn sample(subject: &str) -> Option<Self> {
        let sample = PEOPLE.iter().find(|person| person.subject == subject)?;
        Some(Self {
            subject: sample.subject.to_owned(),
            name: sample.name.to_owned(),
            email: sample.email.map(str::to_owned),
            email_verified: sample.email_verified,
        })
    }

    /// Somebody else. Without a subject, the address or else the name makes one, so that the same
    /// person comes back as the same account. `None` when all three are empty.
    pub fn made_up(subject: &str, name: &str, email: &str, email_verified: bool) -> Option<Self> {
        let [subject, name, email] = [subject, name, email].map(str::trim);
        let email = (!email.is_empty()).then(|| email.to_owned());
        let subject = if subject.is_empty() {
            let seed = email.as_deref().unwrap_or(name).to_lowercase();
            if seed.is_empty() {
                return None;
            }
            let digits: Vec<String> = sha256(seed.as_bytes())
                .iter()
                .take(10)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            digits.concat()
        } else {
            subject.to_owned()
        };
        Some(Self {
            subject,
            name: name.to_owned(),
            email_verified: email_verified && email.is_some(),
            email,
        })
    }

    /// The claims about them.
    pub(super) fn claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), json!(self.subject));
        if !self.name.is_empty() {
            claims.insert("name".to_owned(), json!(self.name));
            if let Some((given, family)) = self.name.split_once(' ') {
                claims.insert("given_name".to_owned(), json!(given));
                claims.insert("family_name".to_owned(), json!(family));
            }
        }
        if let Some(email) = &self.email {
            claims.insert("email".to_owned(), json!(email));
            claims.insert("email_verified".to_owned(), json!(self.email_verified));
        }
        claims
    }
}
