//! The demo's stage: the brand, its application, its key, and how it is taken down again.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::app::SharedApp;
use crate::application;
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::cli::output::Output;
use crate::http::shop::ShopSettings;
use crate::kernel::Secret;
use crate::key::{self, Presented};
use crate::postgres;
use crate::setup;

/// The demo brand's short name.
pub(super) const SLUG: &str = "bakery";

const NAME: &str = "Crumb & Co";
const COLOUR: &str = "#8a4b12";

/// What the demo works with.
pub(super) struct Setting {
    pub(super) secret_key: Secret,
    /// When the told year ends: the same on every run, so that a second run tells nothing new.
    pub(super) story_end: DateTime<Utc>,
    pub(super) client_id: String,
}

impl Setting {
    /// Finds what an earlier run made, and makes what is missing.
    pub(super) async fn prepare(app: &SharedApp, shop_url: &str) -> anyhow::Result<Self> {
        let brand = match find(app).await? {
            Some(brand) if !brand.is_demo => bail!(
                "the brand {SLUG} is a real one, so the demo leaves it alone; run the demo on \
                 another data folder or database"
            ),
            Some(brand) => brand,
            None => {
                let draft = brand::draft::Draft::parse(SLUG, NAME, COLOUR)
                    .map_err(|faults| anyhow::anyhow!("the demo's brand: {:?}", faults.list()))?;
                let brand = app.create_brand(Actor::Operator, draft, true).await?.0;
                let change = app.change(Actor::Operator);
                postgres::tx(&app.pool, async |conn| {
                    setup::ways::switch_mailbox(conn, change, &brand, true).await
                })
                .await?;
                brand
            }
        };
        let client_id = ensure_application(app, &brand, shop_url).await?;
        let secret_key = ensure_key(app, &brand).await?;
        Ok(Self {
            secret_key,
            story_end: brand.created_at,
            client_id,
        })
    }

    /// The sample shop, told about Befriend as any brand's back end is.
    pub(super) fn shop_router(&self, app: &SharedApp) -> anyhow::Result<axum::Router> {
        let settings = ShopSettings {
            issuer: app.config.issuer().to_owned(),
            service_url: Some(
                format!(
                    "http://{}/",
                    super::super::healthcheck::reachable(app.config.listen)
                )
                .parse()?,
            ),
            client_id: self.client_id.clone(),
            secret_key: self.secret_key.clone(),
        };
        Ok(crate::http::shop::router(
            settings,
            app.clock.clone(),
            app.entropy.clone(),
        )?)
    }
}

async fn find(app: &SharedApp) -> anyhow::Result<Option<Brand>> {
    let mut conn = app.pool.acquire().await?;
    Ok(brand::store::find_brand_by_slug(&mut conn, SLUG).await?)
}

async fn ensure_application(
    app: &SharedApp,
    brand: &Brand,
    shop_url: &str,
) -> anyhow::Result<String> {
    let client_id = format!("{SLUG}.web");
    let known = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        application::store::find_application_by_client_id(&mut conn, brand.brand_id, &client_id)
            .await?
    };
    if known.is_none() {
        let draft = application::draft::Draft::parse(
            "Crumb & Co shop",
            Some("web"),
            application::Kind::Browser,
            [shop_url],
        )
        .map_err(|faults| anyhow::anyhow!("the demo's shop: {:?}", faults.list()))?;
        postgres::tx(&app.pool, async |conn| {
            setup::create_application(conn, app.change(Actor::Operator), brand, draft).await
        })
        .await?;
    }
    Ok(client_id)
}

/// The shop's key: kept in the data folder as a shop would keep it, made anew if it was revoked.
async fn ensure_key(app: &SharedApp, brand: &Brand) -> anyhow::Result<Secret> {
    let path = app.config.data_dir.join("demo-shop.key");
    if let Some(presented) = std::fs::read_to_string(&path)
        .ok()
        .and_then(|text| Presented::parse(text.trim()))
    {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let known = key::store::find_presented_key(&mut conn, &presented, app.clock.now()).await?;
        if known.is_some_and(|key| key.brand_id == brand.brand_id) {
            return Ok(Secret::new(presented.expose()));
        }
    }
    let presented = postgres::tx(&app.pool, async |conn| {
        let change = app.change(Actor::Operator);
        setup::create_key(
            conn,
            change,
            brand.brand_id,
            (key::Kind::Secret, "Shop server"),
        )
        .await
    })
    .await?;
    std::fs::create_dir_all(&app.config.data_dir)?;
    // Replaced, not reopened: an older file keeps its wider mode.
    drop(std::fs::remove_file(&path));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("write {}", path.display()))?;
    writeln!(file, "{}", presented.expose())?;
    Ok(Secret::new(presented.expose()))
}

/// Removes the demo brand and everything in it.
pub(super) async fn wipe(
    app: &SharedApp,
    output: &Output,
) -> anyhow::Result<std::process::ExitCode> {
    let brand = find(app).await?.filter(|brand| brand.is_demo);
    let Some(brand) = brand else {
        output.result(&json!({ "wiped": false }), "there is no demo to remove");
        return Ok(std::process::ExitCode::SUCCESS);
    };
    postgres::tx(&app.pool, async |conn| {
        brand::store::delete_demo_brand(conn, brand.brand_id).await
    })
    .await?;
    drop(std::fs::remove_file(
        app.config.data_dir.join("demo-shop.key"),
    ));
    output.result(
        &json!({ "wiped": true }),
        "the demo brand and everything in it are removed",
    );
    Ok(std::process::ExitCode::SUCCESS)
}
