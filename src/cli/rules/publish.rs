//! `befriend rules publish` and `befriend rules take-back`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::preview::{read_rules, the_brand};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::brand::Brand;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::cli::stages::parse_at;
use crate::config::Config;
use crate::projection::ruleset::{Applies, Publication};

/// How often the progress bar moves.
const PROGRESS_PAUSE: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(super) struct Publish {
    /// The rules, as YAML or JSON.
    file: PathBuf,
    /// Why, in a sentence; it stays in the history of versions.
    #[arg(long)]
    note: String,
    /// The brand; need not be named where there is only one.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
    /// Apply the rules to all history, not only from now on.
    #[arg(long, conflicts_with = "from")]
    history: bool,
    /// Let them hold from a later instant on.
    #[arg(long, value_name = "INSTANT", value_parser = parse_at)]
    from: Option<DateTime<Utc>>,
    /// Publish only if this is still the latest version.
    #[arg(long, value_name = "VERSION")]
    base: Option<i32>,
}

#[derive(clap::Args)]
pub(super) struct TakeBack {
    /// The version, as `befriend rules versions` lists it.
    version: i32,
    /// The brand; need not be named where there is only one.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
}

impl Publish {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let Some((document, _)) = read_rules(&self.file)? else {
            return Ok(ExitCode::from(3));
        };
        Runtime::with(config, async |app| self.work(app, &document, output).await).await
    }

    async fn work(
        &self,
        app: &SharedApp,
        document: &str,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        let brand = the_brand(app, self.brand.as_deref()).await?;
        let base_version = match self.base {
            Some(base) => base,
            None => latest_version(app, &brand).await?,
        };
        let applies = match (self.history, self.from) {
            (true, _) => Applies::History,
            (false, Some(from)) => Applies::ForwardFrom(from),
            (false, None) => Applies::Forward,
        };
        let publication = Publication {
            document,
            base_version,
            applies,
            note: &self.note,
            by: Actor::Operator,
        };
        let projector = &app.projector;
        let version = projector.publish(brand.brand_id, publication).await?;
        output.say(&format!("{}: published version {version}", brand.slug));
        let people = bring_up(app, &brand, output).await?;
        output.result(
            &json!({ "brand": brand.slug, "version": version, "people": people }),
            &format!("looked at {people} customers; take it back with `befriend rules take-back {version}`"),
        );
        Ok(ExitCode::SUCCESS)
    }
}

impl TakeBack {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brand = the_brand(app, self.brand.as_deref()).await?;
        let version = self.version;
        let projector = &app.projector;
        projector
            .take_back(brand.brand_id, version, Actor::Operator)
            .await?;
        output.say(&format!("{}: took version {version} back", brand.slug));
        let people = bring_up(app, &brand, output).await?;
        output.result(
            &json!({ "brand": brand.slug, "taken_back": version, "people": people }),
            &format!("looked at {people} customers; everybody stands as if it had never been"),
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// The latest version that was not taken back.
async fn latest_version(app: &SharedApp, brand: &Brand) -> anyhow::Result<i32> {
    let mut conn = app.pool.acquire().await?;
    let rules = app
        .projector
        .rules_in_force(&mut conn, brand.brand_id)
        .await?;
    Ok(rules.timeline.latest().version)
}

/// Looks at everybody, beside a service that may be doing the same. Returns how many there were.
async fn bring_up(app: &SharedApp, brand: &Brand, output: &Output) -> anyhow::Result<u64> {
    let people = app.projector.count_people(brand.brand_id).await?;
    let bar = crate::cli::replay::progress_bar(*output, people, &brand.slug);
    let show = async {
        loop {
            tokio::time::sleep(PROGRESS_PAUSE).await;
            if let Ok(Some(progress)) = app.projector.publish_progress(brand.brand_id).await {
                bar.set_position(progress.done);
            }
        }
    };
    tokio::select! {
        swept = app.projector.sweep() => swept?,
        () = show => {}
    }
    bar.finish_and_clear();
    let progress = app.projector.publish_progress(brand.brand_id).await?;
    Ok(progress.map_or(0, |progress| progress.done))
}
