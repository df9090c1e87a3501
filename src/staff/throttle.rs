//! How fast passwords may be guessed.
//!
//! Failures are counted per account, per network, and per account from one network. Each counter
//! gives some tries free and then a delay that doubles with every further try. The counter of the
//! account alone does not bind networks from which its owner has signed in before, so that a
//! stranger who fails on purpose cannot keep the owner out. Counters live in this process: each of
//! several processes gives the same small number of tries.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::secret::sha256;

/// Tries before the first delay, for one account from one network.
const PAIR_FREE: u32 = 5;
/// For one account from networks that its owner has not used.
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
    /// From where an account was signed in to, and when last.
    known: HashMap<(Account, Network), DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tries: u32,
    last: DateTime<Utc>,
}

/// An address under which somebody tries, as a hash: what is typed may be of any length.
type Account = [u8; 32];

/// The part of an IP address that one subscriber commonly has: 24 bits, or 64 for version 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(Option<[u8; 8]>);

impl Network {
    /// The network of `address`; all callers whose address is unknown are one.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                [0, 0, 0, 0, 4, a, b, c]
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                [a, b, c, d, e, f, g, h]
            }
        }))
    }
}

/// A try that may go on.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    account: Account,
    network: Network,
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
    pub fn begin(&self, email: &str, network: Network, now: DateTime<Utc>) -> Result<Try, TooMany> {
        let account = sha256(email.as_bytes());
        let pair = (account, network);
        let mut counters = self.lock();
        let known = counters.known.contains_key(&pair);
        let mut until = counters
            .pairs
            .get(&pair)
            .map_or(now, |c| c.until(PAIR_FREE));
        if network.0.is_some() {
            let count = counters.networks.get(&network);
            until = until.max(count.map_or(now, |c| c.until(NETWORK_FREE)));
        }
        if !known {
            let count = counters.accounts.get(&account);
            until = until.max(count.map_or(now, |c| c.until(ACCOUNT_FREE)));
        }
        if until > now {
            let wait = (until - now).max(TimeDelta::seconds(1));
            return Err(TooMany { wait });
        }
        add(&mut counters.pairs, pair, now);
        add(&mut counters.networks, network, now);
        if !known {
            add(&mut counters.accounts, account, now);
        }
        Ok(Try { account, network })
    }

    /// The password was right: forgets the failures and remembers the network.
    pub fn succeed(&self, attempt: Try, now: DateTime<Utc>) {
        let pair = (attempt.account, attempt.network);
        let mut counters = self.lock();
        counters.pairs.remove(&pair);
        if let Some(count) = counters.networks.get_mut(&attempt.network) {
            count.tries = count.tries.saturating_sub(1);
        }
        make_room(&mut counters.known, |last| *last, now);
        counters.known.insert(pair, now);
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

fn add<K: Copy + Eq + Hash>(counts: &mut HashMap<K, Count>, key: K, now: DateTime<Utc>) {
    make_room(counts, |count| count.last, now);
    let count = counts.entry(key).or_insert(Count {
        tries: 0,
        last: now,
    });
    count.tries = count.tries.saturating_add(1);
    count.last = now;
}

/// Keeps a map below [`COUNTERS_MAX`].
fn make_room<K: Copy + Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    last: impl Fn(&V) -> DateTime<Utc>,
    now: DateTime<Utc>,
) {
    if map.len() < COUNTERS_MAX {
        return;
    }
    map.retain(|_, value| last(value) > now - MEMORY);
    if map.len() >= COUNTERS_MAX {
        let oldest = map.iter().min_by_key(|(_, value)| last(value));
        if let Some(key) = oldest.map(|(key, _)| *key) {
            map.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "mara@brand.example";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a valid instant")
    }

    fn network(text: &str) -> Network {
        Network::of(Some(text.parse().expect("an address")))
    }

    #[test]
    fn the_delay_grows_and_ends() {
        let throttle = Throttle::default();
        let home = network("203.0.113.7");
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
        let home = network("203.0.113.7");
        let attempt = throttle.begin(OWNER, home, at(0)).expect("a free try");
        throttle.succeed(attempt, at(0));

        let mut refused = 0;
        for n in 0..1_000_u32 {
            let [_, b, c, _] = n.to_be_bytes();
            let [.., d] = n.to_be_bytes();
            let elsewhere = network(&format!("198.{b}.{d}.{c}"));
            refused += u32::from(throttle.begin(OWNER, elsewhere, at(1)).is_err());
        }

        assert!(refused >= 1_000 - ACCOUNT_FREE, "{refused} were refused");
        assert!(throttle.begin(OWNER, home, at(1)).is_ok());
    }

    #[test]
    fn a41_one_network_cannot_try_many_accounts() {
        let throttle = Throttle::default();

        let taken = (0..1_000)
            .filter(|n| {
                let from = network(&format!("203.0.113.{}", n % 256));
                throttle
                    .begin(&format!("{n}@x.example"), from, at(0))
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
            let from = Network::of(Some(IpAddr::from([b, c, d, a])));
            drop(throttle.begin(&format!("{n}@x.example"), from, at(0)));
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
