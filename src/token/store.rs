//! SQL of signing keys. They belong to the installation, so no query is bound to a brand.

use chrono::{DateTime, Utc};
use serde::Deserialize as _;

use super::keys::PublicJwk;
use super::{SigningKey, generate};
use crate::kernel::id::SigningKeyId;
use crate::kernel::{Cipher, Entropy};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// The advisory lock under which keys are made: of several processes that start at once, one makes
/// the first key and the others find it.
const LOCK: i64 = 0x6265_6672_6b65_7973;

/// What the private half is sealed for, so that it opens in its own row only.
fn context(id: SigningKeyId) -> String {
    format!("signing_key.private_key.{id}")
}

/// Every key that is published at `now`, oldest first.
pub async fn list_published_keys(
    conn: &mut PgConnection,
    cipher: &Cipher,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>, super::Error> {
    let rows = sqlx::query!(
        r#"select signing_key_id as "signing_key_id: SigningKeyId", private_key, public_jwk,
                  created_at, active_from, retired_at
           from signing_key where retired_at is null or retired_at > $1
           order by created_at, signing_key_id"#,
        now,
    )
    .fetch_all(conn)
    .await
    .map_err(Error::from)?;
    rows.into_iter()
        .map(|row| {
            let id = row.signing_key_id;
            let public_jwk = PublicJwk::deserialize(&row.public_jwk).map_err(|_| {
                Error::from(Inconsistency::new("signing_key", id, "not a public key"))
            })?;
            Ok(SigningKey {
                signing_key_id: id,
                private_key: cipher.open(&context(id), &row.private_key)?,
                public_jwk,
                created_at: row.created_at,
                active_from: row.active_from,
                retired_at: row.retired_at,
            })
        })
        .collect()
}

/// Makes the first key unless there is one that signs at `now`. Call within a transaction.
pub async fn ensure_signing_key(
    conn: &mut PgConnection,
    cipher: &Cipher,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    lock_keys(conn).await?;
    let exists = sqlx::query_scalar!(
        r#"select exists (select from signing_key
                          where active_from <= $1 and (retired_at is null or retired_at > $1))
                  as "exists!""#,
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    if exists {
        return Ok(());
    }
    insert_key(conn, cipher, &generate(now, now, entropy)).await
}

/// Makes a key to follow the present one; see [`super::rotate`]. Call within a transaction.
pub async fn insert_next_key(
    conn: &mut PgConnection,
    cipher: &Cipher,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> Result<SigningKey, Error> {
    ensure_signing_key(conn, cipher, entropy, now).await?;
    let (key, predecessors_retire_at) = super::rotate(now, entropy);
    sqlx::query!(
        "update signing_key set retired_at = $1 where retired_at is null",
        predecessors_retire_at,
    )
    .execute(&mut *conn)
    .await?;
    insert_key(conn, cipher, &key).await?;
    Ok(key)
}

async fn lock_keys(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK)
        .execute(conn)
        .await?;
    Ok(())
}

async fn insert_key(
    conn: &mut PgConnection,
    cipher: &Cipher,
    key: &SigningKey,
) -> Result<(), Error> {
    let id = key.signing_key_id;
    sqlx::query!(
        "insert into signing_key (signing_key_id, algorithm, private_key, public_jwk, created_at,
                                  active_from, retired_at)
         values ($1, 'ES256', $2, $3, $4, $5, $6)",
        id.uuid(),
        cipher.seal(&context(id), &key.private_key),
        serde_json::to_value(&key.public_jwk).expect("a public key is plain data"),
        key.created_at,
        key.active_from,
        key.retired_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A key as the command line lists it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Its id, which is also its `kid`.
    pub signing_key_id: SigningKeyId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Signs from here on, until a younger one does.
    pub active_from: DateTime<Utc>,
    /// Published until here.
    pub retired_at: Option<DateTime<Utc>>,
}

/// Every key there ever was, newest first.
pub async fn list_keys(conn: &mut PgConnection) -> Result<Vec<Listed>, Error> {
    let keys = sqlx::query_as!(
        Listed,
        r#"select signing_key_id as "signing_key_id: SigningKeyId", created_at, active_from,
                  retired_at
           from signing_key order by created_at desc, signing_key_id desc"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(keys)
}
