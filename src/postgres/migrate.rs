//! Migrations, safe for several processes that start at once.

use sqlx::migrate::{MigrateError, Migrator};

use super::pool::Address;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Brings the schema up to this program's. sqlx takes an advisory lock for the whole run, so of
/// several starting processes one migrates and the rest find nothing left to do. Runs on a
/// connection of its own: a lock must not outlive its holder in a pool.
pub async fn run(address: &Address) -> Result<(), Error> {
    let mut connection = address.connect().await?;
    MIGRATIONS
        .run_direct(None, &mut connection, false)
        .await
        .map_err(Error::from)
}

/// How many of this program's migrations the database still lacks.
pub async fn pending(address: &Address) -> Result<usize, Error> {
    use sqlx::migrate::Migrate as _;
    let mut connection = address.connect().await?;
    connection
        .ensure_migrations_table("_sqlx_migrations")
        .await?;
    let applied = connection
        .list_applied_migrations("_sqlx_migrations")
        .await?;
    Ok(MIGRATIONS
        .iter()
        .filter(|ours| !applied.iter().any(|a| a.version == ours.version))
        .count())
}

/// The schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached.
    #[error(transparent)]
    Database(#[from] super::Error),
    /// The database was migrated by a newer Befriend.
    #[error(
        "the database has migration {0}, which this program does not know: it was migrated by a \
         newer Befriend. Start that version, or restore a backup"
    )]
    Newer(i64),
    /// A migration failed, or was edited after it ran.
    #[error("a migration failed: {0}")]
    Failed(MigrateError),
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Failed(other),
        }
    }
}
