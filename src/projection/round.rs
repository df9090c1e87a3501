//! Bringing everybody up to rules that have changed: page by page, by any process, resumed where it
//! was left.
//!
//! Whoever publishes notes it in the transaction that publishes, so a crash in between loses nobody.
//! A person whose state has come about under the rules as they now are is only carried on; any other
//! is folded anew.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::history::Work;
use super::round_store::{self, Round};
use super::worker::Turn;
use super::{Error, Projector, event_store, unbroken};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};

/// People looked at in one transaction.
const PAGE_PEOPLE: i64 = 256;

/// How far a brand's people have been brought up to its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// How many people there are to look at; none as long as nobody has counted.
    pub people: Option<u64>,
    /// How many were looked at.
    pub done: u64,
    /// When the rules changed.
    pub started_at: DateTime<Utc>,
    /// When everybody had been looked at.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Projector {
    /// How far the latest change of the brand's rules has been carried out; none if they never
    /// changed.
    pub async fn publish_progress(&self, brand_id: BrandId) -> Result<Option<Progress>, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(round_store::find_progress(&mut conn, brand_id).await?)
    }

    /// Looks at the next page of people of a brand whose rules have changed.
    pub(super) async fn round_turn(&self) -> Result<Turn, Error> {
        let mut claimed = None;
        let done = unbroken(postgres::tx(&self.pool, async |conn| {
            let Some((round, page)) = self.next_page(conn).await? else {
                return Ok(Turn::Idle);
            };
            let Some(last) = page.last().copied() else {
                round_store::finish_round(conn, &round, self.clock.now()).await?;
                return Ok(Turn::Worked);
            };
            claimed = Some((round, page.clone()));
            self.look_at(conn, round.brand_id, &page).await?;
            round_store::update_round(conn, &round, last, count(&page)).await?;
            Ok(Turn::Worked)
        }))
        .await;
        match (done, claimed) {
            (Err(error), Some((round, page))) if !error.is_transient() => {
                super::log(&error, "a page failed; taking its profiles one by one");
                self.look_one_by_one(&round, &page).await
            }
            (done, _) => done,
        }
    }

    async fn next_page(
        &self,
        conn: &mut PgConnection,
    ) -> Result<Option<(Round, Vec<ProfileId>)>, Error> {
        let Some(round) = round_store::claim_round(conn).await? else {
            return Ok(None);
        };
        let brand_id = round.brand_id;
        if round.after.is_none() {
            let people = event_store::count_people(conn, brand_id).await?;
            round_store::update_people(conn, brand_id, people).await?;
        }
        let page = event_store::list_people(conn, brand_id, round.after, PAGE_PEOPLE).await?;
        Ok(Some((round, page)))
    }

    async fn look_at(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        page: &[ProfileId],
    ) -> Result<(), Error> {
        let work: BTreeMap<_, _> = page.iter().map(|id| (*id, Work::default())).collect();
        let done = self.project(conn, brand_id, &work).await?;
        let in_other_hands: Vec<Uuid> = page
            .iter()
            .filter(|id| !done.profiles.contains(id))
            .map(|id| id.uuid())
            .collect();
        if !in_other_hands.is_empty() {
            let now = self.clock.now();
            round_store::queue_profiles(conn, brand_id, &in_other_hands, now).await?;
        }
        Ok(())
    }

    async fn look_one_by_one(&self, round: &Round, page: &[ProfileId]) -> Result<Turn, Error> {
        let brand_id = round.brand_id;
        for profile_id in page {
            let done = unbroken(postgres::tx(&self.pool, async |conn| {
                self.look_at(conn, brand_id, &[*profile_id]).await
            }))
            .await;
            match done {
                Ok(()) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => self.park(brand_id, *profile_id, &error).await?,
            }
        }
        if let Some(last) = page.last() {
            postgres::tx(&self.pool, async |conn| {
                round_store::update_round(conn, round, *last, count(page)).await
            })
            .await?;
        }
        Ok(Turn::Worked)
    }
}

fn count(page: &[ProfileId]) -> i64 {
    i64::try_from(page.len()).unwrap_or(i64::MAX)
}
