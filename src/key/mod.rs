//! API keys: secret keys for servers, browser keys for pages.
//!
//! Owns the `api_key` table, the wire form, what a key may do ([`Grant`]) and how much of it
//! ([`Quotas`]). A browser key is public by nature: it may only send events, which are then marked as
//! untrusted. Never keeps a key in force that was revoked: keys are looked up on every use.

pub mod grant;
pub mod quota;
pub mod store;

use std::fmt;
use std::sync::Arc;

use crate::kernel::id::{BrandId, KeyId};
use crate::kernel::{Entropy, Secret};

pub use grant::{Allowlist, Grant, Scope, Scopes};
pub use quota::{Flood, Quotas, Spent};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For servers: everything the API offers.
    Secret,
    /// For pages: sending events.
    Browser,
}

impl Kind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Browser => "browser",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "secret" => Some(Self::Secret),
            "browser" => Some(Self::Browser),
            _ => None,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Secret => "bf_sec_",
            Self::Browser => "bf_pub_",
        }
    }
}

/// A key that was presented and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose it is.
    pub brand_id: BrandId,
    /// Its id.
    pub key_id: KeyId,
    /// What it may do.
    pub kind: Kind,
    /// And what of that.
    pub grant: Arc<Grant>,
}

impl Key {
    /// Whether it may do what `scope` names. A browser key may send events and nothing else.
    pub fn may(&self, scope: Scope) -> bool {
        match self.kind {
            Kind::Secret => self.grant.scopes.has(scope),
            Kind::Browser => scope == Scope::EventsWrite,
        }
    }
}

/// A key as its holder writes it: `bf_sec_` or `bf_pub_`, 32 hexadecimal digits that find it, an
/// underscore, and 43 characters that prove it.
pub struct Presented {
    /// The kind that the prefix claims.
    pub kind: Kind,
    /// Which key it claims to be.
    pub key_id: KeyId,
    /// What proves it.
    pub secret: Secret,
}

impl Presented {
    /// Makes a new key.
    pub fn generate(kind: Kind, key_id: KeyId, entropy: &Entropy) -> Self {
        Self {
            kind,
            key_id,
            secret: Secret::random(entropy),
        }
    }

    /// Reads the wire form; anything that differs in the least is not a key.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = [Kind::Secret, Kind::Browser]
            .into_iter()
            .find_map(|kind| text.strip_prefix(kind.prefix()).map(|rest| (kind, rest)))?;
        let (id, secret) = rest.split_at_checked(32)?;
        let secret = secret
            .strip_prefix('_')
            .filter(|secret| secret.len() == 43)?;
        let key_id = format!("key_{id}").parse().ok()?;
        Some(Self {
            kind,
            key_id,
            secret: Secret::new(secret),
        })
    }

    /// The wire form, shown to its owner.
    pub fn expose(&self) -> String {
        let id = self.key_id.uuid();
        format!(
            "{}{}_{}",
            self.kind.prefix(),
            id.simple(),
            self.secret.expose()
        )
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}…", self.kind.prefix(), self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a99_only_the_exact_wire_form_is_a_key() {
        let entropy = Entropy::seeded(1);
        let key = Presented::generate(
            Kind::Secret,
            KeyId::new(DateTime::UNIX_EPOCH, &entropy),
            &entropy,
        );
        let text = key.expose();

        let parsed = Presented::parse(&text).expect("its own form");

        assert_eq!((parsed.kind, parsed.key_id), (Kind::Secret, key.key_id));
        assert_eq!(parsed.secret, key.secret);
        for wrong in [
            &text[..text.len() - 1],
            &text.to_uppercase(),
            &format!("{text} "),
            &format!(" {text}"),
            "bf_sec_",
            "",
            "undefined",
        ] {
            assert!(
                Presented::parse(wrong).is_none(),
                "{wrong:?} was read as a key"
            );
        }
    }
}
