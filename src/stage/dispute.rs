//! Complaints as they are kept, and as readers see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::day::days_after;
use super::rules::Rules;
use super::state::State;
use super::tier::Stage;

/// Where a complaint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The clock runs.
    Open,
    /// The brand has seen it; the clock runs.
    Acknowledged,
    /// The clock has run out; a friend grants a few days more.
    SecondChance,
    /// The clock stands still; silence will end it.
    RemedyProposed,
    /// Settled, in time or late; it may be taken up again.
    Resolved,
    /// Settled for good.
    Closed,
    /// Taken back by the customer.
    Withdrawn,
    /// The brand let it run out.
    Breached,
}

impl DisputeStatus {
    /// Whether somebody is waiting on it.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Open | Self::Acknowledged | Self::SecondChance | Self::RemedyProposed => true,
            Self::Resolved | Self::Closed | Self::Withdrawn | Self::Breached => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DisputeRecord {
    /// The dispute's hashed id; 0 when it has none.
    pub(super) dispute: u64,
    /// What was last brought about. That a settled one has closed is read off the calendar: see
    /// [`Self::status_at`].
    pub(super) status: DisputeStatus,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) clock_days: u16,
    /// When the status changes by itself.
    pub(super) due: Option<DateTime<Utc>>,
    /// Whether its recovery has been credited; once is all there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) credited: bool,
    pub(super) breached_at: Option<DateTime<Utc>>,
    /// The stage that the breach ended.
    pub(super) fell_from: Option<Stage>,
    /// The message that opened it.
    pub(super) message_id: String,
    /// Whether it was made where others read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) public: bool,
    /// How often the brand passed it on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) hand_offs: u16,
    /// Whether what it weighs is damped, because it is one of very many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) damped: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
const fn is_zero(count: &u16) -> bool {
    *count == 0
}

impl DisputeRecord {
    pub(super) fn status_at(&self, rules: &Rules, at: DateTime<Utc>) -> DisputeStatus {
        if self.status == DisputeStatus::Resolved && self.closes_at(rules) <= at {
            DisputeStatus::Closed
        } else {
            self.status
        }
    }

    fn closes_at(&self, rules: &Rules) -> DateTime<Utc> {
        days_after(self.changed_at, rules.disputes().reopen_within_days)
    }

    /// What is left of this dispute's weights.
    pub(super) fn share(&self, rules: &Rules) -> f64 {
        if self.damped {
            rules.disputes().serial.factor
        } else {
            1.0
        }
    }
}

/// Somebody complains so often that a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flag {
    /// When the latest such complaint was opened.
    pub(super) since: DateTime<Utc>,
    /// Complaints within the window then, that one included.
    pub(super) disputes: u16,
    /// Orders within the window then.
    pub(super) orders: u16,
}

/// A complaint, for those who handle complaints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispute {
    /// The message that opened it.
    pub message_id: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When its status last changed: settled, breached, offered a remedy.
    pub changed_at: DateTime<Utc>,
    /// When something happens by itself: the clock runs out, a second chance ends, silence settles
    /// it, or a settled one closes. None when nothing will.
    pub due: Option<DateTime<Utc>>,
    /// Days to a remedy before it is breached.
    pub clock_days: u16,
    /// Whether it was made where others read it.
    pub public: bool,
    /// How often the brand passed it on.
    pub hand_offs: u16,
    /// Whether what it weighs is damped, because the customer complains unusually often.
    pub damped: bool,
    /// Whether the customer said that they are satisfied.
    pub made_good: bool,
    /// When the brand let it run out, if it did.
    pub breached_at: Option<DateTime<Utc>>,
    /// The stage that a breach would end, or has ended.
    pub stage_at_stake: Stage,
}

impl State {
    /// The complaints that are kept (all that wait, and those that ended in the last 400 days), as
    /// of `at`, oldest first. Advance the state to `at` first.
    pub fn disputes(&self, rules: &Rules, at: DateTime<Utc>) -> Vec<Dispute> {
        let shown = |record: &DisputeRecord| {
            let status = record.status_at(rules, at);
            let closes = (status == DisputeStatus::Resolved).then(|| record.closes_at(rules));
            Dispute {
                message_id: record.message_id.clone(),
                status,
                opened_at: record.opened_at,
                changed_at: record.changed_at,
                due: record.due.or(closes),
                clock_days: record.clock_days,
                public: record.public,
                hand_offs: record.hand_offs,
                damped: record.damped,
                made_good: record.credited,
                breached_at: record.breached_at,
                stage_at_stake: record.fell_from.unwrap_or(self.stage),
            }
        };
        let mut disputes: Vec<_> = self.disputes.iter().map(shown).collect();
        disputes.sort_by_key(|dispute| dispute.opened_at);
        disputes
    }

    /// Until when a person should look at how often this customer complains; none if nobody need.
    pub fn needs_review_until(&self, rules: &Rules) -> Option<DateTime<Utc>> {
        let days = rules.disputes().serial.within_days;
        self.flag.map(|flag| days_after(flag.since, days))
    }

    /// Complaints and orders that were counted when the flag was last raised.
    pub fn flagged_for(&self) -> Option<(u16, u16)> {
        self.flag.map(|flag| (flag.disputes, flag.orders))
    }
}
