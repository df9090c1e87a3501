//! Passwords: argon2id off the async threads, behind a permit that the hashing task owns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::breached::Breached;
use super::foreign::Foreign;
use super::strength::{self, Weakness};
use crate::kernel::{Entropy, Secret};

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
pub const PASSES: u32 = 2;
/// Lanes.
pub const LANES: u32 = 1;

/// The shortest password that may be somebody's only factor (NIST SP 800-63B-4 §3.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 15;

/// The longest password that is hashed, in bytes, so that a long one cannot cost more.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// How many may wait for a permit for each one that hashes; beyond it callers are told to come back.
const WAITING_PER_PERMIT: usize = 32;

/// Hashes and checks passwords. Cheap to clone; clones share the permits.
#[derive(Clone, Debug)]
pub struct Hasher {
    permits: Arc<Semaphore>,
    /// Permits plus places to wait.
    places: Arc<Semaphore>,
    worked: Arc<AtomicU64>,
    entropy: Entropy,
}

/// A password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many are being checked: the same call may work in a moment.
    #[error("too many sign-ins at once")]
    Busy,
    /// Shorter than [`PASSWORD_CHARS_MIN`] or longer than [`PASSWORD_BYTES_MAX`].
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
    )]
    Length,
    /// The stored hash cannot be read, or asks for more memory than any hash of ours.
    #[error("a stored password hash cannot be used")]
    Stored,
}

impl Hasher {
    /// A hasher that works on at most `parallel` passwords at once (19 MiB each).
    pub fn new(parallel: usize, entropy: Entropy) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(parallel)),
            places: Arc::new(Semaphore::new(parallel * (1 + WAITING_PER_PERMIT))),
            worked: Arc::default(),
            entropy,
        }
    }

    /// How many passwords were hashed or checked so far. What is refused for an account that exists
    /// must have cost as many as for one that does not.
    pub fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &Secret) -> Result<String, Error> {
        let normal = normalise(password)?;
        if normal.expose().chars().count() < PASSWORD_CHARS_MIN {
            return Err(Error::Length);
        }
        self.hash_normal(normal).await
    }

    /// Hashes anew a password that has just proven right, however short it is: it was chosen under
    /// other rules.
    pub async fn rehash(&self, password: &Secret) -> Result<String, Error> {
        self.hash_normal(normalise(password)?).await
    }

    async fn hash_normal(&self, normal: Secret) -> Result<String, Error> {
        let salt = self.entropy.bytes::<16>();
        self.off_thread(move || {
            argon2()
                .hash_password_customized(
                    normal.expose().as_bytes(),
                    &salt,
                    None,
                    None,
                    parameters(),
                )
                .map(|hash: PasswordHash| hash.to_string())
                .map_err(|_| Error::Stored)
        })
        .await?
    }

    /// Whether `password` is the one behind `stored`, a hash of ours or one that [`Foreign`] reads.
    /// With no stored hash (nobody by that name) it works as long as with one of ours and says no.
    /// If the hash is a foreign one, hash the password anew when it is right: see [`is_outdated`].
    pub async fn verify(&self, password: &Secret, stored: Option<&str>) -> Result<bool, Error> {
        let Ok(normal) = normalise(password) else {
            return Ok(false);
        };
        let known = stored.is_some();
        let stored = stored.unwrap_or(DUMMY).to_owned();
        let typed = password.clone();
        let right = self
            .off_thread(move || {
                if is_outdated(&stored) {
                    return verify_foreign(&typed, &normal, &stored);
                }
                let hash = PasswordHash::new(&stored).map_err(|_| Error::Stored)?;
                let bounded = Params::try_from(&hash)
                    .is_ok_and(|p| p.m_cost() <= MEMORY_KIB * 8 && p.t_cost() <= 16);
                if !bounded {
                    return Err(Error::Stored);
                }
                Ok(argon2()
                    .verify_password(normal.expose().as_bytes(), &hash)
                    .is_ok())
            })
            .await??;
        Ok(right && known)
    }

    /// Judges a new password before it is hashed, as [`strength::judge`] does; one that is too long is
    /// refused before anything is computed (A54).
    pub async fn judge(
        &self,
        password: &Secret,
        words: Vec<String>,
        breached: &Breached,
    ) -> Result<Result<(), Weakness>, Error> {
        let Ok(normal) = normalise(password) else {
            return Ok(Err(Weakness::Long));
        };
        let breached = breached.clone();
        self.off_thread(move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            strength::judge(normal.expose(), &words, &breached)
        })
        .await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Error::Busy)?;
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Error::Busy)?;
        self.worked.fetch_add(1, Ordering::Relaxed);
        // The task owns the permit: a caller that goes away does not free it while memory is in use.
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((permit, place));
            done
        });
        task.await.map_err(|_| Error::Busy)
    }
}

