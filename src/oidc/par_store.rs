//! SQL of pushed requests.

use chrono::{DateTime, Utc};

use crate::kernel::Secret;
use crate::kernel::id::{ApplicationId, BrandId};
use crate::postgres::{Error, PgConnection};

/// A request about to be kept.
#[derive(Debug)]
pub struct NewRequest {
    /// Whose.
    pub application_id: ApplicationId,
    /// Its parameters as a query.
    pub params: String,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Writes a request; `reference` itself is not stored.
pub async fn insert_pushed_request(
    conn: &mut PgConnection,
    brand_id: BrandId,
    request: &NewRequest,
    reference: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into pushed_request
            (brand_id, reference_hash, application_id, params, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        brand_id.uuid(),
        reference.hash().to_vec(),
        request.application_id.uuid(),
        request.params,
        request.created_at,
        request.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a request up, if it is this application's, still good and unused. Returns its parameters.
pub async fn use_pushed_request(
    conn: &mut PgConnection,
    (brand_id, application_id): (BrandId, ApplicationId),
    reference: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<String>, Error> {
    let params = sqlx::query_scalar!(
        "update pushed_request set used_at = $4
         where brand_id = $1 and application_id = $2 and reference_hash = $3
           and used_at is null and expires_at > $4
         returning params",
        brand_id.uuid(),
        application_id.uuid(),
        reference.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(params)
}
