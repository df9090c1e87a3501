//! What people prove themselves with, besides a social account.
//!
//! Owns the tables `credential`, `proof` and `passkey_challenge`, password hashing, and the rules of
//! every kind of credential. Never holds a database connection while hashing, and never opens a
//! session: whoever is proven goes through `flow`. Start with [`store::Credential`], [`mod@proof`] and
//! [`password::Hasher`]; [`foreign`], [`passkey`], [`totp`], [`recovery`] and [`strength`] know
//! nothing of the database.

pub mod breached;
pub mod foreign;
pub mod passkey;
pub mod passkey_store;
pub mod password;
pub mod proof;
pub mod proof_store;
pub mod recovery;
pub mod second_factor;
pub mod store;
pub mod strength;
pub mod totp;
