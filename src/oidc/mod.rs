//! The OpenID Connect provider: what applications are told about who signed in.
//!
//! Owns authorization codes, pushed requests, access and refresh tokens, what people allow
//! applications, the news of sign-outs, and every rule about them. The rules are pure functions with
//! tables of tests; the `store` files hold the SQL, [`exchange`], [`refresh`] and [`consent`] the
//! transactions. Never speaks HTTP and never signs anybody in (that is `flow`). Start
//! with [`authorize`], then [`exchange`].
//!
//! The shape is OAuth 2.1 with OpenID Connect Core: code and PKCE for everybody, no implicit or
//! password grant, no token in a front channel (RFC 9700).

pub mod authorize;
pub mod backchannel;
pub mod backchannel_store;
pub mod client;
pub mod consent;
pub mod consent_store;
pub mod discovery;
mod error;
pub mod exchange;
pub mod grant;
pub mod handoff;
pub mod handoff_store;
pub mod inspect;
pub mod issue;
pub mod logout;
pub mod par;
pub mod par_store;
mod params;
mod pkce;
pub mod refresh;
pub mod refresh_store;
mod scope;
pub mod store;
pub mod userinfo;
pub mod wire;

use chrono::TimeDelta;

pub use error::{ErrorCode, Fault};
pub use params::Params;
pub use scope::Scope;

/// How long a code may wait to be exchanged (RFC 6749 §4.1.2 allows ten minutes; ASVS 10.4.3 asks
/// for less).
pub const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);

/// How long an access token opens the userinfo endpoint. It dies with its session in any case.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
