//! A passkey's public key, from COSE (RFC 9052) to what checks signatures.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cbor::Value;

/// The algorithms that we ask for, best first, by their COSE numbers: EdDSA, ES256, RS256.
pub const ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// The sizes of RSA keys that are taken, in bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A public key; numbers in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg")]
pub enum PublicKey {
    /// P-256, signed with SHA-256.
    ES256 {
        /// The point, uncompressed.
        point: String,
    },
    /// Ed25519.
    EdDSA {
        /// The point.
        point: String,
    },
    /// RSA, PKCS #1 version 1.5 with SHA-256.
    RS256 {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
}

impl PublicKey {
    /// Reads a COSE key of one of [`ALGORITHMS`]; kind, algorithm and curve must agree.
    pub(super) fn from_cose(key: &Value<'_>) -> Option<Self> {
        let number = |label: i64| key.numbered(label)?.integer();
        let bytes = |label: i64| key.numbered(label)?.bytes();
        match (number(1)?, number(3)?) {
            (2, -7) if number(-1)? == 1 => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                let point = [&[4], x, y].concat();
                // A point off the curve would be a key that nothing ever verifies by.
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).ok()?;
                Some(Self::ES256 {
                    point: URL_SAFE_NO_PAD.encode(point),
                })
            }
            (1, -8) if number(-1)? == 6 => {
                let point = bytes(-2)?;
                (point.len() == 32).then(|| Self::EdDSA {
                    point: URL_SAFE_NO_PAD.encode(point),
                })
            }
            (3, -257) => {
                let (n, e) = (bytes(-1)?, bytes(-2)?);
                let is_fit =
                    RSA_BYTES.contains(&n.len()) && n[0] != 0 && (1..=8).contains(&e.len());
                is_fit.then(|| Self::RS256 {
                    n: URL_SAFE_NO_PAD.encode(n),
                    e: URL_SAFE_NO_PAD.encode(e),
                })
            }
            _ => None,
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &String| URL_SAFE_NO_PAD.decode(text).ok();
        let verified = match self {
            Self::ES256 { point } => bytes(point).map(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }),
            Self::EdDSA { point } => bytes(point)
                .map(|point| UnparsedPublicKey::new(&ED25519, point).verify(message, signature)),
            Self::RS256 { n, e } => bytes(n).zip(bytes(e)).map(|(n, e)| {
                let key = PublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }),
        };
        verified.is_some_and(|verified| verified.is_ok())
    }
}
