//! What a standing says of complaints in columns, so that those who handle them find them.

use chrono::{DateTime, Utc};

use crate::stage::{Rules, State};

/// Complaints of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaints {
    /// How many wait.
    pub(super) open: i16,
    /// When the oldest of these was opened.
    pub(super) opened_at: Option<DateTime<Utc>>,
    /// When the next thing happens by itself to one that waits.
    pub(super) due: Option<DateTime<Utc>>,
    /// Until when a person should look at how often they complain.
    pub(super) review_until: Option<DateTime<Utc>>,
    /// When the customer last said of one that it was made good.
    pub(super) made_good_at: Option<DateTime<Utc>>,
}

impl Complaints {
    pub(super) fn of(state: &State, rules: &Rules, at: DateTime<Utc>) -> Self {
        let disputes = state.disputes(rules, at);
        let open = || disputes.iter().filter(|dispute| dispute.status.is_open());
        let made_good = disputes.iter().filter(|dispute| dispute.made_good);
        Self {
            open: i16::try_from(open().count()).unwrap_or(i16::MAX),
            opened_at: open().map(|dispute| dispute.opened_at).min(),
            due: open().filter_map(|dispute| dispute.due).min(),
            review_until: state.needs_review_until(rules),
            made_good_at: made_good.map(|dispute| dispute.changed_at).max(),
        }
    }
}
