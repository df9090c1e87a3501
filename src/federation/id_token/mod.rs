//! ID tokens: whether one is what it says (OIDC Core §3.1.3.7, RFC 8725).
//!
//! Owns every check of a provider's signed answer. Pure: keys, expectations and the present instant
//! are parameters, nothing is fetched, and nothing in a token's header names a key's place. Start
//! with [`verify`]; the table of what is refused is in its tests.

pub mod issuers;
mod keys;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

pub use issuers::Issuers;
pub use keys::Keys;

use crate::kernel::secret::sha256;

/// The largest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// How far two clocks may differ, in seconds.
pub const SKEW_SECONDS: i64 = 60;

/// The longest subject (OIDC Core §2).
pub const SUBJECT_BYTES_MAX: usize = 255;

/// The longest key id that is compared.
const KEY_ID_BYTES_MAX: usize = 256;

/// What a token must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// Whose tokens are taken.
    pub issuers: &'a Issuers,
    /// Our client id there, and those of our apps where their tokens are taken.
    pub audiences: &'a [&'a str],
    /// What the token must say of the sign-in that it is for.
    pub nonce: Nonce<'a>,
    /// The algorithms that this provider signs with. Symmetric ones are refused even if listed,
    /// unless the keys are our own secret ([`Keys::of_secret`]).
    pub algorithms: &'a [Algorithm],
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What a token must say of the sign-in that it is for.
#[derive(Clone, Copy, Debug)]
pub enum Nonce<'a> {
    /// We sent this one, so the token carries it.
    Sent(&'a str),
    /// An app of ours asked for the token itself and says which nonce it sent, if any. The token
    /// carries it, or its SHA-256 in hexadecimal where the app sent that, as the native kits of
    /// Apple and Google are used; without one it carries none.
    OfApp(Option<&'a str>),
}

impl Nonce<'_> {
    fn agrees(self, carried: Option<&Value>) -> bool {
        match (self, carried.and_then(Value::as_str)) {
            (Self::Sent(sent), carried) => carried == Some(sent),
            (Self::OfApp(Some(sent)), Some(carried)) => carried == sent || carried == hex(sent),
            (Self::OfApp(Some(_)), None) => false,
            (Self::OfApp(None), _) => carried.is_none(),
        }
    }
}

fn hex(text: &str) -> String {
    crate::kernel::hex(&sha256(text.as_bytes()))
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who vouches.
    pub issuer: String,
    /// For whom.
    pub subject: String,
    /// Every claim, these two included.
    pub all: Map<String, Value>,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Larger than any ID token is.
    #[error("the ID token is too large")]
    TooLarge,
    /// Not three parts of base64 with JSON in the first two; an encrypted token, for one.
    #[error("the ID token is malformed")]
    Malformed,
    /// The header asks for something that is not understood (`crit`, `b64`, `zip`, `enc`).
    #[error("the ID token's header asks for an extension that is not understood")]
    Extension,
    /// Signed by no algorithm, a symmetric one, or not one of the provider's.
    #[error("the ID token is signed by an algorithm that its provider does not use")]
    Algorithm,
    /// No published key fits: the keys may have been rotated.
    #[error("the ID token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// Another issuer, or none.
    #[error("the ID token is from another issuer")]
    Issuer,
    /// For another client, or for several without naming us as the party it was issued to.
    #[error("the ID token is for another client")]
    Audience,
    /// No subject, or not a text of 1 to 255 bytes.
    #[error("the ID token names nobody")]
    Subject,
    /// Expired, or without a time when it does.
    #[error("the ID token has expired")]
    Expired,
    /// Not valid yet, issued in the future, or without a time of issue.
    #[error("the ID token is not valid yet")]
    NotYet,
    /// The nonce is not the one that was sent.
    #[error("the ID token is not for this sign-in")]
    Nonce,
}

impl Rejection {
    /// A word for logs and the audit record.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "id_token_too_large",
            Self::Malformed => "id_token_malformed",
            Self::Extension => "id_token_extension",
            Self::Algorithm => "id_token_algorithm",
            Self::UnknownKey => "id_token_unknown_key",
            Self::Signature => "id_token_signature",
            Self::Issuer => "id_token_issuer",
            Self::Audience => "id_token_audience",
            Self::Subject => "id_token_subject",
            Self::Expired => "id_token_expired",
            Self::NotYet => "id_token_not_yet",
            Self::Nonce => "id_token_nonce",
        }
    }

    /// Whether newer keys may change the answer.
    pub const fn may_be_rotation(self) -> bool {
        matches!(self, Self::UnknownKey | Self::Signature)
    }
}