/// Whether a stored hash is not one that we would make today.
pub fn is_outdated(stored: &str) -> bool {
    let ours = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
    !stored.starts_with(&ours)
}

/// The system that made the hash took the password as it was typed; one that made it of the normal
/// form is tried for after that.
fn verify_foreign(typed: &Secret, normal: &Secret, stored: &str) -> Result<bool, Error> {
    let foreign = Foreign::parse(stored).map_err(|_| Error::Stored)?;
    Ok(foreign.verify(typed) || (typed != normal && foreign.verify(normal)))
}

/// What a credential keeps of a password.
pub fn data_of(hash: &str) -> Value {
    json!({ "hash": hash })
}

/// The hash that a credential keeps; see [`data_of`].
pub fn hash_of(data: &Value) -> Option<&str> {
    data.get("hash").and_then(Value::as_str)
}

/// The hash of a random text nobody knows, under our parameters.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$xqbZjRrF0Yw0kXNPcWvJXQ$\
                     nmPTFPzgCOvmEmYBDYAKk+ykVblJ8nKnAI6fHAHJmPw";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters())
}

fn parameters() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are in range")
}

/// NFKC, so that the same password typed on two keyboards is the same (NIST SP 800-63B-4).
fn normalise(password: &Secret) -> Result<Secret, Error> {
    if password.expose().len() > PASSWORD_BYTES_MAX {
        return Err(Error::Length);
    }
    Ok(Secret::new(password.expose().nfkc().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(2, Entropy::seeded(1))
    }

    #[tokio::test]
    async fn a56_only_the_same_password_verifies() {
        let hasher = hasher();
        let right = Secret::new("correct horse battery é");
        let stored = hasher.hash(&right).await.expect("a good password");

        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(hasher.verify(&right, Some(&stored)).await.expect("checked"));
        let decomposed = Secret::new("correct horse battery e\u{301}");
        assert!(
            hasher
                .verify(&decomposed, Some(&stored))
                .await
                .expect("checked")
        );
        let wrong = Secret::new("correct horse battery e");
        assert!(!hasher.verify(&wrong, Some(&stored)).await.expect("checked"));
        assert!(!hasher.verify(&right, None).await.expect("checked"));
    }

    #[tokio::test]
    async fn a54_length_is_bounded_before_hashing() {
        let hasher = hasher();

        assert!(matches!(
            hasher.hash(&Secret::new("short")).await,
            Err(Error::Length)
        ));
        let long = Secret::new("x".repeat(1_000_000));
        assert!(matches!(hasher.hash(&long).await, Err(Error::Length)));
        assert!(
            !hasher
                .verify(&long, Some(DUMMY))
                .await
                .expect("refused unhashed")
        );
    }

    /// Made by Python's `hashlib.pbkdf2_hmac('sha256', 'café'.encode(), b'saltsalt', 1000)`.
    const FOREIGN: &str =
        "pbkdf2_sha256$1000$saltsalt$H+++sOlC9mwNSw4Qq/bWC2Zad/yvI1wvhTVdjA0lWgM=";

    #[tokio::test]
    async fn a_password_that_moved_here_is_proven_once_and_hashed_anew() {
        let hasher = hasher();
        let typed = Secret::new("caf\u{e9}");
        assert!(is_outdated(FOREIGN));
        assert!(hasher.verify(&typed, Some(FOREIGN)).await.expect("checked"));
        let decomposed = Secret::new("cafe\u{301}");
        assert!(
            hasher
                .verify(&decomposed, Some(FOREIGN))
                .await
                .expect("checked")
        );
        let wrong = Secret::new("cafe");
        assert!(!hasher.verify(&wrong, Some(FOREIGN)).await.expect("checked"));

        let anew = hasher.rehash(&typed).await.expect("hashed");

        assert!(!is_outdated(&anew));
        assert!(
            hasher
                .verify(&decomposed, Some(&anew))
                .await
                .expect("checked")
        );
    }

    #[tokio::test]
    async fn a58_a_stored_hash_cannot_ask_for_gigabytes() {
        let greedy = DUMMY.replace("m=19456", "m=4194304");

        let answer = hasher()
            .verify(&Secret::new("whatever it may be"), Some(&greedy))
            .await;

        assert!(matches!(answer, Err(Error::Stored)));
    }
}
