//! SQL of the audit record.

use super::{Actor, Entry};
use crate::kernel::Entropy;
use crate::kernel::id::{AuditId, BrandId};
use crate::postgres::{Error, PgConnection};

/// Adds an entry.
pub async fn insert_entry(
    conn: &mut PgConnection,
    brand_id: BrandId,
    entropy: &Entropy,
    entry: Entry<'_>,
) -> Result<(), Error> {
    let (kind, actor) = match entry.actor {
        Actor::Staff(id) => ("staff", id.to_string()),
        Actor::Customer(id) => ("customer", id.to_string()),
        Actor::Key(id) => ("key", id.to_string()),
        Actor::System => ("system", String::new()),
        Actor::Operator => ("operator", String::new()),
    };
    sqlx::query!(
        "insert into audit
            (brand_id, audit_id, actor_kind, actor_id, action, subject, detail, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        brand_id.uuid(),
        AuditId::new(entry.at, entropy).uuid(),
        kind,
        actor,
        entry.action,
        entry.subject,
        entry.detail,
        entry.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
