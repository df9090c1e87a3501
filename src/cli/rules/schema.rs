//! `befriend rules schema`.

use std::process::ExitCode;

use crate::cli::output::Output;
use crate::stage::ruleset;

#[derive(clap::Args)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every subcommand is run the same way")]
    pub(super) fn run(self, output: Output) -> ExitCode {
        let text = serde_json::to_string_pretty(ruleset::schema()).expect("a schema is plain JSON");
        output.result(ruleset::schema(), &text);
        ExitCode::SUCCESS
    }
}
