//! A signed-in browser of a customer.
//!
//! Owns the `session` table. A session is checked against the table on every use, so ending one
//! takes effect at once, in every process.

pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{BrandId, ConnectionId, ProfileId, SessionId};

/// How long a session lives however much it is used (ASVS 7.3.2).
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(30);

/// How long a session lives unused (ASVS 7.3.1).
pub const SESSION_IDLE_MAX: TimeDelta = TimeDelta::days(7);

/// How often at most a session's use is noted.
pub const TOUCH_INTERVAL_MIN: TimeDelta = TimeDelta::minutes(5);

/// How lately somebody must have proven who they are for what only they may do (S40).
pub const FRESH: TimeDelta = TimeDelta::minutes(10);

/// By what somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// An account at a provider.
    Social,
    /// A code or a link in a mail.
    Email,
    /// A password.
    Password,
    /// A passkey.
    Passkey,
}

impl Method {
    /// As stored, and as events name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Social => "social",
            Self::Email => "email",
            Self::Password => "password",
            Self::Passkey => "passkey",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "social" => Some(Self::Social),
            "email" => Some(Self::Email),
            "password" => Some(Self::Password),
            "passkey" => Some(Self::Passkey),
            _ => None,
        }
    }
}

/// A session in force.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose brand.
    pub brand_id: BrandId,
    /// Its id.
    pub session_id: SessionId,
    /// Who is signed in.
    pub profile_id: ProfileId,
    /// Through what, for the sign-in page to mark it.
    pub connection_id: Option<ConnectionId>,
    /// By what the person last proved who they are.
    pub method: Method,
    /// When the person last proved who they are.
    pub authenticated_at: DateTime<Utc>,
    /// When they last gave a second factor in it, if they did.
    pub second_factor_at: Option<DateTime<Utc>>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

impl Session {
    /// Whether its person proved who they are within [`FRESH`].
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.authenticated_at < FRESH
    }
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub session_id: SessionId,
    /// What the browser called itself when it signed in.
    pub user_agent: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to five minutes.
    pub last_seen_at: DateTime<Utc>,
}
