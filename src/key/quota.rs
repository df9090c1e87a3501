//! How many events keys and addresses may send: buckets that fill with time.
//!
//! A bucket holds [`BURST_SECONDS`] of its rate. Whoever comes while it is empty is refused before
//! anything is read; whoever is let in pays for every event sent, if need be in advance, so that a
//! large batch is followed by a longer wait. Buckets live in this process: each of several processes
//! gives the same numbers. A bucket that has filled up again is forgotten, so that the memory they
//! take is bounded however many addresses there are.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Key, Kind};
use crate::config;
use crate::kernel::Network;
use crate::kernel::id::KeyId;

/// How many seconds of its rate may be sent at once.
pub const BURST_SECONDS: u32 = 10;
/// The longest that anybody is asked to wait, in seconds. SDKs wait for no longer.
const WAIT_SECONDS_MAX: f64 = 300.0;
/// Parts of the memory, each with a lock of its own.
const SHARDS: usize = 16;
/// The most buckets of one part.
const SHARD_BUCKETS_MAX: usize = 4_096;

/// The quotas of keys and of addresses. Shared by all requests of a process.
#[derive(Debug)]
pub struct Quotas {
    limits: config::Quotas,
    keys: Buckets<KeyId>,
    addresses: Buckets<Network>,
}

/// A quota is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quota is spent")]
pub struct Spent {
    /// When there is some again, counted from now: at least a second.
    pub wait: TimeDelta,
}

impl Spent {
    /// The wait in whole seconds, at least one.
    pub fn seconds(self) -> u32 {
        let millis = self.wait.num_milliseconds().max(1_000);
        u32::try_from((millis + 999) / 1_000).unwrap_or(u32::MAX)
    }
}

impl Quotas {
    /// Full buckets everywhere.
    pub fn new(limits: config::Quotas) -> Self {
        Self {
            limits,
            keys: Buckets::default(),
            addresses: Buckets::default(),
        }
    }

    /// Takes `events` of the quota of `key`, or says how long to wait.
    pub fn take_of_key(&self, key: &Key, events: usize, now: DateTime<Utc>) -> Result<(), Spent> {
        self.keys.take(key.key_id, self.rate(key), events, now)
    }

    /// Takes `events` of the quota of `key`, whether or not there are any left.
    pub fn charge_key(&self, key: &Key, events: usize, now: DateTime<Utc>) {
        self.keys.charge(key.key_id, self.rate(key), events, now);
    }

    /// As [`Quotas::take_of_key`], of an address. One that is not known has no quota, since behind a
    /// proxy that is not told of all the world would share it; nor has this machine itself.
    pub fn take_of_address(
        &self,
        network: Network,
        events: usize,
        now: DateTime<Utc>,
    ) -> Result<(), Spent> {
        if !has_quota(network) {
            return Ok(());
        }
        let rate = self.limits.address_events_per_second;
        self.addresses.take(network, rate, events, now)
    }

    /// As [`Quotas::charge_key`], of an address.
    pub fn charge_address(&self, network: Network, events: usize, now: DateTime<Utc>) {
        if has_quota(network) {
            let rate = self.limits.address_events_per_second;
            self.addresses.charge(network, rate, events, now);
        }
    }

    /// Gives back what was taken of an address: whoever holds a secret key has a quota by that.
    pub fn give_back_to_address(&self, network: Network, events: usize) {
        self.addresses.give_back(network, events);
    }

    fn rate(&self, key: &Key) -> u32 {
        let of_kind = match key.kind {
            Kind::Secret => self.limits.secret_key_events_per_second,
            Kind::Browser => self.limits.browser_key_events_per_second,
        };
        key.grant.events_per_second.unwrap_or(of_kind)
    }
}

const fn has_quota(network: Network) -> bool {
    network.is_known() && !network.is_loopback()
}

/// What is left, and as of when. Below zero after a large batch.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    size: f64,
    rate: f64,
    at: DateTime<Utc>,
}

impl Bucket {
    fn full(rate: u32, at: DateTime<Utc>) -> Self {
        let size = f64::from(rate) * f64::from(BURST_SECONDS);
        Self {
            left: size,
            size,
            rate: f64::from(rate),
            at,
        }
    }

    /// Fills up to `now`; a clock that was set back fills nothing. A new rate holds from now on.
    fn fill(&mut self, rate: u32, now: DateTime<Utc>) {
        self.left = self.left_at(now);
        self.at = self.at.max(now);
        let fresh = Self::full(rate, now);
        (self.size, self.rate) = (fresh.size, fresh.rate);
        self.left = self.left.min(self.size);
    }

    fn left_at(&self, now: DateTime<Utc>) -> f64 {
        let seconds = (now - self.at).as_seconds_f64().max(0.0);
        (self.left + seconds * self.rate).min(self.size)
    }
}

#[derive(Debug)]
struct Buckets<K> {
    shards: [Mutex<HashMap<K, Bucket>>; SHARDS],
    hasher: RandomState,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// A rate of zero is no limit.
    fn take(&self, key: K, rate: u32, events: usize, now: DateTime<Utc>) -> Result<(), Spent> {
        if rate == 0 {
            return Ok(());
        }
        self.with(key, rate, now, |bucket| {
            if bucket.left < 1.0 {
                let seconds = ((1.0 - bucket.left) / bucket.rate).min(WAIT_SECONDS_MAX);
                return Err(Spent {
                    wait: whole_seconds(seconds),
                });
            }
            bucket.left -= amount(events);
            Ok(())
        })
    }

