//! A browser in which somebody signed in to the dashboard before.
//!
//! Told by a cookie that only this installation can have made, for one account. It proves nobody; it
//! only lets its holder try a password while strangers who guess have to wait.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use crate::kernel::secret::sha256;
use crate::kernel::{Cipher, Entropy, Secret};

/// How long a browser is remembered after it was last signed in with.
pub const DEVICE_LIFE: TimeDelta = TimeDelta::days(180);

const CONTEXT: &str = "staff device";

/// A known browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device([u8; 16]);

/// The cookie's value for a browser in which `email` has just signed in.
pub fn remember(cipher: &Cipher, entropy: &Entropy, email: &str) -> Secret {
    let plain = [sha256(email.as_bytes()).as_slice(), &entropy.bytes::<16>()].concat();
    Secret::new(URL_SAFE_NO_PAD.encode(cipher.seal(CONTEXT, &plain)))
}

/// The browser that `cookie` tells of, if it was made for `email`.
pub fn recognise(cipher: &Cipher, email: &str, cookie: &Secret) -> Option<Device> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?;
    let plain = cipher.open(CONTEXT, &sealed).ok()?;
    let id = plain.strip_prefix(sha256(email.as_bytes()).as_slice())?;
    id.try_into().ok().map(Device)
}

#[cfg(test)]
impl Device {
    pub(super) const fn sample(number: u8) -> Self {
        Self([number; 16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_tells_only_of_its_own_account_and_installation() {
        let entropy = Entropy::seeded(1);
        let cipher = Cipher::new([1; 32], entropy.clone());
        let cookie = remember(&cipher, &entropy, "mara@brand.example");

        assert!(recognise(&cipher, "mara@brand.example", &cookie).is_some());
        assert!(recognise(&cipher, "noa@brand.example", &cookie).is_none());
        let other = Cipher::new([2; 32], entropy);
        assert!(recognise(&other, "mara@brand.example", &cookie).is_none());
        for forged in ["", "x", "!!!", &"A".repeat(80)] {
            let forged = Secret::new(forged);
            assert!(recognise(&cipher, "mara@brand.example", &forged).is_none());
        }
    }
}
