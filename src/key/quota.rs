//! How many events keys, addresses and visitors may send: buckets that fill with time.
//!
//! The bucket of a key or an address holds [`BURST_SECONDS`] of its rate. Whoever comes while it is
//! empty is refused before anything is read; whoever is let in pays for every event sent, if need be
//! in advance, so that a large batch is followed by a longer wait. The bucket of a visitor of a
//! browser key holds a minute of its rate, and pays event by event: what it cannot pay for is
//! refused, and its neighbours are not. Buckets live in this process: each of several processes gives
//! the same numbers. A bucket that has filled up again is forgotten, so that the memory they take is
//! bounded however many addresses or made-up visitors there are.

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

/// How long nothing is said again of a visitor who was said to send too much.
const TOLD_FOR: TimeDelta = TimeDelta::minutes(1);

/// The quotas of keys, of addresses and of visitors. Shared by all requests of a process.
#[derive(Debug)]
pub struct Quotas {
    limits: config::Quotas,
    keys: Buckets<KeyId>,
    addresses: Buckets<Network>,
    visitors: Buckets<Visitor>,
    debtors: tokio::sync::Mutex<()>,
}

/// A visitor of the pages that send with a browser key: the key, and the hash of what the visitor is
/// called, so that a long id takes no more memory than a short one.
type Visitor = (KeyId, u64);

/// A visitor sends too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// Whether nothing was said of it for a minute. Of a flood it is enough to write down its
    /// beginning.
    pub is_news: bool,
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
            visitors: Buckets::default(),
            debtors: tokio::sync::Mutex::new(()),
        }
    }

    /// Takes `events` of the quota of `key`, or says how long to wait.
    pub fn take_of_key(&self, key: &Key, events: usize, now: DateTime<Utc>) -> Result<(), Spent> {
        self.keys.take(key.key_id, self.flow(key), events, now)
    }

    /// Takes `events` of the quota of `key`, whether or not there are any left.
    pub fn charge_key(&self, key: &Key, events: usize, now: DateTime<Utc>) {
        self.keys.charge(key.key_id, self.flow(key), events, now);
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
        self.addresses.take(network, self.of_address(), events, now)
    }

    /// As [`Quotas::charge_key`], of an address.
    pub fn charge_address(&self, network: Network, events: usize, now: DateTime<Utc>) {
        if has_quota(network) {
            self.addresses
                .charge(network, self.of_address(), events, now);
        }
    }

    /// Gives back what was taken of an address: whoever holds a secret key has a quota by that.
    pub fn give_back_to_address(&self, network: Network, events: usize) {
        self.addresses.give_back(network, events);
    }

    /// Takes one event of the quota of `visitor` of `key`. Secret keys have no visitors: whoever is
    /// called whatever there was called so by the brand.
    pub fn take_of_visitor(
        &self,
        key: &Key,
        visitor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Flood> {
        if key.kind == Kind::Secret {
            return Ok(());
        }
        let visitor = (key.key_id, self.visitors.hasher.hash_one(visitor));
        let flow = Flow::of_minute(self.limits.visitor_events_per_minute);
        if self.visitors.take(visitor, flow, 1, now).is_ok() {
            return Ok(());
        }
        let is_news = self.visitors.with(visitor, flow, now, |bucket| {
            let is_news = bucket.told_at.is_none_or(|at| now - at >= TOLD_FOR);
            if is_news {
                bucket.told_at = Some(now);
            }
            is_news
        });
        Err(Flood { is_news })
    }

    /// How many events a visitor may send at once, and in a minute.
    pub const fn visitor_events_per_minute(&self) -> u32 {
        self.limits.visitor_events_per_minute
    }

    /// In how many seconds a visitor who sent too much may send one more, at least one.
    pub fn visitor_wait_seconds(&self) -> u32 {
        60_u32
            .checked_div(self.limits.visitor_events_per_minute)
            .unwrap_or_default()
            + 1
    }

    /// The turn of an address in debt to have a secret key looked up: one at a time of all such
    /// addresses, so that neighbours of a flood are served and guesses cost the database little.
    pub async fn turn_of_debtor(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.debtors.lock().await
    }

    fn flow(&self, key: &Key) -> Flow {
        let of_kind = match key.kind {
            Kind::Secret => self.limits.secret_key_events_per_second,
            Kind::Browser => self.limits.browser_key_events_per_second,
        };
        Flow::of_second(key.grant.events_per_second.unwrap_or(of_kind))
    }

    fn of_address(&self) -> Flow {
        Flow::of_second(self.limits.address_events_per_second)
    }
}

/// How fast a bucket fills, and how much it holds. Without a rate there is no limit.
#[derive(Clone, Copy, Debug)]
struct Flow {
    per_second: f64,
    size: f64,
}

