//! What stored events change about people: seen, known, described, joined, to be folded anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::claims::VISITORS_MAX;
use super::commit::{Fresh, Scope};
use super::resolve::Resolution;
use crate::event::profile_store::{self, Said, Seen, Sighting};
use crate::event::{Trust, store};
use crate::kernel::id::ProfileId;
use crate::postgres::{Error, PgConnection};

/// What a batch changes about the people of one brand.
#[derive(Default)]
pub(super) struct Effects<'a> {
    sightings: BTreeMap<ProfileId, Sighting>,
    /// What was known of them when their aliases were looked up.
    seen: HashMap<ProfileId, Seen>,
    /// The earliest event of each.
    since: BTreeMap<ProfileId, DateTime<Utc>>,
    said: Vec<Said<'a>>,
    /// Who is absorbed by whom.
    merges: BTreeMap<ProfileId, ProfileId>,
}

/// What the events that were stored change.
pub(super) fn of<'a>(
    fresh: &[Fresh<'a>],
    resolutions: &[Option<Resolution>],
    stored: &HashSet<String>,
) -> Effects<'a> {
    let mut effects = Effects::default();
    for (fresh, resolution) in fresh.iter().zip(resolutions) {
        let (Some(resolution), true) = (resolution, stored.contains(&fresh.event.message_id))
        else {
            continue;
        };
        effects.add(*fresh, resolution);
    }
    effects.said.sort_by_key(|said| said.at);
    effects
}

impl<'a> Effects<'a> {
    fn add(&mut self, fresh: Fresh<'a>, resolution: &Resolution) {
        let (profile_id, at) = (resolution.profile_id, fresh.event.event_time);
        let known = resolution.identifies.then_some(at);
        if let Some(seen) = resolution.seen {
            self.seen.insert(resolution.subject, seen);
        }
        // What a merged profile proves is its own, also once the merge is undone.
        self.see(resolution.subject, at, known);
        if resolution.subject != profile_id {
            self.see(profile_id, at, None);
        }
        self.queue(profile_id, at);
        if let Some(traits) = &fresh.event.traits {
            let trusted = fresh.sender.trust == Trust::Trusted;
            self.said.push(Said {
                profile_id,
                traits,
                at,
                overwrites: trusted,
                is_hearsay: !trusted && !resolution.identifies,
            });
        }
        for absorbed in &resolution.absorbs {
            self.merges.entry(*absorbed).or_insert(profile_id);
        }
    }

    fn see(&mut self, profile_id: ProfileId, at: DateTime<Utc>, known: Option<DateTime<Utc>>) {
        self.sightings
            .entry(profile_id)
            .and_modify(|sighting| {
                sighting.last_seen_at = sighting.last_seen_at.max(at);
                sighting.known_since = match (sighting.known_since, known) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            })
            .or_insert(Sighting {
                profile_id,
                last_seen_at: at,
                known_since: known,
            });
    }

    fn queue(&mut self, profile_id: ProfileId, since: DateTime<Utc>) {
        self.since
            .entry(profile_id)
            .and_modify(|earliest| *earliest = since.min(*earliest))
            .or_insert(since);
    }
}

/// Writes the changes.
pub(super) async fn apply(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    effects: &Effects<'_>,
) -> Result<(), Error> {
    if effects.since.is_empty() {
        return Ok(());
    }
    let brand_id = scope.brand_id;
    let outdated = outdated(conn, scope, effects).await?;
    let news = news(conn, scope, &effects.said).await?;
    let ids: BTreeSet<ProfileId> = outdated
        .iter()
        .map(|sighting| sighting.profile_id)
        .chain(news.iter().map(|said| said.profile_id))
        .chain(
            effects
                .merges
                .iter()
                .flat_map(|(one, other)| [*one, *other]),
        )
        .collect();
    let mut since = effects.since.clone();
    if !ids.is_empty() {
        let ids: Vec<ProfileId> = ids.into_iter().collect();
        let locked = profile_store::lock_profiles(conn, brand_id, &ids).await?;
        if !outdated.is_empty() {
            profile_store::update_sightings(conn, brand_id, &outdated).await?;
        }
        describe(conn, scope, &news).await?;
        let pairs = permitted(conn, scope, &effects.merges, &locked).await?;
        merge(conn, scope, &pairs, &mut since).await?;
    }
    let since: Vec<_> = since.into_iter().collect();
    store::insert_queued(conn, brand_id, &since, scope.now).await
}

