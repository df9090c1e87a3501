//! How fast passwords may be guessed.
//!
//! Failures are counted per account, per network, and per account from one network. Each counter
//! gives some tries free and then a delay that doubles with every further try. A browser in which the
//! account was signed in to before (see [`super::device`]) has a counter of its own instead, so that a
//! stranger who fails on purpose cannot keep the owner out. Counters live in this process: each of
//! several processes gives the same small number of tries.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::device::Device;
use crate::kernel::Network;
use crate::kernel::secret::sha256;

/// Tries before the first delay, for one account from one network.
const PAIR_FREE: u32 = 5;
/// For one account, whatever the network.
const ACCOUNT_FREE: u32 = 20;
/// For one network, whatever the account: an office shares one.
const NETWORK_FREE: u32 = 30;
/// The first delay.
const DELAY_FIRST: TimeDelta = TimeDelta::seconds(2);
/// The longest delay, so that nobody waits for ever.
const DELAY_MAX: TimeDelta = TimeDelta::minutes(15);
/// After this long without a try a counter is forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(24);
/// The most counters of one kind; beyond it the one least lately used goes.
const COUNTERS_MAX: usize = 10_000;

/// Counts tries. Shared by all requests of a process.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    pairs: HashMap<(Account, Network), Count>,
    accounts: HashMap<Account, Count>,
    networks: HashMap<Network, Count>,
    devices: HashMap<Device, Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tries: u32,
    last: DateTime<Utc>,
}

/// An address under which somebody tries, as a hash: what is typed may be of any length.
type Account = [u8; 32];

/// From where somebody tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A browser in which this very account was signed in to before.
    Known(Device),
    /// Any other.
    Unknown(Network),
}

/// A try that may go on.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    account: Account,
    origin: Origin,
}

/// Too many tries: come back after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct TooMany {
    /// At least a second.
    pub wait: TimeDelta,
}

impl Throttle {
    /// Counts a try, which is taken to fail until [`Self::succeed`] says otherwise, so that tries
    /// made at the same time count too.
    pub fn begin(&self, email: &str, origin: Origin, now: DateTime<Utc>) -> Result<Try, TooMany> {
        let account = sha256(email.as_bytes());
        let mut counters = self.lock();
        let until = counters.until(account, origin).unwrap_or(now);
        if until > now {
            let wait = (until - now).max(TimeDelta::seconds(1));
            return Err(TooMany { wait });
        }
        match origin {
            Origin::Known(device) => add(&mut counters.devices, device, now),
            Origin::Unknown(network) => {
                add(&mut counters.pairs, (account, network), now);
                add(&mut counters.networks, network, now);
                add(&mut counters.accounts, account, now);
            }
        }
        Ok(Try { account, origin })
    }

