//! The end of a replay: what was kept aside takes effect, all of it at one instant.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::history::{Folded, Work};
use super::super::{Error, Projector, batch, queue_store};
use super::page::{Finding, Pass};
use super::run::{PAUSE, Run};
use super::{Written, count, store, unsigned};
use crate::kernel::id::ProfileId;
use crate::postgres::{self, PgConnection};

/// People whose findings are read, or who are folded once more, at a time.
const BATCH_PEOPLE: i64 = 256;
/// People who may be left to be folded once more while nobody else can work on the brand.
const INLINE_MAX: usize = 256;
/// How often to look again, before that, at people who have moved on.
const ROUNDS_MAX: usize = 5;

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) people: u64,
    pub(super) events: u64,
    /// People left to the projector.
    pub(super) waiting: u64,
    pub(super) written: Written,
}

/// How an attempt at the swap went.
enum Attempt {
    Done(Ended),
    /// Another process has the replay in hand, or has ended it.
    NotOurs,
    /// The rules have changed since the replay began.
    Stale,
}

impl Projector {
    /// Brings a replay of which every part is done to its end. None if the rules have changed.
    pub(super) async fn end(&self, run: &Run) -> Result<Option<Ended>, Error> {
        self.catch_up(run).await?;
        loop {
            match postgres::tx(&self.pool, async |conn| self.try_swap(conn, run).await).await? {
                Attempt::Done(ended) => {
                    self.wake.poke();
                    return Ok(Some(ended));
                }
                Attempt::Stale => return Ok(None),
                Attempt::NotOurs => {}
            }
            let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
            if let Some(result) = store::find_end(&mut conn, run.brand_id, run.replay_id).await? {
                return Ok(result.and_then(|result| serde_json::from_value(result).ok()));
            }
            drop(conn);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks again at people of whom something else is stored by now, until few are left, so that
    /// the swap itself is short.
    async fn catch_up(&self, run: &Run) -> Result<(), Error> {
        for _ in 0..ROUNDS_MAX {
            let (mut after, mut moved) = (None, 0);
            loop {
                let page = postgres::tx(&self.pool, async |conn| {
                    if !queue_store::try_share_brand(conn, run.brand_id).await? {
                        return Ok::<_, Error>(Vec::new());
                    }
                    let page = store::list_moved_on(
                        conn,
                        run.brand_id,
                        run.replay_id,
                        after,
                        BATCH_PEOPLE,
                    )
                    .await?;
                    self.replay_page(conn, run, &page, Pass::Again).await?;
                    Ok(page)
                })
                .await?;
                moved += page.len();
                after = page.last().copied();
                if after.is_none() {
                    break;
                }
            }
            if moved <= INLINE_MAX {
                break;
            }
        }
        Ok(())
    }

    async fn try_swap(&self, conn: &mut PgConnection, run: &Run) -> Result<Attempt, Error> {
        store::take_time(conn).await?;
        if !store::claim_replay(conn, run.brand_id, run.replay_id).await? {
            return Ok(Attempt::NotOurs);
        }
        // From here on nobody else brings anybody of the brand up to date.
        queue_store::seize_brand(conn, run.brand_id).await?;
        if !self.still_holds(conn, run).await? {
            return Ok(Attempt::Stale);
        }
        let (refolded, waiting) = self.refold_moved(conn, run).await?;
        let corrected = self.apply(conn, run).await?;
        let (people, events, projected) =
            store::sum_parts(conn, run.brand_id, run.replay_id).await?;
        let ended = Ended {
            people: unsigned(people),
            events: unsigned(events),
            waiting,
            written: Written {
                projected: unsigned(projected),
                corrected,
                refolded,
            },
        };
        let result =
            serde_json::to_value(ended).map_err(|error| Error::Broken(error.to_string()))?;
        let now = self.clock.now();
        store::clear(conn, run.brand_id, run.replay_id).await?;
        store::finish(conn, run.brand_id, run.replay_id, Some(result), now).await?;
        Ok(Attempt::Done(ended))
    }

    /// Folds those once more of whom something else is stored than what they were compared with.
    /// Returns how many, and how many of them are left to the projector.
    async fn refold_moved(&self, conn: &mut PgConnection, run: &Run) -> Result<(u64, u64), Error> {
        let (mut refolded, mut waiting) = (0, 0);
        loop {
            let ids = store::list_moved_on(conn, run.brand_id, run.replay_id, None, BATCH_PEOPLE);
            let ids = ids.await?;
            if ids.is_empty() {
                return Ok((refolded, waiting));
            }
            let anew = Work {
                anew: true,
                ..Work::default()
            };
            let work: BTreeMap<ProfileId, Work> = ids.iter().map(|id| (*id, anew)).collect();
            let done = self.project(conn, run.brand_id, &work).await?;
            refolded += count(done.profiles.len());
            waiting += count(work.len() - done.profiles.len());
            let ids: Vec<Uuid> = ids.into_iter().map(ProfileId::uuid).collect();
            store::delete_shadows(conn, run.brand_id, run.replay_id, &ids).await?;
        }
    }

    /// Writes all that was kept aside, as the projector writes. Returns of how many people.
    async fn apply(&self, conn: &mut PgConnection, run: &Run) -> Result<u64, Error> {
        let now = self.clock.now();
        let (mut after, mut corrected) = (None, 0);
        loop {
            let page =
                store::list_shadows(conn, run.brand_id, run.replay_id, after, BATCH_PEOPLE).await?;
            after = page.last().map(|(profile_id, _)| *profile_id);
            if after.is_none() {
                return Ok(corrected);
            }
            corrected += count(page.len());
            let findings = batch::on_a_thread(move || read_all(page)).await??;
            let absorbed: Vec<Uuid> = findings
                .iter()
                .flat_map(|one| one.absorbed.iter().map(|id| id.uuid()))
                .collect();
            batch::retire_profiles(conn, run.brand_id, &absorbed, now).await?;
            let folded: Vec<Folded> = findings.into_iter().map(|one| one.folded).collect();
            self.write(conn, run.brand_id, &run.rules, folded, now)
                .await?;
        }
    }
}

fn read_all(page: Vec<(ProfileId, String)>) -> Result<Vec<Finding>, Error> {
    let read = |(_, text): (ProfileId, String)| serde_json::from_str(&text);
    let findings: Result<Vec<Finding>, _> = page.into_iter().map(read).collect();
    findings.map_err(|error| Error::Broken(error.to_string()))
}
