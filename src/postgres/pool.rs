//! The pool, and its refusal of a connection that is still inside a transaction.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, Row as _};

use super::Error;

/// A pool of connections.
pub type Pool = sqlx::PgPool;

/// How long a caller waits for a connection before it is told that the service is busy.
const ACQUIRE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Address(PgConnectOptions);

impl Address {
    /// Parses a `postgres://` URL.
    pub fn parse(url: &str) -> Result<Self, Error> {
        PgConnectOptions::from_str(url)
            .map(Self)
            .map_err(Error::from)
    }

    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self(options)
    }

    /// The same server, another database. For tests and first set-up.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self(self.0.clone().database(name))
    }

    /// One connection outside any pool.
    pub async fn connect(&self) -> Result<PgConnection, Error> {
        self.options().connect().await.map_err(Error::from)
    }

    /// A pool of at most `size` connections. Connects on first use.
    pub fn pool(&self, size: u32) -> Pool {
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_WAIT_MAX)
            // The release check below proves the connection alive as it comes back.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    // A connection that idled may have died with a restart of the server.
                    if meta.idle_for > Duration::from_secs(1) {
                        return Ok(!is_inside_transaction(connection).await?);
                    }
                    Ok(true)
                })
            })
            .after_release(|connection, _| {
                Box::pin(async move {
                    let inside = is_inside_transaction(connection).await?;
                    if inside {
                        tracing::error!("a connection came back inside a transaction; closed it");
                        metrics::counter!("befriend_pool_refused_total").increment(1);
                    }
                    Ok(!inside)
                })
            })
            .connect_lazy_with(self.options())
    }

    fn options(&self) -> PgConnectOptions {
        self.0
            .clone()
            .application_name("befriend")
            .log_statements(tracing::log::LevelFilter::Trace)
            .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(2))
            .options([
                ("statement_timeout", "60000"),
                ("lock_timeout", "10000"),
                ("idle_in_transaction_session_timeout", "30000"),
                ("timezone", "UTC"),
            ])
    }
}

/// Asks the server itself, since the client's own count is what a cancelled `begin` gets wrong
/// (transact-rs/sqlx #4385): outside a transaction every statement starts its own, so the two
/// times are equal.
async fn is_inside_transaction(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = connection
        .fetch_one("select now() <> statement_timestamp()")
        .await?;
    row.try_get(0)
}

/// Whether the database answers.
pub async fn ping(pool: &Pool) -> Result<(), Error> {
    sqlx::query("select 1").execute(pool).await?;
    Ok(())
}
