//! Whom each event is about: aliases looked up, and made where an id is new.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::claims::Claims;
use super::commit::{Fresh, Scope};
use crate::event::alias_store::{self, Alias, AliasKind, Person};
use crate::event::profile_store::{self, NewProfile, Seen};
use crate::event::{Event, Kind, Sender, Trust, store, suppression_store};
use crate::kernel::id::ProfileId;
use crate::postgres::{Error, Inconsistency, PgConnection};

/// The warning on an event whose anonymous id is somebody else's.
const ANONYMOUS_OF_ANOTHER: &str = "anonymous_id_of_another";
/// The warning on an alias whose earlier id is somebody else's.
const ALIAS_OF_ANOTHER: &str = "alias_of_another";
/// The warning on an event whose person has as many anonymous ids as anybody may.
const ALIAS_OVER_CAP: &str = "alias_over_cap";

/// Whom an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    pub(super) profile_id: ProfileId,
    /// The profile that it keeps: the same, unless that was merged into another since.
    pub(super) subject: ProfileId,
    /// What is known of `subject`, as far as it was read along.
    pub(super) seen: Option<Seen>,
    /// Whether it named a user id that counts.
    pub(super) identifies: bool,
    /// Anonymous profiles that turn out to be the same person.
    pub(super) absorbs: Vec<ProfileId>,
    /// Warnings.
    pub(super) flags: Vec<&'static str>,
}

/// The person that a user id names, as far as it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim<'a> {
    /// There is no user id.
    None,
    /// It counts.
    Counts(&'a str),
    /// It counts if it is an alias of this profile, which is proven to be signed in.
    OnlyOf(ProfileId, &'a str),
    /// Anyone could have sent it.
    Unproven(&'a str),
}

impl<'a> Claim<'a> {
    fn of(event: &'a Event, sender: &Sender) -> Self {
        let Some(user) = event.user_id.as_deref() else {
            return Self::None;
        };
        match (sender.trust, event.proven) {
            (Trust::Trusted, _) => Self::Counts(user),
            (Trust::Browser, Some(profile_id)) => Self::OnlyOf(profile_id, user),
            (Trust::Browser, None) => Self::Unproven(user),
        }
    }

    const fn user(self) -> Option<&'a str> {
        match self {
            Self::None => None,
            Self::Counts(user) | Self::OnlyOf(_, user) | Self::Unproven(user) => Some(user),
        }
    }
}

/// An event with the aliases it names.
pub(super) struct Named<'a> {
    pub(super) event: &'a Event,
    place: usize,
    claim: Claim<'a>,
    user: Option<Alias>,
    pub(super) anonymous: Option<Alias>,
    claimed: Option<Alias>,
    /// The other id of an alias call, as an anonymous and as a user id.
    pub(super) previous: Option<[Alias; 2]>,
}

impl<'a> Named<'a> {
    fn of(fresh: &Fresh<'a>) -> Self {
        let event = fresh.event;
        let claim = Claim::of(event, fresh.sender);
        let alias = |kind, id: &str| (kind, id.to_owned());
        let believed = !matches!(claim, Claim::None | Claim::Unproven(_));
        let is_other = event.previous_id.is_some() && event.previous_id != event.user_id;
        Self {
            event,
            place: fresh.place,
            claim,
            user: claim
                .user()
                .filter(|_| believed)
                .map(|user| alias(AliasKind::User, user)),
            anonymous: event
                .anonymous_id
                .as_deref()
                .map(|id| alias(AliasKind::Anonymous, id)),
            // Of a user id that counts nobody asks who merely claims it.
            claimed: claim
                .user()
                .filter(|_| event.anonymous_id.is_none() && !matches!(claim, Claim::Counts(_)))
                .map(|user| alias(AliasKind::Claimed, user)),
            previous: event
                .previous_id
                .as_deref()
                .filter(|_| event.kind == Kind::Alias && is_other && believed)
                .map(|id| [alias(AliasKind::Anonymous, id), alias(AliasKind::User, id)]),
        }
    }

    fn every(&self) -> impl Iterator<Item = &Alias> {
        let singles = [&self.user, &self.anonymous, &self.claimed];
        singles
            .into_iter()
            .flatten()
            .chain(self.previous.iter().flatten())
    }

    /// The alias of the user, if it is believed that this is the one.
    pub(super) fn counted_user(&self, people: &People) -> Option<&Alias> {
        let alias = self.user.as_ref()?;
        match self.claim {
            Claim::None | Claim::Unproven(_) => None,
            Claim::Counts(_) => Some(alias),
            Claim::OnlyOf(profile_id, user) => {
                let is_theirs = user == profile_id.to_string()
                    || people
                        .get(alias)
                        .is_some_and(|person| person.profile_id == profile_id);
                is_theirs.then_some(alias)
            }
        }
    }

    /// The profile that a new alias of the user belongs to, if that is settled.
    const fn proven(&self) -> Option<ProfileId> {
        match self.claim {
            Claim::OnlyOf(profile_id, _) => Some(profile_id),
            Claim::None | Claim::Counts(_) | Claim::Unproven(_) => None,
        }
    }
}

