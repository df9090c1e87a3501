//! SQL that counts.

use std::collections::HashMap;

use crate::kernel::id::{BrandId, ConnectionId};
use crate::postgres::{Error, PgConnection};

/// How many identities came through each of the brand's connections.
pub async fn count_identities(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<HashMap<ConnectionId, u64>, Error> {
    let rows = sqlx::query!(
        r#"select connection_id as "connection_id: ConnectionId", count(*) as "people!"
           from identity where brand_id = $1 group by connection_id"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.connection_id, u64::try_from(row.people).unwrap_or(0)))
        .collect())
}
