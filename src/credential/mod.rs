//! What people prove themselves with, besides a social account.
//!
//! Owns password hashing. Never holds a database connection while hashing. Start with
//! [`password::Hasher`].

pub mod password;