/// Who is behind the aliases of a batch.
pub(super) type People = HashMap<Alias, Person>;

/// An alias that is to be made.
struct Wanted {
    /// Who is behind it.
    profile_id: ProfileId,
    /// The profile that it is an alias of.
    subject: ProfileId,
    /// Whether the profile is to be made too.
    is_new: bool,
    is_known: bool,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    encounter: Value,
}

impl Wanted {
    fn new(scope: &Scope<'_>, event: &Event, is_known: bool) -> Self {
        let profile_id = ProfileId::new(scope.now, scope.entropy);
        Self {
            profile_id,
            subject: profile_id,
            is_new: true,
            is_known,
            first_at: event.event_time,
            last_at: event.event_time,
            encounter: event.encounter.clone(),
        }
    }

    /// One for a profile that is there.
    const fn of(profile_id: ProfileId, subject: ProfileId, at: DateTime<Utc>) -> Self {
        Self {
            profile_id,
            subject,
            is_new: false,
            is_known: true,
            first_at: at,
            last_at: at,
            encounter: Value::Null,
        }
    }

    fn see(&mut self, event: &Event) {
        if event.event_time < self.first_at
            && event.encounter.as_object().is_some_and(|e| !e.is_empty())
        {
            self.encounter = event.encounter.clone();
        }
        self.first_at = self.first_at.min(event.event_time);
        self.last_at = self.last_at.max(event.event_time);
    }
}

