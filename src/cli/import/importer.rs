//! Storing what was judged, batch by batch, and noting how far it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, Place};
use super::judge::{Batch, Item};
use super::prepare::Prepared;
use super::tally::{Before, Looked, Tally};
use crate::app::SharedApp;
use crate::event::import_store::{self, Progress};
use crate::event::{Event, Judged, Outcome, Sender, Submission, SubmitError, Trust, store};
use crate::kernel::id::{BrandId, ImportId};
use crate::postgres::{self, PgConnection};

/// How often the intake is asked again, a tenth of a second apart, before the import gives up: a
/// database that was killed is back by then.
const ATTEMPTS_MAX: u32 = 600;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// Refused events that are kept where people look for them: of a file in which every row is wrong,
/// the first say it all.
const KEPT_MAX: u64 = 1_000;

/// How often it is noted how far the import is.
const NOTE_PAUSE: Duration = Duration::from_millis(200);

/// An import under way.
pub(super) struct Importer<'a> {
    pub(super) app: &'a SharedApp,
    pub(super) brand_id: BrandId,
    pub(super) prepared: Arc<Prepared>,
    /// None in a dry run, which notes nothing.
    pub(super) import_id: Option<ImportId>,
    pub(super) tally: Tally,
    /// Only in a dry run.
    pub(super) looked: Option<Looked>,
    pub(super) steps: u64,
    bytes: u64,
    /// Whether it is looked up which events are stored already, before they are sent.
    looks_up: bool,
    noted_at: Instant,
}

impl<'a> Importer<'a> {
    pub(super) fn new(
        app: &'a SharedApp,
        brand_id: BrandId,
        prepared: Arc<Prepared>,
        import_id: Option<ImportId>,
        tally: Tally,
    ) -> Self {
        Self {
            app,
            brand_id,
            prepared,
            import_id,
            tally,
            looked: import_id.is_none().then(Looked::default),
            steps: 0,
            bytes: 0,
            looks_up: true,
            noted_at: Instant::now(),
        }
    }

