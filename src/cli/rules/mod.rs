//! `befriend rules`: the document that says what events are worth and when customers move.
//!
//! Owns the arguments and the printed words of its subcommands, one file each. Never judges a
//! document itself: [`crate::stage::ruleset`] does. Start with [`Rules`].

mod diff;
mod learn;
mod lint;
mod presets;
mod preview;
mod publish;
mod schema;
mod show;
mod source;
mod table;

use std::process::ExitCode;

use super::output::Output;
use crate::config::Config;

#[derive(clap::Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check a document and say, line by line, what is wrong and how to mend it. Exits with 0 if it
    /// can be used, 1 if there are warnings and --strict is given, 2 if there are faults.
    Lint(lint::Lint),
    /// Print a brand's rules.
    Show(show::Show),
    /// Print what two rule sets say differently; exits with 3 if they do.
    Diff(diff::Diff),
    /// List the rule sets that come with Befriend, or print one.
    Presets(presets::Presets),
    /// Measure how long customers take from one order to the next, and let it decide how fast
    /// investment fades where the rules say so.
    Learn(learn::Learn),
    /// Print the JSON Schema of a rule-set document, for editors and for checks of your own.
    Schema(schema::Schema),
    /// Say who would move, and what each stage would be worth, if other rules were published.
    Preview(preview::PreviewCommand),
    /// Publish rules and bring everybody up to them.
    Publish(publish::Publish),
    /// Take a version back: everybody stands as if it had never been published.
    TakeBack(publish::TakeBack),
}

impl Rules {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Lint(command) => command.run(config, output).await,
            Command::Show(command) => command.run(config, output).await,
            Command::Diff(command) => command.run(config, output).await,
            Command::Presets(command) => Ok(command.run(*output)),
            Command::Learn(command) => command.run(config, output).await,
            Command::Schema(command) => Ok(command.run(*output)),
            Command::Preview(command) => command.run(config, output).await,
            Command::Publish(command) => command.run(config, output).await,
            Command::TakeBack(command) => command.run(config, output).await,
        }
    }
}
