//! What a test is given: a database of its own, a frozen clock, repeatable randomness, and the
//! production router, called in process or over loopback.

mod browser;
mod database;

use std::collections::BTreeMap;
use std::sync::Arc;

use befriend::app::{App, Parts, SharedApp};
use befriend::config::{self, Config};
use befriend::egress::Local;
use befriend::kernel::{Clock, Entropy};
use chrono::{DateTime, TimeZone as _, Utc};

pub use browser::{Answer, Browser};
pub use database::Database;

/// When every test begins: a Thursday at noon.
pub fn start_of_time() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap()
}

/// The whole service on a fresh database.
pub struct TestApp {
    pub app: SharedApp,
    pub clock: Clock,
    pub database: Database,
}

impl TestApp {
    /// A service as it is after its first start, with no brand and no staff.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with settings, by their names in the TOML file.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::make(settings, None).await
    }

    /// A service for which `outside` stands at the addresses that it serves.
    pub async fn start_before(outside: Arc<dyn Local>) -> Self {
        Self::make(&[], Some(outside)).await
    }

    async fn make(settings: &[(&str, &str)], outside: Option<Arc<dyn Local>>) -> Self {
        let database = Database::create().await;
        let clock = Clock::frozen(start_of_time());
        let parts = Parts {
            config: test_config(settings),
            pool: database.address().pool(8),
            clock: clock.clone(),
            entropy: Entropy::seeded(database.number()),
            installation_key: [7; 32],
            breached: befriend::credential::breached::Breached::none(),
            metrics: befriend::telemetry::metrics().unwrap(),
        };
        let app = App::before(parts, outside);
        Self {
            app,
            clock,
            database,
        }
    }

    /// The production router.
    pub fn router(&self) -> axum::Router {
        befriend::http::router(Arc::clone(&self.app))
    }

    /// A browser with no cookies, whose requests run in process.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router(), self.app.config.issuer())
    }

    /// Serves on a loopback port of the system's choice; returns its base URL. Stops with the test.
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

fn test_config(settings: &[(&str, &str)]) -> Config {
    let mut overrides: BTreeMap<String, String> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    overrides
        .entry("data_dir".to_owned())
        .or_insert_with(|| "unused".to_owned());
    config::read(None, &overrides).unwrap()
}
