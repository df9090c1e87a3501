//! SQL of connections and attempts.

use chrono::{DateTime, Utc};

use super::attempt::{Attempt, PostedName};
use super::connection::Connection;
use crate::kernel::Secret;
use crate::kernel::id::{AttemptId, BrandId, ConnectionId, FlowId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// The brand's connection with this slug, whether or not it is enabled.
pub async fn find_connection_by_slug(
    conn: &mut PgConnection,
    brand_id: BrandId,
    slug: &str,
) -> Result<Option<Connection>, Error> {
    let connection = sqlx::query_as!(
        Connection,
        r#"select brand_id as "brand_id: BrandId", connection_id as "connection_id: ConnectionId",
                  slug, provider, label, client_id, client_secret, issuer, authorize_url, token_url,
                  userinfo_url, jwks_url, scopes, claim_paths, audiences, particulars,
                  trusted_domains, position, enabled as is_enabled
           from connection where brand_id = $1 and slug = $2"#,
        brand_id.uuid(),
        slug,
    )
    .fetch_optional(conn)
    .await?;
    Ok(connection)
}

/// The brand's connection with this id, whether or not it is enabled.
pub async fn find_connection(
    conn: &mut PgConnection,
    brand_id: BrandId,
    connection_id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let connection = sqlx::query_as!(
        Connection,
        r#"select brand_id as "brand_id: BrandId", connection_id as "connection_id: ConnectionId",
                  slug, provider, label, client_id, client_secret, issuer, authorize_url, token_url,
                  userinfo_url, jwks_url, scopes, claim_paths, audiences, particulars,
                  trusted_domains, position, enabled as is_enabled
           from connection where brand_id = $1 and connection_id = $2"#,
        brand_id.uuid(),
        connection_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(connection)
}

/// The brand's connections, disabled ones included, in the order of their buttons.
pub async fn list_connections(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<Connection>, Error> {
    let connections = sqlx::query_as!(
        Connection,
        r#"select brand_id as "brand_id: BrandId", connection_id as "connection_id: ConnectionId",
                  slug, provider, label, client_id, client_secret, issuer, authorize_url, token_url,
                  userinfo_url, jwks_url, scopes, claim_paths, audiences, particulars,
                  trusted_domains, position, enabled as is_enabled
           from connection where brand_id = $1 order by position, label, slug"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(connections)
}

/// Writes a new connection. The constraint `connection_slug_key` refuses a slug that is taken.
pub async fn insert_connection(
    conn: &mut PgConnection,
    connection: &Connection,
    created_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into connection (brand_id, connection_id, slug, provider, label, client_id,
                                 client_secret, issuer, authorize_url, token_url, userinfo_url,
                                 jwks_url, scopes, claim_paths, trusted_domains, position, enabled,
                                 created_at, audiences, particulars)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20)",
        connection.brand_id.uuid(),
        connection.connection_id.uuid(),
        connection.slug,
        connection.provider,
        connection.label,
        connection.client_id,
        connection.client_secret,
        connection.issuer,
        connection.authorize_url,
        connection.token_url,
        connection.userinfo_url,
        connection.jwks_url,
        &connection.scopes,
        connection.claim_paths,
        &connection.trusted_domains,
        connection.position,
        connection.is_enabled,
        created_at,
        &connection.audiences,
        connection.particulars,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what may be changed of a connection: everything but its provider, its slug, which is part
/// of the address registered with the provider, and whether it is switched on.
pub async fn update_connection(
    conn: &mut PgConnection,
    connection: &Connection,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update connection
         set label = $3, client_id = $4, client_secret = $5, issuer = $6, authorize_url = $7,
             token_url = $8, userinfo_url = $9, scopes = $10, claim_paths = $11, audiences = $12,
             particulars = $13, trusted_domains = $14
         where brand_id = $1 and connection_id = $2",
        connection.brand_id.uuid(),
        connection.connection_id.uuid(),
        connection.label,
        connection.client_id,
        connection.client_secret,
        connection.issuer,
        connection.authorize_url,
        connection.token_url,
        connection.userinfo_url,
        &connection.scopes,
        connection.claim_paths,
        &connection.audiences,
        connection.particulars,
        &connection.trusted_domains,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "connection", connection.connection_id)?;
    Ok(())
}

/// Switches a connection on or off. A sign-in under way with it is refused from then on.
pub async fn update_connection_enabled(
    conn: &mut PgConnection,
    brand_id: BrandId,
    connection_id: ConnectionId,
    is_enabled: bool,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update connection set enabled = $3 where brand_id = $1 and connection_id = $2",
        brand_id.uuid(),
        connection_id.uuid(),
        is_enabled,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "connection", connection_id)?;
    Ok(())
}

/// Writes a new attempt under the hash of its state.
pub async fn insert_attempt(
    conn: &mut PgConnection,
    brand_id: BrandId,
    attempt: &Attempt,
    state: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into attempt (brand_id, attempt_id, flow_id, connection_id, state_hash, nonce,
                              pkce_verifier, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        brand_id.uuid(),
        attempt.attempt_id.uuid(),
        attempt.flow_id.uuid(),
        attempt.connection_id.uuid(),
        state.hash().to_vec(),
        attempt.nonce,
        attempt.pkce_verifier.expose(),
        attempt.created_at,
        attempt.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The attempt that was begun with this state.
pub async fn find_attempt_by_state(
    conn: &mut PgConnection,
    brand_id: BrandId,
    state: &Secret,
) -> Result<Option<Attempt>, Error> {
    let row = sqlx::query!(
        r#"select attempt_id as "attempt_id: AttemptId", flow_id as "flow_id: FlowId",
                  connection_id as "connection_id: ConnectionId", nonce, pkce_verifier, created_at,
                  expires_at, claimed_at, posted_name
           from attempt where brand_id = $1 and state_hash = $2"#,
        brand_id.uuid(),
        state.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Attempt {
        attempt_id: row.attempt_id,
        flow_id: row.flow_id,
        connection_id: row.connection_id,
        nonce: row.nonce,
        pkce_verifier: Secret::new(row.pkce_verifier),
        created_at: row.created_at,
        expires_at: row.expires_at,
        claimed_at: row.claimed_at,
        posted_name: row
            .posted_name
            .and_then(|value| serde_json::from_value(value).ok()),
    }))
}

/// Claims an attempt. Of any number of callers at once, exactly one is told `true`.
pub async fn claim_attempt(
    conn: &mut PgConnection,
    brand_id: BrandId,
    attempt_id: AttemptId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update attempt set claimed_at = $3
         where brand_id = $1 and attempt_id = $2 and claimed_at is null and expires_at > $3",
        brand_id.uuid(),
        attempt_id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the name that came with the form of an attempt that is still open, the first time.
pub async fn update_posted_name(
    conn: &mut PgConnection,
    brand_id: BrandId,
    connection_id: ConnectionId,
    state: &Secret,
    name: &PostedName,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let name = serde_json::to_value(name).expect("a name is plain data");
    sqlx::query!(
        "update attempt set posted_name = $4
         where brand_id = $1 and connection_id = $2 and state_hash = $3 and posted_name is null
           and claimed_at is null and expires_at > $5",
        brand_id.uuid(),
        connection_id.uuid(),
        state.hash().to_vec(),
        name,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an ID token was handed over by an app. Returns whether it was the first time: a token
/// that somebody copied does not sign them in (A17).
pub async fn spend_id_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token: &Secret,
    expires_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into spent_id_token (brand_id, token_hash, expires_at) values ($1, $2, $3)
         on conflict do nothing",
        brand_id.uuid(),
        token.hash().to_vec(),
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