    /// The password was right: the try did not fail, nor does it matter how many did before it.
    pub fn succeed(&self, attempt: Try) {
        let mut counters = self.lock();
        match attempt.origin {
            Origin::Known(device) => {
                counters.devices.remove(&device);
            }
            Origin::Unknown(network) => {
                counters.pairs.remove(&(attempt.account, network));
                // Others on the network, and elsewhere, may still be guessing.
                take_back(counters.networks.get_mut(&network));
                take_back(counters.accounts.get_mut(&attempt.account));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    /// When the next try may be made, as far as any counter says.
    fn until(&self, account: Account, origin: Origin) -> Option<DateTime<Utc>> {
        let network = match origin {
            Origin::Known(device) => return self.devices.get(&device).map(|c| c.until(PAIR_FREE)),
            Origin::Unknown(network) => network,
        };
        let of_network = || self.networks.get(&network).map(|c| c.until(NETWORK_FREE));
        [
            self.pairs
                .get(&(account, network))
                .map(|c| c.until(PAIR_FREE)),
            self.accounts.get(&account).map(|c| c.until(ACCOUNT_FREE)),
            network.is_known().then(of_network).flatten(),
        ]
        .into_iter()
        .flatten()
        .max()
    }
}

impl Count {
    /// When the next try may be made.
    fn until(self, free: u32) -> DateTime<Utc> {
        let Some(over) = self.tries.checked_sub(free) else {
            return self.last;
        };
        let delay = 2_i32
            .checked_pow(over)
            .and_then(|factor| DELAY_FIRST.checked_mul(factor))
            .unwrap_or(DELAY_MAX);
        self.last + delay.min(DELAY_MAX)
    }
}

fn take_back(count: Option<&mut Count>) {
    if let Some(count) = count {
        count.tries = count.tries.saturating_sub(1);
    }
}

fn add<K: Copy + Eq + Hash>(counts: &mut HashMap<K, Count>, key: K, now: DateTime<Utc>) {
    make_room(counts, now);
    let count = counts.entry(key).or_insert(Count {
        tries: 0,
        last: now,
    });
    count.tries = count.tries.saturating_add(1);
    count.last = now;
}

/// Keeps a map below [`COUNTERS_MAX`].
fn make_room<K: Copy + Eq + Hash>(counts: &mut HashMap<K, Count>, now: DateTime<Utc>) {
    if counts.len() < COUNTERS_MAX {
        return;
    }
    counts.retain(|_, count| count.last > now - MEMORY);
    if counts.len() >= COUNTERS_MAX {
        let oldest = counts.iter().min_by_key(|(_, count)| count.last);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const OWNER: &str = "mara@brand.example";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a valid instant")
    }

    fn network(text: &str) -> Network {
        Network::of(Some(text.parse().expect("an address")))
    }

    fn from(text: &str) -> Origin {
        Origin::Unknown(network(text))
    }

    #[test]
    fn the_delay_grows_and_ends() {
        let throttle = Throttle::default();
        let home = from("203.0.113.7");
        for _ in 0..PAIR_FREE {
            throttle.begin(OWNER, home, at(0)).expect("a free try");
        }

        let wait = |now| throttle.begin(OWNER, home, now).map(drop);

        let seconds = |n| {
            Err(TooMany {
                wait: TimeDelta::seconds(n),
            })
        };
        assert_eq!(wait(at(0)), seconds(2));
        assert_eq!(wait(at(2)), Ok(()));
        assert_eq!(wait(at(2)), seconds(4));
        assert_eq!(wait(at(6)), Ok(()));
        assert_eq!(wait(at(6)), seconds(8));
        let mut now = 14;
        for _ in 0..40 {
            assert_eq!(wait(at(now)), Ok(()));
            now += DELAY_MAX.num_seconds();
        }
    }

    #[test]
    fn a45_a_stranger_cannot_keep_the_owner_out() {
        let throttle = Throttle::default();
        let home = Origin::Known(Device::sample(1));

        let mut refused = 0;
        for n in 0..1_000_u32 {
            let [_, b, c, _] = n.to_be_bytes();
            let [.., d] = n.to_be_bytes();
            let elsewhere = from(&format!("198.{b}.{d}.{c}"));
            refused += u32::from(throttle.begin(OWNER, elsewhere, at(1)).is_err());
        }

        assert!(refused >= 1_000 - ACCOUNT_FREE, "{refused} were refused");
        assert!(throttle.begin(OWNER, home, at(1)).is_ok());
    }

    #[test]
    fn a_known_browser_may_not_guess_for_ever_either() {
        let throttle = Throttle::default();
        let home = Origin::Known(Device::sample(1));

        let taken = (0..50)
            .filter(|_| throttle.begin(OWNER, home, at(0)).is_ok())
            .count();

        assert_eq!(taken, usize::try_from(PAIR_FREE).expect("small"));
    }

    #[test]
    fn a_right_password_clears_the_slate() {
        let throttle = Throttle::default();
        let home = from("203.0.113.7");

        for _ in 0..100 {
            let attempt = throttle.begin(OWNER, home, at(0)).expect("never delayed");
            throttle.succeed(attempt);
        }
    }

    #[test]
    fn a41_one_network_cannot_try_many_accounts() {
        let throttle = Throttle::default();

        let taken = (0..1_000)
            .filter(|n| {
                let origin = from(&format!("203.0.113.{}", n % 256));
                throttle
                    .begin(&format!("{n}@x.example"), origin, at(0))
                    .is_ok()
            })
            .count();

        assert_eq!(taken, usize::try_from(NETWORK_FREE).expect("small"));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();

        for n in 0..u32::try_from(COUNTERS_MAX).expect("small") + 50 {
            let [a, b, c, d] = n.to_be_bytes();
            let origin = Origin::Unknown(Network::of(Some(IpAddr::from([b, c, d, a]))));
            let _ = throttle.begin(&format!("{n}@x.example"), origin, at(0));
        }

        let counters = throttle.lock();
        assert!(counters.pairs.len() <= COUNTERS_MAX);
        assert!(counters.accounts.len() <= COUNTERS_MAX);
        assert!(counters.networks.len() <= COUNTERS_MAX);
    }

    #[test]
    fn a_mapped_address_is_its_own() {
        assert_eq!(network("::ffff:203.0.113.7"), network("203.0.113.99"));
        assert_ne!(network("203.0.113.7"), network("203.0.114.7"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    }
}
