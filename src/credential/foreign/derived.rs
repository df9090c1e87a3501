//! Derivations with a cost: PBKDF2, scrypt, Firebase's scrypt and argon2, in the notations of the
//! systems that use them.

use std::num::NonZeroU32;

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;

use super::Unreadable;
use super::bits::{Digest, from_base64, from_hex, same};

/// The most iterations of PBKDF2; Django's own choice of 2025 is 1,200,000.
const PBKDF2_ITERATIONS_MAX: u32 = 2_000_000;

/// The most memory of scrypt and argon2 for one password.
const MEMORY_BYTES_MAX: u64 = 160 << 20;

/// The most work of scrypt: its N, r and p multiplied. OWASP's dearest is 2^20.
const SCRYPT_WORK_MAX: u64 = 1 << 20;

/// The most work of argon2: KiB by passes.
const ARGON2_WORK_MAX: u64 = 1 << 20;

/// The most lanes of argon2.
const ARGON2_LANES_MAX: u32 = 16;

/// A hash shorter than this, in bytes, is met by chance, or by anything if it is empty.
const HASH_BYTES_MIN: usize = 16;

/// The longest hash that is derived, in bytes.
const HASH_BYTES_MAX: usize = 128;

fn check_hash(hash: &[u8], name: &'static str) -> Result<(), Unreadable> {
    if hash.len() < HASH_BYTES_MIN {
        Err(Unreadable::Weak(name))
    } else if hash.len() > HASH_BYTES_MAX {
        Err(Unreadable::Costly(name))
    } else {
        Ok(())
    }
}

/// PBKDF2, in the notation of PHC, passlib, Django, Werkzeug, or ASP.NET Identity.
#[derive(Clone, Debug)]
pub(super) struct Pbkdf2 {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

const PBKDF2: &str = "PBKDF2";
const BAD_PBKDF2: Unreadable = Unreadable::Malformed(PBKDF2);

impl Pbkdf2 {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        if let Some(rest) = text.strip_prefix("pbkdf2:") {
            return Some(Self::parse_werkzeug(rest));
        }
        if let Some(rest) = text.strip_prefix("pbkdf2_") {
            return Some(Self::parse_django(rest));
        }
        if let Some(rest) = text.strip_prefix("$aspnet-identity$") {
            return Some(Self::parse_aspnet(rest));
        }
        let (name, rest) = text.strip_prefix("$pbkdf2")?.split_once('$')?;
        let digest = if name.is_empty() {
            "sha1"
        } else {
            name.strip_prefix('-')?
        };
        Some(Self::parse_modular(digest, rest))
    }

    /// `$pbkdf2-sha256$i=600000,l=32$salt$hash`, or passlib's `$pbkdf2-sha256$29000$salt$hash`.
    fn parse_modular(digest: &str, rest: &str) -> Result<Self, Unreadable> {
        let [params, salt, hash] = split(rest, '$').ok_or(BAD_PBKDF2)?;
        let iterations = params
            .split(',')
            .find_map(|param| param.strip_prefix("i="))
            .unwrap_or(params);
        Self::checked(digest, iterations, from_base64(salt), from_base64(hash))
    }

    /// `pbkdf2_sha256$1000000$salt$hash`, the salt as it is written.
    fn parse_django(rest: &str) -> Result<Self, Unreadable> {
        let [digest, iterations, salt, hash] = split(rest, '$').ok_or(BAD_PBKDF2)?;
        let salt = Some(salt.as_bytes().to_vec());
        Self::checked(digest, iterations, salt, from_base64(hash))
    }

    /// `pbkdf2:sha256:600000$salt$hex`, the salt as it is written.
    fn parse_werkzeug(rest: &str) -> Result<Self, Unreadable> {
        let [method, salt, hash] = split(rest, '$').ok_or(BAD_PBKDF2)?;
        let [digest, iterations] = split(method, ':').ok_or(BAD_PBKDF2)?;
        let salt = Some(salt.as_bytes().to_vec());
        Self::checked(digest, iterations, salt, from_hex(hash))
    }

