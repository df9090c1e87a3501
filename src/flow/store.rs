//! SQL of flows, and of what a finished one writes beside the domains' own rows.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Carried, Flow, Pending};
pub use crate::event::own_store::{OwnEvent, insert_own_event};
use crate::kernel::Secret;
use crate::kernel::id::{ApplicationId, BrandId, ConnectionId, FlowId, ProfileId};
use crate::postgres::{Error, Inconsistency, PgConnection};

struct Row {
    brand_id: BrandId,
    flow_id: FlowId,
    application_id: Option<ApplicationId>,
    request: Option<Value>,
    browser_hash: Vec<u8>,
    pending: Option<Value>,
    again: Option<Value>,
    carries: Option<Value>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_flow(self) -> Result<Flow, Error> {
        let pending = self
            .pending
            .map(serde_json::from_value)
            .transpose()
            .map_err(|_| Inconsistency::new("flow", self.flow_id, "unreadable pending state"))?;
        let again = self
            .again
            .map(serde_json::from_value)
            .transpose()
            .map_err(|_| Inconsistency::new("flow", self.flow_id, "unreadable second proof"))?;
        let carries = self
            .carries
            .map(serde_json::from_value)
            .transpose()
            .map_err(|_| Inconsistency::new("flow", self.flow_id, "unreadable baggage"))?;
        Ok(Flow {
            brand_id: self.brand_id,
            flow_id: self.flow_id,
            application_id: self.application_id,
            request: self.request,
            browser_hash: self.browser_hash,
            pending,
            again,
            carries,
            created_at: self.created_at,
            expires_at: self.expires_at,
            finished_at: self.finished_at,
        })
    }
}

/// Writes a new flow.
pub async fn insert_flow(conn: &mut PgConnection, flow: &Flow) -> Result<(), Error> {
    sqlx::query!(
        "insert into flow (brand_id, flow_id, application_id, request, browser_hash, pending,
                           created_at, expires_at, again)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        flow.brand_id.uuid(),
        flow.flow_id.uuid(),
        flow.application_id.map(ApplicationId::uuid),
        flow.request,
        flow.browser_hash,
        flow.pending.as_ref().map(json),
        flow.created_at,
        flow.expires_at,
        flow.again
            .as_ref()
            .map(|again| serde_json::to_value(again).expect("it is plain data")),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The flow with this id, in whatever state. The unguessable id finds the brand; whoever asks then
/// checks the browser's secret.
pub async fn find_flow(conn: &mut PgConnection, flow_id: FlowId) -> Result<Option<Flow>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", flow_id as "flow_id: FlowId",
                  application_id as "application_id: ApplicationId", request, browser_hash, pending,
                  again, carries, created_at, expires_at, finished_at
           from flow where flow_id = $1"#,
        flow_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_flow).transpose()
}

/// The flow with this id, if the browser with this secret finished it and it would not have expired
/// yet: for whoever goes on with its request.
pub async fn find_finished_flow(
    conn: &mut PgConnection,
    flow_id: FlowId,
    browser: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Flow>, Error> {
    let found = find_flow(conn, flow_id).await?;
    Ok(found.filter(|flow| {
        flow.finished_at.is_some()
            && flow.expires_at > now
            && browser.hash().matches(&flow.browser_hash)
    }))
}

/// The same as [`find_flow`], kept from others until the transaction ends.
pub async fn lock_flow(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
) -> Result<Option<Flow>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select brand_id as "brand_id: BrandId", flow_id as "flow_id: FlowId",
                  application_id as "application_id: ApplicationId", request, browser_hash, pending,
                  again, carries, created_at, expires_at, finished_at
           from flow where brand_id = $1 and flow_id = $2 for update"#,
        brand_id.uuid(),
        flow_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::into_flow).transpose()
}

/// Notes what the flow waits for.
pub async fn update_pending(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
    pending: Option<&Pending>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update flow set pending = $3
         where brand_id = $1 and flow_id = $2 and finished_at is null",
        brand_id.uuid(),
        flow_id.uuid(),
        pending.map(json),
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "flow", flow_id)?;
    Ok(())
}

/// Notes what is set once the person of the flow is in.
pub async fn update_carries(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
    carries: &Carried,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update flow set carries = $3
         where brand_id = $1 and flow_id = $2 and finished_at is null",
        brand_id.uuid(),
        flow_id.uuid(),
        serde_json::to_value(carries).expect("it is plain data"),
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "flow", flow_id)?;
    Ok(())
}

/// Lets a flow go on until `until` at least: a mail that was just sent gets its time.
pub async fn extend_flow(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
    until: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update flow set expires_at = greatest(expires_at, $3)
         where brand_id = $1 and flow_id = $2 and finished_at is null",
        brand_id.uuid(),
        flow_id.uuid(),
        until,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "flow", flow_id)?;
    Ok(())
}

/// Ends the flow, and forgets what a provider said of somebody who may not have agreed.
pub async fn update_finished(
    conn: &mut PgConnection,
    brand_id: BrandId,
    flow_id: FlowId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update flow set finished_at = $3, pending = null, carries = null
         where brand_id = $1 and flow_id = $2 and finished_at is null",
        brand_id.uuid(),
        flow_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "flow", flow_id)?;
    Ok(())
}

fn json(pending: &Pending) -> Value {
    serde_json::to_value(pending).expect("pending state is plain data")
}

/// The enabled connections by which any of these profiles signs in.
pub async fn list_ways_in(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
) -> Result<Vec<ConnectionId>, Error> {
    let uuids: Vec<_> = profile_ids.iter().map(|id| id.uuid()).collect();
    let ids = sqlx::query_scalar!(
        r#"select c.connection_id as "connection_id: ConnectionId"
           from connection c
           where c.brand_id = $1 and c.enabled
             and exists (select from identity i
                         where i.brand_id = c.brand_id and i.connection_id = c.connection_id
                           and i.profile_id = any($2))
           order by c.position, c.label, c.slug"#,
        brand_id.uuid(),
        &uuids,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// Takes an unproven address from a profile, signs out whoever is signed in to it, takes back what
/// applications hold by them, and makes codes, links and changes that wait for a proof worthless
/// (A6, A7, A9). Returns whether the profile bore it.
pub async fn delete_unproven_email(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    addresses: &[&str],
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let gone = sqlx::query!(
        "delete from profile_email
         where brand_id = $1 and profile_id = $2 and verified_at is null and address = any($3)",
        brand_id.uuid(),
        profile_id.uuid(),
        addresses as &[&str],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with ended as (
             update session set ended_at = $3
             where brand_id = $1 and profile_id = $2 and ended_at is null
         ), families as (
             update refresh_family set revoked_at = $3
             where brand_id = $1 and profile_id = $2 and revoked_at is null
         ), tokens as (
             update access_token set revoked_at = $3
             where brand_id = $1 and profile_id = $2 and revoked_at is null
         )
         update proof set used_at = $3
         where brand_id = $1 and profile_id = $2 and used_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() > 0)
}