impl Flow {
    fn of_second(rate: u32) -> Self {
        Self {
            per_second: f64::from(rate),
            size: f64::from(rate) * f64::from(BURST_SECONDS),
        }
    }

    fn of_minute(rate: u32) -> Self {
        Self {
            per_second: f64::from(rate) / 60.0,
            size: f64::from(rate),
        }
    }

    fn is_unlimited(self) -> bool {
        self.size <= 0.0
    }
}

const fn has_quota(network: Network) -> bool {
    network.is_known() && !network.is_loopback()
}

/// What is left, and as of when. Below zero after a large batch.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    flow: Flow,
    at: DateTime<Utc>,
    /// When it was last said that it is empty.
    told_at: Option<DateTime<Utc>>,
}

impl Bucket {
    const fn full(flow: Flow, at: DateTime<Utc>) -> Self {
        Self {
            left: flow.size,
            flow,
            at,
            told_at: None,
        }
    }

    /// Fills up to `now`; a clock that was set back fills nothing. A new rate holds from now on.
    fn fill(&mut self, flow: Flow, now: DateTime<Utc>) {
        self.left = self.left_at(now).min(flow.size);
        self.at = self.at.max(now);
        self.flow = flow;
    }

    fn left_at(&self, now: DateTime<Utc>) -> f64 {
        let seconds = (now - self.at).as_seconds_f64().max(0.0);
        (self.left + seconds * self.flow.per_second).min(self.flow.size)
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
    fn take(&self, key: K, flow: Flow, events: usize, now: DateTime<Utc>) -> Result<(), Spent> {
        if flow.is_unlimited() {
            return Ok(());
        }
        self.with(key, flow, now, |bucket| {
            if bucket.left < 1.0 {
                let seconds = ((1.0 - bucket.left) / flow.per_second).min(WAIT_SECONDS_MAX);
                return Err(Spent {
                    wait: whole_seconds(seconds),
                });
            }
            bucket.left -= amount(events);
            Ok(())
        })
    }

    fn charge(&self, key: K, flow: Flow, events: usize, now: DateTime<Utc>) {
        if events > 0 && !flow.is_unlimited() {
            self.with(key, flow, now, |bucket| bucket.left -= amount(events));
        }
    }

    fn give_back(&self, key: K, events: usize) {
        let mut shard = self
            .shard(&key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = shard.get_mut(&key) {
            bucket.left = (bucket.left + amount(events)).min(bucket.flow.size);
        }
    }

    fn with<T>(
        &self,
        key: K,
        flow: Flow,
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
        let bucket = shard.entry(key).or_insert_with(|| Bucket::full(flow, now));
        bucket.fill(flow, now);
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
    shard.retain(|_, bucket| bucket.left_at(now) < bucket.flow.size);
    if shard.len() < SHARD_BUCKETS_MAX / 2 {
        return;
    }
    let mut shares: Vec<(f64, K)> = shard
        .iter()
        .map(|(key, one)| (one.left_at(now) / one.flow.size, *key))
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
            assert!(
                buckets.take(1, Flow::of_second(2), 1, start()).is_ok(),
                "{n} of the burst"
            );
        }

        let spent = buckets
            .take(1, Flow::of_second(2), 1, start())
            .expect_err("the burst is spent");
        assert_eq!(spent.seconds(), 1);
        assert!(
            buckets.take(2, Flow::of_second(2), 1, start()).is_ok(),
            "another has its own"
        );
        assert!(buckets.take(1, Flow::of_second(2), 1, after(400)).is_err());
        assert!(buckets.take(1, Flow::of_second(2), 1, after(500)).is_ok());
        assert!(buckets.take(1, Flow::of_second(2), 1, after(500)).is_err());
        // A clock that is set back gives nothing, and takes nothing.
        assert!(buckets.take(1, Flow::of_second(2), 1, start()).is_err());
        assert!(
            buckets.take(1, Flow::of_second(0), 1, start()).is_ok(),
            "zero is no limit"
        );
    }

    #[test]
    fn a_large_batch_is_let_in_and_waited_for() {
        let buckets = Buckets::<u32>::default();
        buckets
            .take(1, Flow::of_second(10), 1, start())
            .expect("full");
        buckets.charge(1, Flow::of_second(10), 599, start());

        let spent = buckets
            .take(1, Flow::of_second(10), 1, start())
            .expect_err("in debt");

        // 100 were there and 600 were sent: 500 are owed, and one more is asked for.
        assert_eq!(spent.wait, TimeDelta::milliseconds(50_100));
        assert_eq!(spent.seconds(), 51);
        assert!(
            buckets
                .take(1, Flow::of_second(10), 1, after(50_100))
                .is_ok()
        );
        buckets.charge(1, Flow::of_second(10), 1_000_000, after(50_100));
        let spent = buckets.take(1, Flow::of_second(10), 1, after(50_100));
        assert_eq!(spent.expect_err("deep in debt").seconds(), 300);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let buckets = Buckets::<u32>::default();
        for _ in 0..10 {
            buckets
                .take(1, Flow::of_second(1), 1, start())
                .expect("the burst");
        }
        buckets.give_back(1, 1);
        assert!(buckets.take(1, Flow::of_second(1), 1, start()).is_ok());
        assert!(buckets.take(1, Flow::of_second(1), 1, start()).is_err());
        buckets.give_back(2, 1);
        assert!(buckets.shard(&2).lock().expect("whole").get(&2).is_none());
    }

    #[test]
    fn memory_is_bounded_and_who_owes_is_remembered() {
        let buckets = Buckets::<u32>::default();
        buckets.charge(0, Flow::of_second(1), 1_000, start());

        for n in 1..200_000 {
            buckets
                .take(n, Flow::of_second(1), 1, start())
                .expect("new here");
        }

        let held = held(&buckets);
        assert!(held <= SHARDS * SHARD_BUCKETS_MAX, "{held}");
        assert!(
            buckets.take(0, Flow::of_second(1), 1, start()).is_err(),
            "forgiven"
        );
    }

    #[test]
    fn a86_a_visitor_has_a_minute_of_its_rate_and_is_told_of_once_a_minute() {
        let quotas = Quotas::new(config::Quotas {
            secret_key_events_per_second: 0,
            browser_key_events_per_second: 0,
            address_events_per_second: 0,
            visitor_events_per_minute: 6,
        });
        let (browser, other, secret) = (
            key(Kind::Browser, 1),
            key(Kind::Browser, 2),
            key(Kind::Secret, 3),
        );
        let take = |key: &Key, visitor: &str, millis| {
            quotas
                .take_of_visitor(key, visitor, after(millis))
                .map_err(|flood| flood.is_news)
        };
        for _ in 0..6 {
            assert_eq!(take(&browser, "ada", 0), Ok(()));
        }

        assert_eq!(take(&browser, "ada", 0), Err(true));
        assert_eq!(take(&browser, "ada", 0), Err(false), "it was said just now");
        assert_eq!(take(&browser, "bo", 0), Ok(()), "another visitor");
        assert_eq!(take(&other, "ada", 0), Ok(()), "another key's");
        for _ in 0..50 {
            assert_eq!(take(&secret, "ada", 0), Ok(()), "a secret key has none");
        }
        assert_eq!(take(&browser, "ada", 9_999), Err(false));
        assert_eq!(take(&browser, "ada", 10_000), Ok(()), "one in ten seconds");
        let more = (0..10).map(|_| take(&browser, "ada", 60_000));
        let refused: Vec<bool> = more.filter_map(Result::err).collect();
        assert!((5..=6).contains(&refused.len()), "{refused:?}");
        assert_eq!(refused[..2], [true, false], "and so it goes on");
        assert_eq!(quotas.visitor_wait_seconds(), 11);
    }

    #[test]
    fn a86_visitors_without_number_take_bounded_memory_and_free_no_flood() {
        let quotas = Quotas::new(config::Quotas {
            secret_key_events_per_second: 0,
            browser_key_events_per_second: 0,
            address_events_per_second: 0,
            visitor_events_per_minute: 10,
        });
        let browser = key(Kind::Browser, 1);
        while quotas.take_of_visitor(&browser, "flood", start()).is_ok() {}

        for n in 0..200_000 {
            let made_up = n.to_string();
            let taken = quotas.take_of_visitor(&browser, &made_up, start());
            assert_eq!(taken, Ok(()), "{n}");
        }

        let held = held(&quotas.visitors);
        assert!(held <= SHARDS * SHARD_BUCKETS_MAX, "{held}");
        let again = quotas.take_of_visitor(&browser, "flood", start());
        assert!(again.is_err(), "it was washed out of memory");
    }

    fn key(kind: Kind, seed: u64) -> Key {
        let entropy = crate::kernel::Entropy::seeded(seed);
        Key {
            brand_id: crate::kernel::id::BrandId::new(start(), &entropy),
            key_id: KeyId::new(start(), &entropy),
            kind,
            grant: std::sync::Arc::default(),
        }
    }

    fn held<K>(buckets: &Buckets<K>) -> usize {
        let shards = buckets.shards.iter();
        shards.map(|shard| shard.lock().expect("whole").len()).sum()
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
                let_in += u32::from(buckets.take(1, Flow::of_second(rate), 1, after(now)).is_ok());
            }

            let seconds = (after(now) - start()).as_seconds_f64();
            let most = f64::from(rate) * (f64::from(BURST_SECONDS) + seconds);
            prop_assert!(f64::from(let_in) <= most + 1e-6, "{let_in} of {most}");
        }
    }
}
