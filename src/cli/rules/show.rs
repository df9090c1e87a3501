//! `befriend rules show`.

use std::process::ExitCode;

use serde_json::json;

use super::source;
use crate::app::SharedApp;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::stage::RuleSet;
use crate::stage::ruleset::sentences::{Sentence, Sentences};

#[derive(clap::Args)]
pub(super) struct Show {
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// The version; the latest, if left out.
    #[arg(long, value_name = "NUMBER")]
    version: Option<i32>,
    /// The document in YAML, instead of sentences.
    #[arg(long)]
    yaml: bool,
}

impl Show {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app: &SharedApp| {
            let (_, version, set) = source::published(app, &self.brand, self.version).await?;
            let text = if self.yaml {
                set.to_yaml().trim_end().to_owned()
            } else {
                in_words(&set)
            };
            let data = json!({ "version": version, "document": set });
            output.result(&data, &text);
            Ok(ExitCode::SUCCESS)
        })
        .await
    }
}

/// The rules as sentences.
pub(super) fn in_words(set: &RuleSet) -> String {
    let words = Sentences::of(set);
    let mut lines = vec![set.name.clone()];
    for rule in &words.rules {
        lines.push(format!("\n{}  {}", rule.id, rule.lead));
        lines.extend(rule.lines.iter().map(|line| {
            let indent = "  ".repeat(line.depth);
            format!("    {indent}- {}", line.sentence.text())
        }));
    }
    lines.push("\nWhat events are worth".to_owned());
    for signal in &words.signals {
        let said: Vec<String> = signal.sentences.iter().map(Sentence::text).collect();
        let said = if said.is_empty() {
            signal.part.to_owned()
        } else {
            said.join("; ")
        };
        lines.push(format!("    {}: {said}", signal.event));
    }
    for (title, sentences) in [
        ("How scores fade", &words.fading),
        ("Complaints", &words.disputes),
        ("Referrals", &words.referrals),
        ("Contact", &words.contact),
    ] {
        lines.push(format!("\n{title}"));
        lines.extend(sentences.iter().map(|one| format!("    {}", one.text())));
    }
    lines.join("\n")
}
