//! `befriend application`: a brand's sites, apps and servers.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::application::{self, Kind, Settings, draft::Draft, store};
use crate::audit::Actor;
use crate::config::Config;
use crate::kernel::Secret;
use crate::oidc::backchannel_store;
use crate::{postgres, setup};

/// The most sign-outs that are printed.
const LOGOUTS_MAX: i64 = 50;

#[derive(clap::Args)]
pub(super) struct Application {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an application, and print its client id and, for a server, its secret this once.
    Create(Create),
    /// Change what the brand decided about an application; what is left out stays as it is.
    Set(Set),
    /// Print the latest news of sign-outs for an application, and what became of it.
    Logouts(Named),
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

/// Which application.
#[derive(clap::Args)]
struct Named {
    /// The brand's short name.
    #[arg(long)]
    brand: String,
    /// The word after the dot of its client id.
    #[arg(long)]
    client: String,
}

#[derive(clap::Args)]
struct Set {
    #[command(flatten)]
    named: Named,
    /// Whether it is somebody else's, so that people are asked what it may learn.
    #[arg(long, value_name = "BOOL")]
    third_party: Option<bool>,
    /// Whether it must push its authorization requests.
    #[arg(long, value_name = "BOOL")]
    require_par: Option<bool>,
    /// Whether it may learn a customer's stage, if it asks for it.
    #[arg(long, value_name = "BOOL")]
    stage: Option<bool>,
    /// Where it is told of a sign-out; empty for nowhere.
    #[arg(long, value_name = "URL")]
    backchannel_logout_uri: Option<String>,
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
            Command::Set(set) => set.run(app, output).await,
            Command::Logouts(named) => named.logouts(app, output).await,
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

impl Named {
    async fn find(&self, app: &App) -> anyhow::Result<application::Application> {
        let mut conn = app.pool.acquire().await?;
        let brand = super::brand::find(&mut conn, &self.brand).await?;
        let client_id = format!("{}.{}", brand.slug, self.client);
        store::find_application_by_client_id(&mut conn, brand.brand_id, &client_id)
            .await?
            .with_context(|| {
                format!("there is no application {client_id}; see `befriend application list`")
            })
    }

    async fn logouts(&self, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
        let application = self.find(app).await?;
        let mut conn = app.pool.acquire().await?;
        let (brand_id, id) = (application.brand_id, application.application_id);
        let listed =
            backchannel_store::list_deliveries(&mut conn, brand_id, id, LOGOUTS_MAX).await?;
        let lines: Vec<String> = listed.iter().map(logout_line).collect();
        output.result(&listed, &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }
}

fn logout_line(listed: &backchannel_store::Listed) -> String {
    let error = listed.last_error.as_deref().unwrap_or_default();
    let state = match (listed.sent_at, listed.failed_at) {
        (Some(at), _) => format!("told {}", at.to_rfc3339()),
        (None, Some(at)) => format!("given up {}: {error}", at.to_rfc3339()),
        (None, None) => format!("next try {}: {error}", listed.next_try_at.to_rfc3339()),
    };
    format!("{}  {} tries  {state}", listed.session_id, listed.tries)
}

impl Set {
    async fn run(self, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
        let application = self.named.find(app).await?;
        let before = &application.settings;
        let settings = Settings {
            is_third_party: self.third_party.unwrap_or(before.is_third_party),
            requires_par: self.require_par.unwrap_or(before.requires_par),
            may_learn_stage: self.stage.unwrap_or(before.may_learn_stage),
            backchannel_logout_uri: match self.backchannel_logout_uri {
                Some(uri) => Some(uri).filter(|uri| !uri.is_empty()),
                None => before.backchannel_logout_uri.clone(),
            },
        };
        if let Some(fault) = settings.fault() {
            super::output::error(&format!("--backchannel-logout-uri: {fault}"));
            return Ok(ExitCode::from(2));
        }
        let change = app.change(Actor::Operator);
        let changed = postgres::tx(&app.pool, async |conn| {
            setup::change_application(conn, change, &application, &settings).await
        })
        .await?;
        anyhow::ensure!(changed, "the application was switched off meanwhile");
        let text = format!(
            "third party: {}\nmust push requests: {}\nmay learn the stage: {}\nis told of sign-outs: {}",
            settings.is_third_party,
            settings.requires_par,
            settings.may_learn_stage,
            settings.backchannel_logout_uri.as_deref().unwrap_or("no"),
        );
        output.result(&json!(settings), &text);
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
