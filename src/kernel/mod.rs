//! The words everything else is written in: typed ids, time, randomness, secrets, addresses, cursors.
//!
//! Owns small value types that carry their own rules. Never does I/O and never imports a sibling.
//! Start with [`id`]; every table and every URL uses it.

pub mod address;
pub mod cipher;
pub mod clock;
pub mod cursor;
pub mod email;
pub mod entropy;
pub mod hash_key;
pub mod id;
pub mod secret;

pub use address::Network;
pub use cipher::Cipher;
pub use clock::Clock;
pub use email::EmailAddress;
pub use entropy::Entropy;
pub use hash_key::HashKey;
pub use id::Id;
pub use secret::{Secret, hex};
