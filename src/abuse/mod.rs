//! How often things may be tried: passwords, codes, and asking for mail.
//!
//! Owns the `attempt_counter` table, and so holds over all processes. Tries in vain are counted by
//! account, by account and network, by network, and by brand. A browser in which the account was
//! signed in to before (see [`device`]) has a counter of its own instead, so that a stranger who
//! fails on purpose cannot keep the owner out (A45). An account has one counter however its name is
//! spelt, and one that does not exist is counted like one that does, so that no wait tells which is
//! which.
//!
//! Never decides what is tried, nor answers anybody: [`Guard::begin`] before, then
//! [`Guard::fail`] or [`Guard::succeed`]. The rules, in [`rule`], are pure.
//!
//! A try is written down when it has failed. Until then this process counts it as if it had, so that
//! tries made at once are counted too; several processes together may let through as many more as are
//! under way in the others.

pub mod device;
pub mod rule;
pub mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::id::{BrandId, ProfileId};
use crate::kernel::{EmailAddress, Network};
use crate::postgres::{Error, PgConnection};
use device::Device;
use rule::{Count, Rule};

/// What is tried. Each is counted for itself: who guesses passwords in vain cannot keep the owner
/// from typing a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A password.
    Password,
    /// A code sent by mail.
    Code,
    /// A second factor, which only whoever gave the first is asked for.
    SecondFactor,
    /// A password of the dashboard.
    Staff,
    /// Asking for mail. There is no failing: each is counted by network and brand.
    Mail,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::SecondFactor => "second_factor",
            Self::Staff => "staff",
            Self::Mail => "mail",
        }
    }
}

/// Whose secret is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account([u8; 32]);

impl Account {
    /// A profile, or the address that was typed where it leads to none.
    pub fn of(profile_id: Option<ProfileId>, typed: &EmailAddress) -> Self {
        profile_id.map_or_else(|| Self::named(typed.as_str()), Self::profile)
    }

    /// A profile.
    pub fn profile(profile_id: ProfileId) -> Self {
        Self::hash("profile", &profile_id.to_string())
    }

    /// An account by a canonical name of any length.
    pub fn named(name: &str) -> Self {
        Self::hash("name", name)
    }

    fn hash(what: &str, text: &str) -> Self {
        Self(crate::kernel::secret::sha256(
            format!("{what}:{text}").as_bytes(),
        ))
    }
}

/// One try.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is tried.
    pub kind: Kind,
    /// Whose.
    pub account: Account,
    /// From where.
    pub network: Network,
    /// The browser, if the account was signed in to in it before.
    pub device: Option<Device>,
}

/// Too many tries: come back after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct TooMany {
    /// At least a second.
    pub wait: TimeDelta,
}

impl TooMany {
    /// Whole seconds to wait, at least one, for `Retry-After`.
    pub fn seconds(self) -> u32 {
        let millis = u32::try_from(self.wait.num_milliseconds()).unwrap_or(u32::MAX);
        millis.div_ceil(1_000).max(1)
    }
}

/// Counts tries. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Guard {
    key: Arc<hmac::Key>,
    under_way: Arc<UnderWay>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard(…)")
    }
}

/// Tries that have neither failed nor succeeded yet, by counter.
#[derive(Debug, Default)]
struct UnderWay(Mutex<HashMap<Key, u32>>);

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A counter's name in the database: a keyed hash.
type Key = [u8; 32];

/// A counter of one try.
#[derive(Clone, Copy, Debug)]
struct Counter {
    key: Key,
    rule: Rule,
    /// Whether success wipes it out: others on a network, or of a brand, may still be guessing.
    is_own: bool,
}

/// A try that may go on. Must end in [`Guard::fail`] or [`Guard::succeed`].
#[must_use = "a try ends in `fail` or `succeed`"]
#[derive(Debug)]
pub struct Try {
    brand_id: BrandId,
    counters: Vec<Counter>,
    /// Whether any counter of its own had anything to wipe out.
    is_stained: bool,
    under_way: Arc<UnderWay>,
}

impl Drop for Try {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        for counter in &self.counters {
            if let Some(count) = under_way.get_mut(&counter.key) {
                *count -= 1;
                if *count == 0 {
                    under_way.remove(&counter.key);
                }
            }
        }
    }
}

