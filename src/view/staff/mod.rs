//! How staff get in: the first member by a one-time link, everyone by address and password.
//!
//! These pages must never say whether an address belongs to a staff member. Start reading at
//! [`StaffSetupPage`].

use askama::Template;

use super::Field;

/// `/dashboard/set-up?token=…`: makes the first staff member.
///
/// Posts `token`, `name`, `email` and `password` to `/dashboard/set-up`.
#[derive(Debug, Clone, Template)]
#[template(path = "staff/set_up.html")]
pub struct StaffSetupPage {
    /// The one-time token of the link.
    pub token: String,
    /// Their name.
    pub name: Field,
    /// Their address, which signs them in.
    pub email: Field,
    /// What was wrong with the password. What was typed is never sent back.
    pub password_error: Option<String>,
    /// The fewest characters a password may have.
    pub password_length_min: usize,
    /// What was wrong with the whole, such as a link already used.
    pub error: Option<String>,
}

/// `/dashboard/sign-in`.
///
/// Posts `email`, `password` and, where given, `next` to `/dashboard/sign-in`.
#[derive(Debug, Clone, Template)]
#[template(path = "staff/sign_in.html")]
pub struct StaffLoginPage {
    /// Their address.
    pub email: Field,
    /// Why the last try failed, the same sentence whether the address or the password was wrong.
    pub error: Option<String>,
    /// The dashboard page to go on to.
    pub next: Option<String>,
}

impl StaffSetupPage {
    fn password_hint(&self) -> String {
        format!(
            "At least {} characters. A few unrelated words are easy to remember and hard to guess.",
            self.password_length_min
        )
    }
}

#[cfg(test)]
impl StaffSetupPage {
    pub(in crate::view) fn sample(words: super::sample::Words) -> Self {
        Self {
            token: words.text("tok_01"),
            name: Field::filled(words.text("Mara Lindqvist")),
            email: Field::refused(
                words.text("mara@"),
                words.text("This is not an address. Write it as name@example.com."),
            ),
            password_error: Some(words.text("Use at least 12 characters.")),
            password_length_min: 12,
            error: None,
        }
    }
}

#[cfg(test)]
impl StaffLoginPage {
    pub(in crate::view) fn sample(words: super::sample::Words) -> Self {
        Self {
            email: Field::filled(words.text("mara@bellmoor.example")),
            error: Some(words.text("Address and password do not match. Try again.")),
            next: Some(words.text("/dashboard/bellmoor/live")),
        }
    }
}
