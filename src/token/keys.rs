//! Keys as values: which one signs, which ones are published, and what they prove. No I/O.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::jwt::{self, Expected, VerifyError};
use super::{ACTIVATION_DELAY, ID_TOKEN_LIFE, IdClaims, LogoutClaims, SKEW_MAX};
use crate::kernel::Entropy;
use crate::kernel::id::SigningKeyId;

/// The bytes of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;

/// A key that signs or signed, with its private half.
#[derive(Clone)]
pub struct SigningKey {
    /// Its id, which is also its `kid`.
    pub signing_key_id: SigningKeyId,
    /// The private half, PKCS#8.
    pub private_key: Vec<u8>,
    /// The public half as published.
    pub public_jwk: PublicJwk,
    /// When it was made, and so published.
    pub created_at: DateTime<Utc>,
    /// Signs from here on.
    pub active_from: DateTime<Utc>,
    /// Published until here.
    pub retired_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.signing_key_id)
    }
}

/// The public half of a key, as a JWK (RFC 7517, RFC 7518 §6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicJwk {
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    usage: String,
    kid: String,
    x: String,
    y: String,
}

/// Makes an ES256 key. The library makes the pair by the operating system's generator, which is
/// safer than making a scalar here from [`Entropy`]; only the id comes from there.
pub fn generate(now: DateTime<Utc>, active_from: DateTime<Utc>, entropy: &Entropy) -> SigningKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .expect("the operating system gives randomness");
    let private_key = pair.to_pkcs8v1().expect("a new key can be written");
    // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
    let (x, y) = pair.public_key().as_ref()[1..].split_at(COORDINATE_BYTES);
    let signing_key_id = SigningKeyId::new(now, entropy);
    SigningKey {
        signing_key_id,
        private_key: private_key.as_ref().to_vec(),
        public_jwk: PublicJwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            alg: "ES256".to_owned(),
            usage: "sig".to_owned(),
            kid: signing_key_id.to_string(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        },
        created_at: now,
        active_from,
        retired_at: None,
    }
}

/// A key to follow the present one: published at once, signing once everybody can have seen it. Its
/// predecessors are to be retired at the instant returned beside it, when their last token is over.
pub fn rotate(now: DateTime<Utc>, entropy: &Entropy) -> (SigningKey, DateTime<Utc>) {
    let key = generate(now, now + ACTIVATION_DELAY, entropy);
    let predecessors_retire_at = key.active_from + ID_TOKEN_LIFE + SKEW_MAX;
    (key, predecessors_retire_at)
}

/// Every key that is published at an instant, with the one that signs.
#[derive(Clone, Debug)]
pub struct Keys {
    signing: Vec<SigningKey>,
    public: PublicKeys,
}

impl Keys {
    /// Takes the keys as stored.
    pub fn new(signing: Vec<SigningKey>) -> Self {
        let jwks = signing.iter().map(|key| key.public_jwk.clone()).collect();
        Self {
            public: PublicKeys::new(jwks),
            signing,
        }
    }

    /// The key that signs at `now`: the youngest that is active.
    pub fn signer(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        self.signing
            .iter()
            .filter(|key| key.active_from <= now && key.retired_at.is_none_or(|at| at > now))
            .max_by_key(|key| (key.active_from, key.signing_key_id))
    }

    /// Signs an ID token at `now`; `None` if no key is active.
    pub fn sign_id_token(&self, claims: &IdClaims, now: DateTime<Utc>) -> Option<String> {
        let key = self.signer(now)?;
        let private = EncodingKey::from_ec_der(&key.private_key);
        Some(jwt::sign(&key.public_jwk.kid, &private, "JWT", claims))
    }

    /// Signs a logout token at `now`; `None` if no key is active. Its type keeps it from passing for
    /// an ID token.
    pub fn sign_logout_token(&self, claims: &LogoutClaims, now: DateTime<Utc>) -> Option<String> {
        let key = self.signer(now)?;
        let private = EncodingKey::from_ec_der(&key.private_key);
        Some(jwt::sign(
            &key.public_jwk.kid,
            &private,
            "logout+jwt",
            claims,
        ))
    }

    /// The public halves.
    pub const fn public(&self) -> &PublicKeys {
        &self.public
    }
}

