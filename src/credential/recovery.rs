//! Recovery codes: for whoever lost the authenticator app. Shown once, each good for one sign-in.

use serde::{Deserialize, Serialize};

use crate::kernel::Entropy;
use crate::kernel::secret::SecretHash;

/// How many there are in a set.
pub const CODES: usize = 10;

/// How many letters a code has: 5 bits each, so that no list of hashes can be tried through.
const LETTERS: usize = 16;

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// A set of codes as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The hashes of those that were not used, in hex.
    unused: Vec<String>,
}

impl RecoveryCodes {
    /// A new set, and its codes to be shown once.
    pub fn random(entropy: &Entropy) -> (Self, Vec<String>) {
        let codes: Vec<String> = (0..CODES).map(|_| random_code(entropy)).collect();
        let unused = codes.iter().map(|code| hash(code)).collect();
        (Self { unused }, codes)
    }

    /// How many are left.
    pub const fn left(&self) -> usize {
        self.unused.len()
    }

    /// Takes a code: what is left after it, if it is one of the set.
    pub fn take(&self, code: &str) -> Option<Self> {
        let code = plain(code)?;
        let used = hash(&code);
        // Both are hashes of 80 random bits, so how long a comparison takes tells nothing of use.
        let unused: Vec<String> = self
            .unused
            .iter()
            .filter(|h| **h != used)
            .cloned()
            .collect();
        (unused.len() < self.unused.len()).then_some(Self { unused })
    }
}

fn random_code(entropy: &Entropy) -> String {
    let letters: Vec<char> = entropy
        .bytes::<LETTERS>()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .into();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    groups.join("-")
}

/// A code however it was typed: in capitals, without its dashes, with an `o` for a nought or an `l`
/// or `i` left out of the alphabet.
fn plain(text: &str) -> Option<String> {
    let letters: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| match byte.to_ascii_lowercase() {
            b'o' => b'0',
            other => other,
        })
        .take(LETTERS + 1)
        .collect();
    let is_code = letters.len() == LETTERS && letters.iter().all(|byte| ALPHABET.contains(byte));
    is_code.then(|| {
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|group| group.iter().copied().map(char::from).collect())
            .collect();
        groups.join("-")
    })
}

fn hash(code: &str) -> String {
    crate::kernel::hex(&SecretHash::of(code).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_good_once() {
        let (set, codes) = RecoveryCodes::random(&Entropy::seeded(3));
        assert_eq!((set.left(), codes.len()), (CODES, CODES));

        let after = set.take(&codes[4]).expect("a code of the set");

        assert_eq!(after.left(), CODES - 1);
        assert_eq!(after.take(&codes[4]), None);
        assert!(after.take(&codes[5]).is_some());
    }

    #[test]
    fn a_code_is_taken_however_it_is_typed() {
        let (set, codes) = RecoveryCodes::random(&Entropy::seeded(3));
        let code = &codes[0];
        for typed in [
            code.to_uppercase(),
            code.replace('-', ""),
            code.replace('-', " "),
            code.replace('0', "O"),
            format!("  {code}\n"),
        ] {
            assert!(set.take(&typed).is_some(), "{typed}");
        }
        for wrong in ["", "aaaa-aaaa-aaaa-aaaa", &code[1..], &format!("{code}a")] {
            assert!(set.take(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn codes_are_not_kept() {
        let (set, codes) = RecoveryCodes::random(&Entropy::seeded(3));
        let stored = serde_json::to_string(&set).unwrap();

        assert!(codes.iter().all(|code| !stored.contains(code)));
        let mut distinct = codes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), CODES);
    }
}
