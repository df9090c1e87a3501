//! A browser in which somebody signed in before.
//!
//! Told by a cookie that only this installation can have made, for one brand. It proves nobody; it
//! only lets its holder try while strangers who guess have to wait.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use super::Account;
use crate::kernel::id::BrandId;
use crate::kernel::{Cipher, Entropy, Secret};

/// How long a browser is remembered after it was last signed in with.
pub const DEVICE_LIFE: TimeDelta = TimeDelta::days(180);

/// The most accounts that a browser is known to: a family's.
const ACCOUNTS_MAX: usize = 6;

const ID_BYTES: usize = 16;
const ACCOUNT_BYTES: usize = 32;

/// A known browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device([u8; ID_BYTES]);

impl Device {
    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a cookie says: a browser, and the accounts it is known to, the latest first.
struct Known {
    device: Device,
    accounts: Vec<Account>,
}

/// The cookie's value for a browser in which `account` has just signed in. `before` is what the
/// browser sent, if it did.
pub fn remember(
    cipher: &Cipher,
    entropy: &Entropy,
    brand_id: BrandId,
    account: &Account,
    before: Option<&Secret>,
) -> Secret {
    let known = before.and_then(|cookie| open(cipher, brand_id, cookie));
    let known = known.unwrap_or_else(|| Known {
        device: Device(entropy.bytes()),
        accounts: Vec::new(),
    });
    let others = known.accounts.iter().filter(|other| *other != account);
    let mut plain = known.device.0.to_vec();
    for account in std::iter::once(account).chain(others).take(ACCOUNTS_MAX) {
        plain.extend_from_slice(&account.0);
    }
    Secret::new(URL_SAFE_NO_PAD.encode(cipher.seal(&context(brand_id), &plain)))
}

/// The browser that `cookie` tells of, if `account` signed in in it before.
pub fn recognise(
    cipher: &Cipher,
    brand_id: BrandId,
    account: &Account,
    cookie: &Secret,
) -> Option<Device> {
    let known = open(cipher, brand_id, cookie)?;
    known.accounts.contains(account).then_some(known.device)
}

fn open(cipher: &Cipher, brand_id: BrandId, cookie: &Secret) -> Option<Known> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?;
    let plain = cipher.open(&context(brand_id), &sealed).ok()?;
    let (id, rest) = plain.split_at_checked(ID_BYTES)?;
    let accounts = rest.chunks_exact(ACCOUNT_BYTES);
    Some(Known {
        device: Device(id.try_into().ok()?),
        accounts: accounts
            .filter_map(|account| account.try_into().ok().map(Account))
            .collect(),
    })
}

fn context(brand_id: BrandId) -> String {
    format!("known device:{brand_id}")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn brand(seed: u64) -> BrandId {
        BrandId::new(DateTime::UNIX_EPOCH, &Entropy::seeded(seed))
    }

    #[test]
    fn a_cookie_tells_only_of_its_own_accounts_brand_and_installation() {
        let entropy = Entropy::seeded(1);
        let cipher = Cipher::new([1; 32], entropy.clone());
        let (mara, noa) = (Account::named("mara"), Account::named("noa"));
        let cookie = remember(&cipher, &entropy, brand(1), &mara, None);
        let seen = |cipher: &Cipher, brand, account| recognise(cipher, brand, account, &cookie);

        assert!(seen(&cipher, brand(1), &mara).is_some());
        assert!(seen(&cipher, brand(1), &noa).is_none());
        assert!(seen(&cipher, brand(2), &mara).is_none());
        let other = Cipher::new([2; 32], entropy);
        assert!(seen(&other, brand(1), &mara).is_none());
        for forged in ["", "x", "!!!", &"A".repeat(80)] {
            let forged = Secret::new(forged);
            assert!(recognise(&cipher, brand(1), &mara, &forged).is_none());
        }
    }

    #[test]
    fn a_browser_is_known_to_a_family_and_stays_one_browser() {
        let entropy = Entropy::seeded(1);
        let cipher = Cipher::new([1; 32], entropy.clone());
        let family: Vec<Account> = (0..8).map(|n| Account::named(&format!("{n}"))).collect();
        let mut cookie: Option<Secret> = None;

        for account in family.iter().chain(&family[7..]) {
            let next = remember(&cipher, &entropy, brand(1), account, cookie.as_ref());
            cookie = Some(next);
        }

        let cookie = cookie.expect("made");
        let seen = |account| recognise(&cipher, brand(1), account, &cookie);
        assert!(seen(&family[1]).is_none(), "the least lately used went");
        assert!(seen(&family[2]).is_some());
        assert_eq!(seen(&family[2]), seen(&family[7]));
        assert!(cookie.expose().len() < 400);
    }
}
