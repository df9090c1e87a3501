//! Encryption of what must be stored and read back: provider secrets and signing keys.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{Entropy, Secret};

/// AES-256-GCM under the installation's key (NIST SP 800-38D). Every ciphertext has a random nonce
/// in front and is bound to a context, so that a value copied to another row does not open there.
#[derive(Clone)]
pub struct Cipher {
    key: [u8; 32],
    entropy: Entropy,
}

/// The bytes were not sealed under this key for this context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a stored secret cannot be decrypted: the installation's key is not the one it was stored under"
)]
pub struct OpenError;

impl Cipher {
    /// A cipher under `key`.
    pub const fn new(key: [u8; 32], entropy: Entropy) -> Self {
        Self { key, entropy }
    }

    /// Reads a key from 64 hexadecimal digits.
    pub fn parse_key(text: &str) -> Option<[u8; 32]> {
        let text = text.trim();
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut key = [0; 32];
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(key)
    }

    /// Encrypts `plain` for `context` (a table, column and row, say).
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = self.entropy.bytes();
        let mut sealed = plain.to_vec();
        self.aead()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed,
            )
            .expect("a short text can be sealed");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`Self::seal`] made for the same context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut body = body.to_vec();
        let plain = self
            .aead()
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| OpenError)?;
        Ok(plain.to_vec())
    }

    /// [`Self::open`] for text.
    pub fn open_text(&self, context: &str, sealed: &[u8]) -> Result<Secret, OpenError> {
        let plain = self.open(context, sealed)?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| OpenError)
    }

    fn aead(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key).expect("the key has 32 bytes"))
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_what_was_sealed() {
        let cipher = Cipher::new([1; 32], Entropy::seeded(1));
        let sealed = cipher.seal("connection.client_secret", b"s3cret");

        assert_eq!(
            cipher.open("connection.client_secret", &sealed),
            Ok(b"s3cret".to_vec())
        );
        assert_eq!(cipher.open("signing_key", &sealed), Err(OpenError));
        assert_eq!(
            cipher.open("connection.client_secret", &sealed[1..]),
            Err(OpenError)
        );
        assert_eq!(
            cipher.open("connection.client_secret", b"short"),
            Err(OpenError)
        );
        let other = Cipher::new([2; 32], Entropy::seeded(1));
        assert_eq!(
            other.open("connection.client_secret", &sealed),
            Err(OpenError)
        );
    }

    #[test]
    fn keys_are_64_hexadecimal_digits() {
        assert_eq!(Cipher::parse_key(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(Cipher::parse_key("0f"), None);
        assert_eq!(Cipher::parse_key(&"zz".repeat(32)), None);
    }
}
