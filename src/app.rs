//! The composition root: everything a request or a worker is given, made once.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Config;
use crate::credential::password::Hasher;
use crate::event::Intake;
use crate::kernel::{Cipher, Clock, Entropy};
use crate::postgres::Pool;
use crate::token::Keyring;

/// The service's parts. Shared as [`SharedApp`].
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub pool: Pool,
    /// The present instant.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// For secrets that are read back.
    pub cipher: Cipher,
    /// For passwords.
    pub passwords: Hasher,
    /// The keys that sign our tokens.
    pub keyring: Keyring,
    /// The way in for events.
    pub intake: Intake,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

/// The service, as handlers hold it.
pub type SharedApp = Arc<App>;

/// What an [`App`] is made of.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The database.
    pub pool: Pool,
    /// The present instant.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The installation's key.
    pub installation_key: [u8; 32],
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

impl App {
    /// Puts the parts together and starts the writers of events. Must be called within a Tokio
    /// runtime.
    pub fn new(parts: Parts) -> SharedApp {
        let Parts {
            config,
            pool,
            clock,
            entropy,
            installation_key,
            metrics,
        } = parts;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let cipher = Cipher::new(installation_key, entropy.clone());
        Arc::new(Self {
            keyring: Keyring::new(cipher.clone(), entropy.clone()),
            cipher,
            passwords: Hasher::new(cores, entropy.clone()),
            intake: Intake::start(&pool, &clock, &entropy, config.intake),
            config,
            pool,
            clock,
            entropy,
            metrics,
        })
    }
}
