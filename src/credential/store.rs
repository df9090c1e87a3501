//! SQL of credentials, whatever their kind: `data` is read by the module of that kind.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, CredentialId, ProfileId};
use crate::kernel::{EmailAddress, Secret};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// How long a browser that was trusted is not asked for a second factor.
pub const TRUST_LIFE: TimeDelta = TimeDelta::days(30);

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A password's hash. One for each profile.
    Password,
    /// A passkey's public key.
    Passkey,
    /// An authenticator app's secret. One for each profile; the row is there only once the app has
    /// shown that it works.
    Totp,
    /// Hashes of codes for when the authenticator app is lost. One set for each profile.
    RecoveryCodes,
    /// A browser that is not asked for a second factor: `handle` is the hash of its cookie.
    TrustedDevice,
}

impl Kind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCodes => "recovery_codes",
            Self::TrustedDevice => "trusted_device",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "password" => Some(Self::Password),
            "passkey" => Some(Self::Passkey),
            "totp" => Some(Self::Totp),
            "recovery_codes" => Some(Self::RecoveryCodes),
            "trusted_device" => Some(Self::TrustedDevice),
            _ => None,
        }
    }
}

/// A credential as stored.
#[derive(Clone, Debug)]
pub struct Credential {
    /// At which brand.
    pub brand_id: BrandId,
    /// Its id.
    pub credential_id: CredentialId,
    /// Whose.
    pub profile_id: ProfileId,
    /// What it is.
    pub kind: Kind,
    /// What its owner calls it.
    pub name: String,
    /// By what it is found, if by anything: unique within the brand.
    pub handle: Option<Vec<u8>>,
    /// What it is checked with, by kind.
    pub data: Value,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last proved somebody.
    pub last_used_at: Option<DateTime<Utc>>,
}

struct Row {
    brand_id: BrandId,
    credential_id: CredentialId,
    profile_id: ProfileId,
    kind: String,
    name: String,
    handle: Option<Vec<u8>>,
    data: Value,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_credential(self) -> Result<Credential, Error> {
        let kind = Kind::parse(&self.kind)
            .ok_or_else(|| Inconsistency::new("credential", self.credential_id, "unknown kind"))?;
        Ok(Credential {
            brand_id: self.brand_id,
            credential_id: self.credential_id,
            profile_id: self.profile_id,
            kind,
            name: self.name,
            handle: self.handle,
            data: self.data,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        })
    }
}

/// Writes a new credential. The index `credential_one_of_its_kind` refuses a second password,
/// authenticator app or set of recovery codes; `credential_handle_key` a handle that is taken.
pub async fn insert_credential(
    conn: &mut PgConnection,
    credential: &Credential,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into credential (brand_id, credential_id, profile_id, kind, name, handle, data,
                                 created_at, last_used_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        credential.brand_id.uuid(),
        credential.credential_id.uuid(),
        credential.profile_id.uuid(),
        credential.kind.as_str(),
        credential.name,
        credential.handle,
        credential.data,
        credential.created_at,
        credential.last_used_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Everything of the profile, oldest first.
pub async fn list_credentials(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Credential>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", credential_id as "credential_id: CredentialId",
                  profile_id as "profile_id: ProfileId", kind, name, handle, data, created_at,
                  last_used_at
           from credential where brand_id = $1 and profile_id = $2
           order by created_at, credential_id"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_credential).collect()
}

/// The profile's oldest credential of this kind: of a password, an authenticator app or recovery
/// codes the only one. Kept from others until the transaction ends.
pub async fn lock_credential(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    kind: Kind,
) -> Result<Option<Credential>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", credential_id as "credential_id: CredentialId",
                  profile_id as "profile_id: ProfileId", kind, name, handle, data, created_at,
                  last_used_at
           from credential where brand_id = $1 and profile_id = $2 and kind = $3
           order by created_at, credential_id limit 1 for update"#,
        brand_id.uuid(),
        profile_id.uuid(),
        kind.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_credential).transpose()
}

