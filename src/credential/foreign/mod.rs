//! Passwords that another system hashed, so that its people keep them when they move here.
//!
//! Owns reading foreign hashes and checking a password against one. Every format has an upper bound
//! on what it may cost (A58), and none is ever made here: a password that proves right is hashed
//! anew with [`super::password::Hasher`]. Never touches the database and never waits for anything.
//! Start with [`Foreign::parse`]; [`stored_text`] turns the columns of an export into its input.

mod bits;
mod crypt;
mod derived;
mod export;
mod salted;

use crate::kernel::Secret;

pub use export::{Export, FirebaseProject, stored_text};

/// The longest text of a hash that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 2048;

/// A foreign hash, understood and within bounds.
#[derive(Clone, Debug)]
pub struct Foreign(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Bcrypt(crypt::Bcrypt),
    Crypt(crypt::Crypt),
    Phpass(crypt::Phpass),
    Pbkdf2(derived::Pbkdf2),
    Scrypt(derived::Scrypt),
    Firebase(derived::Firebase),
    Argon2(derived::Argon2Hash),
    Salted(salted::Salted),
}

/// Why a hash is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Longer than [`TEXT_BYTES_MAX`].
    #[error("the hash is longer than {TEXT_BYTES_MAX} bytes, so it is no hash that is known here")]
    Long,
    /// Nothing that is known here begins like this.
    #[error(
        "the format of the hash is not known; name it in the `format` column, or leave this person \
         out so that they choose a new password"
    )]
    Unknown,
    /// It begins like the named format and goes on unlike it.
    #[error("the hash begins like {0}, but the rest is not of that format")]
    Malformed(&'static str),
    /// To check one password would take too much time or memory (A58).
    #[error("a {0} hash of this cost would take too long or too much memory to check")]
    Costly(&'static str),
    /// It is of a kind that proves nothing: too short, or made by a broken variant.
    #[error("a {0} hash of this kind does not prove a password")]
    Weak(&'static str),
    /// A column is missing that the format needs.
    #[error("the format {0} needs the column `{1}`")]
    Missing(&'static str, &'static str),
}

impl Foreign {
    /// Reads a hash as it is stored: in the notation of the system that made it where that says all,
    /// else as [`stored_text`] writes it.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(Unreadable::Long);
        }
        // Django and LDAP put a word of their own before a hash of another format.
        if let Some(rest) = text
            .strip_prefix("argon2$")
            .or(text.strip_prefix("bcrypt$"))
        {
            return Self::parse(&format!("${}", rest.trim_start_matches('$')));
        }
        if let Some(rest) = strip_prefix_any_case(text, "{CRYPT}") {
            return Self::parse(rest);
        }
        let kind = if let Some(found) = crypt::Bcrypt::parse(text) {
            Kind::Bcrypt(found?)
        } else if let Some(found) = crypt::Crypt::parse(text) {
            Kind::Crypt(found?)
        } else if let Some(found) = crypt::Phpass::parse(text) {
            Kind::Phpass(found?)
        } else if let Some(found) = derived::Argon2Hash::parse(text) {
            Kind::Argon2(found?)
        } else if let Some(found) = derived::Pbkdf2::parse(text) {
            Kind::Pbkdf2(found?)
        } else if let Some(found) = derived::Firebase::parse(text) {
            Kind::Firebase(found?)
        } else if let Some(found) = derived::Scrypt::parse(text) {
            Kind::Scrypt(found?)
        } else if let Some(found) = salted::Salted::parse(text) {
            Kind::Salted(found?)
        } else {
            return Err(Unreadable::Unknown);
        };
        Ok(Self(kind))
    }

    /// What the format is called.
    pub const fn format(&self) -> &'static str {
        match &self.0 {
            Kind::Bcrypt(hash) => hash.format(),
            Kind::Crypt(hash) => hash.format(),
            Kind::Phpass(hash) => hash.format(),
            Kind::Pbkdf2(_) => "PBKDF2",
            Kind::Scrypt(_) => "scrypt",
            Kind::Firebase(_) => "Firebase scrypt",
            Kind::Argon2(_) => "argon2",
            Kind::Salted(_) => "salted digest",
        }
    }

    /// Whether `password` is the one behind the hash. Takes as long as the hash costs: up to a
    /// second, so never call it on an async thread.
    pub fn verify(&self, password: &Secret) -> bool {
        let password = password.expose().as_bytes();
        match &self.0 {
            Kind::Bcrypt(hash) => hash.verify(password),
            Kind::Crypt(hash) => hash.verify(password),
            Kind::Phpass(hash) => hash.verify(password),
            Kind::Pbkdf2(hash) => hash.verify(password),
            Kind::Scrypt(hash) => hash.verify(password),
            Kind::Firebase(hash) => hash.verify(password),
            Kind::Argon2(hash) => hash.verify(password),
            Kind::Salted(hash) => hash.verify(password),
        }
    }
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests;
