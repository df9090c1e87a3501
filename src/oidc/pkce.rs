//! Proof Key for Code Exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::kernel::secret::sha256;

/// The length of a challenge: SHA-256 in base64.
const CHALLENGE_LENGTH: usize = 43;

/// Whether `text` can be an S256 challenge.
pub(super) fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_LENGTH
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether `verifier` is well formed (§4.1) and is what `challenge` was made of.
pub(super) fn proves(verifier: &str, challenge: &str) -> bool {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    let made = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
    well_formed && bool::from(made.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a113_only_the_verifier_of_the_challenge_proves_it() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

        assert!(is_challenge(challenge));
        assert!(proves(verifier, challenge));
        for wrong in [
            "",
            challenge,
            &verifier[1..],
            &format!("{verifier}x"),
            &verifier.to_lowercase(),
            &format!("{}!", &verifier[1..]),
        ] {
            assert!(!proves(wrong, challenge), "{wrong}");
        }
        for length in [42, 129] {
            let verifier = "a".repeat(length);
            let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
            assert!(!proves(&verifier, &challenge), "{length}");
        }
        for wrong in ["", &challenge[1..], &format!("{}=", &challenge[1..])] {
            assert!(!is_challenge(wrong), "{wrong}");
        }
    }
}
