//! `befriend connection`: a brand's ways in.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::audit::Actor;
use crate::config::Config;
use crate::federation::{redirect_uri, store};
use crate::kernel::Secret;
use crate::postgres;
use crate::setup::connection::{Typed, create_connection};

/// A secret is shorter than this, whatever file is given for it.
const SECRET_BYTES_MAX: u64 = 8 * 1024;

#[derive(clap::Args)]
pub(super) struct Connection {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Let a brand's customers sign in with a provider, and print the callback address to register.
    Create(Box<Create>),
    /// Print a brand's connections.
    List {
        /// The brand's short name.
        #[arg(long)]
        brand: String,
    },
}

#[derive(clap::Args)]
struct Create {
    /// The brand's short name.
    #[arg(long)]
    brand: String,
    /// A key of docs/providers.md: google, apple, github and so on; test; or oidc or oauth2.
    #[arg(long)]
    provider: String,
    /// The name on the button; the provider's own if left out.
    #[arg(long, default_value = "")]
    label: String,
    /// Its name in the callback address; the provider's key if left out.
    #[arg(long, default_value = "")]
    slug: String,
    /// The client id that the provider gave.
    #[arg(long, default_value = "")]
    client_id: String,
    /// The client secret that the provider gave. Other users of this machine may see it.
    #[arg(long, conflicts_with = "client_secret_file")]
    client_secret: Option<String>,
    /// A file with the client secret; - for standard input.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// For oidc and providers with servers of one's own: the https URL under which it publishes its
    /// discovery.
    #[arg(long, default_value = "")]
    issuer: String,
    /// For oauth2: where the browser is sent.
    #[arg(long, default_value = "")]
    authorize_url: String,
    /// For oauth2: where the code becomes a token.
    #[arg(long, default_value = "")]
    token_url: String,
    /// For oauth2: where the token opens the account.
    #[arg(long, default_value = "")]
    userinfo_url: String,
    /// What to ask for; may be given several times.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// A client id of the brand's own app at the provider, whose ID tokens are taken too; may be
    /// given several times.
    #[arg(long = "audience")]
    audiences: Vec<String>,
    /// For apple: the team's id. The client secret is the .p8 key.
    #[arg(long, default_value = "")]
    team_id: String,
    /// For apple: the key's id.
    #[arg(long, default_value = "")]
    key_id: String,
    /// A domain whose proven addresses are believed, for linking; may be given several times.
    #[arg(long = "trusted-domain")]
    trusted_domains: Vec<String>,
    /// For oauth2: where a claim stands in the account, as in subject=data.id; may be given several
    /// times.
    #[arg(long = "claim", value_name = "CLAIM=PATH", value_parser = claim)]
    claims: Vec<(String, String)>,
}

fn claim(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((claim, path)) if !claim.is_empty() => Ok((claim.to_owned(), path.to_owned())),
        Some(_) | None => Err("write it as claim=path, for example subject=data.id"),
    }
}

impl Connection {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::Create(create) => create.run(app, output).await,
            Command::List { brand } => list(app, output, &brand).await,
        })
        .await
    }
}

impl Create {
    async fn run(self, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
        let slug = self.brand.clone();
        let draft = match self.typed()?.check(&app.egress) {
            Ok(draft) => draft,
            Err(faults) => {
                for (part, fault) in faults.list() {
                    super::output::error(&format!("--{part}: {fault}"));
                }
                return Ok(ExitCode::from(2));
            }
        };
        let brand = super::brand::find(&mut *app.pool.acquire().await?, &slug).await?;
        let change = app.change(Actor::Operator);
        let connection = postgres::tx(&app.pool, async |conn| {
            create_connection(conn, change, &app.cipher, &brand, &draft).await
        })
        .await?;
        let callback = redirect_uri(app.config.issuer(), &brand.slug, &connection.slug);
        let data = json!({
            "id": connection.connection_id,
            "slug": connection.slug,
            "callback_url": callback,
        });
        let text = format!(
            "{} is on\nregister this callback address with it: {callback}",
            connection.label
        );
        output.result(&data, &text);
        Ok(ExitCode::SUCCESS)
    }

    fn typed(self) -> anyhow::Result<Typed> {
        let client_secret = match (self.client_secret, self.client_secret_file) {
            (Some(text), _) => Some(Secret::new(text)),
            (None, Some(path)) => Some(read_secret(&path)?),
            (None, None) => None,
        };
        Ok(Typed {
            provider: self.provider,
            label: self.label,
            slug: self.slug,
            client_id: self.client_id,
            client_secret,
            issuer: self.issuer,
            authorize_url: self.authorize_url,
            token_url: self.token_url,
            userinfo_url: self.userinfo_url,
            scopes: self.scopes,
            audiences: self.audiences,
            team_id: self.team_id,
            key_id: self.key_id,
            trusted_domains: self.trusted_domains,
            claim_paths: self.claims,
        })
    }
}

fn read_secret(path: &Path) -> anyhow::Result<Secret> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .take(SECRET_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("read the client secret from {}", path.display()))?;
    Ok(Secret::new(text))
}

async fn list(app: &App, output: &Output, slug: &str) -> anyhow::Result<ExitCode> {
    let mut conn = app.pool.acquire().await?;
    let brand = super::brand::find(&mut conn, slug).await?;
    let connections = store::list_connections(&mut conn, brand.brand_id).await?;
    let data: Vec<_> = connections
        .iter()
        .map(|connection| {
            json!({
                "id": connection.connection_id,
                "slug": connection.slug,
                "provider": connection.provider,
                "label": connection.label,
                "client_id": connection.client_id,
                "enabled": connection.is_enabled,
                "callback_url": redirect_uri(app.config.issuer(), slug, &connection.slug),
            })
        })
        .collect();
    let lines: Vec<String> = connections
        .iter()
        .map(|connection| {
            let state = if connection.is_enabled { "" } else { " (off)" };
            format!(
                "{}  {}  {}{state}",
                connection.slug, connection.provider, connection.label
            )
        })
        .collect();
    output.result(&data, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}
