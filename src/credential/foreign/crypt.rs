//! The family of `crypt(3)`: bcrypt, the crypts by MD5 and SHA-2, and phpass with its heirs.

use aws_lc_rs::hmac;

use super::Unreadable;
use super::bits::{Digest, crypt_value, from_bcrypt64, same, to_base64, to_crypt64, to_hex};

/// The dearest bcrypt that is checked: about a second of one core.
const BCRYPT_COST_MAX: u32 = 14;

/// What bcrypt reads of a password, in bytes; it does not see the rest.
const BCRYPT_BYTES_MAX: usize = 72;

/// The most rounds of the crypts by SHA-2; passlib's own choice is 656,000.
const CRYPT_ROUNDS_MAX: u32 = 1_000_000;

/// The most rounds of phpass, as a power of two; Drupal's own choice is 16.
const PHPASS_ROUNDS_LOG2_MAX: u32 = 19;

/// What is done to a password before bcrypt, so that all of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Nothing,
    /// Django's `bcrypt_sha256`: SHA-256, in hex.
    Sha256Hex,
    /// WordPress since 6.8: trimmed, HMAC-SHA-384 under a fixed key, in base64.
    WordPress,
}

/// `$2a$`, `$2b$`, `$2y$`, as they are, after Django's SHA-256, or after WordPress's HMAC.
#[derive(Clone, Debug)]
pub(super) struct Bcrypt {
    first: First,
    cost: u32,
    salt: [u8; 16],
    hash: Vec<u8>,
}

impl Bcrypt {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        let (first, rest) = if let Some(rest) = text.strip_prefix("bcrypt_sha256$$") {
            (First::Sha256Hex, rest)
        } else if let Some(rest) = text.strip_prefix("$wp$") {
            (First::WordPress, rest)
        } else {
            (First::Nothing, text.strip_prefix('$')?)
        };
        let (variant, rest) = rest.split_once('$')?;
        match variant {
            "2a" | "2b" | "2y" => Some(Self::parse_rest(first, rest)),
            // 2x is hashes of a build that read some letters wrongly; so is 2 without a letter.
            "2" | "2x" => Some(Err(Unreadable::Weak("bcrypt"))),
            _ => None,
        }
    }

    fn parse_rest(first: First, rest: &str) -> Result<Self, Unreadable> {
        const MALFORMED: Unreadable = Unreadable::Malformed("bcrypt");
        let (cost, body) = rest.split_once('$').ok_or(MALFORMED)?;
        let cost: u32 = cost.parse().map_err(|_| MALFORMED)?;
        if !(4..=31).contains(&cost) || body.len() != 53 || !body.is_ascii() {
            return Err(MALFORMED);
        }
        if cost > BCRYPT_COST_MAX {
            return Err(Unreadable::Costly("bcrypt"));
        }
        let salt = from_bcrypt64(&body[..22]).ok_or(MALFORMED)?;
        let hash = from_bcrypt64(&body[22..]).ok_or(MALFORMED)?;
        Ok(Self {
            first,
            cost,
            salt: salt.try_into().map_err(|_| MALFORMED)?,
            hash,
        })
    }

    pub(super) const fn format(&self) -> &'static str {
        match self.first {
            First::Nothing => "bcrypt",
            First::Sha256Hex => "Django bcrypt_sha256",
            First::WordPress => "WordPress bcrypt",
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match self.first {
            First::Nothing => self.verify_exactly(password),
            First::Sha256Hex => {
                self.verify_exactly(to_hex(&Digest::Sha256.of(&[password])).as_bytes())
            }
            First::WordPress => {
                let key = hmac::Key::new(hmac::HMAC_SHA384, b"wp-sha384");
                let tag = hmac::sign(&key, password.trim_ascii());
                self.verify_exactly(to_base64(tag.as_ref()).as_bytes())
            }
        }
    }

    /// bcrypt stops at a NUL and does not see what comes after 72 bytes, so that two passwords would
    /// be one (A55): such a password is refused, and its owner sets a new one by mail.
    fn verify_exactly(&self, password: &[u8]) -> bool {
        if password.contains(&0) || password.len() > BCRYPT_BYTES_MAX {
            return false;
        }
        let mut key = password.to_vec();
        key.push(0);
        key.truncate(BCRYPT_BYTES_MAX);
        let made = bcrypt::bcrypt(self.cost, self.salt, &key);
        same(&made[..23], &self.hash)
    }
}

/// `$1$`, `$apr1$`, `$5$`, `$6$`.
#[derive(Clone, Debug)]
pub(super) struct Crypt {
    scheme: Scheme,
    rounds: u32,
    salt: String,
    hash: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Md5,
    /// MD5 as Apache writes it.
    Apr1,
    Sha256,
    Sha512,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Md5 | Self::Apr1 => "MD5-crypt",
            Self::Sha256 => "SHA-256-crypt",
            Self::Sha512 => "SHA-512-crypt",
        }
    }

    const fn letters(self) -> usize {
        match self {
            Self::Md5 | Self::Apr1 => 22,
            Self::Sha256 => 43,
            Self::Sha512 => 86,
        }
    }

    const fn salt_letters_max(self) -> usize {
        match self {
            Self::Md5 | Self::Apr1 => 8,
            Self::Sha256 | Self::Sha512 => 16,
        }
    }
}

