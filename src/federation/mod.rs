//! Signing in by accounts that people already have: providers, what they answer, and whether to
//! believe it.
//!
//! Owns the tables `connection` and `attempt`, the catalogue of providers, and every check of a
//! provider's answer. Never decides who a person is (that is `flow`) and never holds a database
//! connection while a provider is asked. Start with [`catalogue`], then [`Federation`].

pub mod apple;
pub mod attempt;
pub mod built_in;
pub mod catalogue;
pub mod claims;
mod client;
mod connection;
mod directory;
mod exchange;
pub mod id_token;
pub mod metadata;
pub mod store;
mod wire;

pub use attempt::{ATTEMPT_LIFE, Attempt, PostedName};
pub use claims::{ClaimedEmail, NormalClaims};
pub use connection::{Connection, Fault, MAILBOX, redirect_uri, seal_secret};
pub use exchange::{EXCHANGE_TIME_MAX, Error, Federation, HandedOver, Ready, Returned, Step};
