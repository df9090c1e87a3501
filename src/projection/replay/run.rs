//! A replay that mends: begun or gone on with, shared by tasks and processes, and brought to an end.

use std::time::Duration;

use tokio::task::JoinSet;

use super::super::rulebook::BrandRules;
use super::super::{Error, Projector, event_store, queue_store};
use super::page::Pass;
use super::store::{self, Part, Progress};
use super::{Report, count, pages, signed, unsigned};
use crate::kernel::id::{BrandId, ReplayId};
use crate::postgres::{self, PgConnection};
use crate::stage::Term;

/// People per part, at least, and the most parts. Of the parts each is worked on by one task at a
/// time, so there must be several for each core and each process.
const PART_PEOPLE: i64 = 1_024;
const PARTS_MAX: i64 = 64;
/// How long to wait for what other processes have in hand before looking again.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// A replay that this process works on.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) brand_id: BrandId,
    pub(super) replay_id: ReplayId,
    /// What it folds by.
    pub(super) rules: BrandRules,
    pub(super) basis: String,
}

/// How a turn of work on a part went.
enum Turn {
    /// A page was done, of so many people.
    Page(u64),
    /// Nothing is left that is not in other hands.
    Idle,
    /// The rules have changed since it began.
    Stale,
}

impl Projector {
    pub(super) async fn mend_everybody(
        &self,
        brand_id: BrandId,
        progress: impl Fn(u64),
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        loop {
            let run = self.begin(brand_id, &mut report).await?;
            if let Some(done) = report.resumed_after {
                progress(done);
            }
            let ended = match self.work_through(&run, &progress).await? {
                Turn::Stale => None,
                Turn::Page(_) | Turn::Idle => self.end(&run).await?,
            };
            if let Some(ended) = ended {
                report.people = ended.people;
                report.events = ended.events;
                report.waiting = ended.waiting;
                report.written = ended.written;
                return Ok(report);
            }
            report.began_anew = true;
            report.resumed_after = None;
        }
    }

    /// Begins a replay, or goes on with the one that is under way if it folds by the same rules.
    async fn begin(&self, brand_id: BrandId, report: &mut Report) -> Result<Run, Error> {
        let now = self.clock.now();
        postgres::tx(&self.pool, async |conn| {
            let rules = self.rules_in_force(conn, brand_id).await?;
            let basis = basis(&rules);
            let run = |replay_id| Run {
                brand_id,
                replay_id,
                rules: rules.clone(),
                basis: basis.clone(),
            };
            loop {
                let Some(found) = store::find_under_way(conn, brand_id).await? else {
                    let replay_id = ReplayId::new(now, &self.entropy);
                    let people = event_store::count_people(conn, brand_id).await?;
                    let begun =
                        store::insert_replay(conn, brand_id, replay_id, &basis, people, now);
                    if begun.await? {
                        let parts = (people / PART_PEOPLE).clamp(1, PARTS_MAX);
                        let parts = i32::try_from(parts).unwrap_or(1);
                        store::insert_parts(conn, brand_id, replay_id, parts, now).await?;
                        return Ok(run(replay_id));
                    }
                    continue;
                };
                if found.basis == basis {
                    report.resumed_after = Some(unsigned(found.done)).filter(|done| *done > 0);
                    return Ok(run(found.replay_id));
                }
                store::abandon(conn, brand_id, found.replay_id, now).await?;
                report.began_anew = true;
            }
        })
        .await
    }

    /// Works on whatever part is free until none is left, on all cores.
    async fn work_through(&self, run: &Run, progress: &impl Fn(u64)) -> Result<Turn, Error> {
        loop {
            let mut tasks: JoinSet<Result<Turn, Error>> = JoinSet::new();
            let (pages, mut done) = tokio::sync::mpsc::unbounded_channel();
            for _ in 0..pages::tasks_at_once() {
                let (projector, run, pages) = (self.clone(), run.clone(), pages.clone());
                tasks.spawn(async move {
                    loop {
                        match projector.replay_turn(&run).await? {
                            // Nobody listens any more if the replay was dropped; then this is too.
                            Turn::Page(people) => drop(pages.send(people)),
                            ended => return Ok(ended),
                        }
                    }
                });
            }
            drop(pages);
            while let Some(people) = done.recv().await {
                progress(people);
            }
            while let Some(ended) = tasks.join_next().await {
                if let Turn::Stale = ended.map_err(|error| Error::Broken(error.to_string()))?? {
                    return Ok(Turn::Stale);
                }
            }
            let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
            if store::count_open_parts(&mut conn, run.brand_id, run.replay_id).await? == 0 {
                return Ok(Turn::Idle);
            }
            drop(conn);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One page of one part.
    async fn replay_turn(&self, run: &Run) -> Result<Turn, Error> {
        postgres::tx(&self.pool, async |conn| {
            let claimed = store::claim_part(conn, run.brand_id, run.replay_id).await?;
            let Some(part) = claimed else {
                return Ok(Turn::Idle);
            };
            if !self.still_holds(conn, run).await? {
                return Ok(Turn::Stale);
            }
            if !queue_store::try_share_brand(conn, run.brand_id).await? {
                return Ok(Turn::Idle);
            }
            self.take_part_on(conn, run, &part).await.map(Turn::Page)
        })
        .await
    }

    async fn take_part_on(
        &self,
        conn: &mut PgConnection,
        run: &Run,
        part: &Part,
    ) -> Result<u64, Error> {
        let (brand_id, replay_id) = (run.brand_id, run.replay_id);
        let page = pages::next_page(conn, brand_id, part.done_until, part.ends_with).await?;
        let done = self.replay_page(conn, run, &page, Pass::First).await?;
        let people = count(page.len());
        let by = Progress {
            until: page.last().map(|(id, _)| *id),
            people: signed(people),
            events: signed(done.events),
            projected: signed(done.projected),
        };
        let now = self.clock.now();
        store::advance_part(conn, brand_id, replay_id, part.number, by, now).await?;
        Ok(people)
    }

    /// Whether the rules are still those that the replay folds by.
    pub(super) async fn still_holds(
        &self,
        conn: &mut PgConnection,
        run: &Run,
    ) -> Result<bool, Error> {
        let rules = self.rules_in_force(conn, run.brand_id).await?;
        Ok(basis(&rules) == run.basis)
    }
}

/// Rules and program: what decides, beside the events, what a fold gives.
fn basis(rules: &BrandRules) -> String {
    let lineage = rules.schedule().terms().last().map_or(0, Term::lineage);
    format!("{lineage:016x} befriend {}", env!("CARGO_PKG_VERSION"))
}
