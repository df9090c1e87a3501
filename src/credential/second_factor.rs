//! The second factor of somebody whose first was right: a code of their authenticator app, or one
//! of their recovery codes.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::recovery::RecoveryCodes;
use super::store::{self, Credential, Kind};
use super::totp::Totp;
use crate::kernel::Cipher;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// What was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// A code of the authenticator app.
    App,
    /// A recovery code.
    RecoveryCode {
        /// How many are left.
        left: usize,
    },
}

/// Takes a code of either kind, if it is this profile's and was not used: it is used then.
pub async fn take(
    conn: &mut PgConnection,
    (brand_id, profile_id): (BrandId, ProfileId),
    code: &str,
    cipher: &Cipher,
    now: DateTime<Utc>,
) -> Result<Option<Given>, Error> {
    let app = store::lock_credential(conn, brand_id, profile_id, Kind::Totp).await?;
    // Recovery codes stand in for an app, never alone.
    let Some(app) = app else { return Ok(None) };
    let totp: Totp = read(&app)?;
    let key = (cipher, app.credential_id);
    let taken = totp.take(code, key, now).map_err(|_| {
        Inconsistency::new("credential", app.credential_id, "its secret does not open")
    })?;
    if let Some(totp) = taken {
        update(conn, &app, &totp, now).await?;
        return Ok(Some(Given::App));
    }
    let set = store::lock_credential(conn, brand_id, profile_id, Kind::RecoveryCodes).await?;
    let Some(set) = set else { return Ok(None) };
    let codes: RecoveryCodes = read(&set)?;
    let Some(codes) = codes.take(code) else {
        return Ok(None);
    };
    update(conn, &set, &codes, now).await?;
    Ok(Some(Given::RecoveryCode { left: codes.left() }))
}

/// Reads what a credential is checked with.
pub fn read<T: serde::de::DeserializeOwned>(credential: &Credential) -> Result<T, Error> {
    serde_json::from_value(credential.data.clone()).map_err(|_| {
        let fault = "its data is not of its kind";
        Inconsistency::new("credential", credential.credential_id, fault).into()
    })
}

async fn update<T: serde::Serialize>(
    conn: &mut PgConnection,
    credential: &Credential,
    data: &T,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let data = data_of(data);
    let (brand_id, id) = (credential.brand_id, credential.credential_id);
    store::update_credential_data(conn, brand_id, id, &data, Some(now)).await
}

/// What is stored of a kind's own type.
pub fn data_of<T: serde::Serialize>(data: &T) -> Value {
    serde_json::to_value(data).expect("plain values become JSON")
}
