//! Facts for those who follow: webhooks, the live page. A fact is a row written in the transaction
//! of the change it tells of, so a crash loses neither.
//!
//! Owns the `outbox` table. Never calls anybody: followers read.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::Entropy;
use crate::kernel::id::{BrandId, FactId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What, as `noun.verb`, for example `stage.changed`.
    pub kind: &'static str,
    /// To whom.
    pub profile_id: Option<ProfileId>,
    /// Particulars, as a follower receives them.
    pub payload: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Adds a fact.
pub async fn insert_fact(
    conn: &mut PgConnection,
    brand_id: BrandId,
    entropy: &Entropy,
    fact: Fact,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into outbox (brand_id, fact_id, kind, profile_id, payload, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        brand_id.uuid(),
        FactId::new(fact.at, entropy).uuid(),
        fact.kind,
        fact.profile_id.map(ProfileId::uuid),
        fact.payload,
        fact.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds many facts of one brand at once.
pub async fn insert_facts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    entropy: &Entropy,
    facts: &[Fact],
) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = facts
        .iter()
        .map(|fact| FactId::new(fact.at, entropy).uuid())
        .collect();
    let kinds: Vec<String> = facts.iter().map(|fact| fact.kind.to_owned()).collect();
    let profiles: Vec<_> = facts
        .iter()
        .map(|fact| fact.profile_id.map(ProfileId::uuid))
        .collect();
    let payloads: Vec<Value> = facts.iter().map(|fact| fact.payload.clone()).collect();
    let instants: Vec<DateTime<Utc>> = facts.iter().map(|fact| fact.at).collect();
    sqlx::query!(
        "insert into outbox (brand_id, fact_id, kind, profile_id, payload, created_at)
         select $1, w.*
         from unnest($2::uuid[], $3::text[], $4::uuid[], $5::jsonb[], $6::timestamptz[]) as w",
        brand_id.uuid(),
        &ids,
        &kinds,
        &profiles as &[Option<uuid::Uuid>],
        &payloads,
        &instants,
    )
    .execute(conn)
    .await?;
    Ok(())
}