/// The published keys: what anybody needs to check our tokens.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    jwks: Vec<PublicJwk>,
    decoding: Vec<DecodingKey>,
}

impl PublicKeys {
    /// Keeps those keys whose coordinates are a point on the curve.
    fn new(jwks: Vec<PublicJwk>) -> Self {
        let (jwks, decoding) = jwks
            .into_iter()
            .filter(|jwk| jwk.kty == "EC" && jwk.crv == "P-256" && jwk.alg == "ES256")
            .filter_map(|jwk| {
                let key = DecodingKey::from_ec_components(&jwk.x, &jwk.y).ok()?;
                Some((jwk, key))
            })
            .unzip();
        Self { jwks, decoding }
    }

    /// Reads a published key set; keys of another kind are skipped. `None` if it is not a key set.
    pub fn from_jwks(document: &Value) -> Option<Self> {
        let keys = document.get("keys")?.as_array()?;
        Some(Self::new(
            keys.iter()
                .filter_map(|key| PublicJwk::deserialize(key).ok())
                .collect(),
        ))
    }

    /// The published key set (RFC 7517 §5).
    pub fn to_jwks(&self) -> Value {
        json!({ "keys": self.jwks })
    }

    /// Proves an ID token: that one of these keys signed it, and that it says what is expected.
    pub fn verify(&self, token: &str, expected: Expected<'_>) -> Result<IdClaims, VerifyError> {
        let claims = self.verify_hint(token, expected)?;
        if claims.expires_at <= expected.now {
            return Err(VerifyError::Expired);
        }
        Ok(claims)
    }

    /// [`Self::verify`] for a token that only hints at who is meant, so may have expired.
    pub fn verify_hint(
        &self,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<IdClaims, VerifyError> {
        jwt::read(token, expected, |kid| {
            let at = self.jwks.iter().position(|jwk| jwk.kid == kid)?;
            self.decoding.get(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::kernel::id::{BrandId, ProfileId, SessionId};

    const ISSUER: &str = "https://id.bakery.example";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant")
    }

    fn claims() -> IdClaims {
        let entropy = Entropy::seeded(1);
        IdClaims {
            issuer: ISSUER.to_owned(),
            subject: ProfileId::new(now(), &entropy),
            audience: "bakery.web".to_owned(),
            authorized_party: "bakery.web".to_owned(),
            expires_at: now() + ID_TOKEN_LIFE,
            issued_at: now(),
            authenticated_at: now(),
            nonce: Some("n-0S6".to_owned()),
            session_id: SessionId::new(now(), &entropy),
            brand_id: BrandId::new(now(), &entropy),
            acr: None,
            amr: Vec::new(),
            stage: None,
            stage_since: None,
        }
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: ISSUER,
            audience: Some("bakery.web"),
            now: now(),
        }
    }

    fn keys() -> Keys {
        Keys::new(vec![generate(now(), now(), &Entropy::seeded(2))])
    }

    fn reassemble(token: &str, header: &Value, payload: Option<&Value>) -> String {
        let parts: Vec<_> = token.split('.').collect();
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let payload = payload.map_or_else(|| parts[1].to_owned(), encode);
        format!("{}.{payload}.{}", encode(header), parts[2])
    }

    #[test]
    fn a_token_proves_what_was_signed() {
        let keys = keys();
        let token = keys.sign_id_token(&claims(), now()).expect("an active key");
        let fetched = PublicKeys::from_jwks(&keys.public().to_jwks()).expect("a key set");

        assert_eq!(fetched.verify(&token, expected()), Ok(claims()));
        let any = Expected {
            audience: None,
            ..expected()
        };
        assert_eq!(keys.public().verify(&token, any), Ok(claims()));
    }

    #[test]
    fn a20_a24_tampered_tokens_are_refused() {
        let keys = keys();
        let token = keys.sign_id_token(&claims(), now()).expect("an active key");
        let kid = &keys.public.jwks[0].kid;
        let good = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
        let other_claims = json!({"sub": "prf_00000000000000000000000000000000"});

        assert!(
            keys.public()
                .verify(&reassemble(&token, &good, None), expected())
                .is_err()
        );
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            token.clone() + "x",
            token[..token.len() - 2].to_owned(),
            token.rsplit_once('.').expect("dots").0.to_owned() + ".",
            reassemble(&token, &good, Some(&other_claims)),
            reassemble(
                &token,
                &json!({"alg": "none", "typ": "JWT", "kid": kid}),
                None,
            ),
            reassemble(
                &token,
                &json!({"alg": "HS256", "typ": "JWT", "kid": kid}),
                None,
            ),
            reassemble(
                &token,
                &json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}),
                None,
            ),
            reassemble(
                &token,
                &json!({"alg": "ES256", "typ": "JWT", "kid": kid, "jku": "https://evil.example"}),
                None,
            ),
            "a".repeat(5000),
        ] {
            let refused = keys.public().verify(&forged, expected());
            assert!(
                matches!(refused, Err(VerifyError::Invalid(_))),
                "{forged}: {refused:?}"
            );
        }
        let strange = json!({"alg": "ES256", "typ": "JWT", "kid": "../../etc/passwd"});
        assert_eq!(
            keys.public()
                .verify(&reassemble(&token, &strange, None), expected()),
            Err(VerifyError::UnknownKey)
        );
    }

