//! `befriend rules preview`: what other rules would make of everybody, before anybody moves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};

use super::table;
use crate::app::SharedApp;
use crate::brand::{self, Brand};
use crate::cli::output::{self, Output};
use crate::cli::replay::{find_brand, progress_bar};
use crate::cli::runtime::Runtime;
use crate::cli::stages::parse_at;
use crate::config::Config;
use crate::insight;
use crate::kernel::id::ProfileId;
use crate::postgres;
use crate::projection::preview::{HORIZON_DAYS_MAX, PreviewMode, PreviewRequest};
use crate::stage::ruleset::{Fault, LoadError};
use crate::stage::simulate::{HORIZON_DAYS, Preview};
use crate::stage::{RuleSet, Rules};

#[derive(clap::Args)]
pub(super) struct PreviewCommand {
    /// The rules as they would be, as YAML or JSON.
    file: PathBuf,
    /// The brand; need not be named where there is only one.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
    /// As if it were then: a date (its end, UTC) or an instant.
    #[arg(long, value_name = "DATE", value_parser = parse_at)]
    at: Option<DateTime<Utc>>,
    /// Apply the rules to all history, not only from now on.
    #[arg(long)]
    history: bool,
    /// Days over which it is counted what each stage went on to earn.
    #[arg(long, value_name = "DAYS", default_value_t = HORIZON_DAYS,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(HORIZON_DAYS_MAX)))]
    earned_in: u16,
}

impl PreviewCommand {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let Some((_, rules)) = read_rules(&self.file)? else {
            return Ok(ExitCode::from(3));
        };
        Runtime::with(config, async |app| {
            self.work(app, Arc::new(rules), output).await
        })
        .await
    }

    async fn work(
        &self,
        app: &SharedApp,
        rules: Arc<Rules>,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        let brand = the_brand(app, self.brand.as_deref()).await?;
        if self.at.is_some_and(|at| at > app.clock.now()) {
            bail!("--at lies in the future; what happens until then is not known");
        }
        let mode = if self.history {
            PreviewMode::History
        } else {
            PreviewMode::FromNowOn
        };
        let request = PreviewRequest {
            at: self.at,
            horizon_days: self.earned_in,
            ..PreviewRequest::new(rules, mode)
        };
        let people = app.projector.count_people(brand.brand_id).await?;
        let bar = progress_bar(*output, people, &brand.slug);
        let preview = app
            .projector
            .preview(brand.brand_id, &request, |people| bar.inc(people))
            .await?;
        bar.finish_and_clear();
        let names = names(app, &brand, &preview).await?;
        let text = table::preview_in_words(&brand.name, mode, &preview, &names);
        output.result(&preview, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// The rules in a file, with its text. None, with the faults printed, if it holds none.
pub(super) fn read_rules(file: &Path) -> anyhow::Result<Option<(String, Rules)>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let faults = match RuleSet::from_yaml(&text) {
        Ok(set) => match Rules::new(set) {
            Ok(rules) => return Ok(Some((text, rules))),
            Err(faults) => faults,
        },
        Err(LoadError::Invalid(faults)) => faults,
        Err(error) => bail!("{}: {error}", file.display()),
    };
    for fault in faults {
        let Fault {
            path,
            problem,
            mend,
        } = fault;
        output::error(&format!("{}: {path}: {problem}; {mend}", file.display()));
    }
    Ok(None)
}

/// The brand named, or the only one there is.
pub(super) async fn the_brand(app: &SharedApp, slug: Option<&str>) -> anyhow::Result<Brand> {
    if let Some(slug) = slug {
        return find_brand(app, slug).await;
    }
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mut brands = brand::store::list_brands(&mut conn).await?;
    match brands.len() {
        1 => Ok(brands.remove(0)),
        0 => bail!("there is no brand yet: run `befriend brand create`"),
        _ => bail!("there are several brands: say which with --brand"),
    }
}

async fn names(app: &SharedApp, brand: &Brand, preview: &Preview) -> anyhow::Result<table::Names> {
    let ids: Vec<_> = preview
        .samples
        .iter()
        .filter_map(|sample| sample.profile_id.parse().ok())
        .map(ProfileId::uuid)
        .collect();
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = insight::list_names(&mut conn, brand.brand_id, &ids).await?;
    let by_id = found.into_iter().map(|(id, name)| (id.to_string(), name));
    Ok(by_id.collect())
}
