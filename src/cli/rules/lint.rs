//! `befriend rules lint`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::source;
use crate::app::SharedApp;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::event;
use crate::stage::ruleset::{self, Finding, Level, Vocabulary};

/// The exit code of a document with warnings, where they are asked to count.
const WARNED: u8 = 1;
/// The exit code of a document that cannot be used.
const FAULTY: u8 = 2;

#[derive(clap::Args)]
pub(super) struct Lint {
    /// The document, YAML or JSON; - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "brand")]
    file: Option<PathBuf>,
    /// Check against the events that this brand has sent; without a file, the brand's own rules.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
    /// Exit with 1 if there are warnings.
    #[arg(long)]
    strict: bool,
}

impl Lint {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let Some(slug) = self.brand.clone() else {
            return self.judge(None, &Vocabulary::standard(), *output);
        };
        Runtime::with(config, async |app: &SharedApp| {
            let (brand_id, _, set) = source::published(app, &slug, None).await?;
            let mut conn = app.pool.acquire().await?;
            let names = event::store::list_names(&mut conn, brand_id, i64::MAX).await?;
            self.judge(Some(set.to_yaml()), &Vocabulary::seen(names), *output)
        })
        .await
    }

    /// Judges the file, or what is published where there is none.
    fn judge(
        &self,
        published: Option<String>,
        vocabulary: &Vocabulary,
        output: Output,
    ) -> anyhow::Result<ExitCode> {
        let (name, text) = match (&self.file, published) {
            (Some(path), _) => (path.display().to_string(), source::read_text(path)?),
            (None, published) => ("rules".to_owned(), published.unwrap_or_default()),
        };
        let lint = ruleset::lint(&text, vocabulary);
        let (faults, warnings) = (lint.faults().count(), lint.warnings().count());
        let data = json!({
            "document": name,
            "faults": faults,
            "warnings": warnings,
            "findings": lint.findings,
        });
        let lines: Vec<String> = lint
            .findings
            .iter()
            .map(|finding| in_words(&name, finding))
            .chain([summary(&name, faults, warnings)])
            .collect();
        output.result(&data, &lines.join("\n"));
        Ok(match (faults, warnings) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) if self.strict => ExitCode::from(WARNED),
            (0, _) => ExitCode::SUCCESS,
            (_, _) => ExitCode::from(FAULTY),
        })
    }
}

fn in_words(name: &str, finding: &Finding) -> String {
    let level = match finding.level {
        Level::Fault => "fault",
        Level::Warning => "warning",
    };
    let part = if finding.path.is_empty() {
        String::new()
    } else {
        format!("{}: ", finding.path)
    };
    format!(
        "{name}:{}:{}: {level}: {part}{}\n    {}",
        finding.line, finding.column, finding.problem, finding.mend
    )
}

fn summary(name: &str, faults: usize, warnings: usize) -> String {
    let counted = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    match (faults, warnings) {
        (0, 0) => format!("{name} can be used, and there is nothing to say against it"),
        (0, _) => format!("{name} can be used; {}", counted(warnings, "warning")),
        (_, _) => format!("{name} cannot be used; {}", counted(faults, "fault")),
    }
}
