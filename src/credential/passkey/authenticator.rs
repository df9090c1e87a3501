//! Authenticator data: what the authenticator says of itself, signed.

use super::Refusal;
use super::cbor;
use super::key::PublicKey;

/// The bits of the flags (WebAuthn §6.1).
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// The shortest and the longest id that authenticators give (WebAuthn §4).
const CREDENTIAL_ID_BYTES: std::ops::RangeInclusive<usize> = 16..=1023;

/// Authenticator data, read.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the standard, each judged by itself"
)]
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    pub(super) rp_id_hash: &'a [u8],
    pub(super) is_user_present: bool,
    pub(super) is_user_verified: bool,
    pub(super) backup_eligible: bool,
    pub(super) backed_up: bool,
    pub(super) counter: u32,
    pub(super) attested: Option<AttestedKey<'a>>,
}

/// A key that was just made.
#[derive(Debug)]
pub(super) struct AttestedKey<'a> {
    pub(super) credential_id: &'a [u8],
    pub(super) key: PublicKey,
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn parse(input: &'a [u8]) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed;
        let (rp_id_hash, rest) = input.split_at_checked(32).ok_or(malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(malformed)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let has = |bit: u8| flags & bit != 0;
        let attested = if has(ATTESTED) {
            let (attested, after) = AttestedKey::parse(rest)?;
            rest = after;
            Some(attested)
        } else {
            None
        };
        if has(EXTENDED) {
            let (extensions, after) = cbor::read(rest).ok_or(malformed)?;
            if !matches!(extensions, cbor::Value::Map(_)) {
                return Err(malformed);
            }
            rest = after;
        }
        if !rest.is_empty() {
            return Err(malformed);
        }
        Ok(Self {
            rp_id_hash,
            is_user_present: has(USER_PRESENT),
            is_user_verified: has(USER_VERIFIED),
            backup_eligible: has(BACKUP_ELIGIBLE),
            backed_up: has(BACKED_UP),
            counter: u32::from_be_bytes(*counter),
            attested,
        })
    }
}

impl<'a> AttestedKey<'a> {
    fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        let malformed = Refusal::Malformed;
        // The maker's id of the model, which we do not look at.
        let (_, rest) = input.split_at_checked(16).ok_or(malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !CREDENTIAL_ID_BYTES.contains(&length) {
            return Err(malformed);
        }
        let (credential_id, rest) = rest.split_at_checked(length).ok_or(malformed)?;
        let (key, rest) = cbor::read(rest).ok_or(malformed)?;
        let key = PublicKey::from_cose(&key).ok_or(Refusal::Algorithm)?;
        Ok((Self { credential_id, key }, rest))
    }
}
