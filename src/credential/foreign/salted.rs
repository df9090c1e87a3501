//! One digest of password and salt, as directories and older systems keep them. Fast to try, so what
//! matters is that such a hash is gone after its owner's next sign-in.

use super::bits::{Digest, from_base64, from_hex, same, to_base64};
use super::{Unreadable, strip_prefix_any_case};

/// How password and salt are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    SaltPassword,
    PasswordSalt,
    /// No salt at all.
    Password,
}

impl Order {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SaltPassword => "salt+password",
            Self::PasswordSalt => "password+salt",
            Self::Password => "password",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::SaltPassword, Self::PasswordSalt, Self::Password]
            .into_iter()
            .find(|order| order.name() == name)
    }
}

/// A digest of a password, with its salt if it has one.
#[derive(Clone, Debug)]
pub(super) struct Salted {
    digest: Digest,
    order: Order,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

const SALTED: &str = "a salted digest";
const BAD: Unreadable = Unreadable::Malformed(SALTED);

impl Salted {
    pub(super) fn new(
        digest: Digest,
        order: Order,
        salt: Vec<u8>,
        hash: Vec<u8>,
    ) -> Result<Self, Unreadable> {
        if hash.len() != digest.bytes() || salt.len() > 256 {
            return Err(BAD);
        }
        Ok(Self {
            digest,
            order,
            salt,
            hash,
        })
    }

    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        if let Some(rest) = text.strip_prefix("$salted$") {
            return Some(Self::parse_own(rest).unwrap_or(Err(BAD)));
        }
        if let Some(rest) = text.strip_prefix('{') {
            let (scheme, body) = rest.split_once('}')?;
            return Self::parse_ldap(scheme, body);
        }
        // Django's oldest: `sha1$salt$hex`.
        let (name, rest) = text.split_once('$')?;
        if !matches!(name, "md5" | "sha1") {
            return None;
        }
        let digest = Digest::named(name)?;
        let (salt, hash) = rest.split_once('$')?;
        let salt = salt.as_bytes().to_vec();
        let hash = from_hex(hash).ok_or(BAD);
        Some(hash.and_then(|hash| Self::new(digest, Order::SaltPassword, salt, hash)))
    }

    /// `sha256$salt+password$salt$hash`, salt and hash in base64.
    fn parse_own(rest: &str) -> Option<Result<Self, Unreadable>> {
        let mut parts = rest.split('$');
        let digest = Digest::named(parts.next()?)?;
        let order = Order::named(parts.next()?)?;
        let salt = from_base64(parts.next()?)?;
        let hash = from_base64(parts.next()?)?;
        Some(Self::new(digest, order, salt, hash))
    }

    /// `{SSHA}`, `{SSHA512}`, `{SMD5}`: base64 of the hash with its salt after it; `{SHA}` without.
    fn parse_ldap(scheme: &str, body: &str) -> Option<Result<Self, Unreadable>> {
        let salted = strip_prefix_any_case(scheme, "SS")
            .map(|rest| format!("S{rest}"))
            .or_else(|| {
                scheme
                    .eq_ignore_ascii_case("SMD5")
                    .then(|| "MD5".to_owned())
            });
        let is_salted = salted.is_some();
        let digest = Digest::named(salted.as_deref().unwrap_or(scheme))?;
        let Some(bytes) = from_base64(body) else {
            return Some(Err(BAD));
        };
        let Some((hash, salt)) = bytes.split_at_checked(digest.bytes()) else {
            return Some(Err(BAD));
        };
        if salt.is_empty() == is_salted {
            return Some(Err(BAD));
        }
        let order = if is_salted {
            Order::PasswordSalt
        } else {
            Order::Password
        };
        Some(Self::new(digest, order, salt.to_vec(), hash.to_vec()))
    }

    /// In our own notation.
    pub(super) fn text(&self) -> String {
        format!(
            "$salted${}${}${}${}",
            self.digest.name(),
            self.order.name(),
            to_base64(&self.salt),
            to_base64(&self.hash)
        )
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let made = match self.order {
            Order::SaltPassword => self.digest.of(&[&self.salt, password]),
            Order::PasswordSalt => self.digest.of(&[password, &self.salt]),
            Order::Password => self.digest.of(&[password]),
        };
        same(&made, &self.hash)
    }
}
