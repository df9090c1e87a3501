//! What a draft of the rules would make of everybody, before it is published.
//!
//! Owns the table `rule_preview` and the walk through a brand's history. Changes nobody's standing,
//! and evaluates nobody by functions of its own: outcomes come from the very ones that publishing
//! ends in, so what a preview says is what publishing at that instant does. Start with
//! [`Projector::preview`](super::Projector::preview), which waits for the answer, and [`Projector::start_preview`](super::Projector::start_preview), which does
//! not.

mod background;
mod run;
mod store;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::PreviewId;
use crate::stage::Rules;
use crate::stage::simulate::{HORIZON_DAYS, Preview};

/// A preview that has not been heard of for this long was stopped: its process is gone.
const SILENCE_MAX: TimeDelta = TimeDelta::seconds(30);
/// The longest time over which earnings are counted, in days: five years.
pub const HORIZON_DAYS_MAX: u16 = 1_826;

/// From when on the draft would hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreviewMode {
    /// From the instant of the preview on.
    FromNowOn,
    /// Since ever.
    History,
}

impl PreviewMode {
    /// The word stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FromNowOn => "from_now_on",
            Self::History => "history",
        }
    }

    /// The mode of that name, if there is one.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::FromNowOn, Self::History]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// What is to be previewed.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// The rules as they would be.
    pub rules: Arc<Rules>,
    /// From when on.
    pub mode: PreviewMode,
    /// The instant at which people are looked at; now, if none is given. Only what happened by then
    /// is taken into account.
    pub at: Option<DateTime<Utc>>,
    /// Days over which it is counted what a stage went on to earn, 1 to [`HORIZON_DAYS_MAX`].
    pub horizon_days: u16,
}

impl PreviewRequest {
    /// A preview of publishing `rules` now.
    pub fn new(rules: Arc<Rules>, mode: PreviewMode) -> Self {
        Self {
            rules,
            mode,
            at: None,
            horizon_days: HORIZON_DAYS,
        }
    }
}

/// A preview that was started, by whichever process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredPreview {
    /// Its id.
    pub preview_id: PreviewId,
    /// [`Rules::fingerprint`] of the draft, as 16 hexadecimal digits: whether the preview is about
    /// the draft at hand.
    pub fingerprint: String,
    /// The version in force with which the draft was compared.
    pub base_version: i32,
    /// From when on the draft would hold.
    pub mode: PreviewMode,
    /// The instant at which people are looked at.
    pub at: DateTime<Utc>,
    /// Days over which earnings are counted.
    pub horizon_days: u16,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// People to look at; none as long as nobody has counted.
    pub people: Option<u64>,
    /// People looked at so far.
    pub done: u64,
    /// How it stands.
    #[serde(flatten)]
    pub status: PreviewStatus,
}

/// How a preview stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum PreviewStatus {
    /// It is being worked on.
    Running,
    /// Here it is.
    Done {
        /// What was found.
        result: Box<Preview>,
    },
    /// It came to no end; the text says why.
    Failed {
        /// Why, in a sentence.
        error: String,
    },
    /// Its process went away. Start it again.
    Stopped,
}

impl StoredPreview {
    /// Whether it is about these rules, against the version in force now, in this mode.
    pub fn is_about(&self, rules: &Rules, base_version: i32, mode: PreviewMode) -> bool {
        self.fingerprint == fingerprint(rules)
            && self.base_version == base_version
            && self.mode == mode
    }
}

/// A draft's fingerprint as stored and sent.
pub fn fingerprint(rules: &Rules) -> String {
    format!("{:016x}", rules.fingerprint())
}
