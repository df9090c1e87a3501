//! Whether somebody may be written to: how often at their stage, by what, and from when again.
//!
//! Owns the policy. Never writes to anybody, and never moves anybody: what a brand sends satisfies no
//! condition. Start with [`may_contact`].

mod decision;
mod record;
mod words;

pub use decision::{ContactAsked, ContactDecision, ContactKind, ContactReason, may_contact};
pub use record::{ChannelWish, Permission, Wishes};
pub(in crate::stage) use record::{Closing, Contact, ContactRecord};
