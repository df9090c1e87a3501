//! What silence brings about: standings whose time has come are advanced without any event. The
//! moves are dated when they fell due, so it does not matter when the sweeper gets there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::history::Work;
use super::worker::{Turn, attempts_max, reason};
use super::{Error, Projector, queue_store, standing_store, unbroken};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres;

/// How often the sweeper looks.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often it looks whether a month has begun.
const LEARN_INTERVAL: Duration = Duration::from_mins(1);
/// Standings advanced at once.
const BATCH_STANDINGS: i64 = 256;

impl Projector {
    pub(super) async fn sweep_until(self, stop: CancellationToken) {
        let mut learnt: Option<Instant> = None;
        while !stop.is_cancelled() {
            if learnt.is_none_or(|at| at.elapsed() >= LEARN_INTERVAL) {
                learnt = Some(Instant::now());
                if let Err(error) = self.learn_monthly().await {
                    super::log(&error, "learning the month's rhythm failed; trying again");
                }
            }
            match self.sweep_and_go_round().await {
                Ok(Turn::Worked) => continue,
                Ok(Turn::Idle) => {}
                Err(error) => super::log(&error, "sweeping failed; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            }
        }
    }

    /// Advances every standing that is due at the present instant, and brings everybody up to
    /// rules that have changed.
    pub async fn sweep(&self) -> Result<(), Error> {
        while self.sweep_and_go_round().await? == Turn::Worked {}
        Ok(())
    }

    /// A turn of each, so that neither waits for the other to end.
    async fn sweep_and_go_round(&self) -> Result<Turn, Error> {
        let swept = self.sweep_turn().await?;
        let gone = self.round_turn().await?;
        Ok(if gone == Turn::Worked { gone } else { swept })
    }

    async fn sweep_turn(&self) -> Result<Turn, Error> {
        let now = self.clock.now();
        let mut due = Vec::new();
        let done = unbroken(postgres::tx(&self.pool, async |conn| {
            due = standing_store::claim_due(conn, now, BATCH_STANDINGS).await?;
            let mut brands: BTreeMap<BrandId, BTreeMap<ProfileId, Work>> = BTreeMap::new();
            for (brand_id, profile_id) in &due {
                let brand = brands.entry(*brand_id).or_default();
                brand.insert(*profile_id, Work::default());
            }
            let mut turn = Turn::Idle;
            for (brand_id, work) in &brands {
                let done = self.project(conn, *brand_id, work).await?;
                if !done.profiles.is_empty() {
                    turn = Turn::Worked;
                }
            }
            Ok(turn)
        }))
        .await;
        match done {
            Ok(turn) => {
                let swept = u64::try_from(due.len()).unwrap_or(u64::MAX);
                metrics::counter!("befriend_sweep_standings_total").increment(swept);
                Ok(turn)
            }
            Err(error) if due.is_empty() || Error::is_transient(&error) => Err(error),
            Err(error) => {
                super::log(&error, "a sweep failed; taking its profiles one by one");
                self.sweep_one_by_one(&due).await
            }
        }
    }

    async fn sweep_one_by_one(&self, due: &[(BrandId, ProfileId)]) -> Result<Turn, Error> {
        for (brand_id, profile_id) in due {
            let work = BTreeMap::from([(*profile_id, Work::default())]);
            let done = unbroken(postgres::tx(&self.pool, async |conn| {
                self.project(conn, *brand_id, &work).await
            }))
            .await;
            match done {
                Ok(_) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => self.park(*brand_id, *profile_id, &error).await?,
            }
        }
        Ok(Turn::Worked)
    }

    /// Takes a profile that fails out of the sweep; the reason stands in the queue.
    pub(super) async fn park(
        &self,
        brand_id: BrandId,
        profile_id: ProfileId,
        error: &Error,
    ) -> Result<(), Error> {
        super::log(error, "a profile could not be swept");
        let (now, reason) = (self.clock.now(), reason(error));
        postgres::tx(&self.pool, async |conn| {
            standing_store::clear_review(conn, brand_id, profile_id).await?;
            let attempts = attempts_max();
            queue_store::insert_parked(conn, brand_id, profile_id, &reason, attempts, now).await
        })
        .await?;
        metrics::counter!("befriend_projection_parked_total").increment(1);
        Ok(())
    }
}
