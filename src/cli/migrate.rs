//! `befriend migrate`: the schema.

use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use super::runtime::Database;
use crate::config::Config;
use crate::postgres::migrate;

#[derive(clap::Args)]
pub(super) struct Migrate {
    /// Change nothing; exit with 3 if the schema is behind.
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let database = Database::open(&config).await?;
        let done = self.work(&database, output).await;
        database.close().await;
        done
    }

    async fn work(&self, database: &Database, output: &Output) -> anyhow::Result<ExitCode> {
        let pending = migrate::pending(database.address()).await?;
        if self.check {
            let text = match pending {
                0 => "the schema is up to date".to_owned(),
                n => format!("{n} migrations are pending: run `befriend migrate`"),
            };
            output.result(&json!({ "pending": pending }), &text);
            return Ok(if pending == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(3)
            });
        }
        migrate::run(database.address()).await?;
        let text = format!("applied {pending} migrations; the schema is up to date");
        output.result(&json!({ "applied": pending }), &text);
        Ok(ExitCode::SUCCESS)
    }
}
