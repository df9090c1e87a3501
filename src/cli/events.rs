//! `befriend events`: what a brand's senders sent, stored or not.

use std::process::ExitCode;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::config::Config;
use crate::event::store::{self, Listed, ListedReject};

#[derive(clap::Args)]
pub(super) struct Events {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the latest events, and the latest that were not stored, newest first.
    List {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
        /// How many of each, at most.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Look back so many hours.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: u32,
    },
}

impl Events {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::List {
                brand,
                limit,
                hours,
            } => list(app, output, &brand, (limit, hours)).await,
        })
        .await
    }
}

async fn list(
    app: &App,
    output: &Output,
    slug: &str,
    (limit, hours): (u32, u32),
) -> anyhow::Result<ExitCode> {
    let since = app.clock.now() - TimeDelta::hours(hours.into());
    let mut conn = app.pool.acquire().await?;
    let brand = super::brand::find(&mut conn, slug).await?;
    let events = store::list_events(&mut conn, brand.brand_id, since, limit.into()).await?;
    let rejects = store::list_rejects(&mut conn, brand.brand_id, limit.into()).await?;
    let data = json!({
        "events": events.iter().map(event).collect::<Vec<_>>(),
        "rejects": rejects.iter().map(reject).collect::<Vec<_>>(),
    });
    let mut lines: Vec<String> = events.iter().map(event_line).collect();
    if !rejects.is_empty() {
        lines.push("Not stored:".to_owned());
        lines.extend(rejects.iter().map(reject_line));
    }
    if lines.is_empty() {
        lines.push("Nothing was sent yet.".to_owned());
    }
    output.result(&data, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn event(event: &Listed) -> Value {
    json!({
        "message_id": event.message_id,
        "profile_id": event.profile_id,
        "person_id": event.person_id,
        "type": event.kind,
        "name": event.name,
        "trusted": event.trusted,
        "identifies": event.identifies,
        "event_time": event.event_time,
        "received_at": event.received_at,
        "flags": event.flags,
        "payload": event.payload,
    })
}

fn reject(reject: &ListedReject) -> Value {
    json!({
        "status": reject.status,
        "code": reject.code,
        "detail": reject.detail,
        "message_id": reject.message_id,
        "name": reject.name,
        "payload": reject.payload,
        "received_at": reject.received_at,
    })
}

fn event_line(event: &Listed) -> String {
    let trust = if event.trusted { "" } else { "  untrusted" };
    let flags = if event.flags.is_empty() {
        String::new()
    } else {
        format!("  [{}]", event.flags.join(", "))
    };
    format!(
        "{}  {}  {} {}{trust}{flags}  {}",
        event.event_time.to_rfc3339(),
        event.person_id,
        event.kind,
        event.name,
        event.message_id,
    )
}

fn reject_line(reject: &ListedReject) -> String {
    format!(
        "{}  {}  {}: {}  {}",
        reject.received_at.to_rfc3339(),
        reject.status,
        reject.code,
        reject.detail,
        reject.message_id.as_deref().unwrap_or("(no message id)"),
    )
}