/// The brand's credential with this handle.
pub async fn find_credential_by_handle(
    conn: &mut PgConnection,
    brand_id: BrandId,
    handle: &[u8],
) -> Result<Option<Credential>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", credential_id as "credential_id: CredentialId",
                  profile_id as "profile_id: ProfileId", kind, name, handle, data, created_at,
                  last_used_at
           from credential where brand_id = $1 and handle = $2"#,
        brand_id.uuid(),
        handle,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_credential).transpose()
}

/// The most passwords that are tried for one address: people may have made two accounts with it.
const PASSWORDS_MAX: i64 = 3;

/// The passwords of those who proved this address and can be signed in to, or could before their
/// account was shut: whoever asks tries each, and the address itself proves nobody.
pub async fn list_passwords_of_address(
    conn: &mut PgConnection,
    brand_id: BrandId,
    address: &EmailAddress,
) -> Result<Vec<Credential>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select c.brand_id as "brand_id: BrandId",
                  c.credential_id as "credential_id: CredentialId",
                  c.profile_id as "profile_id: ProfileId", c.kind, c.name, c.handle, c.data,
                  c.created_at, c.last_used_at
           from profile_email e
           join credential c on c.brand_id = e.brand_id and c.profile_id = e.profile_id
                and c.kind = 'password'
           join profile p on p.brand_id = e.brand_id and p.profile_id = e.profile_id
                and p.status in ('active', 'suspended')
           where e.brand_id = $1 and e.address = $2 and e.verified_at is not null
           order by c.created_at, c.credential_id limit $3"#,
        brand_id.uuid(),
        address.as_str(),
        PASSWORDS_MAX,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_credential).collect()
}

/// Changes what a credential is checked with, and notes its use if `used_at` is given.
pub async fn update_credential_data(
    conn: &mut PgConnection,
    brand_id: BrandId,
    credential_id: CredentialId,
    data: &Value,
    used_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update credential set data = $3, last_used_at = coalesce($4, last_used_at)
         where brand_id = $1 and credential_id = $2",
        brand_id.uuid(),
        credential_id.uuid(),
        data,
        used_at,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "credential", credential_id)?;
    Ok(())
}

/// Removes a credential of this profile only. Returns whether it was there.
pub async fn delete_credential(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    credential_id: CredentialId,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "delete from credential where brand_id = $1 and profile_id = $2 and credential_id = $3",
        brand_id.uuid(),
        profile_id.uuid(),
        credential_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the profile's credentials of these kinds. Returns how many there were.
pub async fn delete_credentials_of_kinds(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    kinds: &[Kind],
) -> Result<u64, Error> {
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let done = sqlx::query!(
        "delete from credential where brand_id = $1 and profile_id = $2 and kind = any($3)",
        brand_id.uuid(),
        profile_id.uuid(),
        &kinds,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whether signing in asks this profile for a second factor.
pub async fn has_second_factor(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<bool, Error> {
    let has = sqlx::query_scalar!(
        r#"select exists (select from credential
                          where brand_id = $1 and profile_id = $2 and kind = 'totp') as "has!""#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// Whether the browser with this cookie need not give this profile's second factor.
pub async fn is_trusted_device(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    device: &Secret,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let is_trusted = sqlx::query_scalar!(
        r#"select exists (select from credential
                          where brand_id = $1 and profile_id = $2 and kind = 'trusted_device'
                            and handle = $3 and created_at > $4) as "is_trusted!""#,
        brand_id.uuid(),
        profile_id.uuid(),
        device.hash().to_vec(),
        now - TRUST_LIFE,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_trusted)
}

/// By how many ways the profile can sign in: identities of connections that are switched on, a
/// password with a proven address, passkeys. The profile is kept from others until the transaction
/// ends, so that of two who take a way each the second sees what the first left.
pub async fn count_ways_in(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<i64, Error> {
    sqlx::query!(
        "select status from profile where brand_id = $1 and profile_id = $2 for update",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from identity i join connection c using (brand_id, connection_id)
                   where i.brand_id = $1 and i.profile_id = $2 and c.enabled)
                + (select count(*) from credential
                   where brand_id = $1 and profile_id = $2 and kind = 'passkey')
                + (select count(*) from credential
                   where brand_id = $1 and profile_id = $2 and kind = 'password'
                     and exists (select from profile_email e
                                 where e.brand_id = $1 and e.profile_id = $2
                                   and e.verified_at is not null)) as "count!""#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
