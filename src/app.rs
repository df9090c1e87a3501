//! The composition root: everything a request or a worker is given, made once.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::abuse;
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::config::Config;
use crate::credential::breached::Breached;
use crate::credential::password::Hasher;
use crate::egress::{Egress, Local, Policy};
use crate::event::{Intake, Names};
use crate::federation::Federation;
use crate::federation::built_in::TestProvider;
use crate::kernel::{Cipher, Clock, Entropy, HashKey};
use crate::key::{Presented, Quotas};
use crate::oidc::backchannel::Courier;
use crate::postgres::{self, Pool};
use crate::projection::{self, Projector};
use crate::setup::{self, Change};
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
    /// For hashes of what could be guessed.
    pub hash_key: HashKey,
    /// Passwords that leaked elsewhere.
    pub breached: Breached,
    /// For passwords.
    pub passwords: Hasher,
    /// How often passwords and codes may be tried, and mail be asked for.
    pub abuse: abuse::Guard,
    /// The keys that sign our tokens.
    pub keyring: Keyring,
    /// Brings standings up to date, and says where somebody stands.
    pub projector: Projector,
    /// The way in for events.
    pub intake: Intake,
    /// The names of each brand's events.
    pub event_names: Names,
    /// How much keys and addresses may send.
    pub quotas: Quotas,
    /// Calls to the outside.
    pub egress: Egress,
    /// Providers that people sign in by.
    pub federation: Federation,
    /// The provider built into this server.
    pub test_provider: Arc<TestProvider>,
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
    /// Passwords that leaked elsewhere.
    pub breached: Breached,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

impl App {
    /// Puts the parts together and starts the writers of events. Must be called within a Tokio
    /// runtime.
    pub fn new(parts: Parts) -> SharedApp {
        Self::before(parts, None)
    }

    /// The same with something that answers for outside URLs without the network: tests stand
    /// providers up by it, at the very addresses that the catalogue names.
    pub fn before(parts: Parts, outside: Option<Arc<dyn Local>>) -> SharedApp {
        let Parts {
            config,
            pool,
            clock,
            entropy,
            installation_key,
            breached,
            metrics,
        } = parts;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let cipher = Cipher::new(installation_key, entropy.clone());
        let test_provider = TestProvider::new(
            config.issuer(),
            &installation_key,
            cipher.clone(),
            clock.clone(),
        );
        let local = Arc::clone(&test_provider);
        let mut egress = Egress::new(Policy::new(config.egress_allows_private), Some(local));
        if let Some(outside) = outside {
            egress = egress.with_local(outside);
        }
        let test_issuer = test_provider.issuer().to_owned();
        let projector = Projector::new(pool.clone(), clock.clone(), entropy.clone());
        let wake = projector.wake().clone();
        let hash_key = HashKey::derive(&installation_key);
        let intake = Intake::start(
            &pool,
            &clock,
            &entropy,
            &hash_key,
            config.intake,
            move || wake.poke(),
        );
        Arc::new(Self {
            federation: Federation::new(egress.clone(), test_issuer),
            egress,
            test_provider,
            keyring: Keyring::new(cipher.clone(), entropy.clone()),
            cipher,
            hash_key,
            breached,
            passwords: Hasher::new(cores, entropy.clone()),
            projector,
            intake,
            event_names: Names::default(),
            quotas: Quotas::new(config.quotas),
            abuse: abuse::Guard::new(&installation_key),
            config,
            pool,
            clock,
            entropy,
            metrics,
        })
    }

    /// What telling applications of sign-outs takes.
    pub fn courier(&self) -> Courier<'_> {
        Courier {
            pool: &self.pool,
            clock: &self.clock,
            egress: &self.egress,
            keyring: &self.keyring,
            issuer: self.config.issuer(),
        }
    }

    /// A change that `actor` makes now.
    pub fn change(&self, actor: Actor) -> Change<'_> {
        Change {
            actor,
            at: self.clock.now(),
            entropy: &self.entropy,
        }
    }

    /// Makes a brand with all that it begins with. Returns it and the key for its pages.
    pub async fn create_brand(
        &self,
        actor: Actor,
        draft: brand::draft::Draft,
        is_demo: bool,
    ) -> Result<(Brand, Presented), setup::Error> {
        let change = self.change(actor);
        postgres::tx(&self.pool, async |conn| {
            let made = setup::insert_brand(conn, change, &self.cipher, draft, is_demo).await?;
            let brand_id = made.0.brand_id;
            projection::ensure_default(conn, brand_id, change.at, change.entropy).await?;
            Ok(made)
        })
        .await
    }
}
