//! The keys as a running process holds them: loaded from the database, looked at again every minute.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Expected, IdClaims, Keys, VerifyError, store};
use crate::kernel::cipher::OpenError;
use crate::kernel::{Cipher, Entropy};
use crate::postgres::{self, Pool};

/// How old the loaded keys may be. Far shorter than [`super::ACTIVATION_DELAY`], so every process
/// knows a key before any process signs with it.
const AGE_MAX: TimeDelta = TimeDelta::seconds(60);

/// How often at most an unknown `kid` makes us look again, so that made-up ones cost nothing.
const RELOAD_INTERVAL_MIN: TimeDelta = TimeDelta::seconds(5);

/// The keys cannot be had, or a token is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] postgres::Error),
    /// The installation's key is not the one the signing keys were stored under.
    #[error("the signing keys cannot be opened")]
    Sealed(#[from] OpenError),
    /// The token is not to be believed.
    #[error(transparent)]
    Token(#[from] VerifyError),
}

/// The signing keys, shared by every request of a process.
pub struct Keyring {
    cipher: Cipher,
    entropy: Entropy,
    loaded: RwLock<Option<Loaded>>,
}

#[derive(Clone)]
struct Loaded {
    keys: Arc<Keys>,
    at: DateTime<Utc>,
}

impl Keyring {
    /// An empty ring; keys are loaded, or the first one made, when they are first needed.
    pub const fn new(cipher: Cipher, entropy: Entropy) -> Self {
        Self {
            cipher,
            entropy,
            loaded: RwLock::new(None),
        }
    }

    /// The keys at `now`, at most a minute old.
    pub async fn keys(&self, pool: &Pool, now: DateTime<Utc>) -> Result<Arc<Keys>, Error> {
        self.keys_younger_than(pool, AGE_MAX, now).await
    }

    /// Proves an ID token of ours; see [`super::PublicKeys::verify`].
    pub async fn verify_id_token(
        &self,
        pool: &Pool,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<IdClaims, Error> {
        self.read(pool, expected.now, |keys| {
            keys.public().verify(token, expected)
        })
        .await
    }

    /// Reads an ID token that hints at who is meant; see [`super::PublicKeys::verify_hint`].
    pub async fn verify_hint(
        &self,
        pool: &Pool,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<IdClaims, Error> {
        self.read(pool, expected.now, |keys| {
            keys.public().verify_hint(token, expected)
        })
        .await
    }

    async fn read(
        &self,
        pool: &Pool,
        now: DateTime<Utc>,
        verify: impl Fn(&Keys) -> Result<IdClaims, VerifyError>,
    ) -> Result<IdClaims, Error> {
        match verify(&*self.keys(pool, now).await?) {
            Err(VerifyError::UnknownKey) => {
                let keys = self
                    .keys_younger_than(pool, RELOAD_INTERVAL_MIN, now)
                    .await?;
                Ok(verify(&keys)?)
            }
            read => Ok(read?),
        }
    }

    async fn keys_younger_than(
        &self,
        pool: &Pool,
        age_max: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Arc<Keys>, Error> {
        let held = self
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match held {
            Some(held) if (now - held.at).abs() < age_max && held.keys.signer(now).is_some() => {
                Ok(held.keys)
            }
            _ => self.load(pool, now).await,
        }
    }

    async fn load(&self, pool: &Pool, now: DateTime<Utc>) -> Result<Arc<Keys>, Error> {
        let mut conn = pool.acquire().await.map_err(postgres::Error::from)?;
        let mut keys = Keys::new(store::list_published_keys(&mut conn, &self.cipher, now).await?);
        drop(conn);
        if keys.signer(now).is_none() {
            keys = postgres::tx(pool, async |conn| {
                store::ensure_signing_key(conn, &self.cipher, &self.entropy, now).await?;
                let stored = store::list_published_keys(conn, &self.cipher, now).await?;
                Ok::<_, Error>(Keys::new(stored))
            })
            .await?;
        }
        let keys = Arc::new(keys);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Loaded {
            keys: Arc::clone(&keys),
            at: now,
        });
        Ok(keys)
    }
}
