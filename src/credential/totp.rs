//! Codes of an authenticator app (RFC 6238 over RFC 4226): six digits that change every 30 seconds.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use crate::kernel::cipher::OpenError;
use crate::kernel::id::CredentialId;
use crate::kernel::{Cipher, Entropy};

/// How long a code stands, in seconds.
const STEP_S: i64 = 30;

/// How many digits a code has.
pub const DIGITS: usize = 6;

/// How far the app's clock may be off, in steps either way.
const DRIFT_STEPS: i64 = 1;

/// The secret's size, that of SHA-1 (RFC 4226 §4 R6).
const SECRET_BYTES: usize = 20;

/// The letters of base32 (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app and we share.
#[derive(Clone)]
pub struct TotpSecret([u8; SECRET_BYTES]);

/// An authenticator app as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Totp {
    /// The secret, sealed for the credential's id, in base64.
    secret: String,
    /// The step of the last code that was taken. No code of it or before is taken again.
    last_step: i64,
}

impl TotpSecret {
    /// A new one.
    pub fn random(entropy: &Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// As people type it into an app that has no camera.
    pub fn base32(&self) -> String {
        let mut text = String::with_capacity(32);
        // 20 bytes are 4 groups of 40 bits, each 8 letters.
        for group in self.0.chunks(5) {
            let value = group
                .iter()
                .fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            for place in (0..8).rev() {
                let at = usize::try_from(value >> (5 * place) & 31).expect("five bits are small");
                text.push(char::from(BASE32[at]));
            }
        }
        text
    }

    /// The secret behind a text that [`Self::base32`] wrote.
    pub fn from_base32(text: &str) -> Option<Self> {
        let values: Vec<u64> = text
            .bytes()
            .map(|letter| BASE32.iter().position(|&known| known == letter))
            .map(|at| at.and_then(|at| u64::try_from(at).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = values
            .chunks(8)
            .flat_map(|group| {
                let value = group.iter().fold(0, |value, letter| value << 5 | letter);
                value.to_be_bytes()[3..].to_vec()
            })
            .collect();
        (text.len() == 32).then(|| bytes.try_into().map(Self).ok())?
    }

    /// What an app reads from a picture. `brand` and `account` are shown by it.
    pub fn uri(&self, brand: &str, account: &str) -> String {
        let encode = |text: &str| -> String {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            // Apps take a plus for a plus.
            encoded.replace('+', "%20")
        };
        let (brand, account) = (encode(brand), encode(account));
        format!(
            "otpauth://totp/{brand}:{account}?secret={}&issuer={brand}&algorithm=SHA1\
             &digits={DIGITS}&period={STEP_S}",
            self.base32()
        )
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = tag[at..at + 4]
            .iter()
            .fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// The step whose code this is: the present one or one next to it, and later than `last_step`,
    /// so that a code that was seen being typed is worth nothing.
    fn step_of(&self, code: &str, now: DateTime<Utc>, last_step: i64) -> Option<i64> {
        let present = now.timestamp().div_euclid(STEP_S);
        let mut found = None;
        // All of them, so that the time taken does not tell which.
        for step in present - DRIFT_STEPS..=present + DRIFT_STEPS {
            let is_same = bool::from(self.code(step).as_bytes().ct_eq(code.as_bytes()));
            if is_same && step > last_step {
                found = Some(step);
            }
        }
        found
    }
}

impl Totp {
    /// An app that showed by `code` that it has `secret`; none if it did not. What is kept opens for
    /// this credential only.
    pub fn proven(
        secret: &TotpSecret,
        code: &str,
        (cipher, credential_id): (&Cipher, CredentialId),
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let last_step = secret.step_of(&digits(code)?, now, i64::MIN)?;
        let sealed = cipher.seal(&context(credential_id), &secret.0);
        Some(Self {
            secret: STANDARD_NO_PAD.encode(sealed),
            last_step,
        })
    }

    /// Takes a code: what to keep from now on, if it is right and was not taken before.
    pub fn take(
        &self,
        code: &str,
        (cipher, credential_id): (&Cipher, CredentialId),
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, OpenError> {
        let sealed = STANDARD_NO_PAD
            .decode(&self.secret)
            .map_err(|_| OpenError)?;
        let secret = cipher.open(&context(credential_id), &sealed)?;
        let secret = TotpSecret(secret.try_into().map_err(|_| OpenError)?);
        let step = digits(code).and_then(|code| secret.step_of(&code, now, self.last_step));
        Ok(step.map(|last_step| Self {
            secret: self.secret.clone(),
            last_step,
        }))
    }
}

fn context(credential_id: CredentialId) -> String {
    format!("credential.totp:{credential_id}")
}

/// The digits of a code however they were grouped.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn kept() -> (Cipher, CredentialId) {
        let entropy = Entropy::seeded(7);
        let id = CredentialId::new(at(1_111_111_109), &entropy);
        (Cipher::new([1; 32], entropy), id)
    }

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = TotpSecret(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(seconds / STEP_S), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_none_before_it() {
        let (cipher, id) = kept();
        let secret = TotpSecret(*b"12345678901234567890");
        let code = |now: DateTime<Utc>| secret.code(now.timestamp() / STEP_S);
        let now = at(1_111_111_109);
        let totp = Totp::proven(&secret, &code(now), (&cipher, id), now).expect("the right code");

        let take = |totp: &Totp, code: &str, now| totp.take(code, (&cipher, id), now).unwrap();
        assert!(take(&totp, &code(now), now).is_none(), "proven with it");
        let later = at(1_111_111_139);
        let spaced = format!(" {} {} ", &code(later)[..3], &code(later)[3..]);
        let totp = take(&totp, &spaced, later).expect("the next code");
        assert!(take(&totp, &code(later), later).is_none(), "used");
        assert!(take(&totp, &code(now), later).is_none(), "older");
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let secret = TotpSecret(*b"12345678901234567890");
        let now = at(3_000_000);
        let present = 3_000_000 / STEP_S;
        for (step, is_taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = secret.code(present + step);
            assert_eq!(
                secret.step_of(&code, now, i64::MIN).is_some(),
                is_taken,
                "{step}"
            );
        }
    }

    #[test]
    fn what_is_no_code_is_not_taken() {
        let (cipher, id) = kept();
        let secret = TotpSecret(*b"12345678901234567890");
        let now = at(59);
        for code in [
            "",
            "28708",
            "2870822",
            "28708a",
            "٢٨٧٠٨٢",
            "287083",
            "-87082",
        ] {
            assert!(
                Totp::proven(&secret, code, (&cipher, id), now).is_none(),
                "{code}"
            );
        }
    }

    #[test]
    fn a_secret_moved_to_another_credential_does_not_open() {
        let (cipher, id) = kept();
        let secret = TotpSecret(*b"12345678901234567890");
        let totp = Totp::proven(&secret, "287082", (&cipher, id), at(59)).unwrap();
        let other = CredentialId::new(at(60), &Entropy::seeded(8));

        assert!(totp.take("000000", (&cipher, other), at(59)).is_err());
        assert!(
            !serde_json::to_string(&totp)
                .unwrap()
                .contains(&secret.base32())
        );
    }

    #[test]
    fn a_secret_is_written_as_apps_read_it() {
        let secret = TotpSecret(*b"12345678901234567890");

        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let again = TotpSecret::from_base32(&secret.base32()).unwrap();
        assert_eq!(again.0, secret.0);
        assert!(TotpSecret::from_base32("GEZD").is_none());
        assert!(TotpSecret::from_base32(&"1".repeat(32)).is_none());
        let uri = secret.uri("Bellmoor & Co", "anna+1@example.com");
        assert_eq!(
            uri,
            "otpauth://totp/Bellmoor%20%26%20Co:anna%2B1%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bellmoor%20%26%20Co&algorithm=SHA1\
             &digits=6&period=30"
        );
    }
}
