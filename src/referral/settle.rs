//! What a batch of people changes in who brought whom, and who must be looked at again for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::judge::{Edge, Known, StoredClaim, Verdict};
use super::trace::{Seen, Traces};
use super::{Credit, again_store, check_store, store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::stage::Conversion;
use crate::stage::ruleset::ReferralRules;

/// Edges looked up above a referrer, at most: enough for the farthest hop.
const LEVELS: usize = 2;
/// Events looked at that may not have been read; more would only say so again.
const UNREAD_MAX: i64 = 1_000;

/// A person who was just brought up to date.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The person's own profile.
    pub person: ProfileId,
    /// It, and every profile merged into it.
    pub members: Vec<ProfileId>,
    /// When they became a customer.
    pub conversion: Option<Conversion>,
}

/// Who must be looked at again, because what is known of others has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Their claims must be judged again.
    pub judge: BTreeSet<ProfileId>,
    /// What they earned has changed: all they did must be folded again.
    pub fold: BTreeSet<ProfileId>,
}

/// Writes what `traces` say and what follows from it for `subjects`, whose locks the transaction
/// holds. Everybody else for whom something changes is named in the answer, and only they: nothing
/// changed means nobody named.
pub async fn settle(
    conn: &mut PgConnection,
    brand_id: BrandId,
    subjects: &[Subject],
    traces: &Traces,
    rules_at: &(dyn Fn(DateTime<Utc>) -> ReferralRules + Sync),
) -> Result<Again, Error> {
    let members: Vec<Uuid> = subjects
        .iter()
        .flat_map(|subject| subject.members.iter().map(|id| id.uuid()))
        .collect();
    if members.is_empty() {
        return Ok(Again::default());
    }
    // Nobody but us writes the claims of people whose locks we hold.
    let judges = !traces.is_empty()
        || !store::list_claims(conn, brand_id, &members)
            .await?
            .is_empty();
    store::hold_edges(conn, brand_id, judges).await?;
    let mut again = Again::default();
    let waiting = again_store::list_waiting_for(conn, brand_id, &members).await?;
    again.judge.extend(waiting);
    let merged = merged_away(subjects);
    if !merged.is_empty() {
        let brought = again_store::list_brought_by(conn, brand_id, &merged).await?;
        again.judge.extend(brought);
    }
    write_traces(conn, brand_id, traces, &mut again).await?;
    let judgement = judge(conn, brand_id, subjects, &members, rules_at).await?;
    judgement.write(conn, brand_id, &mut again).await?;
    Ok(again)
}

/// Those of `subjects` of whose claims or credits something else is stored than follows from what is
/// stored elsewhere.
pub async fn list_unsettled(
    conn: &mut PgConnection,
    brand_id: BrandId,
    subjects: &[Subject],
    rules_at: &(dyn Fn(DateTime<Utc>) -> ReferralRules + Sync),
) -> Result<BTreeSet<ProfileId>, Error> {
    let members = subjects.iter().flat_map(|subject| &subject.members);
    let members: Vec<Uuid> = members.map(|id| id.uuid()).collect();
    let found = judge(conn, brand_id, subjects, &members, rules_at).await?;
    let verdicts = found.verdicts.iter().map(|(_, verdict)| verdict.referee_id);
    let credits = subjects
        .iter()
        .filter(|one| found.referees.contains(&one.person.uuid()));
    Ok(verdicts.chain(credits.map(|one| one.person)).collect())
}

