//! `befriend application`: a brand's sites, apps and servers.

use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::application::{Kind, draft::Draft, store};
use crate::audit::Actor;
use crate::config::Config;
use crate::kernel::Secret;
use crate::{postgres, setup};

#[derive(clap::Args)]
pub(super) struct Application {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an application, and print its client id and, for a server, its secret this once.
    Create(Create),
    /// Print a brand's applications.
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
    /// The application's name for people.
    #[arg(long)]
    name: String,
    /// The word after the dot of its client id; the name gives it if left out.
    #[arg(long)]
    client: Option<String>,
    /// `browser` keeps no secret; `server` does.
    #[arg(long, default_value = "browser")]
    kind: KindArgument,
    /// An exact address to send people back to; may be given several times.
    #[arg(long = "redirect-uri", required = true)]
    redirect_uris: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    Browser,
    Server,
}

impl From<KindArgument> for Kind {
    fn from(argument: KindArgument) -> Self {
        match argument {
            KindArgument::Browser => Self::Browser,
            KindArgument::Server => Self::Server,
        }
    }
}

impl Application {
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
        let uris = self.redirect_uris.iter().map(String::as_str);
        let draft = match Draft::parse(&self.name, self.client.as_deref(), self.kind.into(), uris) {
            Ok(draft) => draft,
            Err(faults) => {
                for (part, fault) in faults.list() {
                    super::output::error(&format!("--{part}: {fault}"));
                }
                return Ok(ExitCode::from(2));
            }
        };
        let brand = super::brand::find(&mut *app.pool.acquire().await?, &self.brand).await?;
        let change = app.change(Actor::Operator);
        let (application, secret) = postgres::tx(&app.pool, async |conn| {
            setup::create_application(conn, change, &brand, draft).await
        })
        .await?;
        let secret = secret.as_ref().map(Secret::expose);
        let data = json!({
            "id": application.application_id,
            "client_id": application.client_id,
            "client_secret": secret,
            "issuer": app.config.issuer(),
            "redirect_uris": application.redirect_uris,
        });
        let mut text = format!("client id: {}", application.client_id);
        if let Some(secret) = secret {
            text.push_str("\nclient secret, shown this once: ");
            text.push_str(secret);
        }
        output.result(&data, &text);
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, output: &Output, slug: &str) -> anyhow::Result<ExitCode> {
    let mut conn = app.pool.acquire().await?;
    let brand = super::brand::find(&mut conn, slug).await?;
    let applications = store::list_applications(&mut conn, brand.brand_id).await?;
    let data: Vec<_> = applications
        .iter()
        .map(|application| {
            json!({
                "id": application.application_id,
                "client_id": application.client_id,
                "name": application.name,
                "kind": application.kind.as_str(),
                "redirect_uris": application.redirect_uris,
            })
        })
        .collect();
    let lines: Vec<String> = applications
        .iter()
        .map(|application| {
            let kind = application.kind.as_str();
            format!("{}  {}  {kind}", application.client_id, application.name)
        })
        .collect();
    output.result(&data, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}
