//! The proof that what is stored of referrals follows from what is stored elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::history::{self, Person};
use super::replay::Difference;
use super::{Error, Projector, batch, event_store, queue_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::referral::{self, Subject};
use crate::stage::State;

/// People judged at once.
const PAGE_PEOPLE: i64 = 256;

impl Projector {
    /// Whoever's claims or credits are not what they should be. Writes nothing.
    pub(super) async fn check_referrals(
        &self,
        brand_id: BrandId,
    ) -> Result<Vec<Difference>, Error> {
        let mut differing = BTreeSet::new();
        let mut after = None;
        loop {
            let last = postgres::tx(&self.pool, async |conn| {
                event_store::see_one_state(conn).await?;
                let page = referral::list_referees(conn, brand_id, after, PAGE_PEOPLE).await?;
                differing.extend(self.unsettled(conn, brand_id, &page).await?);
                Ok::<_, Error>(page.last().copied())
            })
            .await?;
            if last.is_none() {
                break;
            }
            after = last;
        }
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        differing.extend(referral::list_unread(&mut conn, brand_id).await?);
        let of = |profile_id| Difference {
            profile_id,
            what: "who brought them, or what that earned",
            path: String::from("referrals"),
            stored: json!("something else than follows from the events"),
            replayed: json!("judged again, it would be another"),
            stored_whole: Value::Null,
            replayed_whole: Value::Null,
        };
        Ok(differing.into_iter().map(of).collect())
    }

    async fn unsettled(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
    ) -> Result<BTreeSet<ProfileId>, Error> {
        let ids: Vec<Uuid> = page.iter().map(|id| id.uuid()).collect();
        let members = event_store::list_members(conn, brand_id, &ids).await?;
        let all: Vec<Uuid> = members.iter().map(|one| one.profile_id.uuid()).collect();
        let busy = queue_store::list_waiting(conn, brand_id, &all).await?;
        let mut people = history::people_of(members, &BTreeMap::new());
        people.retain(|person| {
            let mut ids = person.members.iter().map(|member| member.profile_id);
            person.is_alive() && !ids.any(|id| busy.contains(&id))
        });
        batch::load_standings(conn, brand_id, &mut people).await?;
        let subjects: Vec<Subject> = people.iter().map(subject).collect();
        let rules = self.rules_in_force(conn, brand_id).await?;
        let referrals = |at| rules.schedule().in_force_at(at).set().referrals;
        let unsettled = referral::list_unsettled(conn, brand_id, &subjects, &referrals).await?;
        Ok(unsettled)
    }

    /// Has everybody who claims to have been brought judged again, and everybody folded again whose
    /// events say something of referrals that is not stored.
    pub(super) async fn judge_referrals_again(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let unread = referral::list_unread(conn, brand_id).await?;
        let unread: Vec<Uuid> = unread.into_iter().map(ProfileId::uuid).collect();
        if !unread.is_empty() {
            let anew = vec![true; unread.len()];
            queue_store::insert_rows(conn, brand_id, &unread, &anew, now).await?;
        }
        let mut after = None;
        loop {
            let page = referral::list_referees(conn, brand_id, after, PAGE_PEOPLE).await?;
            if page.is_empty() {
                return Ok(());
            }
            after = page.last().copied();
            let ids: Vec<Uuid> = page.iter().map(|id| id.uuid()).collect();
            queue_store::insert_rows(conn, brand_id, &ids, &vec![false; ids.len()], now).await?;
        }
    }
}

/// A person by what their stored standing says.
fn subject(person: &Person) -> Subject {
    let standing = person.standing.as_ref();
    let state = standing.and_then(|one| one.state.read());
    Subject {
        person: person.profile_id,
        members: person
            .members
            .iter()
            .map(|member| member.profile_id)
            .collect(),
        conversion: state.and_then(State::conversion),
    }
}