/// Verifies `token`: its signature by one of `keys` first, then what it says.
pub fn verify(
    token: &str,
    keys: &Keys,
    expectations: &Expectations<'_>,
) -> Result<Claims, Rejection> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Rejection::TooLarge);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Rejection::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Rejection::Malformed)?;
    if payload.contains('.') {
        return Err(Rejection::Malformed);
    }
    let header = object(header)?;
    let algorithm = algorithm(&header, expectations.algorithms, keys)?;
    let key_id = key_id(&header)?;
    if signature.is_empty() {
        return Err(Rejection::Signature);
    }
    keys.check(key_id, algorithm, message, signature)?;
    judge(object(payload)?, expectations)
}

fn object(part: &str) -> Result<Map<String, Value>, Rejection> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Rejection::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Rejection::Malformed)
}

/// The header's algorithm, if the provider uses it. `jku`, `x5u`, `jwk` and `x5c` are not even read:
/// keys come from the provider's pinned metadata only.
fn algorithm(
    header: &Map<String, Value>,
    allowed: &[Algorithm],
    keys: &Keys,
) -> Result<Algorithm, Rejection> {
    if ["crit", "b64", "zip", "enc"]
        .iter()
        .any(|name| header.contains_key(*name))
    {
        return Err(Rejection::Extension);
    }
    header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(|name| name.parse::<Algorithm>().ok())
        .filter(|algorithm| allowed.contains(algorithm) && keys.admit(*algorithm))
        .ok_or(Rejection::Algorithm)
}

fn key_id(header: &Map<String, Value>) -> Result<Option<&str>, Rejection> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= KEY_ID_BYTES_MAX => Ok(Some(text)),
        Some(_) => Err(Rejection::UnknownKey),
    }
}

fn judge(claims: Map<String, Value>, expectations: &Expectations<'_>) -> Result<Claims, Rejection> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = expectations.issuers.accept(&claims);
    let issuer = issuer.ok_or(Rejection::Issuer)?;
    if !is_for(&claims, expectations.audiences) {
        return Err(Rejection::Audience);
    }
    let subject = text("sub")
        .filter(|subject| is_subject(subject))
        .ok_or(Rejection::Subject)?
        .to_owned();
    check_times(&claims, expectations.now)?;
    if !expectations.nonce.agrees(claims.get("nonce")) {
        return Err(Rejection::Nonce);
    }
    Ok(Claims {
        issuer,
        subject,
        all: claims,
    })
}

/// What a token's header says it is signed by, unverified: it chooses between two sets of keys that
/// are both ours to trust, and the choice is checked with the signature.
pub(super) fn announced_algorithm(token: &str) -> Option<Algorithm> {
    let header = object(token.split('.').next()?).ok()?;
    header.get("alg")?.as_str()?.parse().ok()
}

/// Whether `subject` can name somebody: 1 to 255 bytes without control characters.
pub fn is_subject(subject: &str) -> bool {
    (1..=SUBJECT_BYTES_MAX).contains(&subject.len()) && !subject.chars().any(char::is_control)
}

/// The audience is us alone; or us among others, and then the authorized party must be us. An
/// authorized party other than us is refused in any case (OIDC Core §3.1.3.7, steps 3 to 5).
fn is_for(claims: &Map<String, Value>, us: &[&str]) -> bool {
    let is_us = |value: &Value| value.as_str().is_some_and(|text| us.contains(&text));
    let party = claims.get("azp");
    let party_is_us = party.is_some_and(is_us);
    if party.is_some() && !party_is_us {
        return false;
    }
    match claims.get("aud") {
        Some(audience @ Value::String(_)) => is_us(audience),
        Some(Value::Array(audiences)) => {
            let names_us = audiences.iter().any(is_us);
            let all_are_texts = audiences.iter().all(Value::is_string);
            names_us && all_are_texts && (audiences.len() == 1 || party_is_us)
        }
        Some(_) | None => false,
    }
}

fn check_times(claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), Rejection> {
    let now = now.timestamp();
    let expires = claims
        .get("exp")
        .and_then(seconds)
        .ok_or(Rejection::Expired)?;
    if expires <= now - SKEW_SECONDS {
        return Err(Rejection::Expired);
    }
    let issued = claims
        .get("iat")
        .and_then(seconds)
        .ok_or(Rejection::NotYet)?;
    if issued > now + SKEW_SECONDS {
        return Err(Rejection::NotYet);
    }
    match claims.get("nbf").map(seconds) {
        None => Ok(()),
        Some(Some(from)) if from <= now + SKEW_SECONDS => Ok(()),
        Some(Some(_) | None) => Err(Rejection::NotYet),
    }
}

/// A `NumericDate` (RFC 7519 §2) that a person alive could mean: not negative, before the year 10000.
fn seconds(value: &Value) -> Option<i64> {
    const YEAR_10000: i64 = 253_402_300_800;
    let whole = match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => whole,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked first, and fractions of a second do not matter"
        )]
        #[expect(clippy::cast_precision_loss, reason = "a bound, not a figure")]
        (None, Some(fraction)) if (0.0..YEAR_10000 as f64).contains(&fraction) => fraction as i64,
        (None, Some(_) | None) => return None,
    };
    (0..YEAR_10000).contains(&whole).then_some(whole)
}
