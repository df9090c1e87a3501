//! A preview that goes on after its request: its state stands in the database.

use std::time::Duration;

use tokio::sync::watch;

use super::store::{self, NewPreview};
use super::{PreviewRequest, SILENCE_MAX, StoredPreview, fingerprint};
use crate::kernel::id::{BrandId, PreviewId};
use crate::postgres;
use crate::projection::{Error, Projector, chain, unbroken};
use crate::stage::simulate::Preview;

/// How often a running preview gives a sign of life.
const HEARTBEAT: Duration = Duration::from_millis(500);

impl Projector {
    /// Starts a preview that goes on by itself, and returns its id. One that is under way about the
    /// same rules is joined; one about other rules is given up: whoever asks again has moved on.
    pub async fn start_preview(
        &self,
        brand_id: BrandId,
        request: PreviewRequest,
    ) -> Result<PreviewId, Error> {
        let now = self.clock.now();
        let preview_id = PreviewId::new(now, &self.entropy);
        let request = PreviewRequest {
            at: Some(request.at.unwrap_or(now)),
            ..request
        };
        let running = postgres::tx(&self.pool, async |conn| {
            let in_force = self.rules_in_force(conn, brand_id).await?;
            let new = NewPreview {
                preview_id,
                fingerprint: fingerprint(&request.rules),
                base_version: in_force.version,
                mode: request.mode,
                at: request.at.unwrap_or(now),
                horizon_days: request.horizon_days,
            };
            store::lock_previews(conn, brand_id).await?;
            let running = store::find_running(conn, brand_id, now - SILENCE_MAX).await?;
            let same = running.filter(|one| {
                one.is_about(&request.rules, new.base_version, request.mode)
                    && one.horizon_days == request.horizon_days
            });
            if let Some(same) = same {
                return Ok(Some(same.preview_id));
            }
            store::give_up_running(conn, brand_id, now).await?;
            store::delete_old(conn, brand_id, now).await?;
            store::insert_preview(conn, brand_id, &new, now).await?;
            Ok::<_, Error>(None)
        })
        .await?;
        if let Some(running) = running {
            return Ok(running);
        }
        let projector = self.clone();
        tokio::spawn(async move {
            projector.carry_out(brand_id, preview_id, request).await;
        });
        Ok(preview_id)
    }

    /// A preview, if the brand has it.
    pub async fn find_preview(
        &self,
        brand_id: BrandId,
        preview_id: PreviewId,
    ) -> Result<Option<StoredPreview>, Error> {
        let silent_since = self.clock.now() - SILENCE_MAX;
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(store::find_preview(&mut conn, brand_id, preview_id, silent_since).await?)
    }

    /// The preview that was started last, if there is one.
    pub async fn latest_preview(&self, brand_id: BrandId) -> Result<Option<StoredPreview>, Error> {
        let silent_since = self.clock.now() - SILENCE_MAX;
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(store::find_latest(&mut conn, brand_id, silent_since).await?)
    }

    async fn carry_out(&self, brand_id: BrandId, preview_id: PreviewId, request: PreviewRequest) {
        let (progress, done) = watch::channel(0_u64);
        let work = unbroken(self.preview(brand_id, &request, |people| {
            progress.send_modify(|done| *done += people);
        }));
        let found = tokio::select! {
            found = work => found,
            // Nobody waits for it any more: another was started, or the brand is gone.
            () = self.give_signs_of_life(brand_id, preview_id, done) => return,
        };
        if let Err(error) = self.finish_preview(brand_id, preview_id, found).await {
            crate::projection::log(&error, "a preview could not be stored");
        }
    }

    /// Writes how far the preview is until it is not wanted any more.
    async fn give_signs_of_life(
        &self,
        brand_id: BrandId,
        preview_id: PreviewId,
        done: watch::Receiver<u64>,
    ) {
        let people = self.count_people(brand_id).await.ok();
        loop {
            let sign = (people, *done.borrow());
            let now = self.clock.now();
            let is_wanted = postgres::tx(&self.pool, async |conn| {
                store::update_progress(conn, brand_id, preview_id, sign, now).await
            })
            .await;
            match is_wanted {
                Ok(false) => return,
                Ok(true) => {}
                // The next sign may get through.
                Err(error) => tracing::debug!(%error, "a preview's progress was not written"),
            }
            tokio::time::sleep(HEARTBEAT).await;
        }
    }

    async fn finish_preview(
        &self,
        brand_id: BrandId,
        preview_id: PreviewId,
        found: Result<Preview, Error>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let found = found.map_err(|error| {
            crate::projection::log(&error, "a preview failed");
            chain(&error)
        });
        postgres::tx(&self.pool, async |conn| {
            store::finish(conn, brand_id, preview_id, found.as_ref(), now).await
        })
        .await?;
        Ok(())
    }
}
