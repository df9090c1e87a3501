//! The command itself: prepare, read ahead, store, tell.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::Format;
use super::importer::Importer;
use super::judge::Judge;
use super::mapping::{EXAMPLE_CSV, EXAMPLE_NDJSON, Guess};
use super::prepare::{Prepared, Ready, Wish, prepare};
use super::tally::{Looked, Printed, Tally};
use crate::app::SharedApp;
use crate::brand;
use crate::cli::output::{self, Output};
use crate::cli::passwords::Passwords;
use crate::cli::runtime::Runtime;
use crate::cli::serve::stop_on_signal;
use crate::config::Config;
use crate::event::import_store::{self, Known, ListedImport, NewImport};
use crate::kernel::id::{BrandId, ImportId};

/// Batches that are read ahead of what is being stored.
const BATCHES_AHEAD: usize = 4;

/// How many imports are listed.
const LISTED_MAX: i64 = 50;

/// How often the progress bar of the projection moves.
const PROGRESS_PAUSE: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::cli) struct Import {
    #[command(subcommand)]
    other: Option<Other>,
    /// Files, plain or gzip; folders of them; - for standard input.
    #[arg(required_unless_present_any = ["example_mapping", "list"])]
    files: Vec<PathBuf>,
    /// The brand that the events belong to.
    #[arg(long, value_name = "SLUG", required_unless_present = "example_mapping")]
    brand: Option<String>,
    /// What the files are; told by the first line when left out.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Which column is what: a YAML file, as --example-mapping prints one.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Read and judge everything, and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Go on where the last import of these files was stopped or killed.
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// Use the mapping that is guessed from the header row, where nothing is missing in it.
    #[arg(long)]
    yes: bool,
    /// How many faults to show.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    faults: usize,
    /// Print the brand's latest imports, how far each came and what came of it.
    #[arg(long, conflicts_with = "files")]
    list: bool,
    /// Print a mapping with comments, for files of this format, and do nothing else.
    #[arg(long, value_name = "FORMAT", value_enum)]
    example_mapping: Option<Format>,
}

/// What is imported instead of events.
#[derive(clap::Subcommand)]
enum Other {
    /// Read people's passwords as another system hashed them, so that they keep them.
    Passwords(Box<Passwords>),
}

impl Import {
    pub(in crate::cli) async fn run(
        self,
        config: Config,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        if let Some(Other::Passwords(passwords)) = self.other {
            return Box::pin(passwords.run(config, output)).await;
        }
        if let Some(format) = self.example_mapping {
            return print_example(format, *output);
        }
        if self.list {
            let work = async |app: &SharedApp| self.list(app, *output).await;
            return Box::pin(Runtime::with(config, work)).await;
        }
        let prepared = match self.prepare(*output)? {
            Ready::Import(prepared) => Arc::new(prepared),
            Ready::Suggestion(guess) => return Ok(suggest(&guess, *output)),
        };
        let work = async |app: &SharedApp| Box::pin(self.import(app, prepared, *output)).await;
        Box::pin(Runtime::with(config, work)).await
    }

    fn prepare(&self, output: Output) -> anyhow::Result<Ready> {
        let bar = bar(output, 0, "Looking through the files {spinner} {bytes}")?;
        let wish = Wish {
            files: &self.files,
            format: self.format,
            mapping: self.mapping.as_deref(),
            trusts_guess: self.yes,
        };
        let prepared = prepare(wish, &|bytes| bar.inc(bytes));
        bar.finish_and_clear();
        prepared
    }

