//! What customers say about being written to, and who has not been heard from.
//!
//! Owns the tables `contact_preference` and `preference_link`. Whether somebody may be written to is the engine's to say
//! ([`crate::stage::may_contact`]); nothing here sends anything. Start with [`Preference`] and
//! [`store`].

pub mod link;
pub mod link_store;
pub mod store;

use chrono::{DateTime, Utc};

use crate::stage::ChannelWish;

/// What a customer said about one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// Which channel.
    pub channel: String,
    /// Whether it may be used at all.
    pub allowed: bool,
    /// At most so many contacts in the days over which the brand's rules count, 0 to 30; none leaves
    /// it to them.
    pub per_week: Option<i16>,
    /// Not before this instant.
    pub paused_until: Option<DateTime<Utc>>,
    /// Whether it is the one to use if none is asked for.
    pub preferred: bool,
    /// When they said so.
    pub said_at: DateTime<Utc>,
}

impl From<Preference> for ChannelWish {
    fn from(preference: Preference) -> Self {
        Self {
            channel: preference.channel,
            allowed: preference.allowed,
            per_week: preference.per_week.and_then(|cap| u16::try_from(cap).ok()),
            paused_until: preference.paused_until,
            preferred: preference.preferred,
            said_at: preference.said_at,
        }
    }
}

impl Unheard {
    /// The place from which a further page goes on.
    pub fn position(&self) -> (Option<i64>, crate::kernel::id::ProfileId) {
        let last = self.last_contact_at.map(|at| at.timestamp());
        (last, self.profile_id)
    }
}

/// Who is close and has not heard from the brand for long.
#[derive(Clone, Debug)]
pub struct Unheard {
    /// Who.
    pub profile_id: crate::kernel::id::ProfileId,
    /// Their name, where they gave one.
    pub name: Option<String>,
    /// Their stage, 0 to 3.
    pub stage: i16,
    /// Since when they are at it.
    pub stage_since: DateTime<Utc>,
    /// When the brand last wrote; none if it never did.
    pub last_contact_at: Option<DateTime<Utc>>,
    /// When they were last seen.
    pub last_seen_at: DateTime<Utc>,
}
