//! `befriend key`: a brand's API keys.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::audit::Actor;
use crate::config::Config;
use crate::kernel::id::KeyId;
use crate::key::{Allowlist, Grant, Kind, Scope, Scopes, grant, store};
use crate::{brand, postgres, setup};

#[derive(clap::Args)]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a key and print it, this once.
    Create {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
        /// `secret` for servers, `browser` for pages.
        #[arg(long)]
        kind: KindArgument,
        /// What it is for.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        grant: GrantArguments,
    },
    /// Change what a key may do, from its next use on. What is not named is as in a new key.
    Change {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
        /// The key's id, such as key_….
        id: String,
        #[command(flatten)]
        grant: GrantArguments,
    },
    /// Print a brand's keys.
    List {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
    },
    /// Revoke a key, at once and for ever.
    Revoke {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
        /// The key's id, such as key_….
        id: String,
    },
}

/// What a key may do of what its kind may.
#[derive(clap::Args)]
struct GrantArguments {
    /// A scope of a secret key, such as events:write; once for each. Left out: every scope.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// An event that it may send, such as "Signed In", "Product *" or $identify; once for each. Left
    /// out: any.
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// How many events a second it may send. Left out: what the settings say.
    #[arg(long, value_name = "NUMBER")]
    events_per_second: Option<String>,
}

impl GrantArguments {
    fn read(&self) -> Result<Grant, String> {
        let mut scopes = Vec::new();
        for name in &self.scopes {
            let known = || Scope::ALL.map(Scope::as_str).join(", ");
            let scope = Scope::parse(name);
            scopes.push(scope.ok_or_else(|| format!("--scope: one of {}", known()))?);
        }
        let events = Allowlist::read(&self.events.join("\n"));
        let rate = grant::read_rate(self.events_per_second.as_deref().unwrap_or_default());
        Ok(Grant {
            scopes: Scopes::of(scopes).unwrap_or_default(),
            events: events.map_err(|fault| format!("--event: {fault}"))?,
            events_per_second: rate.map_err(|fault| format!("--events-per-second: {fault}"))?,
        })
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    Secret,
    Browser,
}

impl From<KindArgument> for Kind {
    fn from(argument: KindArgument) -> Self {
        match argument {
            KindArgument::Secret => Self::Secret,
            KindArgument::Browser => Self::Browser,
        }
    }
}

impl Key {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::Create {
                brand,
                kind,
                name,
                grant,
            } => create(app, output, &brand, (kind.into(), name.trim()), &grant).await,
            Command::Change { brand, id, grant } => {
                change(app, output, (&brand, &id), &grant).await
            }
            Command::List { brand } => list(app, output, &brand).await,
            Command::Revoke { brand, id } => revoke(app, output, &brand, &id).await,
        })
        .await
    }
}

async fn create(
    app: &App,
    output: &Output,
    slug: &str,
    new: (Kind, &str),
    grant: &GrantArguments,
) -> anyhow::Result<ExitCode> {
    let grant = match grant.read() {
        Ok(grant) => grant,
        Err(fault) => return Ok(refused(&fault)),
    };
    if let Some(fault) = brand::draft::name_fault(new.1) {
        return Ok(refused(&format!("--name: {fault}")));
    }
    let brand = super::brand::find(&mut *app.pool.acquire().await?, slug).await?;
    let change = app.change(Actor::Operator);
    let key = postgres::tx(&app.pool, async |conn| {
        setup::create_key_with(conn, change, brand.brand_id, new, &grant).await
    })
    .await?;
    let data = json!({ "id": key.key_id, "key": key.expose(), "kind": new.0.as_str() });
    output.result(&data, &key.expose());
    Ok(ExitCode::SUCCESS)
}

fn refused(fault: &str) -> ExitCode {
    super::output::error(fault);
    ExitCode::from(2)
}

async fn change(
    app: &App,
    output: &Output,
    (slug, id): (&str, &str),
    grant: &GrantArguments,
) -> anyhow::Result<ExitCode> {
    let grant = match grant.read() {
        Ok(grant) => grant,
        Err(fault) => return Ok(refused(&fault)),
    };
    let key_id: KeyId = id.parse().with_context(|| format!("{id} is no key id"))?;
    let brand = super::brand::find(&mut *app.pool.acquire().await?, slug).await?;
    let change = app.change(Actor::Operator);
    let done = postgres::tx(&app.pool, async |conn| {
        setup::change_grant(conn, change, brand.brand_id, key_id, &grant).await
    })
    .await?;
    if !done {
        bail!("there is no such key in force: see `befriend key list --brand {slug}`");
    }
    output.result(&json!({ "changed": key_id }), &format!("changed {key_id}"));
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, output: &Output, slug: &str) -> anyhow::Result<ExitCode> {
    let mut conn = app.pool.acquire().await?;
    let brand = super::brand::find(&mut conn, slug).await?;
    let keys = store::list_keys(&mut conn, brand.brand_id).await?;
    let data: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.key_id,
                "kind": key.kind,
                "name": key.name,
                "scopes": key.grant.scopes.names(),
                "events": key.grant.events.entries(),
                "events_per_second": key.grant.events_per_second,
                "created_at": key.created_at,
                "last_used_at": key.last_used_at,
                "revoked_at": key.revoked_at,
            })
        })
        .collect();
    let lines: Vec<String> = keys
        .iter()
        .map(|key| {
            let state = if key.revoked_at.is_some() {
                " (revoked)"
            } else {
                ""
            };
            format!("{}  {}  {}{state}", key.key_id, key.kind, key.name)
        })
        .collect();
    output.result(&data, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

async fn revoke(app: &App, output: &Output, slug: &str, id: &str) -> anyhow::Result<ExitCode> {
    let key_id: KeyId = id.parse().with_context(|| format!("{id} is no key id"))?;
    let brand = super::brand::find(&mut *app.pool.acquire().await?, slug).await?;
    let change = app.change(Actor::Operator);
    let done = postgres::tx(&app.pool, async |conn| {
        setup::revoke_key(conn, change, brand.brand_id, key_id).await
    })
    .await?;
    if !done {
        bail!("there is no such key in force: see `befriend key list --brand {slug}`");
    }
    output.result(&json!({ "revoked": key_id }), &format!("revoked {key_id}"));
    Ok(ExitCode::SUCCESS)
}
