//! `befriend signing-key`: the keys that sign our tokens.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::SharedApp;
use crate::audit::{self, Actor};
use crate::config::Config;
use crate::postgres;
use crate::token::store;

#[derive(clap::Args)]
pub(super) struct SigningKey {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new key: published now, signing in an hour. The old one stays published until the
    /// last token it signed is over.
    Rotate,
    /// List the keys.
    List,
}

impl SigningKey {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::Rotate => rotate(app, output).await,
            Command::List => list(app, output).await,
        })
        .await?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn rotate(app: &SharedApp, output: &Output) -> anyhow::Result<()> {
    let now = app.clock.now();
    let key = postgres::tx(&app.pool, async |conn| {
        let key = store::insert_next_key(conn, &app.cipher, &app.entropy, now).await?;
        let entry = audit::Entry {
            actor: Actor::Operator,
            action: "signing_key.rotated",
            subject: key.signing_key_id.to_string(),
            detail: json!({ "active_from": key.active_from }),
            at: now,
        };
        audit::store::insert_entry(conn, audit::INSTALLATION, &app.entropy, entry).await?;
        Ok::<_, postgres::Error>(key)
    })
    .await?;
    output.result(
        &json!({ "kid": key.signing_key_id, "active_from": key.active_from }),
        &format!(
            "{} is published now and signs from {}",
            key.signing_key_id,
            key.active_from.format("%Y-%m-%d %H:%M:%S UTC")
        ),
    );
    Ok(())
}

async fn list(app: &SharedApp, output: &Output) -> anyhow::Result<()> {
    let mut conn = app.pool.acquire().await?;
    let keys = store::list_keys(&mut conn).await?;
    let now = app.clock.now();
    let lines: Vec<String> = keys
        .iter()
        .map(|key| {
            let state = match key.retired_at {
                Some(at) if at <= now => format!("retired {}", at.format("%Y-%m-%d %H:%M UTC")),
                Some(at) => format!("published until {}", at.format("%Y-%m-%d %H:%M UTC")),
                None if key.active_from > now => {
                    format!(
                        "signs from {}",
                        key.active_from.format("%Y-%m-%d %H:%M UTC")
                    )
                }
                None => "signs".to_owned(),
            };
            format!("{}  {state}", key.signing_key_id)
        })
        .collect();
    let text = if lines.is_empty() {
        "There is no key yet; the service makes the first when it needs one".to_owned()
    } else {
        lines.join("\n")
    };
    output.result(&keys, &text);
    Ok(())
}
