//! What `befriend doctor` asks the server about itself.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Error;

/// The oldest major version that the schema is tested on.
pub const VERSION_MIN: i32 = 15;

/// What a server says of itself.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its clock.
    pub now: DateTime<Utc>,
    /// Its version, as in `17.2`.
    pub version: String,
    /// Its major version.
    pub major: i32,
    /// Whether a commit that was answered survives a crash: `fsync` and `synchronous_commit`.
    pub is_durable: bool,
    /// The most connections it takes.
    pub connections_max: i32,
}

/// Asks the server about itself.
pub async fn describe(conn: &mut PgConnection) -> Result<Server, Error> {
    let server = sqlx::query_as!(
        Server,
        r#"select clock_timestamp() as "now!",
                  split_part(current_setting('server_version'), ' ', 1) as "version!",
                  current_setting('server_version_num')::int / 10000 as "major!",
                  current_setting('fsync') = 'on'
                      and current_setting('synchronous_commit') <> 'off' as "is_durable!",
                  current_setting('max_connections')::int as "connections_max!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(server)
}
