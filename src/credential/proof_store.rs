//! SQL of codes and links in mail.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::proof::{Proof, Purpose, TRIES_MAX};
use crate::kernel::id::{BrandId, FlowId, ProfileId, ProofId};
use crate::kernel::{EmailAddress, Secret};
use crate::postgres::{Error, Inconsistency, PgConnection};

struct Row {
    brand_id: BrandId,
    proof_id: ProofId,
    purpose: String,
    address: String,
    flow_id: Option<FlowId>,
    profile_id: Option<ProfileId>,
    code_hash: Option<Vec<u8>>,
    link_hash: Option<Vec<u8>>,
    tries: i32,
    detail: Value,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_proof(self) -> Result<Proof, Error> {
        let unreadable = |what| Inconsistency::new("proof", self.proof_id, what);
        Ok(Proof {
            brand_id: self.brand_id,
            proof_id: self.proof_id,
            purpose: Purpose::parse(&self.purpose).ok_or_else(|| unreadable("unknown purpose"))?,
            address: EmailAddress::parse(&self.address).map_err(|_| unreadable("no address"))?,
            flow_id: self.flow_id.ok_or_else(|| unreadable("no flow"))?,
            profile_id: self.profile_id,
            code_hash: self.code_hash.unwrap_or_default(),
            link_hash: self.link_hash.unwrap_or_default(),
            tries: self.tries,
            detail: self.detail,
            created_at: self.created_at,
            expires_at: self.expires_at,
            used_at: self.used_at,
        })
    }
}

/// Writes a new proof. It takes the place of every other one of its flow, and their wrong codes
/// count on against it (A46).
pub async fn insert_proof(conn: &mut PgConnection, proof: &Proof) -> Result<(), Error> {
    sqlx::query!(
        "update proof set used_at = $3
         where brand_id = $1 and flow_id = $2 and used_at is null",
        proof.brand_id.uuid(),
        proof.flow_id.uuid(),
        proof.created_at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into proof (brand_id, proof_id, purpose, address, flow_id, profile_id, code_hash,
                            link_hash, tries, detail, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8,
                 coalesce((select max(tries) from proof where brand_id = $1 and flow_id = $5), 0),
                 $9, $10, $11)",
        proof.brand_id.uuid(),
        proof.proof_id.uuid(),
        proof.purpose.as_str(),
        proof.address.as_str(),
        proof.flow_id.uuid(),
        proof.profile_id.map(ProfileId::uuid),
        proof.code_hash,
        proof.link_hash,
        proof.detail,
        proof.created_at,
        proof.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest proof of a flow, used up or not.
pub async fn find_proof_of_flow(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
) -> Result<Option<Proof>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", proof_id as "proof_id: ProofId", purpose, address,
                  flow_id as "flow_id: FlowId", profile_id as "profile_id: ProfileId", code_hash,
                  link_hash, tries, detail, created_at, expires_at, used_at
           from proof where brand_id = $1 and flow_id = $2
           order by created_at desc, proof_id desc limit 1"#,
        brand_id.uuid(),
        flow_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_proof).transpose()
}

/// The proof with this link, used up or not. The unguessable link finds the brand.
pub async fn find_proof_by_link(
    conn: &mut PgConnection,
    link: &Secret,
) -> Result<Option<Proof>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", proof_id as "proof_id: ProofId", purpose, address,
                  flow_id as "flow_id: FlowId", profile_id as "profile_id: ProfileId", code_hash,
                  link_hash, tries, detail, created_at, expires_at, used_at
           from proof where link_hash = $1"#,
        link.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_proof).transpose()
}

/// Counts a try before it is looked at, so that tries made at once are all counted. Returns false
/// when there have been too many, or the proof is used up.
pub async fn take_try(
    conn: &mut PgConnection,
    brand_id: BrandId,
    proof_id: ProofId,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update proof set tries = tries + 1
         where brand_id = $1 and proof_id = $2 and used_at is null and tries < $3",
        brand_id.uuid(),
        proof_id.uuid(),
        TRIES_MAX,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses a proof up. Of any number of callers at once exactly one is told `true`.
pub async fn use_proof(
    conn: &mut PgConnection,
    brand_id: BrandId,
    proof_id: ProofId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update proof set used_at = $3
         where brand_id = $1 and proof_id = $2 and used_at is null and expires_at > $3",
        brand_id.uuid(),
        proof_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes every proof about this profile useless: its password is another now, or it is gone (A47).
pub async fn end_proofs_about(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update proof set used_at = $3
         where brand_id = $1 and profile_id = $2 and used_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
