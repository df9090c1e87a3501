//! Referrals as they are kept: whom the customer brought, and whether they became one themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::dimension::DIMENSIONS;
use super::exact;
use super::state::State;

/// Converted referrals: how many ever, the latest days, and what may still be taken back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Referrals {
    /// People whom the customer brought themselves, without those taken back.
    pub(super) ever: u32,
    pub(super) days: Vec<Day>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) records: Vec<ReferralRecord>,
}

impl Referrals {
    pub(super) fn is_none(&self) -> bool {
        self.ever == 0 && self.records.is_empty()
    }
}

/// A conversion that may still be taken back, or one that was before it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ReferralRecord {
    /// The referee's hashed id; 0 when none was given.
    pub(super) referee: u64,
    pub(super) at: DateTime<Utc>,
    /// How it counted; none for one that was taken back before it came.
    pub(super) case: Option<u16>,
    pub(super) hop: u8,
    /// What it weighed, before the cap of its day.
    #[serde(with = "exact::array")]
    pub(super) weights: [f64; DIMENSIONS],
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) void: bool,
}

/// The first order that counted: what makes a referee a conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FirstOrder {
    pub(super) at: DateTime<Utc>,
    pub(super) message_id: String,
    /// When it was taken back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) taken_back_at: Option<DateTime<Utc>>,
}

/// Somebody's becoming a customer, as those who brought them are credited for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversion {
    /// When: at the first order that counted, or when the one who placed it came to be known.
    pub at: DateTime<Utc>,
    /// The instant of that order.
    pub ordered_at: DateTime<Utc>,
    /// The message that told of it.
    pub message_id: String,
    /// When that order was taken back, if it was.
    pub taken_back_at: Option<DateTime<Utc>>,
}

impl State {
    /// When and by what the profile became a customer: by its first order that counts, whatever
    /// stage that led to. None for those who have not ordered, or whom nobody knows.
    pub fn conversion(&self) -> Option<Conversion> {
        let (first, known) = (self.first_order.as_ref()?, self.known_since?);
        Some(Conversion {
            at: first.at.max(known),
            ordered_at: first.at,
            message_id: first.message_id.clone(),
            taken_back_at: first.taken_back_at,
        })
    }
}
