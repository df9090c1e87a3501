//! What a command that needs the service's parts is given.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::app::{App, Parts, SharedApp};
use crate::config::Config;
use crate::credential::breached::Breached;
use crate::kernel::{Cipher, Clock, Entropy};
use crate::postgres::embedded::Cluster;
use crate::postgres::migrate;
use crate::postgres::pool::Address;

/// The service's parts and, where Befriend runs its own database, the cluster.
pub(super) struct Runtime {
    pub(super) app: SharedApp,
    pub(super) database: Database,
}

/// The database in use.
pub(super) enum Database {
    /// Somebody else runs it.
    Elsewhere(Address),
    /// The private cluster.
    Private(Cluster),
}

impl Database {
    /// Connects to `database_url`, or starts the private cluster.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        match &config.database_url {
            Some(url) => Ok(Self::Elsewhere(Address::parse(url.expose())?)),
            None => Ok(Self::Private(Cluster::start(&config.data_dir).await?)),
        }
    }

    pub(super) const fn address(&self) -> &Address {
        match self {
            Self::Elsewhere(address) => address,
            Self::Private(cluster) => cluster.address(),
        }
    }

    pub(super) async fn close(self) {
        match self {
            Self::Elsewhere(_) => {}
            Self::Private(cluster) => cluster.stop().await,
        }
    }
}

impl Runtime {
    /// Opens the database, migrates it, and makes the service's parts.
    pub(super) async fn start(config: Config) -> anyhow::Result<Self> {
        let database = Database::open(&config).await?;
        let prepared = async {
            migrate::run(database.address()).await?;
            let entropy = Entropy::system();
            let breached = match &config.breached_list {
                Some(path) => Breached::open(path).context("breached_list")?,
                None => Breached::none(),
            };
            Ok::<_, anyhow::Error>(App::new(Parts {
                breached,
                pool: database.address().pool(config.pool_size),
                clock: Clock::system(),
                installation_key: installation_key(&config, &entropy)?,
                metrics: crate::telemetry::metrics()?,
                entropy,
                config,
            }))
        };
        match prepared.await {
            Ok(app) => Ok(Self { app, database }),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// Runs `work`, then closes what was opened.
    pub(super) async fn with<T>(
        config: Config,
        work: impl AsyncFnOnce(&SharedApp) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let runtime = Self::start(config).await?;
        let done = work(&runtime.app).await;
        runtime.close().await;
        done
    }

    pub(super) async fn close(self) {
        self.app.intake.close().await;
        self.app.pool.close().await;
        self.database.close().await;
    }
}

/// The installation's key: from the settings, else from the data folder, made on first start.
fn installation_key(config: &Config, entropy: &Entropy) -> anyhow::Result<[u8; 32]> {
    if let Some(text) = &config.secret_key {
        return Cipher::parse_key(text.expose())
            .context("secret_key must be 64 hexadecimal digits");
    }
    let path = config.data_dir.join("installation.key");
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("create the folder {}", config.data_dir.display()))?;
    match write_new_key(&path, entropy) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("write {}", path.display())),
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("read the installation's key from {}", path.display()))?;
    Cipher::parse_key(&text).with_context(|| {
        format!(
            "{} is damaged; put it back from a backup: stored secrets need it",
            path.display()
        )
    })
}

/// Writes the key beside its final name and links it there, so that a reader never sees half of it
/// and of two processes that start at once one wins.
fn write_new_key(path: &Path, entropy: &Entropy) -> std::io::Result<()> {
    if path.exists() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let digits: Vec<String> = entropy
        .bytes::<32>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let text = format!("{}\n", digits.concat());
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked
}
