//! The compact form of a signed token (RFC 7515), read as narrowly as we write it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use serde::{Deserialize, Serialize};

use super::{IdClaims, SKEW_MAX};

/// The longest token that is looked at, in bytes; ours have well under 1,000.
const TOKEN_LENGTH_MAX: usize = 4096;

/// What our headers say. Any further member (`jku`, `x5u`, `crit`, …) means that it is not ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// What a token must say to be believed.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// The client id it must be for; `None` where any application of ours will do.
    pub audience: Option<&'a str>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// A token is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Signed by a key that is not at hand: it may be newer than what was loaded.
    #[error("the token names an unknown key")]
    UnknownKey,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// Anything else.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
}

/// Signs `claims`; `typ` keeps tokens of one purpose from being taken for another (RFC 8725 §3.11).
pub(super) fn sign<C: Serialize>(kid: &str, key: &EncodingKey, typ: &str, claims: &C) -> String {
    let header = Header {
        alg: "ES256",
        typ,
        kid,
    };
    let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let mut token = part(serde_json::to_vec(&header).expect("a header is plain data"));
    token.push('.');
    token.push_str(&part(
        serde_json::to_vec(claims).expect("claims are plain data"),
    ));
    let signature = crypto::sign(token.as_bytes(), key, Algorithm::ES256)
        .expect("a key that was made here signs");
    token.push('.');
    token.push_str(&signature);
    token
}

/// Reads an ID token whose key `find` knows. Whether it has expired is left to the caller.
pub(super) fn read<'k>(
    token: &str,
    expected: Expected<'_>,
    find: impl FnOnce(&str) -> Option<&'k DecodingKey>,
) -> Result<IdClaims, VerifyError> {
    if token.len() > TOKEN_LENGTH_MAX {
        return Err(VerifyError::Invalid("too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, payload) = signed.split_once('.').ok_or(MALFORMED)?;
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);

    let header = bytes(header)?;
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| MALFORMED)?;
    if header.alg != "ES256" || header.typ != "JWT" {
        return Err(VerifyError::Invalid("another kind of token"));
    }
    let key = find(header.kid).ok_or(VerifyError::UnknownKey)?;
    match crypto::verify(signature, signed.as_bytes(), key, Algorithm::ES256) {
        Ok(true) => {}
        Ok(false) | Err(_) => return Err(VerifyError::Invalid("the signature does not match")),
    }
    let claims: IdClaims = serde_json::from_slice(&bytes(payload)?).map_err(|_| MALFORMED)?;
    if claims.issuer != expected.issuer {
        return Err(VerifyError::Invalid("another issuer"));
    }
    let for_other = |audience| claims.audience != audience || claims.authorized_party != audience;
    if expected.audience.is_some_and(for_other) {
        return Err(VerifyError::Invalid("another application"));
    }
    if claims.issued_at > expected.now + SKEW_MAX {
        return Err(VerifyError::Invalid("issued in the future"));
    }
    Ok(claims)
}

const MALFORMED: VerifyError = VerifyError::Invalid("malformed");