    fn charge(&self, key: K, rate: u32, events: usize, now: DateTime<Utc>) {
        if rate > 0 && events > 0 {
            self.with(key, rate, now, |bucket| bucket.left -= amount(events));
        }
    }

    fn give_back(&self, key: K, events: usize) {
        let mut shard = self
            .shard(&key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = shard.get_mut(&key) {
            bucket.left = (bucket.left + amount(events)).min(bucket.size);
        }
    }

    fn with<T>(
        &self,
        key: K,
        rate: u32,
        now: DateTime<Utc>,
        work: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let mut shard = self
            .shard(&key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_BUCKETS_MAX && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        let bucket = shard.entry(key).or_insert_with(|| Bucket::full(rate, now));
        bucket.fill(rate, now);
        work(bucket)
    }

    fn shard(&self, key: &K) -> &Mutex<HashMap<K, Bucket>> {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash % 16).unwrap_or_default();
        &self.shards[place % SHARDS]
    }
}

/// Forgets buckets that are full again; if that is not enough, the fuller half, so that whoever owes
/// most is remembered longest.
fn make_room<K: Copy + Eq + Hash>(shard: &mut HashMap<K, Bucket>, now: DateTime<Utc>) {
    shard.retain(|_, bucket| bucket.left_at(now) < bucket.size);
    if shard.len() < SHARD_BUCKETS_MAX / 2 {
        return;
    }
    let mut shares: Vec<(f64, K)> = shard
        .iter()
        .map(|(key, one)| (one.left_at(now) / one.size, *key))
        .collect();
    let middle = shares.len() / 2;
    let (_, _, fuller) = shares.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
    for (_, key) in fuller {
        shard.remove(key);
    }
}

fn whole_seconds(seconds: f64) -> TimeDelta {
    // Bounded by WAIT_SECONDS_MAX, so that the cast loses nothing.
    #[expect(clippy::cast_possible_truncation, reason = "at most 300 seconds")]
    let millis = (seconds * 1_000.0).ceil() as i64;
    TimeDelta::milliseconds(millis.max(1_000))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a request holds far fewer than 2^53 events"
)]
const fn amount(events: usize) -> f64 {
    events as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn after(millis: i64) -> DateTime<Utc> {
        start() + TimeDelta::milliseconds(millis)
    }

    #[test]
    fn a86_a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = Buckets::<u32>::default();
        for n in 0..20 {
            assert!(buckets.take(1, 2, 1, start()).is_ok(), "{n} of the burst");
        }

        let spent = buckets
            .take(1, 2, 1, start())
            .expect_err("the burst is spent");
        assert_eq!(spent.seconds(), 1);
        assert!(
            buckets.take(2, 2, 1, start()).is_ok(),
            "another has its own"
        );
        assert!(buckets.take(1, 2, 1, after(400)).is_err());
        assert!(buckets.take(1, 2, 1, after(500)).is_ok());
        assert!(buckets.take(1, 2, 1, after(500)).is_err());
        // A clock that is set back gives nothing, and takes nothing.
        assert!(buckets.take(1, 2, 1, start()).is_err());
        assert!(buckets.take(1, 0, 1, start()).is_ok(), "zero is no limit");
    }

    #[test]
    fn a_large_batch_is_let_in_and_waited_for() {
        let buckets = Buckets::<u32>::default();
        buckets.take(1, 10, 1, start()).expect("full");
        buckets.charge(1, 10, 599, start());

        let spent = buckets.take(1, 10, 1, start()).expect_err("in debt");

        // 100 were there and 600 were sent: 500 are owed, and one more is asked for.
        assert_eq!(spent.wait, TimeDelta::milliseconds(50_100));
        assert_eq!(spent.seconds(), 51);
        assert!(buckets.take(1, 10, 1, after(50_100)).is_ok());
        buckets.charge(1, 10, 1_000_000, after(50_100));
        let spent = buckets.take(1, 10, 1, after(50_100));
        assert_eq!(spent.expect_err("deep in debt").seconds(), 300);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let buckets = Buckets::<u32>::default();
        for _ in 0..10 {
            buckets.take(1, 1, 1, start()).expect("the burst");
        }
        buckets.give_back(1, 1);
        assert!(buckets.take(1, 1, 1, start()).is_ok());
        assert!(buckets.take(1, 1, 1, start()).is_err());
        buckets.give_back(2, 1);
        assert!(buckets.shard(&2).lock().expect("whole").get(&2).is_none());
    }

    #[test]
    fn memory_is_bounded_and_who_owes_is_remembered() {
        let buckets = Buckets::<u32>::default();
        buckets.charge(0, 1, 1_000, start());

        for n in 1..200_000 {
            buckets.take(n, 1, 1, start()).expect("new here");
        }

        let held: usize = buckets
            .shards
            .iter()
            .map(|shard| shard.lock().expect("whole").len())
            .sum();
        assert!(held <= SHARDS * SHARD_BUCKETS_MAX, "{held}");
        assert!(buckets.take(0, 1, 1, start()).is_err(), "forgiven");
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_burst_and_rate(
            rate in 1_u32..50,
            gaps in prop::collection::vec(0_i64..2_000, 1..300),
        ) {
            let buckets = Buckets::<u32>::default();
            let (mut now, mut let_in) = (0, 0_u32);
            for gap in gaps {
                now += gap;
                let_in += u32::from(buckets.take(1, rate, 1, after(now)).is_ok());
            }

            let seconds = (after(now) - start()).as_seconds_f64();
            let most = f64::from(rate) * (f64::from(BURST_SECONDS) + seconds);
            prop_assert!(f64::from(let_in) <= most + 1e-6, "{let_in} of {most}");
        }
    }
}
