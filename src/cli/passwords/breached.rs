//! `befriend breached`: the list of leaked passwords.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::output::Output;
use crate::credential::breached::build;

#[derive(clap::Args)]
pub(in crate::cli) struct BreachedList {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a list of a file with a SHA-1 in hexadecimal digits on each line, such as Have I Been
    /// Pwned gives out. Name it as `breached_list` in the settings afterwards.
    Build {
        /// The file of hashes.
        hashes: PathBuf,
        /// Where the list goes; two bytes for each hash.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl BreachedList {
    pub(in crate::cli) fn run(self, output: Output) -> anyhow::Result<ExitCode> {
        let Command::Build { hashes, out } = self.command;
        let built = build(&hashes, &out)?;
        let data = json!({ "hashes": built.hashes, "bytes": built.bytes, "file": out });
        let text = format!(
            "{} hashes in {}, {} bytes",
            built.hashes,
            out.display(),
            built.bytes
        );
        output.result(&data, &text);
        Ok(ExitCode::SUCCESS)
    }
}