/// Whose events say something of referrals that is not stored, though nothing waits for them.
pub async fn list_unread(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<BTreeSet<ProfileId>, Error> {
    let mut unread = BTreeSet::new();
    for event in check_store::list_unread(conn, brand_id, UNREAD_MAX).await? {
        let mut traces = Traces::default();
        traces.add(&Seen {
            profile_id: event.profile_id,
            message_id: &event.message_id,
            name: &event.name,
            properties: &event.properties,
            at: event.at,
            trusted: event.trusted,
        });
        if !traces.is_empty() {
            unread.insert(event.profile_id);
        }
    }
    Ok(unread)
}

/// Profiles that are no people of their own any more.
fn merged_away(subjects: &[Subject]) -> Vec<Uuid> {
    let away = |subject: &Subject| {
        let person = subject.person;
        let others = subject.members.clone().into_iter();
        others.filter(move |member| *member != person)
    };
    subjects
        .iter()
        .flat_map(away)
        .map(ProfileId::uuid)
        .collect()
}

async fn write_traces(
    conn: &mut PgConnection,
    brand_id: BrandId,
    traces: &Traces,
    again: &mut Again,
) -> Result<(), Error> {
    if !traces.links.is_empty() {
        let new = store::insert_links(conn, brand_id, &traces.links).await?;
        let codes: Vec<String> = traces
            .links
            .iter()
            .filter(|link| new.contains(&link.message_id))
            .map(|link| link.code.clone())
            .collect();
        let owners = store::list_owners(conn, brand_id, &codes).await?;
        let changed: Vec<String> = owners
            .into_iter()
            .filter(|(_, _, link)| new.contains(link))
            .map(|(code, _, _)| code)
            .collect();
        if !changed.is_empty() {
            let claimants = again_store::list_claimants(conn, brand_id, &changed).await?;
            again.judge.extend(claimants);
        }
    }
    if !traces.claims.is_empty() {
        store::insert_claims(conn, brand_id, &traces.claims).await?;
    }
    if !traces.marks.is_empty() {
        let marks: Vec<_> = traces.marks.iter().collect();
        let new = store::insert_marks(conn, brand_id, &marks).await?;
        let (kinds, hashes): (Vec<_>, Vec<_>) = new.into_iter().unzip();
        if !kinds.is_empty() {
            let sharing = again_store::list_sharing(conn, brand_id, &kinds, &hashes).await?;
            again.judge.extend(sharing);
        }
    }
    Ok(())
}

/// What is believed of some people's claims, and earned by them, beside what was.
pub(super) struct Judgement {
    /// Verdicts that differ from what is stored, by the claim's message.
    verdicts: Vec<(String, Verdict)>,
    /// Edges that came, went or moved: as they were, and as they are.
    edges: Vec<(ProfileId, Option<Edge>, Option<Edge>)>,
    /// Credits of people whose credits differ: as stored, and as they should be.
    stored: Vec<Credit>,
    earned: Vec<Credit>,
    /// Whose credits those are.
    referees: Vec<Uuid>,
}

/// Judges the claims of `subjects` by what is stored, writing nothing.
pub(super) async fn judge(
    conn: &mut PgConnection,
    brand_id: BrandId,
    subjects: &[Subject],
    members: &[Uuid],
    rules_at: &(dyn Fn(DateTime<Utc>) -> ReferralRules + Sync),
) -> Result<Judgement, Error> {
    let claims = store::list_claims(conn, brand_id, members).await?;
    let stored = store::list_credits_for(conn, brand_id, members).await?;
    let mut judgement = Judgement {
        verdicts: Vec::new(),
        edges: Vec::new(),
        stored: Vec::new(),
        earned: Vec::new(),
        referees: Vec::new(),
    };
    if claims.is_empty() && stored.is_empty() {
        return Ok(judgement);
    }
    let (known, keys) = look_up(conn, brand_id, subjects, &claims).await?;
    let mut known = known;
    for (subject, claims) in by_first_claim(subjects, claims) {
        let verdicts = known.judge(
            subject.person,
            &claims,
            subject.conversion.as_ref(),
            rules_at,
        );
        judgement.compare_claims(subject.person, claims, verdicts);
    }
    for subject in subjects {
        let own = subject.person.to_string();
        let key = keys.get(&subject.person).unwrap_or(&own);
        let earned = known.credits(subject.person, key, subject.conversion.as_ref(), rules_at);
        judgement.compare_credits(subject, &stored, earned);
    }
    Ok(judgement)
}

/// Each subject that has claims with its own, whoever came first, first: edges are judged by older
/// ones.
fn by_first_claim(
    subjects: &[Subject],
    claims: Vec<StoredClaim>,
) -> Vec<(&Subject, Vec<StoredClaim>)> {
    let owners: HashMap<ProfileId, usize> = subjects
        .iter()
        .enumerate()
        .flat_map(|(place, subject)| subject.members.iter().map(move |id| (*id, place)))
        .collect();
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut sorted: Vec<(&Subject, Vec<StoredClaim>)> = Vec::new();
    for claim in claims {
        let Some(owner) = owners.get(&claim.profile_id) else {
            continue;
        };
        let place = *places.entry(*owner).or_insert_with(|| {
            sorted.push((&subjects[*owner], Vec::new()));
            sorted.len() - 1
        });
        sorted[place].1.push(claim);
    }
    sorted
}

/// Gathers all that judging these claims needs to know, and what the subjects are called.
async fn look_up(
    conn: &mut PgConnection,
    brand_id: BrandId,
    subjects: &[Subject],
    claims: &[StoredClaim],
) -> Result<(Known, HashMap<ProfileId, String>), Error> {
    let people: Vec<Uuid> = subjects
        .iter()
        .map(|subject| subject.person.uuid())
        .collect();
    let codes: BTreeSet<String> = claims.iter().filter_map(|one| one.code.clone()).collect();
    let users = claims.iter().filter_map(|one| one.referrer_user_id.clone());
    let codes: Vec<String> = codes.into_iter().collect();
    let users: Vec<String> = users.collect::<BTreeSet<_>>().into_iter().collect();
    let mut known = Known::default();
    for (code, owner, link) in store::list_owners(conn, brand_id, &codes).await? {
        known.owners.insert(code, (owner, link));
    }
    let found = store::list_users(conn, brand_id, &users).await?;
    known.users = found.into_iter().collect();
    let pairs = named_pairs(subjects, claims, &known);
    let referees: Vec<Uuid> = pairs.iter().map(|pair| pair.0.uuid()).collect();
    let referrers: Vec<Uuid> = pairs.iter().map(|pair| pair.1.uuid()).collect();
    let days: Vec<NaiveDate> = pairs.iter().map(|pair| pair.2).collect();
    for (referee, referrer, shared) in
        store::list_shared(conn, brand_id, &referees, &referrers).await?
    {
        known.shared.insert((referee, referrer), shared);
    }
    for row in store::list_brought(conn, brand_id, &referrers, &days).await? {
        let brought = known.days.entry((row.referrer, row.day)).or_default();
        brought.insert(((row.claimed_at, row.message_id), row.referee_id));
    }
    let mut above = [people.clone(), referrers].concat();
    for _ in 0..=LEVELS {
        let edges = store::list_edges(conn, brand_id, &above).await?;
        above = edges
            .iter()
            .map(|(_, edge)| edge.referrer_id)
            .filter(|id| !known.edges.contains_key(id))
            .map(ProfileId::uuid)
            .collect();
        known.edges.extend(edges);
        if above.is_empty() {
            break;
        }
    }
    let keys = store::list_keys(conn, brand_id, &people).await?;
    Ok((known, keys.into_iter().collect()))
}

/// Who may have brought whom on which day, by what the claims say; each once.
fn named_pairs(
    subjects: &[Subject],
    claims: &[StoredClaim],
    known: &Known,
) -> BTreeSet<(ProfileId, ProfileId, NaiveDate)> {
    let mut owners: HashMap<ProfileId, ProfileId> = HashMap::new();
    for subject in subjects {
        owners.extend(subject.members.iter().map(|id| (*id, subject.person)));
    }
    let mut pairs = BTreeSet::new();
    for claim in claims {
        let by_code = claim.code.as_ref().and_then(|code| known.owners.get(code));
        let user = claim.referrer_user_id.as_ref();
        let by_user = user.and_then(|user| known.users.get(user));
        let referrers = by_code.map(|(owner, _)| owner).into_iter().chain(by_user);
        if let Some(person) = owners.get(&claim.profile_id) {
            let day = claim.claimed_at.date_naive();
            pairs.extend(referrers.map(|referrer| (*person, *referrer, day)));
        }
    }
    pairs
}

impl Judgement {
    fn compare_claims(
        &mut self,
        person: ProfileId,
        claims: Vec<StoredClaim>,
        verdicts: Vec<Verdict>,
    ) {
        let edge = |verdict: &Verdict, claim: &StoredClaim| {
            let referrer_id = verdict.referrer_id.filter(|_| verdict.refusal.is_none())?;
            let place = (claim.claimed_at, claim.message_id.clone());
            Some(Edge { referrer_id, place })
        };
        let before = claims.iter().find_map(|claim| edge(&claim.verdict, claim));
        let after = claims
            .iter()
            .zip(&verdicts)
            .find_map(|(claim, verdict)| edge(verdict, claim));
        let renamed = claims
            .iter()
            .any(|claim| claim.verdict.referee_id != person);
        if before != after || renamed {
            self.edges.push((person, before, after));
        }
        let differing = claims
            .into_iter()
            .zip(verdicts)
            .filter(|(claim, verdict)| claim.verdict != *verdict);
        self.verdicts
            .extend(differing.map(|(claim, verdict)| (claim.message_id, verdict)));
    }

    fn compare_credits(&mut self, subject: &Subject, stored: &[Credit], earned: Vec<Credit>) {
        let is_own = |credit: &&Credit| subject.members.contains(&credit.referee_id);
        let mut stored: Vec<Credit> = stored.iter().filter(is_own).cloned().collect();
        stored.sort_by_key(|credit| credit.hop);
        if stored != earned {
            let members = subject.members.iter().map(|id| id.uuid());
            self.referees.extend(members);
            self.stored.extend(stored);
            self.earned.extend(earned);
        }
    }

    async fn write(
        self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        again: &mut Again,
    ) -> Result<(), Error> {
        if !self.edges.is_empty() {
            let people: Vec<Uuid> = self.edges.iter().map(|(id, _, _)| id.uuid()).collect();
            // Before the verdicts are written and after, so that who leaves is found as well.
            again
                .judge
                .extend(again_store::list_below(conn, brand_id, &people).await?);
        }
        if !self.verdicts.is_empty() {
            store::update_verdicts(conn, brand_id, &self.verdicts).await?;
        }
        if !self.edges.is_empty() {
            self.name_those_beside(conn, brand_id, again).await?;
        }
        if !self.referees.is_empty() {
            store::delete_credits(conn, brand_id, &self.referees).await?;
            let earned: Vec<&Credit> = self.earned.iter().collect();
            store::insert_credits(conn, brand_id, &earned).await?;
            again
                .fold
                .extend(changed_referrers(&self.stored, &self.earned));
        }
        Ok(())
    }

    /// The places that changed on a referrer's day decide on later ones of that day.
    async fn name_those_beside(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        again: &mut Again,
    ) -> Result<(), Error> {
        let (mut referrers, mut days, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let touched = self
            .edges
            .iter()
            .flat_map(|(_, old, new)| old.iter().chain(new));
        for edge in touched {
            referrers.push(edge.referrer_id.uuid());
            days.push(edge.place.0.date_naive());
            after.push(edge.place.0);
        }
        let own: BTreeSet<ProfileId> = self.edges.iter().map(|(id, _, _)| *id).collect();
        let later =
            again_store::list_later_that_day(conn, brand_id, &referrers, &days, &after).await?;
        again
            .judge
            .extend(later.into_iter().filter(|id| !own.contains(id)));
        Ok(())
    }
}

/// Whose credits differ.
fn changed_referrers(stored: &[Credit], earned: &[Credit]) -> BTreeSet<ProfileId> {
    let mut by_place: BTreeMap<(ProfileId, i16), [Option<&Credit>; 2]> = BTreeMap::new();
    for (side, credits) in [stored, earned].into_iter().enumerate() {
        for credit in credits {
            by_place.entry((credit.referee_id, credit.hop)).or_default()[side] = Some(credit);
        }
    }
    by_place
        .into_values()
        .filter(|[old, new]| old != new)
        .flat_map(|pair| pair.into_iter().flatten().map(|credit| credit.referrer_id))
        .collect()
}