    async fn import(
        &self,
        app: &SharedApp,
        prepared: Arc<Prepared>,
        output: Output,
    ) -> anyhow::Result<ExitCode> {
        let brand_id = self.find_brand(app).await?;
        let fingerprint = &prepared.fingerprint;
        let mut conn = app.pool.acquire().await?;
        let known = import_store::find_import(&mut conn, brand_id, fingerprint).await?;
        drop(conn);
        let (import_id, tally, pass) = match known {
            Some(known) if self.resume => go_on(known, output)?,
            _ if self.dry_run => (None, Tally::default(), 0),
            _ => {
                if self.resume {
                    output
                        .say("No import of these files was begun before: beginning at the start.");
                }
                let import_id = begin(app, brand_id, &prepared).await?;
                (Some(import_id), Tally::default(), 0)
            }
        };
        let importer = Importer::new(app, brand_id, Arc::clone(&prepared), import_id, tally);
        self.read_and_store(importer, pass, output).await
    }

    async fn find_brand(&self, app: &SharedApp) -> anyhow::Result<BrandId> {
        let slug = self.brand.as_deref().unwrap_or_default();
        let mut conn = app.pool.acquire().await?;
        match brand::store::find_brand_by_slug(&mut conn, slug).await? {
            Some(brand) => Ok(brand.brand_id),
            None => bail!(
                "there is no brand {slug}: make it with `befriend brand create --slug {slug} --name …`"
            ),
        }
    }

