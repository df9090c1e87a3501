//! The command itself: read, submit in chunks, count, project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use super::source::Source;
use super::{Format, LineError, Step, cdnow, online_retail};
use crate::app::SharedApp;
use crate::brand;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::event::{Outcome, Submission, SubmitError};
use crate::kernel::id::BrandId;

/// Events handed to the intake at once.
const CHUNK_EVENTS: usize = 1_000;

/// How often a busy intake is asked again before the import gives up.
const ATTEMPTS_MAX: u32 = 100;

/// How often the progress bar of the projection moves.
const PROGRESS_PAUSE: Duration = Duration::from_millis(200);

/// How many refused events are shown.
const FAULTS_SHOWN: usize = 10;

#[derive(clap::Args)]
pub(in crate::cli) struct Import {
    /// The file, plain or gzip.
    file: PathBuf,
    /// The brand that the events belong to.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// What the file is; guessed from its first line when left out.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only read and judge: store nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
struct Report {
    lines: u64,
    events: u64,
    stored: u64,
    duplicates: u64,
    conflicts: u64,
    rejected: u64,
    skipped: BTreeMap<&'static str, u64>,
    faults: Vec<String>,
}

impl Import {
    pub(in crate::cli) async fn run(
        self,
        config: Config,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        let source = Source::open(&self.file)?;
        let work = async |app: &SharedApp| Box::pin(self.import(app, source, output)).await;
        Box::pin(Runtime::with(config, work)).await
    }

    async fn import(
        &self,
        app: &SharedApp,
        mut source: Source,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        let mut conn = app.pool.acquire().await?;
        let brand = brand::store::find_brand_by_slug(&mut conn, &self.brand).await?;
        drop(conn);
        let Some(brand) = brand else {
            bail!(
                "there is no brand {0}: make it with `befriend brand create --slug {0} --name …`",
                self.brand
            );
        };
        let bar = ProgressBar::new(source.size).with_style(
            ProgressStyle::with_template("Importing [{wide_bar}] {percent} %, {msg}, {eta} left")
                .context("the template is well formed")?,
        );
        let mut reader = Reader::new(self.format);
        let mut report = Report::default();
        let mut chunk = Vec::with_capacity(CHUNK_EVENTS);
        loop {
            let line = source.next_line()?;
            let is_last = line.is_none();
            for step in reader.read(line)? {
                match step {
                    Step::Event(event) => chunk.push(event),
                    Step::Skipped(reason) => *report.skipped.entry(reason).or_default() += 1,
                }
            }
            if chunk.len() >= CHUNK_EVENTS || is_last {
                self.store(app, brand.brand_id, std::mem::take(&mut chunk), &mut report)
                    .await?;
                bar.set_position(source.position());
                bar.set_message(format!("{} events", report.events));
            }
            if is_last {
                break;
            }
        }
        report.lines = reader.lines;
        bar.finish_and_clear();
        if !self.dry_run {
            Box::pin(project(app)).await?;
        }
        self.print(&report, *output);
        Ok(if report.rejected == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(3)
        })
    }

