//! What is known of contacts: what was sent, what came back, and what the customer wishes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::stage::state::State;

/// What a state keeps of contacts: the latest ones, bounded by number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in crate::stage) struct ContactRecord {
    /// When the brand last wrote, in seconds of the Unix epoch: lists are ordered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::stage) last: Option<i64>,
    /// The latest contacts, oldest first; those of service are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::stage) recent: Vec<Contact>,
    /// The customer's latest act since the brand first wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::stage) answered_at: Option<DateTime<Utc>>,
    /// The channel by which the customer last came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::stage) inbound: Option<String>,
    /// Channels that the customer closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::stage) closed: Vec<Closing>,
}

impl ContactRecord {
    pub(in crate::stage) fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// A message that the brand sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stage) struct Contact {
    pub(in crate::stage) at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::stage) channel: Option<String>,
}

/// A channel that the customer closed: they unsubscribed, or called it spam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stage) struct Closing {
    pub(in crate::stage) channel: String,
    pub(in crate::stage) at: DateTime<Utc>,
}

/// Whether the customer agreed to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// They were never asked.
    #[default]
    NotAsked,
    /// They agreed.
    Given,
    /// They took it back, or said no.
    Withdrawn,
}

/// What the customer wishes; it goes before the brand's caps, downward and upward.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// Whether they agreed to be written to.
    pub permission: Permission,
    /// What they said about single channels.
    pub channels: Vec<ChannelWish>,
}

/// What the customer said about a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelWish {
    /// Which.
    pub channel: String,
    /// Whether it may be used at all.
    pub allowed: bool,
    /// At most so many contacts by it in the days over which contacts are counted; none leaves it
    /// to the brand's cap.
    #[serde(default)]
    pub per_week: Option<u16>,
    /// Not before this instant.
    #[serde(default)]
    pub paused_until: Option<DateTime<Utc>>,
    /// Whether it is the one they would rather be written to by.
    #[serde(default)]
    pub preferred: bool,
    /// When they said so: later than a channel was closed, it opens it again.
    pub said_at: DateTime<Utc>,
}

impl Wishes {
    /// What was said about `channel`.
    pub fn about(&self, channel: &str) -> Option<&ChannelWish> {
        self.channels.iter().find(|wish| wish.channel == channel)
    }
}

impl State {
    /// When the brand last wrote, contact of service left aside.
    pub fn last_contact(&self) -> Option<DateTime<Utc>> {
        self.contact.recent.last().map(|contact| contact.at)
    }
}
