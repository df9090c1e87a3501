//! The two ceremonies: making a passkey and using it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::authenticator::AuthenticatorData;
use super::cbor;
use super::{
    Authentication, Made, PART_BYTES_MAX, Passkey, Refusal, Registration, RelyingParty, Used,
};
use crate::kernel::secret::sha256;

/// The roads to an authenticator that browsers know; others are not kept.
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// What the browser says it saw. Other members may be there and mean nothing (WebAuthn §5.8.1).
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

impl ClientData {
    fn check(
        bytes: &[u8],
        kind: &str,
        challenge: &[u8],
        party: &RelyingParty,
    ) -> Result<(), Refusal> {
        let data: Self = serde_json::from_slice(bytes).map_err(|_| Refusal::Malformed)?;
        let expected = URL_SAFE_NO_PAD.encode(challenge);
        if data.kind != kind {
            return Err(Refusal::Type);
        }
        if !bool::from(data.challenge.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(Refusal::Challenge);
        }
        if data.origin != party.origin {
            return Err(Refusal::Origin);
        }
        if data.cross_origin || data.top_origin.is_some() {
            return Err(Refusal::CrossOrigin);
        }
        Ok(())
    }
}

/// The challenge that an answer names, by which the question is found that was asked.
pub fn challenge_of(client_data: &str) -> Result<Vec<u8>, Refusal> {
    let data = decode(client_data)?;
    let data: ClientData = serde_json::from_slice(&data).map_err(|_| Refusal::Malformed)?;
    decode(&data.challenge).map_err(|_| Refusal::Challenge)
}

/// Judges the answer to a wish for a new passkey of the person behind `user_handle`.
pub fn register(
    answer: &Registration,
    challenge: &[u8],
    user_handle: &[u8],
    party: &RelyingParty,
) -> Result<Made, Refusal> {
    let id = credential_id(&answer.id, &answer.raw_id, &answer.kind)?;
    let client_data = decode(&answer.response.client_data)?;
    ClientData::check(&client_data, "webauthn.create", challenge, party)?;
    let object = decode(&answer.response.attestation_object)?;
    let object = cbor::read_whole(&object).ok_or(Refusal::Malformed)?;
    // The statement (`attStmt`) may be of any format: it is not asked for, and not believed.
    let data = object
        .named("authData")
        .and_then(cbor::Value::bytes)
        .ok_or(Refusal::Malformed)?;
    let data = AuthenticatorData::parse(data)?;
    check_person(&data, party)?;
    let attested = data.attested.ok_or(Refusal::Malformed)?;
    if attested.credential_id != id {
        return Err(Refusal::Id);
    }
    Ok(Made {
        credential_id: id,
        passkey: Passkey {
            user_handle: URL_SAFE_NO_PAD.encode(user_handle),
            key: attested.key,
            counter: data.counter,
            backup_eligible: data.backup_eligible,
            backed_up: data.backed_up,
            transports: TRANSPORTS
                .into_iter()
                .filter(|known| answer.response.transports.iter().any(|road| road == known))
                .map(str::to_owned)
                .collect(),
        },
    })
}

/// The id of the credential that answered, by which its passkey is found.
pub(super) fn credential_id(id: &str, raw_id: &str, kind: &str) -> Result<Vec<u8>, Refusal> {
    if id != raw_id || kind != "public-key" {
        return Err(Refusal::Id);
    }
    decode(id)
}

impl Authentication {
    /// The id of the credential that answered, by which its passkey is found.
    pub fn credential_id(&self) -> Result<Vec<u8>, Refusal> {
        credential_id(&self.id, &self.raw_id, &self.kind)
    }
}

/// Judges the answer of the credential `known`, whose passkey is `passkey`, to `challenge`.
pub fn authenticate(
    answer: &Authentication,
    challenge: &[u8],
    (known, passkey): (&[u8], &Passkey),
    party: &RelyingParty,
) -> Result<Used, Refusal> {
    if answer.credential_id()? != known {
        return Err(Refusal::Id);
    }
    let response = &answer.response;
    // Discoverable credentials name their owner; whoever found the passkey by its id alone would
    // take the authenticator's word for nothing.
    let handle = response.user_handle.as_deref().ok_or(Refusal::UserHandle)?;
    if !bool::from(decode(handle)?.ct_eq(&decode(&passkey.user_handle)?)) {
        return Err(Refusal::UserHandle);
    }
    let client_data = decode(&response.client_data)?;
    ClientData::check(&client_data, "webauthn.get", challenge, party)?;
    let signed = decode(&response.authenticator_data)?;
    let data = AuthenticatorData::parse(&signed)?;
    check_person(&data, party)?;
    if data.backup_eligible != passkey.backup_eligible {
        return Err(Refusal::Backup);
    }
    let message = [signed.as_slice(), &sha256(&client_data)].concat();
    if !passkey
        .key
        .verifies(&message, &decode(&response.signature)?)
    {
        return Err(Refusal::Signature);
    }
    let counts = data.counter != 0 || passkey.counter != 0;
    if counts && data.counter <= passkey.counter {
        return Err(Refusal::Counter);
    }
    Ok(Used {
        counter: data.counter,
        backed_up: data.backed_up,
    })
}

fn check_person(data: &AuthenticatorData<'_>, party: &RelyingParty) -> Result<(), Refusal> {
    if data.rp_id_hash != sha256(party.id.as_bytes()) {
        return Err(Refusal::RelyingParty);
    }
    if !data.is_user_present {
        return Err(Refusal::UserPresence);
    }
    // A passkey stands for two factors here, so its authenticator has to know its owner.
    if !data.is_user_verified {
        return Err(Refusal::UserVerification);
    }
    if data.backed_up && !data.backup_eligible {
        return Err(Refusal::Backup);
    }
    Ok(())
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    if text.len() > PART_BYTES_MAX {
        return Err(Refusal::Malformed);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)
}