    async fn list(&self, app: &SharedApp, output: Output) -> anyhow::Result<ExitCode> {
        let brand_id = self.find_brand(app).await?;
        let mut conn = app.pool.acquire().await?;
        let imports = import_store::list_imports(&mut conn, brand_id, LISTED_MAX).await?;
        let data: Vec<_> = imports
            .iter()
            .map(|import| {
                serde_json::json!({
                    "source": import.source,
                    "format": import.format,
                    "state": import.state,
                    "bytes_done": import.bytes_done,
                    "bytes_total": import.bytes_total,
                    "started_at": import.started_at,
                    "updated_at": import.updated_at,
                    "finished_at": import.finished_at,
                    "report": import.report,
                })
            })
            .collect();
        let mut lines: Vec<String> = imports.iter().map(in_words).collect();
        if lines.is_empty() {
            lines.push(String::from("Nothing was imported yet."));
        }
        output.result(&data, &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }

    async fn read_and_store(
        &self,
        mut importer: Importer<'_>,
        pass: u64,
        output: Output,
    ) -> anyhow::Result<ExitCode> {
        let app = importer.app;
        let prepared = Arc::clone(&importer.prepared);
        let judge = Judge {
            prepared: Arc::clone(&prepared),
            clock: app.clock.clone(),
            entropy: app.entropy.clone(),
            pass,
        };
        let (sender, batches) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
        let reading = tokio::task::spawn_blocking(move || judge.run(&sender));
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let template = "Importing [{wide_bar}] {percent} %, {msg}, {eta} left";
        let bar = bar(output, prepared.bytes(), template)?;
        let ran = importer.run(batches, &stop, &bar).await;
        bar.finish_and_clear();
        let read = reading.await.context("reading broke")?;
        let is_done = match (ran, read) {
            (Ok(is_done), Ok(())) => is_done,
            (Err(error), _) | (_, Err(error)) => {
                // What is noted may lag behind what is stored; going on from there is right all the same.
                return Err(error.context(
                    "the import broke off; run the same command again, with --resume to go on where it was",
                ));
            }
        };
        importer
            .note(if is_done { "done" } else { "stopped" })
            .await?;
        if is_done && !self.dry_run {
            tokio::select! {
                done = Box::pin(project(app, output)) => done?,
                () = stop.cancelled() => output.say(
                    "All is stored; stages are brought up to date when the service next runs.",
                ),
            }
        }
        signals.abort();
        self.print(&importer, is_done, output);
        Ok(match (is_done, importer.tally.is_clean()) {
            (false, _) => ExitCode::FAILURE,
            (true, true) => ExitCode::SUCCESS,
            (true, false) => ExitCode::from(3),
        })
    }

    fn print(&self, importer: &Importer<'_>, is_done: bool, output: Output) {
        let (tally, looked) = (&importer.tally, importer.looked.as_ref());
        let printed = Printed {
            tally,
            dry_run: self.dry_run,
            done: is_done,
            people: looked.map(Looked::people),
            span: looked.and_then(Looked::span),
            first: looked.map_or(&[], Looked::first),
        };
        output.result(&printed, &tally.in_words(looked, self.faults));
        if !is_done && !self.dry_run {
            output::error("stopped; go on with the same command and --resume");
        }
    }
}

fn suggest(guess: &Guess, output: Output) -> ExitCode {
    let data = serde_json::json!({ "mapping": guess.text, "lacks": guess.lacks });
    output.result(&data, guess.text.trim_end());
    let advice = if guess.lacks.is_empty() {
        String::from(
            "this is a guess, and nothing was imported: save it and give it with --mapping (try it \
             with --dry-run), or use it as it is with --yes",
        )
    } else {
        format!(
            "this is a guess, and nothing was imported. The header row does not tell {}: save it, \
             complete it, and give it with --mapping",
            guess.lacks.join(", ")
        )
    };
    output::error(&advice);
    ExitCode::from(3)
}

/// Where the last import of these files ended.
fn go_on(known: Known, output: Output) -> anyhow::Result<(Option<ImportId>, Tally, u64)> {
    let tally: Tally = serde_json::from_value(known.report)
        .context("read what an earlier version noted: import without --resume")?;
    output.say(&match known.state.as_str() {
        "done" => String::from("These files were imported to their end before."),
        _ => format!("Going on after {} events.", tally.events),
    });
    let steps = u64::try_from(known.steps_done).unwrap_or(0);
    Ok((Some(known.import_id), tally, steps))
}

fn in_words(import: &ListedImport) -> String {
    let percent = import.bytes_done.saturating_mul(100) / import.bytes_total.max(1);
    let figure = |key: &str| import.report[key].as_u64().unwrap_or(0);
    format!(
        "{}  {} ({}), {}, {percent} % read: {} events, {} stored, {} stored before, {} in conflict, {} \
         rejected; last seen {}",
        import.started_at.format("%Y-%m-%d %H:%M"),
        import.source,
        import.format,
        import.state,
        figure("events"),
        figure("stored"),
        figure("duplicates"),
        figure("conflicts"),
        figure("rejected"),
        import.updated_at.format("%Y-%m-%d %H:%M"),
    )
}

fn print_example(format: Format, output: Output) -> anyhow::Result<ExitCode> {
    let example = match format {
        Format::Csv => EXAMPLE_CSV,
        Format::Ndjson => EXAMPLE_NDJSON,
        Format::SegmentArchive | Format::Cdnow | Format::OnlineRetail => {
            bail!("{} files are read without a mapping", format.name())
        }
    };
    output.result(&example, example.trim_end());
    Ok(ExitCode::SUCCESS)
}

async fn begin(
    app: &SharedApp,
    brand_id: BrandId,
    prepared: &Prepared,
) -> anyhow::Result<ImportId> {
    let now = app.clock.now();
    let new = NewImport {
        import_id: ImportId::new(now, &app.entropy),
        fingerprint: prepared.fingerprint,
        source: prepared.names(),
        format: prepared.format.name(),
        bytes_total: i64::try_from(prepared.bytes()).unwrap_or(i64::MAX),
    };
    let mut conn = app.pool.acquire().await?;
    Ok(import_store::begin_import(&mut conn, brand_id, &new, now).await?)
}

/// A bar on standard error; none with `--json` or where nobody watches.
fn bar(output: Output, length: u64, template: &str) -> anyhow::Result<ProgressBar> {
    if output.is_json() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template(template).context("the template is well formed")?;
    Ok(ProgressBar::new(length).with_style(style))
}

/// Brings standings up to date with what was stored, beside whoever else is doing so.
async fn project(app: &SharedApp, output: Output) -> anyhow::Result<()> {
    let waiting = app.projector.count_waiting().await?;
    let bar = bar(
        output,
        waiting,
        "Bringing stages up to date [{wide_bar}] {percent} %",
    )?;
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
