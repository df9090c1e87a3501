//! Apple's client secret: a token that we sign with the key that Apple gave the brand. Pure.
//!
//! It is made anew for every call and good for minutes only, so there is none to be renewed in time,
//! and none of the six months that Apple would allow to lose.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::kernel::Secret;

/// How long a client secret is good, in seconds: long enough for a slow call and two clocks that
/// differ.
const LIFE_SECONDS: i64 = 300;

/// The key is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the private key is not one of Apple's: paste the whole .p8 file, its first and last line included"
)]
pub struct NoKey;

/// Whose secret.
#[derive(Clone, Copy, Debug)]
pub struct Team<'a> {
    /// The team's id.
    pub team_id: &'a str,
    /// The key's id.
    pub key_id: &'a str,
    /// The Services ID.
    pub client_id: &'a str,
}

/// Whether `pem` is a key that Apple could have given.
pub fn check_key(pem: &Secret) -> Result<(), NoKey> {
    read_key(pem).map(|_| ())
}

/// The client secret at `now`.
pub fn client_secret(pem: &Secret, team: Team<'_>, now: DateTime<Utc>) -> Result<Secret, NoKey> {
    let key = read_key(pem)?;
    let issued = now.timestamp();
    let header = json!({ "alg": "ES256", "kid": team.key_id });
    let claims = json!({
        "iss": team.team_id,
        "iat": issued,
        "exp": issued + LIFE_SECONDS,
        "aud": "https://appleid.apple.com",
        "sub": team.client_id,
    });
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key
        .sign(&SystemRandom::new(), message.as_bytes())
        .map_err(|_| NoKey)?;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    Ok(Secret::new(format!("{message}.{signature}")))
}

fn read_key(pem: &Secret) -> Result<EcdsaKeyPair, NoKey> {
    let text = pem.expose();
    let (_, rest) = text
        .split_once("-----BEGIN PRIVATE KEY-----")
        .ok_or(NoKey)?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or(NoKey)?;
    // A form may have folded the lines into one.
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = zeroize::Zeroizing::new(STANDARD.decode(body).map_err(|_| NoKey)?);
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).map_err(|_| NoKey)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
    use chrono::TimeDelta;
    use serde_json::Value;

    use super::*;

    fn pem(key: &EcdsaKeyPair) -> String {
        let pkcs8 = key.to_pkcs8v1().unwrap();
        let body = STANDARD.encode(pkcs8.as_ref());
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn the_secret_is_signed_by_the_key_for_apple_and_soon_over() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let team = Team {
            team_id: "TEAM123456",
            key_id: "KEY1234567",
            client_id: "example.brand.web",
        };
        for text in [pem(&key), pem(&key).replace('\n', " ")] {
            let secret = client_secret(&Secret::new(text), team, now).unwrap();

            let (message, signature) = secret.expose().rsplit_once('.').unwrap();
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key());
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            public.verify(message.as_bytes(), &signature).unwrap();
            let (header, claims) = message.split_once('.').unwrap();
            let read = |part| -> Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            assert_eq!(read(header), json!({"alg": "ES256", "kid": "KEY1234567"}));
            let claims = read(claims);
            assert_eq!(claims["iss"], "TEAM123456");
            assert_eq!(claims["sub"], "example.brand.web");
            assert_eq!(claims["aud"], "https://appleid.apple.com");
            let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert!(life > 60 && life <= TimeDelta::days(180).num_seconds());
        }
    }

    #[test]
    fn what_is_no_key_of_apples_is_told_so() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let good = pem(&key);
        let body = good.lines().nth(1).unwrap();

        assert_eq!(check_key(&Secret::new(good.clone())), Ok(()));
        for text in [
            "",
            "x",
            body,
            &good.replace("PRIVATE", "PUBLIC"),
            &good[..80],
        ] {
            assert_eq!(check_key(&Secret::new(text)), Err(NoKey), "{text}");
        }
    }
}
