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
