//! Typed, prefixed, time-ordered ids.
//!
//! An id is a UUIDv7 (RFC 9562 §5.7) in memory and in Postgres, and `prefix_` plus 32 hexadecimal
//! digits on the wire, so that a profile's id can never be passed where a brand's is meant.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::Entropy;

/// What an id names; gives its prefix on the wire.
pub trait Kind {
    /// The text before the underscore.
    const PREFIX: &'static str;
}

/// The id of a `K`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// A new id made at `at`.
    pub fn new(at: DateTime<Utc>, entropy: &Entropy) -> Self {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid();
        Self(uuid, PhantomData)
    }

    /// Wraps a UUID read from the database.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// When it was made, to the millisecond.
    pub fn made_at(self) -> DateTime<Utc> {
        let (bytes, mut millis) = (self.0.into_bytes(), [0; 8]);
        millis[2..].copy_from_slice(&bytes[..6]);
        DateTime::from_timestamp_millis(i64::from_be_bytes(millis)).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The UUID to store.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.0.simple())
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id that begins with {0}_ and goes on with 32 hexadecimal digits")]
pub struct ParseIdError(&'static str);

impl<K: Kind> FromStr for Id<K> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = ParseIdError(K::PREFIX);
        let digits = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|digits| digits.len() == 32)
            .ok_or(fault)?;
        let canonical = digits
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(fault);
        }
        Uuid::try_parse(digits)
            .map(Self::from_uuid)
            .map_err(|_| fault)
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $alias:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// The tenant.
    Brand, BrandId, "brd";
    /// A brand's OAuth client.
    Application, ApplicationId, "app";
    /// A brand's configured social provider.
    Connection, ConnectionId, "con";
    /// One customer of one brand.
    Profile, ProfileId, "prf";
    /// A (connection, issuer, subject) that signs a profile in.
    Identity, IdentityId, "idn";
    /// Something of a person's own by which they prove who they are.
    Credential, CredentialId, "crd";
    /// A secret that was sent to somebody.
    Proof, ProofId, "prv";
    /// A signed-in browser.
    Session, SessionId, "ses";
    /// A stored sign-in in progress.
    Flow, FlowId, "flw";
    /// One round trip to a provider within a flow.
    Attempt, AttemptId, "att";
    /// An authorization code.
    Code, CodeId, "cod";
    /// An answer that waits for the page that opened a window.
    Handoff, HandoffId, "hof";
    /// A link to somebody's preferences.
    PreferenceLink, PreferenceLinkId, "prl";
    /// An access token.
    Token, TokenId, "tok";
    /// A key that signs our tokens.
    SigningKey, SigningKeyId, "sig";
    /// An API key.
    Key, KeyId, "key";
    /// One stored interaction.
    Event, EventId, "evt";
    /// An event that was refused.
    Reject, RejectId, "rej";
    /// A version of a brand's stage rules.
    RuleSet, RuleSetId, "rls";
    /// One run through everybody's events.
    Replay, ReplayId, "rpl";
    /// A preview of a draft of stage rules.
    Preview, PreviewId, "pvw";
    /// Files read into a brand.
    Import, ImportId, "imp";
    /// One recorded move between stages.
    Transition, TransitionId, "trn";
    /// A purpose granted or withdrawn.
    Consent, ConsentId, "cns";
    /// Two profiles joined into one.
    Merge, MergeId, "mrg";
    /// Somebody's wish to be forgotten.
    Erasure, ErasureId, "ers";
    /// Somebody who uses the dashboard.
    Staff, StaffId, "stf";
    /// A dashboard session.
    StaffSession, StaffSessionId, "sts";
    /// One audit entry.
    Audit, AuditId, "aud";
    /// One outbox fact.
    Fact, FactId, "fct";
    /// An application's request that waits for its person's consent.
    ConsentRequest, ConsentRequestId, "cnr";
    /// The news of a sign-out for one application.
    LogoutDelivery, LogoutDeliveryId, "lgd";
    /// One background job.
    Job, JobId, "job";
    /// One mail to somebody.
    Mail, MailId, "mal";
    /// One HTTP request.
    Request, RequestId, "req";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a valid instant")
    }

    #[test]
    fn an_id_survives_the_wire() {
        let id = ProfileId::new(at(1_700_000_000), &Entropy::seeded(1));

        let wire = id.to_string();

        assert!(wire.starts_with("prf_"));
        assert_eq!(wire.parse(), Ok(id));
        assert_eq!(id.uuid().get_version_num(), 7);
        assert_eq!(id.made_at(), at(1_700_000_000));
    }

    #[test]
    fn later_ids_sort_later() {
        let entropy = Entropy::seeded(1);

        assert!(ProfileId::new(at(1), &entropy) < ProfileId::new(at(2), &entropy));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = ProfileId::new(at(1), &Entropy::seeded(1)).to_string();
        let digits = &good[4..];

        for text in [
            "",
            "prf",
            "prf_",
            &format!("brd_{digits}"),
            &format!("prf-{digits}"),
            &good[..good.len() - 1],
            &format!("{good}0"),
            &good.to_uppercase(),
            &format!("prf_{}", Uuid::nil().hyphenated()),
        ] {
            assert!(text.parse::<ProfileId>().is_err(), "{text} was accepted");
        }
    }
}
