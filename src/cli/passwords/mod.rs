//! `befriend import passwords` and `befriend breached`: passwords that come from elsewhere.
//!
//! Owns reading an export ([`rows`]) and telling what became of it. Which hashes are taken, and at
//! what cost, is decided by [`crate::credential::foreign`]. Start with [`import::Passwords`].

mod breached;
mod import;
mod rows;

pub(super) use breached::BreachedList;
pub(super) use import::Passwords;
