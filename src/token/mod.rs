//! The keys that sign our tokens, the ID token and the logout token.
//!
//! Owns the `signing_key` table, signing, and the proof that a token is ours. Keys belong to the
//! issuer, which all brands share; the brand stands in the token. Never issues a token by itself
//! (that is `oidc`) and never reads a clock. Start with [`Keyring`], then [`PublicKeys::verify`].

mod claims;
mod jwt;
mod keyring;
mod keys;
pub mod store;

use chrono::TimeDelta;

pub use claims::{Assurance, IdClaims, LogoutClaims};
pub use jwt::{Expected, VerifyError};
pub use keyring::{Error, Keyring};
pub use keys::{Keys, PublicJwk, PublicKeys, SigningKey, generate, rotate};

/// How long an ID token says who somebody is.
pub const ID_TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);

/// How long a logout token may be believed (OpenID Connect Back-Channel Logout 1.0 §4 asks for two
/// minutes at most). Each attempt to deliver it makes a new one.
pub const LOGOUT_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(2);

/// How long a new key is published before it signs, so that whoever cached our keys has it by then.
pub const ACTIVATION_DELAY: TimeDelta = TimeDelta::hours(1);

/// How far the clocks of two machines may be apart.
pub const SKEW_MAX: TimeDelta = TimeDelta::seconds(60);
