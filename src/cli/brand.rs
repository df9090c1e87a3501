//! `befriend brand`: the tenants.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::output::Output;
use super::runtime::Runtime;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::brand::draft::Draft;
use crate::brand::{self, store};
use crate::config::Config;
use crate::postgres::{self, PgConnection};

#[derive(clap::Args)]
pub(super) struct Brand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a brand, with the default rules, a key for its pages and the test provider.
    Create {
        /// Its name in addresses: lower-case letters, digits and dashes.
        #[arg(long)]
        slug: String,
        /// Its name for people.
        #[arg(long)]
        name: String,
        /// Its colour, such as #b85207.
        #[arg(long, default_value = "")]
        colour: String,
    },
    /// Print all brands.
    List,
    /// Change what a brand's own pages show.
    Set {
        /// Its name in addresses.
        slug: String,
        /// Whether a customer's own page tells them their stage: true or false.
        #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
        shows_stage: bool,
    },
}

impl Brand {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match self.command {
            Command::Create { slug, name, colour } => {
                create(app, output, [&slug, &name, &colour]).await
            }
            Command::List => list(app, output).await,
            Command::Set { slug, shows_stage } => set(app, output, &slug, shows_stage).await,
        })
        .await
    }
}

async fn create(
    app: &App,
    output: &Output,
    [slug, name, colour]: [&str; 3],
) -> anyhow::Result<ExitCode> {
    let draft = match Draft::parse(slug, name, colour) {
        Ok(draft) => draft,
        Err(faults) => {
            for (part, fault) in faults.list() {
                super::output::error(&format!("--{part}: {fault}"));
            }
            return Ok(ExitCode::from(2));
        }
    };
    let (brand, key) = app.create_brand(Actor::Operator, draft, false).await?;
    let dashboard = app.config.url(&format!("/dashboard/{}/", brand.slug));
    let data = json!({
        "id": brand.brand_id,
        "slug": brand.slug,
        "browser_key": key.expose(),
        "dashboard": dashboard,
    });
    let text = format!(
        "made {}\nkey for its pages: {}\ndashboard: {dashboard}",
        brand.name,
        key.expose()
    );
    output.result(&data, &text);
    Ok(ExitCode::SUCCESS)
}

async fn set(
    app: &App,
    output: &Output,
    slug: &str,
    shows_stage: bool,
) -> anyhow::Result<ExitCode> {
    let brand = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let brand = find(conn, slug).await?;
        store::update_shows_stage(conn, brand.brand_id, shows_stage).await?;
        let entry = audit::Entry {
            actor: Actor::Operator,
            action: "brand.changed",
            subject: brand.brand_id.to_string(),
            detail: json!({ "shows_stage": shows_stage }),
            at: app.clock.now(),
        };
        audit::store::insert_entry(conn, brand.brand_id, &app.entropy, entry).await?;
        Ok::<_, anyhow::Error>(brand)
    })
    .await?;
    let told = if shows_stage {
        "tells"
    } else {
        "does not tell"
    };
    let text = format!(
        "{}: a customer's own page {told} them their stage",
        brand.slug
    );
    output.result(
        &json!({ "slug": brand.slug, "shows_stage": shows_stage }),
        &text,
    );
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, output: &Output) -> anyhow::Result<ExitCode> {
    let mut conn = app.pool.acquire().await?;
    let brands = store::list_brands(&mut conn).await?;
    let data: Vec<_> = brands
        .iter()
        .map(|brand| json!({ "id": brand.brand_id, "slug": brand.slug, "name": brand.name }))
        .collect();
    let lines: Vec<String> = brands
        .iter()
        .map(|brand| format!("{}  {}", brand.slug, brand.name))
        .collect();
    let text = if lines.is_empty() {
        "no brand yet: run `befriend brand create`".to_owned()
    } else {
        lines.join("\n")
    };
    output.result(&data, &text);
    Ok(ExitCode::SUCCESS)
}

/// The brand that a command names.
pub(super) async fn find(conn: &mut PgConnection, slug: &str) -> anyhow::Result<brand::Brand> {
    let Some(brand) = store::find_brand_by_slug(conn, slug)
        .await
        .context("look up the brand")?
    else {
        bail!("there is no brand {slug}: see `befriend brand list`");
    };
    Ok(brand)
}