impl Guard {
    /// A guard of an installation, whose key hides what is counted.
    pub fn new(installation_key: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, installation_key);
        let derived = hmac::sign(&root, b"attempt counters");
        Self {
            key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())),
            under_way: Arc::default(),
        }
    }

    /// Whether `attempt` may be made now. Reads only; a try under way counts as one that failed.
    pub async fn begin(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<Result<Try, TooMany>, Error> {
        let counters = self.counters(brand_id, attempt);
        let keys: Vec<Vec<u8>> = counters.iter().map(|c| c.key.to_vec()).collect();
        let stored = store::list_counts(conn, brand_id, &keys).await?;
        let begun = self.admit(brand_id, counters, &stored, now);
        if begun.is_err() {
            metrics::counter!("befriend_attempts_refused_total", "kind" => attempt.kind.name())
                .increment(1);
        }
        Ok(begun)
    }

    /// Decides, and counts the try as under way if it may go on.
    fn admit(
        &self,
        brand_id: BrandId,
        counters: Vec<Counter>,
        stored: &HashMap<Vec<u8>, Count>,
        now: DateTime<Utc>,
    ) -> Result<Try, TooMany> {
        let count = |counter: &Counter| stored.get(counter.key.as_slice()).copied();
        let mut under_way = self.under_way.lock();
        let waits = counters.iter().map(|counter| {
            let others = under_way.get(&counter.key).copied().unwrap_or(0);
            counter.rule.wait(count(counter), others, now)
        });
        let wait = waits.max().unwrap_or_else(TimeDelta::zero);
        if wait > TimeDelta::zero() {
            let wait = wait.max(TimeDelta::seconds(1));
            return Err(TooMany { wait });
        }
        for counter in &counters {
            *under_way.entry(counter.key).or_insert(0) += 1;
        }
        drop(under_way);
        Ok(Try {
            brand_id,
            is_stained: counters.iter().any(|c| c.is_own && count(c).is_some()),
            counters,
            under_way: Arc::clone(&self.under_way),
        })
    }

    /// The try was in vain.
    pub async fn fail(
        &self,
        conn: &mut PgConnection,
        attempt: Try,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        add(conn, attempt.brand_id, &attempt.counters, now).await
    }

    /// The try succeeded: it does not matter how many failed before it.
    pub async fn succeed(&self, conn: &mut PgConnection, attempt: Try) -> Result<(), Error> {
        if !attempt.is_stained {
            return Ok(());
        }
        let own = attempt.counters.iter().filter(|counter| counter.is_own);
        let keys: Vec<Vec<u8>> = own.map(|counter| counter.key.to_vec()).collect();
        store::delete_counts(conn, attempt.brand_id, &keys).await
    }

    /// Counts something that costs us or others each time, such as a mail, or says how long to wait.
    pub async fn spend(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<Result<(), TooMany>, Error> {
        match self.begin(conn, brand_id, attempt, now).await? {
            Ok(begun) => self.fail(conn, begun, now).await.map(Ok),
            Err(too_many) => Ok(Err(too_many)),
        }
    }

    /// Forgets what strangers tried on an account whose owner has just proven themselves otherwise
    /// and chosen a new secret.
    pub async fn forgive(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        kind: Kind,
        account: &Account,
    ) -> Result<(), Error> {
        let key = self.key(brand_id, kind, "account", &[&account.0]).to_vec();
        store::delete_counts(conn, brand_id, &[key]).await
    }

    fn counters(&self, brand_id: BrandId, attempt: &Attempt) -> Vec<Counter> {
        let kind = attempt.kind;
        let counter = |scope, parts: &[&[u8]], rule, is_own| Counter {
            key: self.key(brand_id, kind, scope, parts),
            rule,
            is_own,
        };
        let account = attempt.account.0.as_slice();
        if let Some(device) = attempt.device {
            let rule = match kind {
                Kind::Mail => rule::MAIL_DEVICE,
                Kind::Password | Kind::Code | Kind::SecondFactor | Kind::Staff => rule::DEVICE,
            };
            return vec![counter("device", &[account, device.bytes()], rule, true)];
        }
        let network = attempt.network.wide();
        let bytes = network.bytes();
        let mut counters = Vec::with_capacity(4);
        if kind != Kind::Mail {
            let pair = [account, bytes.as_slice()];
            counters.push(counter("pair", &pair, rule::PAIR, true));
            counters.push(counter("account", &[account], rule::ACCOUNT, true));
        }
        let (of_network, of_brand) = match kind {
            Kind::Mail => (rule::MAIL_NETWORK, rule::MAIL_BRAND),
            Kind::Password | Kind::Code | Kind::SecondFactor | Kind::Staff => {
                (rule::NETWORK, rule::BRAND)
            }
        };
        if network.is_known() {
            counters.push(counter("network", &[&bytes], of_network, false));
        }
        // The dashboard belongs to the installation, not to a brand.
        if kind != Kind::Staff {
            counters.push(counter("brand", &[], of_brand, false));
        }
        counters
    }

    fn key(&self, brand_id: BrandId, kind: Kind, scope: &str, parts: &[&[u8]]) -> Key {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(brand_id.uuid().as_bytes());
        for part in [kind.name().as_bytes(), scope.as_bytes()]
            .iter()
            .chain(parts)
        {
            // Lengths keep two lists of parts from being one text.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.sign().as_ref());
        key
    }
}

async fn add(
    conn: &mut PgConnection,
    brand_id: BrandId,
    counters: &[Counter],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let added: Vec<(Key, Rule)> = counters.iter().map(|c| (c.key, c.rule)).collect();
    store::add_tries(conn, brand_id, added, now).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a valid instant")
    }

    fn network(text: &str) -> Network {
        Network::of(Some(text.parse().expect("an address")))
    }

    fn attempt(account: Account, from: &str) -> Attempt {
        Attempt {
            kind: Kind::Password,
            account,
            network: network(from),
            device: None,
        }
    }

    fn names(counters: &[Counter]) -> Vec<Key> {
        counters.iter().map(|counter| counter.key).collect()
    }

    #[test]
    fn a43_an_account_has_one_counter_however_its_name_is_spelt() {
        let guard = Guard::new(&[1; 32]);
        let brand = BrandId::new(at(0), &Entropy::seeded(1));
        let of = |text: &str| {
            let address = EmailAddress::parse(text).expect("an address");
            let attempt = attempt(Account::of(None, &address), "203.0.113.7");
            names(&guard.counters(brand, &attempt))
        };

        assert_eq!(of("mara@x.example"), of(" MARA@X.Example "));
        assert_ne!(of("mara@x.example"), of("noa@x.example"));
    }

    #[test]
    fn a43_all_addresses_of_a_profile_are_counted_as_one() {
        let profile = ProfileId::new(at(0), &Entropy::seeded(2));
        let one = EmailAddress::parse("mara@x.example").expect("an address");
        let other = EmailAddress::parse("m.l@y.example").expect("an address");

        assert_eq!(
            Account::of(Some(profile), &one),
            Account::of(Some(profile), &other)
        );
    }

    #[test]
    fn counters_of_brands_kinds_and_installations_are_apart() {
        let guard = Guard::new(&[1; 32]);
        let entropy = Entropy::seeded(1);
        let (one, other) = (BrandId::new(at(0), &entropy), BrandId::new(at(0), &entropy));
        let password = attempt(Account::named("mara@x.example"), "203.0.113.7");
        let code = Attempt {
            kind: Kind::Code,
            ..password.clone()
        };

        let keys = names(&guard.counters(one, &password));

        for others in [
            names(&guard.counters(other, &password)),
            names(&guard.counters(one, &code)),
            names(&Guard::new(&[2; 32]).counters(one, &password)),
        ] {
            assert!(keys.iter().all(|key| !others.contains(key)));
        }
    }

    #[test]
    fn a44_a_network_of_version_6_is_48_bits() {
        let guard = Guard::new(&[1; 32]);
        let brand = BrandId::new(at(0), &Entropy::seeded(1));
        let of = |from| names(&guard.counters(brand, &attempt(Account::named("x"), from)));

        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:2:2::1"));
        assert_eq!(of("203.0.113.7"), of("203.0.113.200"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
    }

    #[test]
    fn tries_at_once_are_counted_before_they_fail() {
        let guard = Guard::new(&[1; 32]);
        let brand = BrandId::new(at(0), &Entropy::seeded(1));
        let attempt = attempt(Account::named("mara@x.example"), "203.0.113.7");
        let begin = || {
            let counters = guard.counters(brand, &attempt);
            guard.admit(brand, counters, &HashMap::new(), at(0))
        };

        let mut under_way: Vec<Try> = (0..rule::PAIR_FREE)
            .map(|_| begin().expect("a free try"))
            .collect();

        assert!(begin().is_err());
        under_way.pop();
        assert!(begin().is_ok());
        under_way.clear();
        assert!(guard.under_way.lock().is_empty());
    }

    #[test]
    fn a_wait_is_rounded_up() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(
                TooMany {
                    wait: TimeDelta::milliseconds(millis)
                }
                .seconds(),
                seconds
            );
        }
    }
}
