//! The end of a replay: everybody who was found to stand wrongly is put right, all at one instant.

use serde::{Deserialize, Serialize};

use super::super::{Error, Projector, queue_store};
use super::page::{Pass, anew};
use super::run::{PAUSE, Run};
use super::{Written, store, unsigned};
use crate::kernel::id::ProfileId;
use crate::postgres::{self, PgConnection};

/// People who are looked at, or put right, at a time.
const BATCH_PEOPLE: i64 = 256;

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
        self.look_again(run).await?;
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

    /// Looks again at people who were in other hands, so that the swap has none to see to who stand
    /// where they should.
    async fn look_again(&self, run: &Run) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = postgres::tx(&self.pool, async |conn| {
                let (brand_id, replay_id) = (run.brand_id, run.replay_id);
                if !queue_store::try_share_brand(conn, brand_id).await? {
                    return Ok::<_, Error>(Vec::new());
                }
                let page =
                    store::list_uncertain(conn, brand_id, replay_id, after, BATCH_PEOPLE).await?;
                // They have events, or nobody would be at them.
                let people: Vec<(ProfileId, i64)> = page.iter().map(|id| (*id, 1)).collect();
                self.replay_page(conn, run, &people, Pass::Again).await?;
                Ok(page)
            })
            .await?;
            after = page.last().copied();
            if after.is_none() {
                return Ok(());
            }
        }
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
        let (corrected, refolded, waiting) = self.put_right(conn, run).await?;
        self.judge_referrals_again(conn, run.brand_id).await?;
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

    /// Folds everybody anew who was noted, from all that is stored by now. Returns how many were
    /// found wrong, how many had been in other hands, and how many are left to the projector.
    async fn put_right(
        &self,
        conn: &mut PgConnection,
        run: &Run,
    ) -> Result<(u64, u64, u64), Error> {
        let (mut corrected, mut refolded, mut waiting) = (0, 0, 0);
        let mut after = None;
        loop {
            let (brand_id, replay_id) = (run.brand_id, run.replay_id);
            let notes = store::list_notes(conn, brand_id, replay_id, after, BATCH_PEOPLE).await?;
            after = notes.last().map(|note| note.profile_id);
            if after.is_none() {
                return Ok((corrected, refolded, waiting));
            }
            let ids: Vec<ProfileId> = notes.iter().map(|note| note.profile_id).collect();
            let done = self.project(conn, brand_id, &anew(&ids)).await?;
            for note in notes {
                if !done.profiles.contains(&note.profile_id) {
                    waiting += 1;
                } else if note.is_certain {
                    corrected += 1;
                } else {
                    refolded += 1;
                }
            }
        }
    }
}