impl Crypt {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        let (name, rest) = text.strip_prefix('$')?.split_once('$')?;
        let scheme = match name {
            "1" => Scheme::Md5,
            "apr1" => Scheme::Apr1,
            "5" => Scheme::Sha256,
            "6" => Scheme::Sha512,
            _ => return None,
        };
        Some(Self::parse_rest(scheme, rest))
    }

    fn parse_rest(scheme: Scheme, rest: &str) -> Result<Self, Unreadable> {
        let malformed = Unreadable::Malformed(scheme.name());
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) if matches!(scheme, Scheme::Sha256 | Scheme::Sha512) => {
                let (rounds, rest) = rest.split_once('$').ok_or(malformed)?;
                (rounds.parse().map_err(|_| malformed)?, rest)
            }
            Some(_) => return Err(malformed),
            None => (5000, rest),
        };
        let (salt, hash) = rest.split_once('$').ok_or(malformed)?;
        let is_whole = salt.len() <= scheme.salt_letters_max()
            && hash.len() == scheme.letters()
            && hash.bytes().all(|letter| crypt_value(letter).is_some());
        if !is_whole || rounds < 1000 {
            return Err(malformed);
        }
        if rounds > CRYPT_ROUNDS_MAX {
            return Err(Unreadable::Costly(scheme.name()));
        }
        Ok(Self {
            scheme,
            rounds,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) const fn format(&self) -> &'static str {
        self.scheme.name()
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        // `crypt(3)` reads its password as C does.
        if password.contains(&0) {
            return false;
        }
        let salt = self.salt.as_bytes();
        let made = match self.scheme {
            Scheme::Md5 => md5_crypt(password, salt, b"$1$"),
            Scheme::Apr1 => md5_crypt(password, salt, b"$apr1$"),
            Scheme::Sha256 | Scheme::Sha512 => {
                let Ok(params) = sha_crypt::Params::new(self.rounds) else {
                    return false;
                };
                if self.scheme == Scheme::Sha256 {
                    let hash = sha_crypt::sha256_crypt(password, salt, params);
                    to_crypt64(&shuffled(&hash, 30, 21, &[30, 31]))
                } else {
                    let hash = sha_crypt::sha512_crypt(password, salt, params);
                    to_crypt64(&shuffled(&hash, 63, 22, &[63]))
                }
            }
        };
        same(made.as_bytes(), self.hash.as_bytes())
    }
}

/// The order in which the SHA-2 crypts write their bytes: triples a third apart, each `step` on
/// from the one before, within the first `count` bytes; then `last`.
fn shuffled(hash: &[u8], count: usize, step: usize, last: &[usize]) -> Vec<u8> {
    let third = count / 3;
    (0..third)
        .flat_map(|turn| [2, 1, 0].map(|place| hash[(place * third + turn * step) % count]))
        .chain(last.iter().map(|&at| hash[at]))
        .collect()
}

/// Poul-Henning Kamp's MD5-crypt: a thousand rounds, each over another mixture.
fn md5_crypt(password: &[u8], salt: &[u8], magic: &[u8]) -> String {
    let inner = Digest::Md5.of(&[password, salt, password]);
    let mut start: Vec<u8> = [password, magic, salt].concat();
    start.extend(inner.iter().cycle().take(password.len()));
    let mut length = password.len();
    while length > 0 {
        start.push(if length & 1 == 1 { 0 } else { password[0] });
        length >>= 1;
    }
    let mut hash = Digest::Md5.of(&[&start]);
    for round in 0..1000 {
        let nothing: &[u8] = &[];
        let is_odd = round % 2 == 1;
        hash = Digest::Md5.of(&[
            if is_odd { password } else { &hash },
            if round % 3 == 0 { nothing } else { salt },
            if round % 7 == 0 { nothing } else { password },
            if is_odd { &hash } else { password },
        ]);
    }
    let order = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
    to_crypt64(&order.map(|at: usize| hash[at]))
}

/// phpass: `$P$` (WordPress), `$H$` (phpBB), and Drupal 7's `$S$`.
#[derive(Clone, Debug)]
pub(super) struct Phpass {
    digest: Digest,
    rounds_log2: u32,
    salt: String,
    hash: String,
}

impl Phpass {
    pub(super) fn parse(text: &str) -> Option<Result<Self, Unreadable>> {
        let (name, rest) = text.strip_prefix('$')?.split_once('$')?;
        let digest = match name {
            "P" | "H" => Digest::Md5,
            "S" => Digest::Sha512,
            _ => return None,
        };
        Some(Self::parse_rest(digest, rest))
    }

    fn parse_rest(digest: Digest, rest: &str) -> Result<Self, Unreadable> {
        const MALFORMED: Unreadable = Unreadable::Malformed("phpass");
        let letters = match digest {
            Digest::Sha512 => 43,
            Digest::Md5 | Digest::Sha1 | Digest::Sha256 | Digest::Sha384 => 22,
        };
        if rest.len() != 9 + letters || !rest.bytes().all(|byte| crypt_value(byte).is_some()) {
            return Err(MALFORMED);
        }
        let rounds_log2 = crypt_value(rest.as_bytes()[0]).ok_or(MALFORMED)?;
        if !(7..=30).contains(&rounds_log2) {
            return Err(MALFORMED);
        }
        if rounds_log2 > PHPASS_ROUNDS_LOG2_MAX {
            return Err(Unreadable::Costly("phpass"));
        }
        Ok(Self {
            digest,
            rounds_log2,
            salt: rest[1..9].to_owned(),
            hash: rest[9..].to_owned(),
        })
    }

    pub(super) const fn format(&self) -> &'static str {
        match self.digest {
            Digest::Sha512 => "Drupal 7",
            Digest::Md5 | Digest::Sha1 | Digest::Sha256 | Digest::Sha384 => "phpass",
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut hash = self.digest.of(&[self.salt.as_bytes(), password]);
        for _ in 0..1_u32 << self.rounds_log2 {
            hash = self.digest.of(&[&hash, password]);
        }
        let made = to_crypt64(&hash);
        // Drupal cuts its hash off to fit a column.
        same(&made.as_bytes()[..self.hash.len()], self.hash.as_bytes())
    }
}