    /// ASP.NET Identity: a first byte 0 and fixed parameters (version 2), or 1 and parameters as
    /// big-endian numbers (version 3).
    fn parse_aspnet(rest: &str) -> Result<Self, Unreadable> {
        const BAD: Unreadable = Unreadable::Malformed("ASP.NET Identity");
        let bytes = from_base64(rest).ok_or(BAD)?;
        match bytes.split_first() {
            Some((0, body)) if body.len() == 48 => {
                let (salt, hash) = body.split_at(16);
                Self::checked("sha1", "1000", Some(salt.to_vec()), Some(hash.to_vec()))
            }
            Some((1, body)) if body.len() > 12 => {
                let number = |at: usize| {
                    body[at..at + 4]
                        .iter()
                        .fold(0_u32, |value, &byte| value << 8 | u32::from(byte))
                };
                let digest = match number(0) {
                    0 => "sha1",
                    1 => "sha256",
                    2 => "sha512",
                    _ => return Err(BAD),
                };
                let salt_bytes = usize::try_from(number(8)).map_err(|_| BAD)?;
                let (salt, hash) = body[12..].split_at_checked(salt_bytes).ok_or(BAD)?;
                let iterations = number(4).to_string();
                Self::checked(
                    digest,
                    &iterations,
                    Some(salt.to_vec()),
                    Some(hash.to_vec()),
                )
            }
            _ => Err(BAD),
        }
    }

    fn checked(
        digest: &str,
        iterations: &str,
        salt: Option<Vec<u8>>,
        hash: Option<Vec<u8>>,
    ) -> Result<Self, Unreadable> {
        let digest = Digest::named(digest).ok_or(BAD_PBKDF2)?;
        digest.pbkdf2().ok_or(BAD_PBKDF2)?;
        let iterations: NonZeroU32 = iterations.parse().map_err(|_| BAD_PBKDF2)?;
        if iterations.get() > PBKDF2_ITERATIONS_MAX {
            return Err(Unreadable::Costly(PBKDF2));
        }
        let hash = hash.ok_or(BAD_PBKDF2)?;
        check_hash(&hash, PBKDF2)?;
        Ok(Self {
            digest,
            iterations,
            salt: salt.ok_or(BAD_PBKDF2)?,
            hash,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let Some(algorithm) = self.digest.pbkdf2() else {
            return false;
        };
        pbkdf2::verify(algorithm, self.iterations, &self.salt, password, &self.hash).is_ok()
    }
}

/// scrypt, in the notation of PHC and passlib, Django, or Werkzeug.
#[derive(Clone, Debug)]
pub(super) struct Scrypt {
    params: scrypt::Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

const SCRYPT: &str = "scrypt";
const BAD_SCRYPT: Unreadable = Unreadable::Malformed(SCRYPT);

impl Scrypt {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            Some(Self::parse_phc(rest))
        } else if let Some(rest) = text.strip_prefix("scrypt:") {
            Some(Self::parse_werkzeug(rest))
        } else {
            text.strip_prefix("scrypt$").map(Self::parse_django)
        }
    }

    /// `ln=16,r=8,p=1$salt$hash`.
    fn parse_phc(rest: &str) -> Result<Self, Unreadable> {
        let [params, salt, hash] = split(rest, '$').ok_or(BAD_SCRYPT)?;
        let number = |name: &str| -> Option<u32> {
            let mut all = params.split(',');
            all.find_map(|param| param.strip_prefix(name))?.parse().ok()
        };
        let (Some(log_n), Some(r), Some(p)) = (number("ln="), number("r="), number("p=")) else {
            return Err(BAD_SCRYPT);
        };
        let params = scrypt_params(log_n, r, p)?;
        Self::checked(params, from_base64(salt), from_base64(hash))
    }

    /// `32768:8:1$salt$hex`, the salt as it is written.
    fn parse_werkzeug(rest: &str) -> Result<Self, Unreadable> {
        let [params, salt, hash] = split(rest, '$').ok_or(BAD_SCRYPT)?;
        let [n, r, p] = split(params, ':').ok_or(BAD_SCRYPT)?;
        let params = scrypt_params_by_n(n, r, p)?;
        Self::checked(params, Some(salt.as_bytes().to_vec()), from_hex(hash))
    }

    /// `16384$salt$8$1$hash`, the salt as it is written.
    fn parse_django(rest: &str) -> Result<Self, Unreadable> {
        let [n, salt, r, p, hash] = split(rest, '$').ok_or(BAD_SCRYPT)?;
        let params = scrypt_params_by_n(n, r, p)?;
        Self::checked(params, Some(salt.as_bytes().to_vec()), from_base64(hash))
    }

    fn checked(
        params: scrypt::Params,
        salt: Option<Vec<u8>>,
        hash: Option<Vec<u8>>,
    ) -> Result<Self, Unreadable> {
        let hash = hash.ok_or(BAD_SCRYPT)?;
        check_hash(&hash, SCRYPT)?;
        let salt = salt.ok_or(BAD_SCRYPT)?;
        Ok(Self { params, salt, hash })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut made = vec![0; self.hash.len()];
        scrypt::scrypt(password, &self.salt, &self.params, &mut made).is_ok()
            && same(&made, &self.hash)
    }
}

fn scrypt_params_by_n(n: &str, r: &str, p: &str) -> Result<scrypt::Params, Unreadable> {
    let n: u64 = n.parse().map_err(|_| BAD_SCRYPT)?;
    let r = r.parse().map_err(|_| BAD_SCRYPT)?;
    let p = p.parse().map_err(|_| BAD_SCRYPT)?;
    if !n.is_power_of_two() {
        return Err(BAD_SCRYPT);
    }
    scrypt_params(n.trailing_zeros(), r, p)
}

fn scrypt_params(log_n: u32, r: u32, p: u32) -> Result<scrypt::Params, Unreadable> {
    let costly = Unreadable::Costly(SCRYPT);
    if log_n == 0 || r == 0 || p == 0 {
        return Err(BAD_SCRYPT);
    }
    if log_n > 30 {
        return Err(costly);
    }
    let blocks = (1_u64 << log_n)
        .checked_mul(u64::from(r))
        .filter(|blocks| *blocks <= MEMORY_BYTES_MAX / 128)
        .ok_or(costly)?;
    if blocks.saturating_mul(u64::from(p)) > SCRYPT_WORK_MAX {
        return Err(costly);
    }
    let log_n = u8::try_from(log_n).map_err(|_| costly)?;
    scrypt::Params::new(log_n, r, p).map_err(|_| BAD_SCRYPT)
}

/// Firebase's scrypt: what scrypt derives is the key under which the project's signer key is
/// encrypted, and the outcome is the hash.
#[derive(Clone, Debug)]
pub(super) struct Firebase {
    params: scrypt::Params,
    /// The person's salt with the project's separator after it.
    salt: Vec<u8>,
    signer_key: Vec<u8>,
    hash: Vec<u8>,
}

impl Firebase {
    /// `$firebase-scrypt$ln=14,r=8$salt$separator$signer key$hash`, each in base64: our own notation.
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        text.strip_prefix("$firebase-scrypt$").map(Self::parse_rest)
    }

