//! SQL of the draft: the next version while somebody writes it.

use chrono::{DateTime, Utc};

use crate::kernel::id::{BrandId, StaffId};
use crate::postgres::{Error, PgConnection};

/// The next version of a brand's rules while somebody writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// As typed, so perhaps no rule set yet.
    pub document: String,
    /// The version it was begun from.
    pub base_version: i32,
    /// When it was last saved.
    pub updated_at: DateTime<Utc>,
    /// Who saved it, if it was somebody in the dashboard.
    pub updated_by: Option<StaffId>,
}

/// The brand's draft.
pub(super) async fn find_draft(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Draft>, Error> {
    let draft = sqlx::query_as!(
        Draft,
        r#"select document, base_version, updated_at, updated_by as "updated_by: StaffId"
           from rule_draft where brand_id = $1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(draft)
}

/// Writes the brand's draft over the one there may be.
pub(super) async fn upsert_draft(
    conn: &mut PgConnection,
    brand_id: BrandId,
    draft: &Draft,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into rule_draft (brand_id, document, base_version, updated_at, updated_by)
         values ($1, $2, $3, $4, $5)
         on conflict on constraint rule_draft_pkey do update set
             document = excluded.document, base_version = excluded.base_version,
             updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        brand_id.uuid(),
        draft.document,
        draft.base_version,
        draft.updated_at,
        draft.updated_by.map(StaffId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes the brand's draft; whether there was one.
pub(super) async fn delete_draft(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "delete from rule_draft where brand_id = $1",
        brand_id.uuid()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
