//! Interactions: how they are read, judged, and stored exactly once.
//!
//! Owns the tables `event`, `event_name`, `reject`, `import`, `suppression` and the rows that intake adds to `alias`,
//! `profile` and `projection_queue`. Reading ([`decode`], [`cloud`]) and judging ([`validate`]) are
//! pure; [`intake`] groups the events of concurrent requests into one commit and answers after it.
//! Never computes a stage (that is `projection`) and never trusts a user id that a browser key sent
//! unproven.
//!
//! Start with [`Event`], then [`validate::judge`], then [`intake::Intake::submit`].

mod alias_store;
pub mod cloud;
pub mod decode;
pub mod import_store;
mod instant;
pub mod intake;
mod json;
mod name_store;
pub mod names;
pub mod own_store;
mod profile_store;
pub mod refusal;
pub mod reject_store;
pub mod replay;
pub mod store;
pub mod suppression_store;
mod traits;
pub mod validate;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, KeyId, ProfileId};
use crate::kernel::{Entropy, Secret};

pub use intake::{Intake, SubmitError};
pub use names::Names;
pub use traits::Traits;

/// What sort of interaction, as in the Segment spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody did something.
    Track,
    /// Who somebody is.
    Identify,
    /// A page was viewed.
    Page,
    /// A screen of an app was viewed.
    Screen,
    /// Somebody belongs to a group.
    Group,
    /// Two ids name one person.
    Alias,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Track,
        Self::Identify,
        Self::Page,
        Self::Screen,
        Self::Group,
        Self::Alias,
    ];

    /// As sent and as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// Reads the sent form. `merge` is what one sender calls an alias.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "merge" {
            return Some(Self::Alias);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who sends, and what may be believed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Whose events these are.
    pub brand_id: BrandId,
    /// The key that was presented; `None` for Befriend itself and for imports.
    pub key_id: Option<KeyId>,
    /// What may be believed.
    pub trust: Trust,
}

/// What may be believed of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A holder of a secret key, an import, or Befriend itself: every user id counts.
    Trusted,
    /// A browser key, which anyone can copy: a user id counts only when it is proven.
    Browser,
}

/// One interaction that was judged fit to store.
#[derive(Clone, Debug)]
pub struct Event {
    /// The sender's id of it: 1 to 100 characters, unique per brand.
    pub message_id: String,
    /// What sort.
    pub kind: Kind,
    /// A track's event name, a page's or screen's name; empty otherwise.
    pub name: String,
    /// The user id it names.
    pub user_id: Option<String>,
    /// The anonymous id it names.
    pub anonymous_id: Option<String>,
    /// The other id that an alias names.
    pub previous_id: Option<String>,
    /// The profile that the sender's browser proved to be signed in as.
    pub proven: Option<ProfileId>,
    /// An ID token that came along, to be proven; never stored.
    pub id_token: Option<Secret>,
    /// When it happened, after correction of the sender's clock.
    pub event_time: DateTime<Utc>,
    /// The time the sender gave.
    pub original_time: Option<DateTime<Utc>>,
    /// The time the sender says it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// The event as JSON, less keys, tokens and what SDKs stamp anew on a retry.
    pub payload: String,
    /// SHA-256 of `payload`.
    pub payload_hash: [u8; 32],
    /// Warnings.
    pub flags: Vec<&'static str>,
    /// What an identify says of the person.
    pub traits: Option<Traits>,
    /// Where the sender was met: referrer, campaign; an object.
    pub encounter: Value,
}

impl Event {
    /// What it is called where events are listed by name: a track by its own name, anything else as
    /// `$` and its kind.
    pub fn title(&self) -> Cow<'_, str> {
        match self.kind {
            Kind::Track => Cow::Borrowed(&self.name),
            Kind::Identify | Kind::Page | Kind::Screen | Kind::Group | Kind::Alias => {
                Cow::Owned(format!("${}", self.kind.as_str()))
            }
        }
    }

    /// What is left of it when it is refused after all.
    pub fn reject(&self, code: &'static str, pointer: &'static str, detail: String) -> Rejection {
        Rejection {
            code,
            detail,
            pointer,
            message_id: Some(self.message_id.clone()),
            name: Some(self.name.clone()),
            payload: validate::redacted(&self.payload),
            form: Form::Tracking,
            is_noted: true,
            routed_kind: Some(self.kind),
            sent_at: self.sent_at,
            received_at: self.received_at,
        }
    }
}

/// In which form an event was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the tracking API has it. What is read already is kept in this form, whatever it came in.
    Tracking,
    /// As a `CloudEvent` in its JSON format.
    Cloud,
}

impl Form {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tracking => "tracking",
            Self::Cloud => "cloudevent",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tracking, Self::Cloud]
            .into_iter()
            .find(|form| form.as_str() == text)
    }
}

/// An event that cannot be stored, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// A stable word.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
    /// Where: a JSON pointer into the event; empty for the whole of it.
    pub pointer: &'static str,
    /// Its message id, if that much could be read.
    pub message_id: Option<String>,
    /// Its name, if that much could be read.
    pub name: Option<String>,
    /// The event as sent, cut to what is kept, without keys and tokens.
    pub payload: String,
    /// The form of `payload`.
    pub form: Form,
    /// Whether it is kept for seven days. Of a flood the beginning is enough.
    pub is_noted: bool,
    /// The kind that the route told, if it told one.
    pub routed_kind: Option<Kind>,
    /// When the sender says it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

/// What became of reading one event.
#[derive(Clone, Debug)]
pub enum Judged {
    /// It can be stored.
    Accepted(Box<Event>),
    /// It cannot.
    Rejected(Box<Rejection>),
}

/// What became of storing one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its message id, the sender's or the one it was given.
    pub message_id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, with these warnings.
    Accepted {
        /// Warnings, for the sender's developer.
        flags: Vec<&'static str>,
    },
    /// The same event was stored before; nothing was done.
    Duplicate,
    /// Another event was stored under this message id before; the first is kept.
    Conflict,
    /// Not stored.
    Rejected {
        /// A stable word.
        code: &'static str,
        /// What is wrong and what would be right.
        detail: String,
        /// Where: a JSON pointer into the event.
        pointer: &'static str,
    },
}

/// Events that one sender hands over together.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who.
    pub sender: Sender,
    /// What, in the order in which verdicts are given.
    pub items: Vec<Judged>,
}

impl Submission {
    /// Judges `values` that this process made itself: an import or the demo. The times they carry
    /// are taken as they are, and no key is named.
    pub fn internal(
        brand_id: BrandId,
        values: Vec<Value>,
        received_at: DateTime<Utc>,
        entropy: &Entropy,
    ) -> Self {
        let receipt = validate::Receipt {
            received_at,
            sent_at: None,
            kind: None,
            entropy,
        };
        Self {
            sender: Sender {
                brand_id,
                key_id: None,
                trust: Trust::Trusted,
            },
            items: values
                .into_iter()
                .map(|value| validate::judge_value(value, &receipt))
                .collect(),
        }
    }
}
