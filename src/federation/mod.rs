//! Signing in by accounts that people already have: providers, what they answer, and whether to
//! believe it.
//!
//! Owns the tables `connection` and `attempt`, the catalogue of providers, and every check of a
//! provider's answer. Never decides who a person is (that is `flow`) and never holds a database
//! connection while a provider is asked. Start with [`catalogue`], then [`exchange`].

pub mod id_token;
