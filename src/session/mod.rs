//! A signed-in browser of a customer.
//!
//! Owns the `session` table. A session is checked against the table on every use, so ending one
//! takes effect at once, in every process.

pub mod store;

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::id::{BrandId, ConnectionId, ProfileId, SessionId};

/// How long a session lives however much it is used (ASVS 7.3.2).
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(30);

/// How long a session lives unused (ASVS 7.3.1).
pub const SESSION_IDLE_MAX: TimeDelta = TimeDelta::days(7);

/// How often at most a session's use is noted.
pub const TOUCH_INTERVAL_MIN: TimeDelta = TimeDelta::minutes(5);

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
    /// When the person last proved who they are.
    pub authenticated_at: DateTime<Utc>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
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