    fn parse_rest(rest: &str) -> Result<Self, Unreadable> {
        const BAD: Unreadable = Unreadable::Malformed("Firebase scrypt");
        let [params, salt, separator, signer_key, hash] = split(rest, '$').ok_or(BAD)?;
        let (log_n, r) = params
            .strip_prefix("ln=")
            .and_then(|params| params.split_once(",r="))
            .ok_or(BAD)?;
        let log_n = log_n.parse().map_err(|_| BAD)?;
        let r = r.parse().map_err(|_| BAD)?;
        let mut whole_salt = from_base64(salt).ok_or(BAD)?;
        whole_salt.extend(from_base64(separator).ok_or(BAD)?);
        let signer_key = from_base64(signer_key).ok_or(BAD)?;
        let hash = from_base64(hash).ok_or(BAD)?;
        check_hash(&hash, "Firebase scrypt")?;
        if hash.len() != signer_key.len() {
            return Err(BAD);
        }
        Ok(Self {
            params: scrypt_params(log_n, r, 1)?,
            salt: whole_salt,
            signer_key,
            hash,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut key = [0; 32];
        if scrypt::scrypt(password, &self.salt, &self.params, &mut key).is_err() {
            return false;
        }
        let made = UnboundCipherKey::new(&AES_256, &key)
            .and_then(EncryptingKey::ctr)
            .and_then(|cipher| {
                let mut text = self.signer_key.clone();
                let from_zero = EncryptionContext::Iv128(FixedLength::from([0; 16]));
                cipher.less_safe_encrypt(&mut text, from_zero)?;
                Ok(text)
            });
        made.is_ok_and(|made| same(&made, &self.hash))
    }
}

/// argon2i, argon2d or argon2id with any parameters within bounds.
#[derive(Clone, Debug)]
pub(super) struct Argon2Hash(String);

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        text.starts_with("$argon2").then(|| Self::parse_whole(text))
    }

    fn parse_whole(text: &str) -> Result<Self, Unreadable> {
        const BAD: Unreadable = Unreadable::Malformed("argon2");
        let hash = PasswordHash::new(text).map_err(|_| BAD)?;
        let params = Params::try_from(&hash).map_err(|_| BAD)?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        let is_costly = u64::from(params.m_cost()) * 1024 > MEMORY_BYTES_MAX
            || work > ARGON2_WORK_MAX
            || params.p_cost() > ARGON2_LANES_MAX;
        if is_costly {
            return Err(Unreadable::Costly("argon2"));
        }
        let made = hash.hash.ok_or(BAD)?;
        check_hash(made.as_bytes(), "argon2")?;
        Ok(Self(text.to_owned()))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
    }
}

/// Exactly `N` parts.
fn split<const N: usize>(text: &str, by: char) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split(by).collect();
    parts.try_into().ok()
}
