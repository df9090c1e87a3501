//! SQL of rule sets.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::Entropy;
use crate::kernel::id::{BrandId, RuleSetId};
use crate::postgres::{Error, PgConnection};
use crate::stage::RuleSet;

/// What the first version says of itself.
const FIRST_NOTE: &str = "The rules every brand starts with.";

/// A published version of a brand's rules.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its id.
    pub rule_set_id: RuleSetId,
    /// 1 for the first, one more for each that follows.
    pub version: i32,
    /// The rules.
    pub document: Value,
    /// Why it was published.
    pub note: String,
    /// When.
    pub published_at: DateTime<Utc>,
}

/// Gives a brand that has no rules yet the ones every brand starts with, as version 1. Part of
/// making a brand; does nothing for a brand that has rules.
pub async fn ensure_default(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<(), Error> {
    let document = serde_json::to_value(RuleSet::default_set())
        .expect("a rule set holds only text, numbers and lists");
    sqlx::query!(
        "insert into rule_set (brand_id, rule_set_id, version, document, note, published_at)
         select $1, $2, 1, $3, $4, $5
         where not exists (select 1 from rule_set where brand_id = $1)
         on conflict on constraint rule_set_version_key do nothing",
        brand_id.uuid(),
        RuleSetId::new(now, entropy).uuid(),
        document,
        FIRST_NOTE,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The rules in force.
pub async fn find_published(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Published>, Error> {
    let published = sqlx::query_as!(
        Published,
        r#"select rule_set_id as "rule_set_id: RuleSetId", version, document, note, published_at
           from rule_set where brand_id = $1 order by version desc limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(published)
}

/// Which version is in force.
pub(super) async fn find_version(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<(RuleSetId, i32)>, Error> {
    let row = sqlx::query!(
        r#"select rule_set_id as "rule_set_id: RuleSetId", version
           from rule_set where brand_id = $1 order by version desc limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.rule_set_id, row.version)))
}

/// One version's number and document.
pub(super) async fn find_document(
    conn: &mut PgConnection,
    brand_id: BrandId,
    rule_set_id: RuleSetId,
) -> Result<Option<(i32, Value)>, Error> {
    let row = sqlx::query!(
        "select version, document from rule_set where brand_id = $1 and rule_set_id = $2",
        brand_id.uuid(),
        rule_set_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.version, row.document)))
}
