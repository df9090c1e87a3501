//! `befriend staff`: who may use the dashboard.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::audit::Actor;
use crate::config::Config;
use crate::kernel::EmailAddress;
use crate::postgres;
use crate::staff::{invitation, store};

#[derive(clap::Args)]
pub(super) struct Staff {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print a link that makes one person staff. It works once, for 24 hours.
    SetupLink,
    /// Print everybody who is or was staff.
    List,
    /// Stop somebody from signing in, and end their sessions.
    Disable {
        /// The address they sign in with.
        email: String,
    },
}

impl Staff {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::SetupLink => {
                let url = setup_link(app).await?;
                output.result(&json!({ "url": url }), &url);
                Ok(ExitCode::SUCCESS)
            }
            Command::List => list(app, output).await,
            Command::Disable { email } => disable(app, output, &email).await,
        })
        .await
    }
}

/// Makes a link for becoming staff.
pub(super) async fn setup_link(app: &App) -> Result<String, postgres::Error> {
    let token = postgres::tx(&app.pool, async |conn| {
        invitation::open(conn, &app.entropy, Actor::Operator, app.clock.now()).await
    })
    .await?;
    Ok(app
        .config
        .url(&format!("/dashboard/set-up?token={}", token.expose())))
}

/// A link for becoming staff, while nobody is.
pub(super) async fn link_if_nobody(app: &App) -> anyhow::Result<Option<String>> {
    let waits = {
        let mut conn = app.pool.acquire().await?;
        !store::has_members(&mut conn).await?
    };
    Ok(if waits {
        Some(setup_link(app).await?)
    } else {
        None
    })
}

/// While nobody is staff, prints a link in a box, so that it is found in a log.
pub(super) async fn announce(app: &App, output: &Output) -> anyhow::Result<()> {
    if let Some(url) = link_if_nobody(app).await? {
        let lines = [
            "Nobody is staff yet. Open this link within 24 hours; it works once:".to_owned(),
            url.clone(),
            "Print another:      befriend staff setup-link".to_owned(),
            "Look around first:  befriend demo".to_owned(),
        ];
        let data = json!({ "listening": app.config.issuer(), "setup_url": url });
        output.result(&data, &super::output::boxed(&lines));
    }
    Ok(())
}

async fn list(app: &App, output: &Output) -> anyhow::Result<ExitCode> {
    let mut conn = app.pool.acquire().await?;
    let members = store::list_members(&mut conn).await?;
    let data: Vec<_> = members
        .iter()
        .map(|member| {
            json!({
                "id": member.staff_id,
                "email": member.email,
                "name": member.name,
                "created_at": member.created_at,
                "disabled_at": member.disabled_at,
            })
        })
        .collect();
    let lines: Vec<String> = members
        .iter()
        .map(|member| {
            let state = if member.disabled_at.is_some() {
                " (disabled)"
            } else {
                ""
            };
            format!("{}  {}{state}", member.email, member.name)
        })
        .collect();
    let text = if lines.is_empty() {
        "nobody is staff yet: run `befriend staff setup-link`".to_owned()
    } else {
        lines.join("\n")
    };
    output.result(&data, &text);
    Ok(ExitCode::SUCCESS)
}

async fn disable(app: &App, output: &Output, email: &str) -> anyhow::Result<ExitCode> {
    let address = EmailAddress::parse(email)?;
    let (now, entropy) = (app.clock.now(), &app.entropy);
    let done = postgres::tx(&app.pool, async |conn| {
        invitation::disable(conn, entropy, Actor::Operator, address.as_str(), now).await
    })
    .await?;
    if !done {
        bail!("nobody who may sign in has the address {email}: see `befriend staff list`");
    }
    let text = format!("{email} can no longer sign in, and their sessions have ended");
    output.result(&json!({ "disabled": address.as_str() }), &text);
    Ok(ExitCode::SUCCESS)
}