    /// Takes batches to the last. Returns whether it came so far, rather than being stopped.
    pub(super) async fn run(
        &mut self,
        mut batches: Receiver<Batch>,
        stop: &CancellationToken,
        bar: &ProgressBar,
    ) -> anyhow::Result<bool> {
        let (began, events_before) = (Instant::now(), self.tally.events);
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(false),
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch else {
                return Ok(true);
            };
            self.take(batch).await?;
            let seconds = began.elapsed().as_secs_f64().max(0.001);
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            let rate = (self.tally.events - events_before) as f64 / seconds;
            bar.set_position(self.bytes);
            bar.set_message(format!("{} events, {rate:.0}/s", self.tally.events));
            if self.noted_at.elapsed() >= NOTE_PAUSE {
                self.note("running").await?;
            }
        }
    }

    /// Notes how far it is.
    pub(super) async fn note(&mut self, state: &'static str) -> anyhow::Result<()> {
        self.noted_at = Instant::now();
        let Some(import_id) = self.import_id else {
            return Ok(());
        };
        let progress = Progress {
            state,
            steps_done: i64::try_from(self.steps).unwrap_or(i64::MAX),
            bytes_done: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            report: self.tally.noted().context("a tally is plain data")?,
        };
        let (brand_id, now) = (self.brand_id, self.app.clock.now());
        self.ask(async |conn| {
            import_store::note_progress(conn, brand_id, import_id, &progress, now).await
        })
        .await
    }

    /// Asks the database, again where it may answer the next time.
    async fn ask<T>(
        &self,
        question: impl AsyncFn(&mut PgConnection) -> Result<T, postgres::Error>,
    ) -> anyhow::Result<T> {
        let mut attempt = 0;
        loop {
            let asked = async {
                let mut conn = self.app.pool.acquire().await?;
                question(&mut conn).await
            };
            match asked.await {
                Err(error) if error.is_transient() && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    tokio::time::sleep(ATTEMPT_PAUSE).await;
                }
                done => return Ok(done?),
            }
        }
    }

    async fn take(&mut self, batch: Batch) -> anyhow::Result<()> {
        let Batch {
            file,
            items,
            skipped,
            steps,
            lines,
            bytes,
            is_passed,
        } = batch;
        if !is_passed {
            self.tally.events += items.len() as u64;
            for reason in skipped {
                *self.tally.skipped.entry(reason).or_default() += 1;
            }
            let items = self.settle(file, items).await?;
            if self.looked.is_none() {
                self.store(file, items).await?;
            }
        }
        self.tally.lines = lines;
        self.steps += steps;
        self.bytes = bytes;
        Ok(())
    }

    /// Counts what needs no storing, and gives what does.
    async fn settle(&mut self, file: usize, items: Vec<Item>) -> anyhow::Result<Vec<Item>> {
        let known = if self.looks_up || self.looked.is_some() {
            self.known(&items).await?
        } else {
            HashMap::new()
        };
        self.looks_up = !known.is_empty();
        let mut rest = Vec::with_capacity(items.len());
        for mut item in items {
            match &item.judged {
                Judged::Rejected(_) => {
                    item.is_counted = true;
                    self.tally.rejected += 1;
                    if let Some(fault) = item.fault.take() {
                        self.tally.fault(fault.kept());
                    }
                    if self.has_room() {
                        rest.push(item);
                    }
                }
                Judged::Accepted(event) => match self.relation(event, &known) {
                    Before::New => {
                        // A dry run counts what would be stored.
                        self.tally.stored += u64::from(self.looked.is_some());
                        rest.push(item);
                    }
                    Before::Same => self.tally.duplicates += 1,
                    Before::Other => {
                        item.is_counted = true;
                        self.conflict(file, &item);
                        if self.has_room() {
                            rest.push(item);
                        }
                    }
                },
            }
        }
        Ok(rest)
    }

    /// How an event relates to what is stored and, in a dry run, to the events before it.
    fn relation(&mut self, event: &Event, known: &HashMap<String, Vec<u8>>) -> Before {
        let before = match &mut self.looked {
            Some(looked) => looked.see(event),
            None => Before::New,
        };
        match known.get(&event.message_id) {
            Some(hash) if hash.as_slice() == event.payload_hash => Before::Same,
            Some(_) => Before::Other,
            None => before,
        }
    }

    /// Whether another refused event is kept for people to look at. Takes its place.
    fn has_room(&mut self) -> bool {
        let has_room = self.looked.is_none() && self.tally.kept < KEPT_MAX;
        self.tally.kept += u64::from(has_room);
        has_room
    }

    fn conflict(&mut self, file: usize, item: &Item) {
        let Judged::Accepted(event) = &item.judged else {
            return;
        };
        let why = "another event has this message id; the first is kept";
        let mut fault = Fault::new(Place::line(item.line), "message_id_reused", why)
            .value(&event.message_id)
            .mend("give each event an id of its own");
        fault.file = self.prepared.inputs[file].source.name.as_str().into();
        self.tally.conflicts += 1;
        self.tally.fault(fault.kept());
    }

    /// The hashes of those events that are stored already.
    async fn known(&self, items: &[Item]) -> anyhow::Result<HashMap<String, Vec<u8>>> {
        let ids: Vec<&str> = items
            .iter()
            .filter_map(|item| match &item.judged {
                Judged::Accepted(event) => Some(event.message_id.as_str()),
                Judged::Rejected(_) => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let brand_id = self.brand_id;
        let known = self
            .ask(async |conn| store::list_payload_hashes(conn, brand_id, &ids).await)
            .await?;
        Ok(known.into_iter().collect())
    }

    async fn store(&mut self, file: usize, items: Vec<Item>) -> anyhow::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let submission = Submission {
            sender: Sender {
                brand_id: self.brand_id,
                key_id: None,
                trust: Trust::Trusted,
            },
            items: items.iter().map(|item| item.judged.clone()).collect(),
        };
        let verdicts = self.submit(submission).await?;
        for (item, verdict) in items.iter().zip(verdicts) {
            match verdict.outcome {
                _ if item.is_counted => {}
                Outcome::Accepted { .. } => self.tally.stored += 1,
                Outcome::Duplicate => {
                    self.tally.duplicates += 1;
                    // Where one is, more follow: each would leave a line under Live.
                    self.looks_up = true;
                }
                Outcome::Conflict => self.conflict(file, item),
                Outcome::Rejected { code, detail, .. } => {
                    let mut fault = Fault::new(Place::line(item.line), code, detail);
                    fault.file = self.prepared.inputs[file].source.name.as_str().into();
                    self.tally.rejected += 1;
                    self.tally.fault(fault.kept());
                }
            }
        }
        Ok(())
    }

    async fn submit(&self, submission: Submission) -> anyhow::Result<Vec<crate::event::Verdict>> {
        for attempt in 0..ATTEMPTS_MAX {
            match self.app.intake.submit_patiently(submission.clone()).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(error @ (SubmitError::Busy | SubmitError::Unavailable)) => {
                    tracing::debug!(%error, attempt, "waiting for the intake");
                    tokio::time::sleep(ATTEMPT_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the database did not take the events for a minute")
    }
}
