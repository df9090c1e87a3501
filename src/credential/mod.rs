//! What people prove themselves with, besides a social account.
//!
//! Owns password hashing. Never holds a database connection while hashing. Start with
//! [`password::Hasher`].

pub mod breached;
pub mod foreign;
pub mod passkey;
pub mod password;
pub mod recovery;
pub mod strength;
pub mod totp;
