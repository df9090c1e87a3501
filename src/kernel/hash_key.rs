//! Hashes of what could be guessed: without the key nobody can try.

use aws_lc_rs::hmac;

use super::secret::sha256;

/// A key for HMAC-SHA-256 (RFC 2104), derived from the installation's key.
#[derive(Clone)]
pub struct HashKey(hmac::Key);

impl HashKey {
    /// The key that belongs to an installation's key; from it, that cannot be found.
    pub fn derive(installation_key: &[u8; 32]) -> Self {
        let key = sha256(&[b"befriend keyed hashes".as_slice(), installation_key].concat());
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The hash of `parts` in this order. Each is told apart from the next, so that no two lists
    /// share a hash.
    pub fn hash(&self, parts: &[&str]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_and_another_cut_give_another_hash() {
        let key = HashKey::derive(&[7; 32]);

        assert_eq!(key.hash(&["user", "ada"]), key.hash(&["user", "ada"]));
        assert_ne!(key.hash(&["user", "ada"]), key.hash(&["usera", "da"]));
        assert_ne!(key.hash(&["user", "ada"]), key.hash(&["userada"]));
        let other = HashKey::derive(&[8; 32]);
        assert_ne!(key.hash(&["user", "ada"]), other.hash(&["user", "ada"]));
    }
}
