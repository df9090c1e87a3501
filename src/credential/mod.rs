//! What people prove themselves with, besides a social account.
//!
//! Owns the tables `credential` and `proof`, and password hashing. Never holds a database connection
//! while hashing, and never opens a session: whoever is proven goes through `flow`. Start with
//! [`store::Credential`], [`mod@proof`] and [`password::Hasher`].

pub mod password;
pub mod proof;
pub mod proof_store;
pub mod store;