    #[test]
    fn a21_a22_tokens_for_others_and_other_times_are_refused() {
        let keys = keys();
        let token = keys.sign_id_token(&claims(), now()).expect("an active key");
        let slash = format!("{ISSUER}/");

        for (expected, error) in [
            (
                Expected {
                    issuer: &slash,
                    ..expected()
                },
                VerifyError::Invalid("another issuer"),
            ),
            (
                Expected {
                    audience: Some("bakery.we"),
                    ..expected()
                },
                VerifyError::Invalid("another application"),
            ),
            (
                Expected {
                    now: now() + ID_TOKEN_LIFE,
                    ..expected()
                },
                VerifyError::Expired,
            ),
            (
                Expected {
                    now: now() - SKEW_MAX - TimeDelta::seconds(1),
                    ..expected()
                },
                VerifyError::Invalid("issued in the future"),
            ),
        ] {
            assert_eq!(keys.public().verify(&token, expected), Err(error));
        }
        let late = Expected {
            now: now() + TimeDelta::days(3),
            ..expected()
        };
        assert_eq!(keys.public().verify_hint(&token, late), Ok(claims()));
    }

    #[test]
    fn s20_a_logout_token_says_so_and_is_no_id_token() {
        let keys = keys();
        let id = claims();
        let told = (id.subject, id.session_id);
        let claims = LogoutClaims::new((ISSUER, "bakery.web"), told, "lgd_1.1".to_owned(), now());

        let token = keys.sign_logout_token(&claims, now()).expect("a key");

        let part = |index: usize| -> Value {
            let text = token.split('.').nth(index).expect("a part");
            let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        assert_eq!(part(0)["typ"], "logout+jwt");
        assert_eq!(
            part(1),
            json!({
                "iss": ISSUER,
                "sub": id.subject.to_string(),
                "aud": "bakery.web",
                "iat": now().timestamp(),
                "exp": now().timestamp() + 120,
                "jti": "lgd_1.1",
                "sid": id.session_id.to_string(),
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            })
        );
        assert!(matches!(
            keys.public().verify_hint(&token, expected()),
            Err(VerifyError::Invalid(_))
        ));
    }

    #[test]
    fn a117_the_youngest_active_key_signs() {
        let entropy = Entropy::seeded(3);
        let first = generate(now(), now(), &entropy);
        let (second, retire_at) = rotate(now(), &entropy);
        let (first_id, second_id) = (first.signing_key_id, second.signing_key_id);
        let keys = Keys::new(vec![
            SigningKey {
                retired_at: Some(retire_at),
                ..first
            },
            second,
        ]);
        let signer = |at| keys.signer(at).map(|key| key.signing_key_id);

        assert_eq!(signer(now()), Some(first_id));
        assert_eq!(
            signer(now() + ACTIVATION_DELAY - TimeDelta::seconds(1)),
            Some(first_id)
        );
        assert_eq!(signer(now() + ACTIVATION_DELAY), Some(second_id));
        assert!(retire_at > now() + ACTIVATION_DELAY + ID_TOKEN_LIFE);
        assert_eq!(signer(now() - TimeDelta::seconds(1)), None);
    }
}
