//! SQL of rule sets.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::Entropy;
use crate::kernel::id::{BrandId, RuleSetId, StaffId};
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
    /// From when it holds; none: it was applied to all history.
    pub effective_from: Option<DateTime<Utc>>,
    /// When it was taken back, if it was.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// A version as lists show it, without its document.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id.
    pub rule_set_id: RuleSetId,
    /// 1 for the first, one more for each that follows.
    pub version: i32,
    /// Why it was published.
    pub note: String,
    /// When.
    pub published_at: DateTime<Utc>,
    /// Where it came from: `default`, `staff`, `operator` or `key`.
    pub origin: String,
    /// Who published it, if it was somebody in the dashboard.
    pub published_by: Option<StaffId>,
    /// Their name.
    pub publisher: Option<String>,
    /// From when it holds; none: it was applied to all history.
    pub effective_from: Option<DateTime<Utc>>,
    /// When it was taken back, if it was.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// The name of who took it back, if it was somebody in the dashboard.
    pub withdrawer: Option<String>,
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

/// The latest version that was not taken back: in force, unless it begins later.
pub async fn find_published(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Published>, Error> {
    let published = sqlx::query_as!(
        Published,
        r#"select rule_set_id as "rule_set_id: RuleSetId", version, document, note, published_at,
                  effective_from, withdrawn_at
           from rule_set where brand_id = $1 and withdrawn_at is null
           order by version desc limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(published)
}

/// One version, taken back or not.
pub async fn find_version(
    conn: &mut PgConnection,
    brand_id: BrandId,
    version: i32,
) -> Result<Option<Published>, Error> {
    let published = sqlx::query_as!(
        Published,
        r#"select rule_set_id as "rule_set_id: RuleSetId", version, document, note, published_at,
                  effective_from, withdrawn_at
           from rule_set where brand_id = $1 and version = $2"#,
        brand_id.uuid(),
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(published)
}

/// Every version that was ever published, latest first.
pub async fn list_versions(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<Version>, Error> {
    let versions = sqlx::query_as!(
        Version,
        r#"select r.rule_set_id as "rule_set_id: RuleSetId", r.version, r.note, r.published_at,
                  r.origin, r.published_by as "published_by: StaffId",
                  publisher.name as "publisher?", r.effective_from, r.withdrawn_at,
                  withdrawer.name as "withdrawer?"
           from rule_set r
                left join staff publisher on publisher.staff_id = r.published_by
                left join staff withdrawer on withdrawer.staff_id = r.withdrawn_by
           where r.brand_id = $1 order by r.version desc"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(versions)
}

/// A version that was not taken back.
pub(super) struct StoredEdition {
    pub(super) rule_set_id: RuleSetId,
    pub(super) version: i32,
    pub(super) effective_from: Option<DateTime<Utc>>,
    pub(super) document: Value,
}

/// The versions that were not taken back, in the order in which they were published.
pub(super) async fn list_editions(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<StoredEdition>, Error> {
    let editions = sqlx::query_as!(
        StoredEdition,
        r#"select rule_set_id as "rule_set_id: RuleSetId", version, effective_from, document
           from rule_set where brand_id = $1 and withdrawn_at is null order by version"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(editions)
}

/// Keeps everybody else from changing the brand's rules for as long as the transaction lasts.
pub(super) async fn lock_rules(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    sqlx::query!(
        "select 1 as one from brand where brand_id = $1 for no key update",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// The number of the latest version, taken back or not; 0 if there is none.
pub(super) async fn find_last_version(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<i32, Error> {
    let version = sqlx::query_scalar!(
        "select max(version) from rule_set where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(version.unwrap_or(0))
}

/// A version to write.
pub(super) struct NewVersion<'a> {
    pub(super) rule_set_id: RuleSetId,
    pub(super) version: i32,
    pub(super) document: Value,
    pub(super) note: &'a str,
    pub(super) published_at: DateTime<Utc>,
    pub(super) published_by: Option<StaffId>,
    pub(super) origin: &'static str,
    pub(super) effective_from: Option<DateTime<Utc>>,
}

/// Writes a version.
pub(super) async fn insert_version(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: NewVersion<'_>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into rule_set
            (brand_id, rule_set_id, version, document, note, published_at, published_by, origin,
             effective_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        brand_id.uuid(),
        new.rule_set_id.uuid(),
        new.version,
        new.document,
        new.note,
        new.published_at,
        new.published_by.map(StaffId::uuid),
        new.origin,
        new.effective_from,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a version as taken back.
pub(super) async fn withdraw_version(
    conn: &mut PgConnection,
    brand_id: BrandId,
    version: i32,
    by: Option<StaffId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update rule_set set withdrawn_at = $3, withdrawn_by = $4
         where brand_id = $1 and version = $2",
        brand_id.uuid(),
        version,
        now,
        by.map(StaffId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}
