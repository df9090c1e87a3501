//! The command line.
//!
//! Owns arguments, what is printed, and exit codes: 0 done, 1 failed, 2 wrong arguments, 3 checked
//! and found wanting. Never holds logic that the service also needs. Start with [`run`].

mod application;
mod bench;
mod brand;
mod connection;
mod demo;
mod doctor;
mod events;
mod explain;
mod forget;
mod healthcheck;
pub mod import;
mod key;
mod mail;
mod migrate;
pub mod output;
mod passwords;
mod postgres;
mod replay;
mod rules;
mod runtime;
mod serve;
mod signing_key;
mod staff;
mod stages;
mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config;

/// Befriend: customer identity that knows how well your customers know you.
#[derive(Parser)]
#[command(name = "befriend", version, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
struct Global {
    /// A TOML file with settings; the environment and flags go before it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the private database and generated secrets lie.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service.
    Serve(serve::Serve),

    /// Run the service with a demo brand, a year of its history, and a sample shop.
    Demo(demo::Demo),
    /// See whether mail gets through.
    Mail(mail::Mail),
    /// Bring the database schema up to date.
    Migrate(migrate::Migrate),
    /// Say who may use the dashboard.
    Staff(staff::Staff),
    /// Make and list brands.
    Brand(brand::Brand),
    /// Make and list a brand's sites, apps and servers.
    Application(application::Application),
    /// Make and list a brand's connections to social providers.
    Connection(connection::Connection),
    /// Make, list and revoke a brand's API keys.
    Key(key::Key),
    /// List and rotate the keys that sign our tokens.
    SigningKey(signing_key::SigningKey),
    /// Look at what a brand's senders sent.
    Events(events::Events),
    /// Say why a customer stands where they do, and what would change it, at any date.
    Explain(explain::Explain),
    /// Have everything of a customer deleted, in two weeks.
    Forget(forget::Forget),
    /// Measure what this installation takes, beside what its database takes alone.
    Bench(bench::Bench),
    /// Look at everything the service needs, and say what to mend; exit with 3 if anything.
    Doctor(doctor::Doctor),
    /// Ask the running service whether it is ready.
    Healthcheck(healthcheck::Healthcheck),
    /// Make a list of leaked passwords that new ones are held against.
    Breached(passwords::BreachedList),
    /// Read a purchase history from a file into a brand, through the intake that SDKs use.
    Import(import::Import),
    /// Run only the private PostgreSQL, until standard input closes or it is told to stop.
    Postgres(postgres::Postgres),
    /// Fold every customer's events from scratch and mend what is stored otherwise, or only compare.
    Replay(replay::Replay),
    /// Check, show, compare, try, publish and take back the rules by which customers move.
    Rules(rules::Rules),
    /// Count the customers at each stage, now or at any date.
    Stages(stages::Stages),
    /// Reckon how likely customers are to be active and what they will be worth.
    Value(value::Value),
}

/// Reads the arguments and does what they say.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let mut overrides = BTreeMap::new();
    if let Some(folder) = &arguments.global.data_dir {
        overrides.insert("data_dir".to_owned(), folder.display().to_string());
    }
    match &arguments.command {
        Command::Serve(serve) => serve.listen.override_settings(&mut overrides),
        Command::Demo(demo) => demo.listen.override_settings(&mut overrides),

        _ => {}
    }
    let config = match config::read(arguments.global.config.as_deref(), &overrides) {
        Ok(config) => config,
        Err(faults) => {
            output::error(&faults.to_string());
            return ExitCode::from(2);
        }
    };
    crate::telemetry::init(&config);
    let output = output::Output::new(arguments.global.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error(&format!("the async runtime could not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(Box::pin(async {
        match arguments.command {
            Command::Serve(command) => command.run(config, &output).await,

            Command::Demo(command) => Box::pin(command.run(config, &output)).await,
            Command::Mail(command) => command.run(config, &output).await,
            Command::Migrate(command) => command.run(config, &output).await,
            Command::Staff(command) => command.run(config, &output).await,
            Command::Brand(command) => command.run(config, &output).await,
            Command::Application(command) => command.run(config, &output).await,
            Command::Connection(command) => command.run(config, &output).await,
            Command::Key(command) => command.run(config, &output).await,
            Command::SigningKey(command) => command.run(config, &output).await,
            Command::Events(command) => command.run(config, &output).await,
            Command::Explain(command) => command.run(config, &output).await,
            Command::Forget(command) => command.run(config, &output).await,
            Command::Bench(command) => command.run(config, &output).await,
            Command::Doctor(command) => command.run(config, &output).await,
            Command::Healthcheck(command) => command.run(&config, output),
            Command::Breached(command) => command.run(output),
            Command::Import(command) => Box::pin(command.run(config, &output)).await,
            Command::Postgres(command) => command.run(config, &output).await,
            Command::Replay(command) => command.run(config, &output).await,
            Command::Rules(command) => Box::pin(command.run(config, &output)).await,
            Command::Stages(command) => command.run(config, &output).await,
            Command::Value(command) => command.run(config, &output).await,
        }
    }));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match done {
        Ok(code) => code,
        Err(error) => {
            output::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_valid() {
        Arguments::command().debug_assert();
    }
}
