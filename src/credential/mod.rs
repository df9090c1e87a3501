//! What people prove themselves with, besides a social account.
//!
//! Owns the tables `credential` and `proof`, password hashing and the rules of every kind of credential. Never
//! holds a database connection while hashing, and never opens a session: whoever is proven goes
//! through `flow`. Start with [`store::Credential`] and [`password::Hasher`]; [`foreign`],
//! [`passkey`], [`totp`], [`recovery`] and [`strength`] know nothing of the database.

pub mod breached;
pub mod foreign;
pub mod passkey;
pub mod password;
pub mod proof;
pub mod proof_store;
pub mod recovery;
pub mod store;
pub mod strength;
pub mod totp;
