//! What people prove themselves with, besides a social account.
//!
//! Owns the `credential` table and password hashing. Never holds a database connection while
//! hashing, and never opens a session: whoever is proven goes through `flow`. Start with
//! [`store::Credential`] and [`password::Hasher`].

pub mod password;
pub mod store;
