//! The one way to run a transaction.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use sqlx::{Connection as _, PgConnection};

use super::{Error, Pool};

/// Runs `work` in a transaction: committed when it returns `Ok`, rolled back otherwise.
///
/// `work` must not wait for anything but the database: no third party, no password hash. Requests
/// run in tasks of their own (`http::middleware::completion`), so a client that leaves cannot cancel
/// this between two statements; the pool's release check is the second line of defence. After a
/// panic the connection is closed: what of an answer it still holds is not known, and the server
/// rolls back when it is gone.
pub async fn tx<T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    E: From<Error>,
    F: AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
{
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let run = AssertUnwindSafe(run(&mut connection, work)).catch_unwind();
    match run.await {
        Ok(done) => done,
        Err(panic) => {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a connection was left as it was after a panic");
            }
            resume_unwind(panic)
        }
    }
}

async fn run<T, E, F>(connection: &mut PgConnection, work: F) -> Result<T, E>
where
    E: From<Error>,
    F: AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
{
    let mut transaction = connection.begin().await.map_err(Error::from)?;
    match work(&mut transaction).await {
        Ok(value) => {
            transaction.commit().await.map_err(Error::from)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = transaction.rollback().await {
                tracing::warn!(error = %rollback, "a rollback failed; the connection is dropped");
            }
            Err(error)
        }
    }
}
