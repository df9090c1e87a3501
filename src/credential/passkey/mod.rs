//! Passkeys: what an authenticator answers, read and judged (WebAuthn Level 3, §7.1 and §7.2).
//!
//! Owns the rules only: no table, no clock, no randomness, so that every check has a test that turns
//! one field of a good answer bad (A61). Attestation is not asked for and not believed: which maker
//! built somebody's authenticator is nobody's business here. Written by hand, since the relying-party
//! crates bring a second TLS library or an RSA with a known leak; the signatures themselves are
//! checked by aws-lc. Start with [`register`] and [`authenticate`].

mod authenticator;
mod cbor;
mod ceremony;
mod key;
#[cfg(test)]
mod soft;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use ceremony::{authenticate, challenge_of, register};
pub use key::{ALGORITHMS, PublicKey};

/// How many random bytes a challenge has; WebAuthn asks for at least 16.
pub const CHALLENGE_BYTES: usize = 32;

/// How many random bytes stand for a person towards authenticators. They say nothing of the person.
pub const USER_HANDLE_BYTES: usize = 32;

/// The longest part of an answer that is read, in bytes. An answer without attestation has hundreds.
pub const PART_BYTES_MAX: usize = 16 * 1024;

/// Whom authenticators answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain that passkeys are bound to.
    pub id: String,
    /// The one origin whose pages may ask.
    pub origin: String,
}

impl RelyingParty {
    /// The one whose pages are served under `url`, as in `https://id.example.com`. None where the
    /// host is a number: passkeys are bound to names.
    pub fn of(url: &url::Url) -> Option<Self> {
        match url.host()? {
            url::Host::Domain(name) => Some(Self {
                id: name.to_owned(),
                origin: url.origin().ascii_serialization(),
            }),
            url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
        }
    }
}

/// What a browser sends after making a passkey: `RegistrationResponseJSON`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// The credential's id in base64url.
    pub id: String,
    /// The same once more.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the authenticator made.
    pub response: Attested,
}

/// The answer within a [`Registration`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attested {
    /// What the browser saw, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// The new key and all about it, in base64url.
    pub attestation_object: String,
    /// By which roads the authenticator is reached.
    #[serde(default)]
    pub transports: Vec<String>,
}

/// What a browser sends after using a passkey: `AuthenticationResponseJSON`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    /// The credential's id in base64url.
    pub id: String,
    /// The same once more.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the authenticator signed.
    pub response: Asserted,
}

/// The answer within an [`Authentication`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asserted {
    /// What the browser saw, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says of itself, in base64url.
    pub authenticator_data: String,
    /// Over both, in base64url.
    pub signature: String,
    /// Who the authenticator says it is, in base64url.
    pub user_handle: Option<String>,
}

/// A passkey as it is kept. Its credential id stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// What stands for its owner towards authenticators, in base64url.
    pub user_handle: String,
    /// Its key.
    pub key: PublicKey,
    /// How often it was used, as it counts itself; many always say 0.
    pub counter: u32,
    /// Whether it may be copied to the owner's other devices.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
    /// By which roads it is reached.
    pub transports: Vec<String>,
}

/// A passkey that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// What to keep.
    pub passkey: Passkey,
}

/// What using a passkey changes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its counter now.
    pub counter: u32,
    /// Whether it is copied now.
    pub backed_up: bool,
}

/// Why an authenticator's answer is not taken. Nothing here helps whoever is refused, so pages say
/// one thing for all of them; logs say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("a passkey's answer cannot be read")]
    Malformed,
    /// `id`, `rawId` and the authenticator's own words differ, or it is no public key.
    #[error("a passkey's answer names two credentials")]
    Id,
    /// It is an answer to another kind of question.
    #[error("a passkey's answer is to another question")]
    Type,
    /// It answers another challenge.
    #[error("a passkey's answer is to another challenge")]
    Challenge,
    /// Another site's page asked.
    #[error("a passkey was asked for by another site")]
    Origin,
    /// A page within another site's page asked.
    #[error("a passkey was asked for within another site's page")]
    CrossOrigin,
    /// It is bound to another domain.
    #[error("a passkey of another domain answered")]
    RelyingParty,
    /// Nobody was there.
    #[error("a passkey answered without anybody present")]
    UserPresence,
    /// The authenticator did not check who was there.
    #[error("a passkey answered without checking who was there")]
    UserVerification,
    /// It says that it is copied and that it cannot be, or other than when it was made.
    #[error("a passkey contradicts itself about copies")]
    Backup,
    /// Its key is of a kind that was not asked for, or no key.
    #[error("a passkey's key is of a kind that is not taken")]
    Algorithm,
    /// The signature is not by its key.
    #[error("a passkey's signature is wrong")]
    Signature,
    /// It is somebody else's.
    #[error("a passkey answered for somebody else")]
    UserHandle,
    /// It was used less often than before: there are two of it.
    #[error("a passkey's counter went back, so there may be a copy of it")]
    Counter,
}

impl Refusal {
    /// A word for logs and the audit record.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "passkey_malformed",
            Self::Id => "passkey_id",
            Self::Type => "passkey_type",
            Self::Challenge => "passkey_challenge",
            Self::Origin => "passkey_origin",
            Self::CrossOrigin => "passkey_cross_origin",
            Self::RelyingParty => "passkey_relying_party",
            Self::UserPresence => "passkey_user_presence",
            Self::UserVerification => "passkey_user_verification",
            Self::Backup => "passkey_backup",
            Self::Algorithm => "passkey_algorithm",
            Self::Signature => "passkey_signature",
            Self::UserHandle => "passkey_user_handle",
            Self::Counter => "passkey_counter",
        }
    }
}
