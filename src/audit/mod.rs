//! Who did what: an append-only record, written in the transaction of the change it tells of.
//!
//! Owns the `audit` table. Never updates or deletes a row; the database refuses it too.

pub mod store;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, KeyId, ProfileId, StaffId};

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody in the dashboard.
    Staff(StaffId),
    /// A customer, on their own account.
    Customer(ProfileId),
    /// A program with an API key.
    Key(KeyId),
    /// Befriend itself.
    System,
    /// Somebody with a shell on the server.
    Operator,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Who acted.
    pub actor: Actor,
    /// What was done, as `noun.verb`, for example `session.opened`.
    pub action: &'a str,
    /// To what: an id on the wire.
    pub subject: String,
    /// Particulars; never a secret.
    pub detail: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// The brand under which entries about the installation itself are kept.
pub const INSTALLATION: BrandId = BrandId::from_uuid(uuid::Uuid::nil());
