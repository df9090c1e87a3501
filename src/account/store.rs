//! SQL that the acts on an account share.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::EmailAddress;
use crate::kernel::id::{BrandId, ConnectionId, IdentityId, ProfileId, SessionId};
use crate::postgres::{Error, PgConnection};
use crate::profile::Status;

/// Locks profiles in one order, so that nobody waits in a circle; gives the status of each that there
/// is. Whoever changes the ways into a profile holds this lock.
pub(super) async fn lock_profiles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
) -> Result<Vec<(ProfileId, Option<Status>)>, Error> {
    let ids: Vec<Uuid> = profile_ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId", status from profile
           where brand_id = $1 and profile_id = any($2) order by profile_id for update"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, Status::parse(&row.status)))
        .collect())
}

/// The addresses that these profiles have proven, each with whose it is.
pub(super) async fn list_boxes(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
) -> Result<Vec<(ProfileId, EmailAddress)>, Error> {
    let ids: Vec<Uuid> = profile_ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId", address from profile_email
           where brand_id = $1 and profile_id = any($2) and verified_at is not null
           order by array_position($2, profile_id), created_at, address"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.profile_id, EmailAddress::parse(&row.address).ok()?)))
        .collect())
}

/// An identity that was taken away.
#[derive(Clone, Debug)]
pub(super) struct Removed {
    pub(super) connection_id: ConnectionId,
    pub(super) slug: String,
    pub(super) label: String,
    pub(super) provider: String,
}

/// Takes an identity of this profile away; none if it has no such identity.
pub(super) async fn delete_identity(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    identity_id: IdentityId,
) -> Result<Option<Removed>, Error> {
    let removed = sqlx::query_as!(
        Removed,
        r#"delete from identity i using connection c
           where i.brand_id = $1 and i.profile_id = $2 and i.identity_id = $3
             and c.brand_id = $1 and c.connection_id = i.connection_id
           returning i.connection_id as "connection_id: ConnectionId", c.slug, c.label, c.provider"#,
        brand_id.uuid(),
        profile_id.uuid(),
        identity_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(removed)
}

/// Ends every session of these profiles but one, with all that applications hold by them, and makes
/// codes and links that were sent to them worthless.
pub(super) async fn end_everything(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
    kept: Option<SessionId>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = profile_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "with ended as (
             update session set ended_at = $4
             where brand_id = $1 and profile_id = any($2) and session_id is distinct from $3
               and ended_at is null
             returning session_id
         ), families as (
             update refresh_family set revoked_at = $4
             where brand_id = $1 and session_id in (select session_id from ended)
               and revoked_at is null
         ), tokens as (
             update access_token set revoked_at = $4
             where brand_id = $1 and session_id in (select session_id from ended)
               and revoked_at is null
         )
         update proof set used_at = $4
         where brand_id = $1 and profile_id = any($2) and used_at is null",
        brand_id.uuid(),
        &ids,
        kept.map(SessionId::uuid),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the sessions of a profile that were opened through a connection, but one.
pub(super) async fn end_sessions_by(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    connection_id: ConnectionId,
    kept: Option<SessionId>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update session set ended_at = $5
         where brand_id = $1 and profile_id = $2 and connection_id = $3
           and session_id is distinct from $4 and ended_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        connection_id.uuid(),
        kept.map(SessionId::uuid),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has profiles folded anew, from their own events.
pub(super) async fn insert_queued(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = profile_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "insert into projection_queue (brand_id, profile_id, since, queued_at, anew)
         select $1, w.id, $3, $3, true from unnest($2::uuid[]) as w (id)",
        brand_id.uuid(),
        &ids,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
