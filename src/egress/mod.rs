//! Calls to the outside: the one HTTP client, guarded.
//!
//! Owns which addresses may be reached, how long an answer may take and how large it may be. A URL
//! can come from a brand, and a name can point anywhere by the time it is used, so every address a
//! name resolves to is checked and the connection goes to a checked one (S31, A27, A124). Redirects
//! and proxies are never followed. Start with [`Egress::send`].

pub mod address;
mod client;
mod message;
mod target;

pub use client::{Egress, Local, LocalAnswer, Policy};
pub use message::{Error, Method, Request, Response};
pub use target::Refusal;