/// The sightings that tell something new. Only of profiles that were not looked up by an alias the
/// database is asked once more.
async fn outdated(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    effects: &Effects<'_>,
) -> Result<Vec<Sighting>, Error> {
    let (mut outdated, mut unread) = (Vec::new(), Vec::new());
    for (profile_id, sighting) in &effects.sightings {
        match effects.seen.get(profile_id) {
            Some(seen) if sighting.is_news_to(seen) => outdated.push(*sighting),
            Some(_) => {}
            None => unread.push(*sighting),
        }
    }
    if !unread.is_empty() {
        let found = profile_store::list_outdated(conn, scope.brand_id, &unread).await?;
        let found: HashSet<ProfileId> = found.into_iter().collect();
        unread.retain(|sighting| found.contains(&sighting.profile_id));
        outdated.extend(unread);
    }
    Ok(outdated)
}

/// Those of `said` that a profile does not know yet.
async fn news<'a>(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    said: &[Said<'a>],
) -> Result<Vec<Said<'a>>, Error> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let positions: HashSet<i64> = profile_store::list_news(conn, scope.brand_id, said)
        .await?
        .into_iter()
        .collect();
    Ok((0_i64..)
        .zip(said)
        .filter(|(position, _)| positions.contains(position))
        .map(|(_, said)| *said)
        .collect())
}

/// Writes what was said, in the order of time: a round for each that one profile is told.
async fn describe(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    news: &[Said<'_>],
) -> Result<(), Error> {
    let mut told: HashMap<ProfileId, usize> = HashMap::new();
    let mut rounds: Vec<Vec<Said<'_>>> = Vec::new();
    let mut addresses: BTreeSet<(ProfileId, &str)> = BTreeSet::new();
    for said in news {
        let round = told.entry(said.profile_id).or_default();
        if rounds.len() == *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(*said);
        *round += 1;
        if let Some(email) = &said.traits.email {
            addresses.insert((said.profile_id, email.as_str()));
        }
    }
    for round in rounds {
        profile_store::update_traits(conn, scope.brand_id, &round).await?;
    }
    if !addresses.is_empty() {
        let addresses: Vec<_> = addresses.into_iter().collect();
        profile_store::insert_emails(conn, scope.brand_id, &addresses, scope.now).await?;
    }
    Ok(())
}

/// The merges that may happen, now that the profiles are locked: an anonymous one into a known one,
/// and not too many.
async fn permitted(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    merges: &BTreeMap<ProfileId, ProfileId>,
    locked: &[profile_store::Locked],
) -> Result<Vec<(ProfileId, ProfileId)>, Error> {
    if merges.is_empty() {
        return Ok(Vec::new());
    }
    let locked: HashMap<ProfileId, &profile_store::Locked> =
        locked.iter().map(|row| (row.profile_id, row)).collect();
    let mut pairs = Vec::new();
    for (source, target) in merges {
        let (Some(from), Some(into)) = (locked.get(source), locked.get(target)) else {
            continue;
        };
        let target = into.merged_into.unwrap_or(*target);
        if from.is_anonymous && *source != target && !merges.contains_key(&target) {
            pairs.push((*source, target));
        }
    }
    let targets: BTreeSet<ProfileId> = pairs.iter().map(|(_, target)| *target).collect();
    let targets: Vec<ProfileId> = targets.into_iter().collect();
    let mut absorbed: HashMap<ProfileId, i64> =
        profile_store::count_absorbed(conn, scope.brand_id, &targets)
            .await?
            .into_iter()
            .collect();
    pairs.retain(|(_, target)| {
        let count = absorbed.entry(*target).or_default();
        *count += 1;
        if *count > VISITORS_MAX {
            tracing::warn!(profile = %target, "a person absorbed as many profiles as is allowed");
        }
        *count <= VISITORS_MAX
    });
    Ok(pairs)
}

/// Joins profiles, and asks for both sides to be folded anew.
async fn merge(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    pairs: &[(ProfileId, ProfileId)],
    since: &mut BTreeMap<ProfileId, DateTime<Utc>>,
) -> Result<(), Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    let brand_id = scope.brand_id;
    profile_store::merge_profiles(conn, brand_id, pairs).await?;
    crate::event::alias_store::repoint_aliases(conn, brand_id, pairs).await?;
    let sources: Vec<ProfileId> = pairs.iter().map(|(source, _)| *source).collect();
    let first: HashMap<ProfileId, DateTime<Utc>> =
        profile_store::list_first_events(conn, brand_id, &sources)
            .await?
            .into_iter()
            .collect();
    for (source, target) in pairs {
        let at = first.get(source).copied().unwrap_or(scope.now);
        for id in [*source, *target] {
            since
                .entry(id)
                .and_modify(|earliest| *earliest = at.min(*earliest))
                .or_insert(at);
        }
    }
    metrics::counter!("befriend_profiles_merged_total")
        .increment(u64::try_from(pairs.len()).unwrap_or(0));
    Ok(())
}