    async fn store(
        &self,
        app: &SharedApp,
        brand_id: BrandId,
        events: Vec<Value>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let submission = Submission::internal(brand_id, events, app.clock.now(), &app.entropy);
        report.events += u64::try_from(submission.items.len()).unwrap_or(0);
        if self.dry_run {
            report.count_judged(&submission);
            return Ok(());
        }
        for attempt in 0..ATTEMPTS_MAX {
            match app.intake.submit(submission.clone()).await {
                Ok(verdicts) => {
                    for verdict in verdicts {
                        report.count(verdict.message_id.as_deref(), &verdict.outcome);
                    }
                    return Ok(());
                }
                Err(error @ (SubmitError::Busy | SubmitError::Unavailable)) => {
                    tracing::debug!(%error, attempt, "waiting for the intake");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the database did not take the events; run the same command again to go on")
    }

    fn print(&self, report: &Report, output: Output) {
        let mut text = if self.dry_run {
            format!(
                "{} lines read: {} events would be sent, {} would be rejected",
                report.lines, report.events, report.rejected
            )
        } else {
            format!(
                "{} lines read, {} events: {} stored, {} stored before, {} in conflict, {} rejected",
                report.lines,
                report.events,
                report.stored,
                report.duplicates,
                report.conflicts,
                report.rejected
            )
        };
        for (reason, count) in &report.skipped {
            text.push('\n');
            text.push_str(&[&count.to_string(), " skipped: ", reason].concat());
        }
        for fault in &report.faults {
            text.push_str("\n  ");
            text.push_str(fault);
        }
        output.result(report, &text);
    }
}

impl Report {
    fn count(&mut self, message_id: Option<&str>, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted { .. } => self.stored += 1,
            Outcome::Duplicate => self.duplicates += 1,
            Outcome::Conflict => self.conflicts += 1,
            Outcome::Rejected { code, detail, .. } => {
                self.reject(format!(
                    "{}: {code}: {detail}",
                    message_id.unwrap_or("(no id)")
                ));
            }
        }
    }

    fn count_judged(&mut self, submission: &Submission) {
        for item in &submission.items {
            if let crate::event::Judged::Rejected(rejection) = item {
                self.reject(format!("{}: {}", rejection.code, rejection.detail));
            }
        }
    }

    fn reject(&mut self, fault: String) {
        self.rejected += 1;
        if self.faults.len() < FAULTS_SHOWN {
            self.faults.push(fault);
        }
    }
}

/// Brings standings up to date with what was stored, beside whoever else is doing so.
async fn project(app: &SharedApp) -> anyhow::Result<()> {
    let waiting = app.projector.count_waiting().await?;
    let bar = ProgressBar::new(waiting).with_style(
        ProgressStyle::with_template("Bringing stages up to date [{wide_bar}] {percent} %")
            .context("the template is well formed")?,
    );
    let show = async {
        loop {
            tokio::time::sleep(PROGRESS_PAUSE).await;
            let left = app.projector.count_waiting().await?;
            bar.set_position(waiting.saturating_sub(left));
            if left == 0 {
                return Ok::<(), anyhow::Error>(());
            }
            // What another process holds, or failed once, is looked at again.
            app.projector.drain().await?;
        }
    };
    let (one, other) = tokio::join!(app.projector.drain(), app.projector.drain());
    one?;
    other?;
    show.await?;
    bar.finish_and_clear();
    Ok(())
}

/// The events of a purchase history, as [`Import`] sends them, without storing any: what a backtest
/// in memory is made from. Lines that make no event are left out.
pub fn read_events(file: &Path) -> anyhow::Result<Vec<Value>> {
    let mut source = Source::open(file)?;
    let mut reader = Reader::new(None);
    let mut events = Vec::new();
    loop {
        let line = source.next_line()?;
        let is_last = line.is_none();
        for step in reader.read(line)? {
            match step {
                Step::Event(event) => events.push(event),
                Step::Skipped(_) => {}
            }
        }
        if is_last {
            return Ok(events);
        }
    }
}

/// Reads lines in whatever format the file is.
struct Reader {
    format: Option<Format>,
    online_retail: online_retail::Reader,
    lines: u64,
}

impl Reader {
    fn new(format: Option<Format>) -> Self {
        Self {
            format,
            online_retail: online_retail::Reader::default(),
            lines: 0,
        }
    }

    /// What the next line gives; with `None` (the end), what is left.
    fn read(&mut self, line: Option<(u64, String)>) -> anyhow::Result<Vec<Step>> {
        let Some((number, text)) = line else {
            return Ok(self.online_retail.close());
        };
        self.lines = number;
        if self.format.is_none() {
            self.format = Format::guess(&text);
        }
        let steps: Result<Vec<Step>, LineError> = match self.format {
            Some(Format::Cdnow) => {
                cdnow::read_line(number, &text).map(|step| step.into_iter().collect())
            }
            Some(Format::OnlineRetail) => self.online_retail.read_line(number, &text),
            None => bail!(
                "the first line does not tell what this file is: name it with --format, or see \
                 `befriend import --help` for what is understood"
            ),
        };
        steps.context(
            "nothing after this line was imported; mend it and run the same command again, which \
             stores nothing twice",
        )
    }
}