/// Whom each event is about; `None` for one whose message id is taken already, and for one of
/// somebody who was forgotten after it happened. The message ids of the latter come along.
pub(super) async fn subjects(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    fresh: &[Fresh<'_>],
) -> Result<(Vec<Option<Resolution>>, HashSet<String>), Error> {
    let named: Vec<Named<'_>> = fresh.iter().map(Named::of).collect();
    let every: BTreeSet<&Alias> = named.iter().flat_map(Named::every).collect();
    let every: Vec<&Alias> = every.into_iter().collect();
    let found = alias_store::list_aliases(conn, scope.brand_id, &every).await?;
    let mut people: People = found.into_iter().collect();
    let mut taken = list_taken(conn, scope, &named, &people).await?;
    let forgotten = list_forgotten(conn, scope, &named, &people).await?;
    taken.extend(forgotten.iter().cloned());
    let mut new: Vec<&Named<'_>> = named
        .iter()
        .filter(|named| !taken.contains(&named.event.message_id))
        .collect();
    // Joins are decided in the order of arrival, also within a batch.
    new.sort_unstable_by_key(|named| named.place);
    let users = wanted_users(scope, &new, &people);
    let newcomers: HashSet<ProfileId> = users
        .values()
        .filter(|wanted| wanted.is_new)
        .map(|wanted| wanted.profile_id)
        .collect();
    make(conn, scope, users, &mut people).await?;
    let claims = Claims::settle(conn, scope, &new, &people, &newcomers).await?;
    let others = wanted_others(scope, &new, &people, &claims);
    make(conn, scope, others, &mut people).await?;
    let resolutions = named
        .iter()
        .map(|named| {
            if taken.contains(&named.event.message_id) {
                return Ok(None);
            }
            let resolution = resolution(named, &people, &claims);
            resolution.map(Some).ok_or_else(|| {
                let id = &named.event.message_id;
                Inconsistency::new("alias", id, "the event's ids have no profile").into()
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok((resolutions, forgotten))
}

/// The message ids of events that name somebody who was forgotten after they happened. Only an id
/// that is nobody's can be one of theirs.
async fn list_forgotten(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    named: &[Named<'_>],
    people: &People,
) -> Result<HashSet<String>, Error> {
    let hash = |alias: &Alias| {
        let kind = alias.0.as_str();
        suppression_store::hash_of(scope.hash_key, scope.brand_id, kind, &alias.1).to_vec()
    };
    let unknown: Vec<(Vec<u8>, &Event)> = named
        .iter()
        .flat_map(|named| named.every().map(|alias| (alias, named.event)))
        .filter(|(alias, _)| !people.contains_key(*alias))
        .map(|(alias, event)| (hash(alias), event))
        .collect();
    if unknown.is_empty() {
        return Ok(HashSet::new());
    }
    let hashes: Vec<Vec<u8>> = unknown.iter().map(|(hash, _)| hash.clone()).collect();
    let found = suppression_store::list_suppressed(conn, scope.brand_id, &hashes).await?;
    Ok(unknown
        .into_iter()
        .filter(|(hash, event)| found.get(hash).is_some_and(|at| event.event_time <= *at))
        .map(|(_, event)| event.message_id.clone())
        .collect())
}

/// The message ids that are stored already, among events that name somebody new: what such an event
/// would make must not be made.
async fn list_taken(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    named: &[Named<'_>],
    people: &People,
) -> Result<HashSet<String>, Error> {
    let ids: Vec<&str> = named
        .iter()
        .filter(|named| named.every().any(|alias| !people.contains_key(alias)))
        .map(|named| named.event.message_id.as_str())
        .collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let taken = store::list_payload_hashes(conn, scope.brand_id, &ids).await?;
    Ok(taken.into_iter().map(|(id, _)| id).collect())
}

fn wanted_users(
    scope: &Scope<'_>,
    named: &[&Named<'_>],
    people: &People,
) -> BTreeMap<Alias, Wanted> {
    let mut wanted = BTreeMap::new();
    for named in named {
        let Some(alias) = named.counted_user(people) else {
            continue;
        };
        if people.contains_key(alias) {
            continue;
        }
        wanted
            .entry(alias.clone())
            .or_insert_with(|| match named.proven() {
                Some(profile_id) => Wanted::of(profile_id, profile_id, named.event.event_time),
                None => Wanted::new(scope, named.event, true),
            })
            .see(named.event);
    }
    wanted
}

fn wanted_others(
    scope: &Scope<'_>,
    named: &[&Named<'_>],
    people: &People,
    claims: &Claims<'_>,
) -> BTreeMap<Alias, Wanted> {
    // An id that comes with a user is that user's from the start; only then may it be nobody's.
    let mut wanted: BTreeMap<Alias, Wanted> = claims
        .names()
        .map(|(alias, person)| {
            let wanted = Wanted::of(person.profile_id, person.subject, scope.now);
            (alias.clone(), wanted)
        })
        .collect();
    for named in named {
        if named.counted_user(people).is_some() {
            continue;
        }
        let Some(alias) = named.anonymous.as_ref().or(named.claimed.as_ref()) else {
            continue;
        };
        if !people.contains_key(alias) {
            wanted
                .entry(alias.clone())
                .or_insert_with(|| Wanted::new(scope, named.event, false))
                .see(named.event);
        }
    }
    wanted
}

/// Makes aliases and their profiles; where another commit was first, its profile is taken.
async fn make(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    wanted: BTreeMap<Alias, Wanted>,
    people: &mut People,
) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let rows: Vec<(&Alias, ProfileId)> = wanted
        .iter()
        .map(|(alias, wanted)| (alias, wanted.subject))
        .collect();
    let made = alias_store::insert_aliases(conn, scope.brand_id, &rows, scope.now).await?;
    let made: HashSet<Alias> = made.into_iter().collect();
    let (won, lost): (Vec<_>, Vec<_>) = wanted
        .into_iter()
        .partition(|(alias, _)| made.contains(alias));
    let mut profiles = Vec::new();
    for (alias, wanted) in won {
        let person = Person {
            profile_id: wanted.profile_id,
            subject: wanted.subject,
            is_known: wanted.is_known,
            seen: wanted.is_new.then_some(Seen {
                last_seen_at: wanted.last_at,
                known_since: wanted.is_known.then_some(wanted.first_at),
            }),
        };
        people.insert(alias, person);
        if wanted.is_new {
            profiles.push(NewProfile {
                profile_id: wanted.profile_id,
                known_since: wanted.is_known.then_some(wanted.first_at),
                last_seen_at: wanted.last_at,
                encounter: wanted.encounter,
            });
        }
    }
    if !profiles.is_empty() {
        profile_store::insert_profiles(conn, scope.brand_id, &profiles, scope.now).await?;
    }
    if !lost.is_empty() {
        let lost: Vec<&Alias> = lost.iter().map(|(alias, _)| alias).collect();
        people.extend(alias_store::list_aliases(conn, scope.brand_id, &lost).await?);
    }
    Ok(())
}

fn resolution(named: &Named<'_>, people: &People, claims: &Claims<'_>) -> Option<Resolution> {
    let mut flags = named.event.flags.clone();
    let anonymous = named.anonymous.as_ref().and_then(|alias| people.get(alias));
    let Some(user) = named.counted_user(people) else {
        if named.claim != Claim::None {
            flags.push("user_id_unproven");
        }
        let claimed = named.claimed.as_ref().and_then(|alias| people.get(alias));
        let person = anonymous.or(claimed)?;
        return Some(Resolution {
            profile_id: person.profile_id,
            subject: person.subject,
            seen: person.seen,
            identifies: false,
            absorbs: Vec::new(),
            flags,
        });
    };
    let person = people.get(user)?;
    let user = person.profile_id;
    let mut absorbs = Vec::new();
    let ids = named.anonymous.iter().map(|id| (id, ANONYMOUS_OF_ANOTHER));
    let previous = named.previous.iter().flatten();
    for (alias, of_another) in ids.chain(previous.map(|id| (id, ALIAS_OF_ANOTHER))) {
        if claims.is_surplus(user, alias) {
            flags.push(ALIAS_OVER_CAP);
            continue;
        }
        match people.get(alias) {
            Some(person) if person.profile_id == user => {}
            Some(person)
                if !person.is_known
                    && alias.0 == AliasKind::Anonymous
                    && !claims.is_of_another(person.profile_id, user) =>
            {
                absorbs.push(person.profile_id);
            }
            Some(_) => flags.push(of_another),
            None => {}
        }
    }
    Some(Resolution {
        profile_id: user,
        subject: person.subject,
        seen: person.seen,
        identifies: true,
        absorbs,
        flags,
    })
}
