//! `befriend bench`: what this installation takes, beside what its database takes with nothing
//! before it, or its processors, in one run.
//!
//! Owns a brand and a schema of its own, made at the start and removed at the end; never touches
//! another brand, and never sends anywhere but to this machine. Start with [`intake`].

mod crowd;
mod current;
mod figures;
mod hashing;
mod intake;
mod load;
mod overload;
mod raw;
mod raw_store;
mod sign_in;
mod story;
mod wire;

use std::process::ExitCode;

use clap::Subcommand;

use super::output::Output;
use crate::config::Config;

#[derive(clap::Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Send events to the running service, and write the same rows to its database alone.
    Intake(intake::Intake),
    /// Sign people in by password at the running service, and hash alone on the same processors.
    SignIn(sign_in::SignIn),
}

impl Bench {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Intake(command) => Box::pin(command.run(config, *output)).await,
            What::SignIn(command) => Box::pin(command.run(config, *output)).await,
        }
    }
}
