//! Who takes which visitor for their own, in the order of arrival: the first to claim one has it, and
//! nobody takes more than so many.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::commit::Scope;
use super::resolve::{Named, People};
use crate::event::alias_store::{self, Alias, AliasKind, Person};
use crate::event::store;
use crate::kernel::id::ProfileId;
use crate::postgres::{Error, PgConnection};

/// The most visitors of one person: anonymous ids that name them, whether somebody was seen under
/// them before or not. Whoever can send may otherwise make one person's history without bounds.
pub(super) const VISITORS_MAX: i64 = 1_000;

/// What is decided of the visitors that the events of a batch claim.
#[derive(Default)]
pub(super) struct Claims<'a> {
    /// Whose a visitor becomes who was seen before.
    absorbed: HashMap<ProfileId, ProfileId>,
    /// Whose an anonymous id becomes that nobody was seen under.
    named: HashMap<&'a Alias, Person>,
    /// What is not taken, since the person has too many: who, and the id.
    surplus: HashSet<(ProfileId, &'a Alias)>,
}

/// A visitor whom an event claims for a person.
#[derive(Clone, Copy)]
struct Claim<'a> {
    message_id: &'a str,
    person: Person,
    alias: &'a Alias,
    /// The profile of the visitor, if they were seen before.
    visitor: Option<ProfileId>,
}

impl Claim<'_> {
    /// The profile that the alias will be of: whoever is absorbed belongs to the person as they are
    /// now, and a new id to the profile that it came with.
    const fn holder(&self) -> ProfileId {
        match self.visitor {
            Some(_) => self.person.profile_id,
            None => self.person.subject,
        }
    }
}

impl<'a> Claims<'a> {
    /// Decides about what `named`, in the order of arrival, claim. `newcomers` were made just now and
    /// have nothing yet.
    pub(super) async fn settle(
        conn: &mut PgConnection,
        scope: &Scope<'_>,
        named: &[&'a Named<'a>],
        people: &People,
        newcomers: &HashSet<ProfileId>,
    ) -> Result<Self, Error> {
        let mut claims: Vec<Claim<'a>> = named
            .iter()
            .flat_map(|named| claims_of(named, people))
            .collect();
        if claims.is_empty() {
            return Ok(Self::default());
        }
        let void = void(conn, scope, &claims).await?;
        claims.retain(|claim| !void.contains(claim.message_id));
        let known: BTreeSet<ProfileId> = claims
            .iter()
            .map(Claim::holder)
            .filter(|holder| !newcomers.contains(holder))
            .collect();
        let known: Vec<ProfileId> = known.into_iter().collect();
        let mut counts: HashMap<ProfileId, i64> = HashMap::new();
        if !known.is_empty() {
            let counted = alias_store::count_visitors(conn, scope.brand_id, &known, VISITORS_MAX);
            counts.extend(counted.await?);
        }
        let mut settled = Self::default();
        for claim in &claims {
            settled.add(*claim, counts.entry(claim.holder()).or_default());
        }
        Ok(settled)
    }

    fn add(&mut self, claim: Claim<'a>, count: &mut i64) {
        let is_taken = match claim.visitor {
            Some(visitor) => self.absorbed.contains_key(&visitor),
            None => self.named.contains_key(claim.alias),
        };
        if is_taken {
            return;
        }
        if *count >= VISITORS_MAX {
            self.surplus.insert((claim.person.profile_id, claim.alias));
            return;
        }
        *count += 1;
        match claim.visitor {
            Some(visitor) => {
                self.absorbed.insert(visitor, claim.person.profile_id);
            }
            None => {
                self.named.insert(claim.alias, claim.person);
            }
        }
    }

    /// Whose an anonymous id becomes that nobody was seen under.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'a Alias, Person)> {
        self.named.iter().map(|(alias, person)| (*alias, *person))
    }

    /// Whether a visitor who was seen before is claimed by somebody other than `person`.
    pub(super) fn is_of_another(&self, visitor: ProfileId, person: ProfileId) -> bool {
        let taken = self.absorbed.get(&visitor);
        taken.is_some_and(|taken| *taken != person)
    }

    /// Whether `person` has too many visitors to take this one.
    pub(super) fn is_surplus(&self, person: ProfileId, alias: &Alias) -> bool {
        self.surplus.contains(&(person, alias))
    }
}

/// The visitors whom one event claims: those who are nobody's so far.
fn claims_of<'a>(named: &'a Named<'a>, people: &People) -> Vec<Claim<'a>> {
    let Some(user) = named
        .counted_user(people)
        .and_then(|alias| people.get(alias))
    else {
        return Vec::new();
    };
    let claim = |alias: &'a Alias, visitor| Claim {
        message_id: &named.event.message_id,
        person: *user,
        alias,
        visitor,
    };
    let free = |alias: &'a Alias| match people.get(alias) {
        None => Some(claim(alias, None)),
        Some(person) if person.is_known || person.profile_id == user.profile_id => None,
        Some(person) => Some(claim(alias, Some(person.profile_id))),
    };
    let mut claims: Vec<Claim<'a>> = named.anonymous.iter().filter_map(free).collect();
    if let Some([as_anonymous, as_user]) = &named.previous {
        // An id that is known as a user's names nobody new.
        let is_new = !people.contains_key(as_anonymous);
        if !(is_new && people.contains_key(as_user)) {
            claims.extend(free(as_anonymous));
        }
    }
    debug_assert!(claims.iter().all(|one| one.alias.0 == AliasKind::Anonymous));
    claims
}

/// The messages among those that claim one visitor for different people whose ids are stored already:
/// they will be refused, and must not keep the visitor from somebody else.
async fn void(
    conn: &mut PgConnection,
    scope: &Scope<'_>,
    claims: &[Claim<'_>],
) -> Result<HashSet<String>, Error> {
    let mut first: HashMap<&Alias, ProfileId> = HashMap::new();
    let mut contested: HashSet<&Alias> = HashSet::new();
    for claim in claims {
        let person = claim.person.profile_id;
        if *first.entry(claim.alias).or_insert(person) != person {
            contested.insert(claim.alias);
        }
    }
    if contested.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<&str> = claims
        .iter()
        .filter(|claim| contested.contains(claim.alias))
        .map(|claim| claim.message_id)
        .collect();
    let taken = store::list_payload_hashes(conn, scope.brand_id, &ids).await?;
    Ok(taken.into_iter().map(|(id, _)| id).collect())
}
