//! How far word of mouth carries each brand: computed anew every few minutes.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::{Error, Projector};
use crate::postgres;
use crate::referral;

/// How often it is looked whether figures are old.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);
/// Figures older than this are computed anew.
const FIGURES_KEPT: TimeDelta = TimeDelta::minutes(5);

impl Projector {
    pub(super) async fn refresh_until(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.refresh_figures().await {
                super::log(&error, "computing referral figures failed; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Computes the figures of every brand that has none, or old ones.
    pub async fn refresh_figures(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        for brand_id in referral::list_stale(&mut conn, now - FIGURES_KEPT).await? {
            let rules = self.rules_in_force(&mut conn, brand_id).await?;
            let hop_factor = rules.rules.set().referrals.hop_factor;
            referral::refresh_figures(&mut conn, brand_id, hop_factor, now).await?;
        }
        Ok(())
    }
}
