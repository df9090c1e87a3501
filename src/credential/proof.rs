//! Codes and links in mail: what is sent, what is stored of it, and when it is right. Pure.
//!
//! The link holds 256 random bits, and the code follows from it, so that opening the link in another
//! browser can show the code. Neither is stored: of the link its hash, and of the code a hash that
//! also takes the secret of the browser that asked, so that the code is right in that browser only
//! and whoever reads the table cannot try the million codes there are (S36).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, FlowId, ProfileId, ProofId};
use crate::kernel::secret::{SecretHash, sha256};
use crate::kernel::{EmailAddress, Entropy, Secret};

/// How long a code and its link work.
pub const PROOF_LIFE: TimeDelta = TimeDelta::minutes(10);

/// How many wrong codes are taken in one flow, however often a code is sent anew in it (A46).
pub const TRIES_MAX: i32 = 5;

/// Codes have six digits.
const CODES: u64 = 1_000_000;

/// What a code is for. One for something else is as wrong as any other (A48).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in, or sign up.
    SignIn,
    /// To sign up with a password that was chosen along with it.
    SignUp,
    /// To choose a new password.
    Reset,
}

impl Purpose {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sign_in" => Some(Self::SignIn),
            "sign_up" => Some(Self::SignUp),
            "reset" => Some(Self::Reset),
            _ => None,
        }
    }
}

/// A proof as stored.
#[derive(Clone, Debug)]
pub struct Proof {
    /// At which brand.
    pub brand_id: BrandId,
    /// Its id.
    pub proof_id: ProofId,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose mailbox it went to.
    pub address: EmailAddress,
    /// The flow that waits for it.
    pub flow_id: FlowId,
    /// The person it is about, if it is about one.
    pub profile_id: Option<ProfileId>,
    /// See the module.
    pub(super) code_hash: Vec<u8>,
    pub(super) link_hash: Vec<u8>,
    /// Wrong codes so far, those of earlier proofs of the flow included.
    pub tries: i32,
    /// What its purpose needs to go on.
    pub detail: Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is too late.
    pub expires_at: DateTime<Utc>,
    /// When it was used, or replaced by another.
    pub used_at: Option<DateTime<Utc>>,
}

/// What a proof is made for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// At which brand.
    pub brand_id: BrandId,
    /// What for.
    pub purpose: Purpose,
    /// Whose mailbox.
    pub address: &'a EmailAddress,
    /// The flow that waits for it.
    pub flow_id: FlowId,
    /// The person it is about, if it is about one.
    pub profile_id: Option<ProfileId>,
    /// What the purpose needs to go on.
    pub detail: Value,
}

/// A new proof and what is sent.
#[derive(Debug)]
pub struct Sent {
    /// To be stored.
    pub proof: Proof,
    /// The code.
    pub code: String,
    /// What the link ends in.
    pub link: Secret,
}

/// Makes a proof for the browser with this secret.
pub fn make(wanted: Wanted<'_>, browser: &Secret, now: DateTime<Utc>, entropy: &Entropy) -> Sent {
    let proof_id = ProofId::new(now, entropy);
    let link = Secret::random(entropy);
    let code = code_of(&link);
    Sent {
        proof: Proof {
            brand_id: wanted.brand_id,
            proof_id,
            purpose: wanted.purpose,
            address: wanted.address.clone(),
            flow_id: wanted.flow_id,
            profile_id: wanted.profile_id,
            code_hash: code_hash(proof_id, browser, &code).to_vec(),
            link_hash: link.hash().to_vec(),
            tries: 0,
            detail: wanted.detail,
            created_at: now,
            expires_at: now + PROOF_LIFE,
            used_at: None,
        },
        code,
        link,
    }
}

/// The code that goes with a link.
pub fn code_of(link: &Secret) -> String {
    let digest = sha256(format!("befriend code: {}", link.expose()).as_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&digest[..8]);
    format!("{:06}", u64::from_be_bytes(number) % CODES)
}

fn code_hash(proof_id: ProofId, browser: &Secret, code: &str) -> SecretHash {
    SecretHash::of(&format!("{proof_id}:{}:{code}", browser.expose()))
}

impl Proof {
    /// Whether it can still be used at `now`. The one place where its end is judged (A49).
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }

    /// Whether `typed` in the browser with this secret is the code. Spaces and dashes, which people
    /// copy along, do not count.
    pub fn is_code(&self, browser: &Secret, typed: &str) -> bool {
        let code: String = typed
            .chars()
            .filter(|character| !character.is_whitespace() && *character != '-')
            .take(16)
            .collect();
        code_hash(self.proof_id, browser, &code).matches(&self.code_hash)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(seed: u64, browser: &str) -> Sent {
        let entropy = Entropy::seeded(seed);
        let at = DateTime::UNIX_EPOCH;
        let address = EmailAddress::parse("mara@x.example").expect("an address");
        let wanted = Wanted {
            brand_id: BrandId::new(at, &entropy),
            purpose: Purpose::SignIn,
            address: &address,
            flow_id: FlowId::new(at, &entropy),
            profile_id: None,
            detail: json!({}),
        };
        make(wanted, &Secret::new(browser), at, &entropy)
    }

    #[test]
    fn s36_a_code_is_right_in_its_own_browser_only() {
        let made = sent(1, "mine");
        let mine = Secret::new("mine");

        assert_eq!(made.code.len(), 6);
        assert!(made.proof.is_code(&mine, &made.code));
        let spaced = format!(" {} {}", &made.code[..3], &made.code[3..]);
        assert!(made.proof.is_code(&mine, &spaced));
        assert!(!made.proof.is_code(&Secret::new("theirs"), &made.code));
        assert!(!made.proof.is_code(&mine, &sent(2, "mine").code));
        assert!(!made.proof.is_code(&mine, ""));
    }

    #[test]
    fn neither_code_nor_link_is_stored() {
        let made = sent(1, "mine");
        let stored = format!("{:?}", made.proof);

        assert!(!stored.contains(made.link.expose()));
        assert_eq!(made.proof.link_hash, made.link.hash().to_vec());
        assert_ne!(made.proof.code_hash, SecretHash::of(&made.code).to_vec());
    }

    #[test]
    fn a49_it_works_for_ten_minutes_and_not_a_moment_longer() {
        let made = sent(1, "mine").proof;
        let end = DateTime::UNIX_EPOCH + PROOF_LIFE;

        assert!(made.is_open(end - TimeDelta::nanoseconds(1)));
        assert!(!made.is_open(end));
        let used = Proof {
            used_at: Some(DateTime::UNIX_EPOCH),
            ..made
        };
        assert!(!used.is_open(DateTime::UNIX_EPOCH));
    }

    #[test]
    fn codes_are_spread_over_all_six_digits() {
        let codes: std::collections::BTreeSet<String> =
            (0..2_000).map(|seed| sent(seed, "b").code).collect();

        assert!(codes.len() > 1_990, "{} of 2000 differ", codes.len());
        for place in 0..6 {
            let digits: std::collections::BTreeSet<u8> =
                codes.iter().map(|code| code.as_bytes()[place]).collect();
            assert_eq!(digits.len(), 10, "place {place}");
        }
    }
}
