//! A provider's published keys, and whether one of them made a signature.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::Rejection;
use crate::kernel::Secret;

/// The most keys that are kept of one provider.
const KEYS_MAX: usize = 64;

/// Keys that verify signatures. Symmetric keys, keys for encryption and keys that are not understood
/// are left out when they are read.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    family: Family,
    /// The one algorithm that the key is published for, if it says.
    algorithm: Option<KeyAlgorithm>,
    decoding: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
    /// Our own client secret; never read from a key set.
    Secret,
}

impl Keys {
    /// Reads a JWK set (RFC 7517). `None` when it is not one; a set without usable keys is empty.
    pub fn parse(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?;
        Some(Self(
            keys.iter().take(KEYS_MAX).filter_map(Key::parse).collect(),
        ))
    }

    /// Our client secret as the key of HS256 (OIDC Core §10.1), for tokens that the provider's token
    /// endpoint gave us itself.
    pub fn of_secret(secret: &Secret) -> Self {
        Self(vec![Key {
            id: None,
            family: Family::Secret,
            algorithm: Some(KeyAlgorithm::HS256),
            decoding: DecodingKey::from_secret(secret.expose().as_bytes()),
        }])
    }

    /// Whether a token under this algorithm is looked at at all: a private key signs and a public
    /// one verifies, or these keys are our own secret. A provider's public key never serves as a
    /// shared secret (A20).
    pub(super) fn admit(&self, algorithm: Algorithm) -> bool {
        match family(algorithm) {
            Some(Family::Secret) => self.0.iter().any(|key| key.family == Family::Secret),
            Some(_) => true,
            None => false,
        }
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that the key named `id`, or the only key that fits when no key is named, made
    /// `signature` over `message`.
    pub(super) fn check(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &str,
        signature: &str,
    ) -> Result<(), Rejection> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits(algorithm))
            .filter(|key| id.is_none() || key.id.as_deref() == id || key.family == Family::Secret);
        let (Some(key), None) = (fitting.next(), fitting.next()) else {
            return Err(Rejection::UnknownKey);
        };
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.decoding, algorithm)
        {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Rejection::Signature),
        }
    }
}

impl Key {
    fn parse(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let family = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Family::Rsa,
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                Family::P256
            }
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P384 => {
                Family::P384
            }
            AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
                Family::Ed25519
            }
            _ => return None,
        };
        let signs = match &jwk.common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
        };
        let verifies = jwk
            .common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return None;
        }
        Some(Self {
            family,
            algorithm: jwk.common.key_algorithm,
            decoding: DecodingKey::from_jwk(&jwk).ok()?,
            id: jwk.common.key_id,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        family(algorithm) == Some(self.family)
            && self
                .algorithm
                .is_none_or(|only| only == KeyAlgorithm::from(algorithm))
    }
}

fn family(algorithm: Algorithm) -> Option<Family> {
    match algorithm {
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => Some(Family::Rsa),
        Algorithm::ES256 => Some(Family::P256),
        Algorithm::ES384 => Some(Family::P384),
        Algorithm::EdDSA => Some(Family::Ed25519),
        Algorithm::HS256 => Some(Family::Secret),
        _ => None,
    }
}
