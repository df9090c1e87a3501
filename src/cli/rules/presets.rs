//! `befriend rules presets`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::output::Output;
use crate::stage::ruleset::Preset;

#[derive(clap::Args)]
pub(super) struct Presets {
    /// Print this one, with its comments.
    #[arg(value_name = "NAME", value_parser = parse)]
    name: Option<Preset>,
}

fn parse(name: &str) -> Result<Preset, String> {
    Preset::from_slug(name).ok_or_else(|| {
        let names: Vec<&str> = Preset::ALL.into_iter().map(Preset::slug).collect();
        format!("it is one of {}", names.join(", "))
    })
}

impl Presets {
    pub(super) fn run(self, output: Output) -> ExitCode {
        if let Some(preset) = self.name {
            output.result(&json!(preset.set()), preset.yaml().trim_end());
            return ExitCode::SUCCESS;
        }
        let data: Vec<_> = Preset::ALL
            .into_iter()
            .map(|preset| json!({ "name": preset.slug(), "suits": preset.suits() }))
            .collect();
        let lines: Vec<String> = Preset::ALL
            .into_iter()
            .map(|preset| format!("{:<13} {}", preset.slug(), preset.suits()))
            .collect();
        output.result(&data, &lines.join("\n"));
        ExitCode::SUCCESS
    }
}
