//! A brand's customers: who they are, what signs them in, what they agreed to.
//!
//! Owns the tables `profile`, `profile_email`, `identity`, `alias` and `consent`. Never decides who
//! somebody is (that is `flow`) and never finds a person by an email address alone. Start
//! with [`Profile`].

pub mod count_store;
pub mod store;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::EmailAddress;
use crate::kernel::id::{BrandId, ConnectionId, ConsentId, IdentityId, ProfileId};

/// Where a profile stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Known by events only: no identity and no user id.
    Anonymous,
    /// Somebody stands behind it.
    Active,
    /// Staff shut it: nobody signs in.
    Suspended,
    /// Joined into another, which `merged_into` names.
    Merged,
    /// The person asked to be forgotten.
    Erased,
}

impl Status {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Merged => "merged",
            Self::Erased => "erased",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "anonymous" => Some(Self::Anonymous),
            "active" => Some(Self::Active),
            "suspended" => Some(Self::Suspended),
            "merged" => Some(Self::Merged),
            "erased" => Some(Self::Erased),
            _ => None,
        }
    }
}

/// One customer of one brand, as stored.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Whose customer.
    pub brand_id: BrandId,
    /// Its id.
    pub profile_id: ProfileId,
    /// Where it stands in its life.
    pub status: Status,
    /// The profile that it was joined into, when merged.
    pub merged_into: Option<ProfileId>,
    /// The whole name, as the person writes it.
    pub display_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// A picture, at its provider.
    pub picture_url: Option<String>,
    /// Language and region, as in `de-CH`.
    pub locale: Option<String>,
    /// Free-form facts: an object.
    pub traits: Value,
    /// Where they met: an object, written once.
    pub first_encounter: Value,
    /// Since when somebody stands behind it.
    pub known_since: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last heard of.
    pub last_seen_at: DateTime<Utc>,
}

impl Profile {
    /// What to call the person: the name they write, else the parts of it; `None` when unnamed.
    pub fn name(&self) -> Option<String> {
        if let Some(name) = &self.display_name {
            return Some(name.clone());
        }
        match (&self.given_name, &self.family_name) {
            (Some(given), Some(family)) => Some(format!("{given} {family}")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }
}

/// An address of a profile, and whether it is proven: one fact.
#[derive(Clone, Debug)]
pub struct ProfileEmail {
    /// The address, in canonical form.
    pub address: String,
    /// When it was proven; `None` for hearsay.
    pub verified_at: Option<DateTime<Utc>>,
    /// Who said so: a connection's slug, or `events`.
    pub source: String,
    /// When it was first heard of.
    pub created_at: DateTime<Utc>,
}

/// What signs a profile in: exactly (connection, issuer, subject).
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its id.
    pub identity_id: IdentityId,
    /// Whom it signs in.
    pub profile_id: ProfileId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// That connection's name in URLs.
    pub connection_slug: String,
    /// That connection's name for people.
    pub connection_label: String,
    /// The key of that connection's provider in the catalogue.
    pub provider: String,
    /// Who vouched.
    pub issuer: String,
    /// Whom they vouched for: stable, and meaningless outside that issuer.
    pub subject: String,
    /// The provider's own answers: an object with `id_token`, `userinfo`, `emails`, each if given.
    pub raw_claims: Value,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed the person in.
    pub last_used_at: DateTime<Utc>,
}

impl Identity {
    /// The account as its owner knows it: an address or a handle, else the subject.
    pub fn account(&self) -> &str {
        const NAMES: [&str; 4] = ["email", "preferred_username", "login", "username"];
        ["id_token", "userinfo"]
            .into_iter()
            .filter_map(|part| self.raw_claims.get(part))
            .flat_map(|part| NAMES.into_iter().map(move |name| part.get(name)))
            .flatten()
            .filter_map(Value::as_str)
            .find(|text| !text.is_empty())
            .unwrap_or(&self.subject)
    }
}

/// A new identity, before it is stored.
#[derive(Clone, Debug)]
pub struct NewIdentity<'a> {
    /// Its id.
    pub identity_id: IdentityId,
    /// Whom it signs in.
    pub profile_id: ProfileId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Who vouched.
    pub issuer: &'a str,
    /// Whom they vouched for.
    pub subject: &'a str,
    /// The provider's own answers; see [`Identity::raw_claims`].
    pub raw_claims: &'a Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// An address for a profile, before it is stored.
#[derive(Clone, Copy, Debug)]
pub struct NewEmail<'a> {
    /// The address.
    pub address: &'a EmailAddress,
    /// Whether `source` vouches for it.
    pub is_verified: bool,
    /// Who says so: a connection's slug, or `events`.
    pub source: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// A purpose granted or withdrawn: with its proof, and never changed afterwards.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Its id.
    pub consent_id: ConsentId,
    /// For what, such as `terms` or `marketing`.
    pub purpose: String,
    /// Whether it was given or withdrawn.
    pub granted: bool,
    /// Which text the person saw.
    pub text_version: String,
    /// Where, such as `sign-up`.
    pub surface: String,
    /// What shows it: an object.
    pub proof: Value,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// A profile that bears an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailHolder {
    /// Which.
    pub profile_id: ProfileId,
    /// Whether it ever proved the address.
    pub is_verified: bool,
}
