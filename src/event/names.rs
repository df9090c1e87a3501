//! How many names a brand's acts may have.
//!
//! A name beyond the number costs nobody an event: the event is stored, flagged, counts as any
//! other, and only stays out of the lists of names. What is known is kept in memory, and read and
//! written only when a name is new, by one request at a time, so that a flood of made-up names costs
//! the database next to nothing and no commit waits for another's count. Several processes that meet
//! new names at the same moment may each let theirs in: the number is kept to within those. Where the
//! names cannot be read, nothing is flagged: an event is worth more than a tidy list.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::{Judged, Kind, Sender, Trust, name_store};
use crate::kernel::id::BrandId;
use crate::postgres::{self, Error, Pool};

/// The most names of one brand.
pub const NAMES_MAX: usize = 2_000;
/// The most of them that browser keys were the first to send: a copied key must not use up what the
/// brand's servers need.
pub const BROWSER_NAMES_MAX: usize = 1_000;
/// The warning on an event whose name is beyond the number.
pub const NAME_OVER_CAP: &str = "name_over_cap";
/// How long a brand that has no room for a name is taken to have none.
const FULL_FOR: TimeDelta = TimeDelta::minutes(1);
/// How long nothing is learnt after that failed.
const REST_AFTER_ERROR: Duration = Duration::from_secs(1);
/// The most brands that are remembered.
const BRANDS_MAX: usize = 1_000;

/// The names that are known. Shared by all requests of a process.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<HashMap<BrandId, Known>>,
    /// Held by who learns; until when nobody does.
    learning: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Known {
    names: HashSet<String>,
    /// Until when there is room for no more, from secret keys and from browser keys.
    full_until: [Option<DateTime<Utc>>; 2],
}

impl Names {
    /// Flags the acts whose names are one too many for the brand.
    pub async fn mark(
        &self,
        pool: &Pool,
        sender: &Sender,
        items: &mut [Judged],
        now: DateTime<Utc>,
    ) {
        let mut unknown = self.unknown(sender.brand_id, items);
        if unknown.is_empty() {
            return;
        }
        if !self.is_full(sender, now) {
            let mut rests_until = self.learning.lock().await;
            // Whoever held it may have learnt the same.
            unknown = self.unknown(sender.brand_id, items);
            if unknown.is_empty() || rests_until.is_some_and(|until| Instant::now() < until) {
                return;
            }
            if let Err(error) = self.learn(pool, sender, &mut unknown, now).await {
                tracing::warn!(%error, "the names of a brand's events could not be read");
                *rests_until = Some(Instant::now() + REST_AFTER_ERROR);
                return;
            }
        }
        for item in items {
            if let Judged::Accepted(event) = item
                && event.kind == Kind::Track
                && unknown.contains(&event.name)
            {
                event.flags.push(NAME_OVER_CAP);
            }
        }
    }

    /// The names among `items` that the memory does not hold.
    fn unknown(&self, brand_id: BrandId, items: &[Judged]) -> HashSet<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&brand_id);
        let names = items.iter().filter_map(|item| match item {
            Judged::Accepted(event) if event.kind == Kind::Track => Some(&event.name),
            Judged::Accepted(_) | Judged::Rejected(_) => None,
        });
        names
            .filter(|name| known.is_none_or(|known| !known.names.contains(*name)))
            .cloned()
            .collect()
    }

    fn is_full(&self, sender: &Sender, now: DateTime<Utc>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&sender.brand_id)
            .and_then(|known| known.full_until[place(sender.trust)])
            .is_some_and(|until| until > now)
    }

    /// Reads what the brand has, writes what there is room for, and leaves in `unknown` what there is
    /// none for.
    async fn learn(
        &self,
        pool: &Pool,
        sender: &Sender,
        unknown: &mut HashSet<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (brand_id, trusted) = (sender.brand_id, sender.trust == Trust::Trusted);
        let mut stored = Vec::new();
        let mut new = Vec::new();
        postgres::tx(pool, async |conn| {
            stored = name_store::list_known(conn, brand_id).await?;
            new = with_room(&stored, unknown, trusted);
            if !new.is_empty() {
                name_store::insert_names(conn, brand_id, &new, trusted, now).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= BRANDS_MAX && !known.contains_key(&brand_id) {
            known.clear();
        }
        let known = known.entry(brand_id).or_default();
        known.names = stored
            .into_iter()
            .map(|(name, _)| name)
            .chain(new)
            .collect();
        unknown.retain(|name| !known.names.contains(name));
        if !unknown.is_empty() {
            known.full_until[place(sender.trust)] = Some(now + FULL_FOR);
        }
        Ok(())
    }
}

const fn place(trust: Trust) -> usize {
    match trust {
        Trust::Trusted => 0,
        Trust::Browser => 1,
    }
}

/// Those of `names` that are not stored yet and that the brand has room for, in order.
fn with_room(stored: &[(String, bool)], names: &HashSet<String>, trusted: bool) -> Vec<String> {
    let known: HashSet<&str> = stored.iter().map(|(name, _)| name.as_str()).collect();
    let from_browsers = stored.iter().filter(|(_, trusted)| !trusted).count();
    let mut room = NAMES_MAX.saturating_sub(stored.len());
    if !trusted {
        room = room.min(BROWSER_NAMES_MAX.saturating_sub(from_browsers));
    }
    let mut new: Vec<String> = names
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .cloned()
        .collect();
    new.sort_unstable();
    new.truncate(room);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(trusted: usize, untrusted: usize) -> Vec<(String, bool)> {
        let one = |n: usize, trusted: bool| (format!("{trusted} {n}"), trusted);
        (0..trusted)
            .map(|n| one(n, true))
            .chain((0..untrusted).map(|n| one(n, false)))
            .collect()
    }

    fn named(names: &[&str]) -> HashSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a91_a_copied_key_leaves_room_for_the_brands_own_names() {
        let new = named(&["b", "a", "true 0"]);

        assert_eq!(with_room(&stored(1, 0), &new, false), ["a", "b"]);
        assert_eq!(with_room(&stored(1, 999), &new, false), ["a"]);
        assert!(with_room(&stored(1, 1_000), &new, false).is_empty());
        assert_eq!(with_room(&stored(1, 1_000), &new, true), ["a", "b"]);
        assert_eq!(with_room(&stored(999, 1_000), &new, true), ["a"]);
        assert!(with_room(&stored(1_000, 1_000), &new, true).is_empty());
        assert!(with_room(&stored(2_500, 0), &new, true).is_empty());
    }
}
