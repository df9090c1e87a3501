//! `befriend rules diff`.

use std::process::ExitCode;

use super::source;
use crate::app::SharedApp;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::stage::RuleSet;
use crate::stage::ruleset::{Change, changes};

/// The exit code where there is a difference.
const DIFFERENT: u8 = 3;

#[derive(clap::Args)]
pub(super) struct Diff {
    /// A file or the name of a preset; with --brand, a version of the brand's rules.
    #[arg(value_name = "FROM")]
    from: String,
    /// Another one; with --brand it may be left out for the latest version.
    #[arg(value_name = "TO", required_unless_present = "brand")]
    to: Option<String>,
    /// The brand whose versions are meant. What is no number is a file or a preset all the same.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
}

impl Diff {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let Some(slug) = &self.brand else {
            let to = source::read_set(self.to.as_deref().unwrap_or_default())?;
            return Ok(print(&source::read_set(&self.from)?, &to, *output));
        };
        Runtime::with(config, async |app: &SharedApp| {
            let from = find(app, slug, Some(&self.from)).await?;
            let to = find(app, slug, self.to.as_deref()).await?;
            Ok(print(&from, &to, *output))
        })
        .await
    }
}

async fn find(app: &SharedApp, slug: &str, what: Option<&str>) -> anyhow::Result<RuleSet> {
    match what.map(str::parse::<i32>) {
        Some(Err(_)) => source::read_set(what.unwrap_or_default()),
        Some(Ok(version)) => Ok(source::published(app, slug, Some(version)).await?.2),
        None => Ok(source::published(app, slug, None).await?.2),
    }
}

fn print(from: &RuleSet, to: &RuleSet, output: Output) -> ExitCode {
    let changes = changes(from, to);
    let lines: Vec<String> = changes.iter().map(Change::in_words).collect();
    let text = if lines.is_empty() {
        "they say the same".to_owned()
    } else {
        lines.join("\n")
    };
    output.result(&changes, &text);
    if changes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DIFFERENT)
    }
}
