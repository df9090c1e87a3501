//! What people are told by mail: typed messages, their words in each language, and the letter that
//! they are written in.
//!
//! A [`Message`] says what happened; [`write_letter`] turns it into a subject, plain text and HTML.
//! The plain text is always there and says everything. Names and links are data: nothing in them is
//! ever read as a template, and a line break in a name cannot begin a new line, let alone a header.
//!
//! This module must never send anything and never decide whether to.

mod english;
mod letter;

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};

use super::Colour;
use super::language::Language;
pub use letter::{NAME_CHARS_MAX, one_line, write_letter};

/// What somebody is told. Links are absolute; texts are as people or browsers wrote them.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// How to go on with a sign-in or sign-up that was begun with this address.
    SignInCode {
        /// Typed in the browser that asked.
        code: String,
        /// Opened instead.
        link: String,
        /// How long both work.
        minutes: u32,
    },
    /// How to show that an address may be added to an account.
    AddressCode {
        /// Typed in the browser that asked.
        code: String,
        /// Opened instead.
        link: String,
        /// How long both work.
        minutes: u32,
    },
    /// How to choose a new password.
    PasswordReset {
        /// Opened in any browser.
        link: String,
        /// Typed in the browser that asked.
        code: String,
        /// How long both work.
        minutes: u32,
    },
    /// Somebody tried to make an account with an address that has one.
    AddressTaken {
        /// Where to sign in.
        link: String,
    },
    /// The password is another.
    PasswordChanged,
    /// Signed in where nobody was before.
    NewDevice {
        /// As in `Firefox on Linux`.
        browser: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Something more now signs in to the account.
    WayAdded {
        /// As in `Google`, or `a password`.
        what: String,
    },
    /// Something no longer signs in to the account.
    WayRemoved {
        /// As in `Google`, or `a password`.
        what: String,
    },
    /// Two accounts became one.
    ProfilesMerged {
        /// Where that is taken back.
        undo_link: String,
        /// Until when it can be.
        until: DateTime<Utc>,
    },
    /// One account became two again.
    ProfilesParted,
    /// The account is going to be erased.
    ErasureBegun {
        /// Where that is taken back.
        undo_link: String,
        /// When it is erased.
        until: DateTime<Utc>,
    },
    /// A passkey was added.
    PasskeyAdded {
        /// What its owner calls it.
        name: String,
    },
    /// The second step of signing in is another.
    SecondFactorChanged {
        /// What was done, as in `An authenticator app was added`, without a full stop.
        what: String,
    },
}

impl Message {
    /// Its name in the database and in metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignInCode { .. } => "sign_in_code",
            Self::AddressCode { .. } => "address_code",
            Self::PasswordReset { .. } => "password_reset",
            Self::AddressTaken { .. } => "address_taken",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice { .. } => "new_device",
            Self::WayAdded { .. } => "way_added",
            Self::WayRemoved { .. } => "way_removed",
            Self::ProfilesMerged { .. } => "profiles_merged",
            Self::ProfilesParted => "profiles_parted",
            Self::ErasureBegun { .. } => "erasure_begun",
            Self::PasskeyAdded { .. } => "passkey_added",
            Self::SecondFactorChanged { .. } => "second_factor_changed",
        }
    }

    /// Whether anybody who knows the address can have it sent, without being signed in: such mail is
    /// limited in number.
    pub const fn is_asked(&self) -> bool {
        match self {
            Self::SignInCode { .. }
            | Self::AddressCode { .. }
            | Self::PasswordReset { .. }
            | Self::AddressTaken { .. } => true,
            Self::PasswordChanged
            | Self::NewDevice { .. }
            | Self::WayAdded { .. }
            | Self::WayRemoved { .. }
            | Self::ProfilesMerged { .. }
            | Self::ProfilesParted
            | Self::ErasureBegun { .. }
            | Self::PasskeyAdded { .. }
            | Self::SecondFactorChanged { .. } => false,
        }
    }

    /// What staff see a mail of a kind called; none for a kind that is not known.
    pub fn title_of_kind(kind: &str) -> Option<&'static str> {
        Some(match kind {
            "sign_in_code" => "Code to sign in",
            "address_code" => "Code to add an address",
            "password_reset" => "Password reset",
            "address_taken" => "Address already in use",
            "password_changed" => "Password changed",
            "new_device" => "New device",
            "way_added" => "Way to sign in added",
            "way_removed" => "Way to sign in removed",
            "profiles_merged" => "Accounts joined",
            "profiles_parted" => "Accounts parted",
            "erasure_begun" => "Erasure begun",
            "passkey_added" => "Passkey added",
            "second_factor_changed" => "Second step changed",
            _ => return None,
        })
    }
}

/// Messages hold codes and links: a debug print shows the kind only.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// Whose letter it is.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The brand's name.
    pub name: String,
    /// The brand's colour.
    pub colour: Colour,
}

/// A letter, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// All of it, as plain text.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(…)")
    }
}

/// The words of a message in one language. Nothing in them is markup.
struct Words {
    subject: String,
    heading: String,
    /// Before the code and the button.
    opening: Vec<String>,
    /// The line above the code.
    code_label: String,
    code: Option<String>,
    button: Option<Button>,
    /// After them.
    closing: Vec<String>,
}

/// A link to open.
struct Button {
    label: String,
    href: String,
}

/// The words of `message`, and the language they are in: English where there is no catalogue yet.
fn words(language: Language, brand: &str, message: &Message) -> (Language, Words) {
    match language {
        Language::English
        | Language::German
        | Language::Spanish
        | Language::French
        | Language::Portuguese
        | Language::Arabic => (Language::English, english::words(brand, message)),
    }
}

#[cfg(test)]
impl Message {
    /// Every message, with texts as given.
    pub(in crate::view) fn samples(words: super::sample::Words) -> Vec<Self> {
        let text = |plain: &str| words.text(plain);
        let link = |path: &str| format!("https://id.bellmoor.example{path}");
        let (code, minutes) = ("482 913".to_owned(), 10);
        let at = super::sample::now();
        vec![
            Self::SignInCode {
                code: code.clone(),
                link: link("/login/email/open?token=7Qd&flow=1"),
                minutes,
            },
            Self::AddressCode {
                code: code.clone(),
                link: link("/me/email/open?token=7Qd"),
                minutes,
            },
            Self::PasswordReset {
                link: link("/login/reset?token=7Qd"),
                code,
                minutes,
            },
            Self::AddressTaken {
                link: link("/login?brand=bellmoor"),
            },
            Self::PasswordChanged,
            Self::NewDevice {
                browser: text("Firefox on Linux"),
                at,
            },
            Self::WayAdded {
                what: text("Google"),
            },
            Self::WayRemoved {
                what: text("Google"),
            },
            Self::ProfilesMerged {
                undo_link: link("/me/undo?token=7Qd"),
                until: at,
            },
            Self::ProfilesParted,
            Self::ErasureBegun {
                undo_link: link("/me/keep?token=7Qd"),
                until: at,
            },
            Self::PasskeyAdded {
                name: text("Mara's phone"),
            },
            Self::SecondFactorChanged {
                what: text("An authenticator app was added"),
            },
        ]
    }
}
