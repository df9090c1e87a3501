//! `befriend replay`: the proof that what is stored is what happened.

use std::process::ExitCode;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::SharedApp;
use crate::brand::{self, Brand};
use crate::config::Config;
use crate::projection::{Mode, Report};

#[derive(clap::Args)]
pub(super) struct Replay {
    /// Change nothing; show the first differences and exit with 3 if there are any.
    #[arg(long)]
    check: bool,
    /// Only this brand.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
}

impl Replay {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let mode = if self.check {
            Mode::Check
        } else {
            Mode::Rewrite
        };
        let brands = match &self.brand {
            Some(slug) => vec![find_brand(app, slug).await?],
            None => brand::store::list_brands(&mut *app.pool.acquire().await?).await?,
        };
        let mut reports = Vec::new();
        for brand in brands {
            let people = app.projector.count_people(brand.brand_id).await?;
            let bar = progress_bar(*output, people, &brand.slug);
            let report = app
                .projector
                .replay(brand.brand_id, mode, |people| bar.inc(people))
                .await?;
            bar.finish_and_clear();
            output.say(&in_words(&brand.slug, mode, &report));
            reports.push((brand.slug, report));
        }
        let differing: u64 = reports.iter().map(|(_, report)| report.differing).sum();
        if output.is_json() {
            let brands: serde_json::Map<_, _> = reports
                .into_iter()
                .map(|(slug, report)| (slug, json!(report)))
                .collect();
            output.result(&json!({ "differing": differing, "brands": brands }), "");
        }
        Ok(if differing == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(3)
        })
    }
}

/// The brand with this slug, or an error that says how to see the others.
pub(super) async fn find_brand(app: &SharedApp, slug: &str) -> anyhow::Result<Brand> {
    brand::store::find_brand_by_slug(&mut *app.pool.acquire().await?, slug)
        .await?
        .with_context(|| format!("there is no brand {slug:?}; the dashboard lists the brands"))
}

/// A bar on standard error; none with `--json` or where nobody watches.
pub(super) fn progress_bar(output: Output, people: u64, brand: &str) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} customers, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(people)
        .with_style(style)
        .with_message(brand.to_owned())
}

fn in_words(brand: &str, mode: Mode, report: &Report) -> String {
    let Report {
        people,
        events,
        waiting,
        differing,
        ..
    } = report;
    let first = match (mode, differing) {
        (Mode::Rewrite, _) => {
            format!("{brand}: wrote the standings of {people} customers from {events} events")
        }
        (Mode::Check, 0) => format!(
            "{brand}: the standings of {people} customers are what their {events} events fold to"
        ),
        (Mode::Check, _) => format!(
            "{brand}: {differing} of {people} customers do not stand where their events put them"
        ),
    };
    let mut lines = vec![first];
    if *waiting > 0 {
        lines.push(format!(
            "  left out {waiting} customers for whom events are waiting or parked"
        ));
    }
    lines.extend(report.differences.iter().map(|one| {
        format!(
            "  {}: {}\n    stored   {}\n    replayed {}",
            one.profile_id, one.what, one.stored, one.replayed
        )
    }));
    lines.join("\n")
}
