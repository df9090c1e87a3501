//! SQL of joining two profiles and of taking them apart: what moves, and what is kept to move it back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::merge::Merge;
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, MergeId, ProfileId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// What moved from one profile to another.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved {
    pub(super) identities: Vec<Uuid>,
    pub(super) credentials: Vec<Uuid>,
    pub(super) consents: Vec<Uuid>,
    pub(super) profiles: Vec<Uuid>,
    pub(super) emails: Vec<String>,
    pub(super) proven: Vec<String>,
}

/// Moves everything that signs in and everything that was said from `merged` to `survivor`, and
/// closes `merged`. What `survivor` has already (a password, an authenticator app, an address) it
/// keeps as its own; the other's stays behind and opens nothing.
pub(super) async fn update_joined(
    conn: &mut PgConnection,
    brand_id: BrandId,
    survivor: ProfileId,
    merged: ProfileId,
    at: DateTime<Utc>,
) -> Result<Moved, Error> {
    let (brand, from, into) = (brand_id.uuid(), merged.uuid(), survivor.uuid());
    let identities = sqlx::query_scalar!(
        "update identity set profile_id = $3 where brand_id = $1 and profile_id = $2
         returning identity_id",
        brand,
        from,
        into,
    )
    .fetch_all(&mut *conn)
    .await?;
    // Recovery codes go with the app they stand in for.
    let credentials = sqlx::query_scalar!(
        "update credential c set profile_id = $3
         where c.brand_id = $1 and c.profile_id = $2
           and (c.kind = 'passkey'
                or (c.kind in ('password', 'totp', 'recovery_codes')
                    and not exists (select from credential o
                                    where o.brand_id = $1 and o.profile_id = $3
                                      and (o.kind = c.kind
                                           or (c.kind = 'recovery_codes' and o.kind = 'totp')))))
         returning c.credential_id",
        brand,
        from,
        into,
    )
    .fetch_all(&mut *conn)
    .await?;
    let consents = sqlx::query_scalar!(
        "update consent set profile_id = $3 where brand_id = $1 and profile_id = $2
         returning consent_id",
        brand,
        from,
        into,
    )
    .fetch_all(&mut *conn)
    .await?;
    let (emails, proven) = move_emails(conn, brand_id, survivor, merged, at).await?;
    let profiles = sqlx::query_scalar!(
        "update profile set merged_into = $3 where brand_id = $1 and merged_into = $2
         returning profile_id",
        brand,
        from,
        into,
    )
    .fetch_all(&mut *conn)
    .await?;
    let done = sqlx::query!(
        "update profile set status = 'merged', merged_into = $3
         where brand_id = $1 and profile_id = $2 and status = 'active'",
        brand,
        from,
        into,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "profile", merged)?;
    Ok(Moved {
        identities,
        credentials,
        consents,
        profiles,
        emails,
        proven,
    })
}

/// Moves addresses that only `merged` has; one that both have is proven if either proved it.
async fn move_emails(
    conn: &mut PgConnection,
    brand_id: BrandId,
    survivor: ProfileId,
    merged: ProfileId,
    at: DateTime<Utc>,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let proven = sqlx::query_scalar!(
        "update profile_email s set verified_at = m.verified_at
         from profile_email m
         where s.brand_id = $1 and s.profile_id = $3 and s.verified_at is null
           and m.brand_id = $1 and m.profile_id = $2 and m.address = s.address
           and m.verified_at is not null
         returning s.address",
        brand_id.uuid(),
        merged.uuid(),
        survivor.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let emails = sqlx::query_scalar!(
        "update profile_email m set profile_id = $3, joined_at = $4
         where m.brand_id = $1 and m.profile_id = $2
           and not exists (select from profile_email s
                           where s.brand_id = $1 and s.profile_id = $3 and s.address = m.address)
         returning m.address",
        brand_id.uuid(),
        merged.uuid(),
        survivor.uuid(),
        at,
    )
    .fetch_all(conn)
    .await?;
    Ok((emails, proven))
}

/// Writes down a merge, so that it can be undone by whoever holds `undo`.
pub(super) async fn insert_merge(
    conn: &mut PgConnection,
    brand_id: BrandId,
    merge: &Merge,
    (actor_kind, actor_id, reason): (&str, &str, &str),
    moved: &Moved,
    undo: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into profile_merge (brand_id, merge_id, survivor_id, merged_id, actor_kind, actor_id,
                                    reason, identities, credentials, consents, profiles, emails,
                                    proven, undo_hash, merged_at, undo_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        brand_id.uuid(),
        merge.merge_id.uuid(),
        merge.survivor_id.uuid(),
        merge.merged_id.uuid(),
        actor_kind,
        actor_id,
        reason,
        &moved.identities,
        &moved.credentials,
        &moved.consents,
        &moved.profiles,
        &moved.emails,
        &moved.proven,
        undo.hash().to_vec(),
        merge.merged_at,
        merge.undo_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The merge that a link stands for, if it can still be undone.
pub(super) async fn find_by_undo(
    conn: &mut PgConnection,
    brand_id: BrandId,
    undo: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Merge>, Error> {
    let merge = sqlx::query_as!(
        Merge,
        r#"select merge_id as "merge_id: MergeId", survivor_id as "survivor_id: ProfileId",
                  merged_id as "merged_id: ProfileId", merged_at, undo_until
           from profile_merge
           where brand_id = $1 and undo_hash = $2 and undone_at is null and undo_until > $3"#,
        brand_id.uuid(),
        undo.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(merge)
}

/// The merges that made a person what they are now and can still be undone, latest first.
pub(super) async fn list_undoable(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    now: DateTime<Utc>,
) -> Result<Vec<Merge>, Error> {
    let merges = sqlx::query_as!(
        Merge,
        r#"select m.merge_id as "merge_id: MergeId", m.survivor_id as "survivor_id: ProfileId",
                  m.merged_id as "merged_id: ProfileId", m.merged_at, m.undo_until
           from profile_merge m
                join profile p on p.brand_id = $1 and p.profile_id = m.merged_id
           where m.brand_id = $1 and p.merged_into = $2 and m.undone_at is null
             and m.undo_until > $3
           order by m.merged_at desc, m.merge_id desc"#,
        brand_id.uuid(),
        profile_id.uuid(),
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(merges)
}

/// Marks a merge as undone; gives what moved then, or none if it cannot be undone any more. Of any
/// number of callers at once exactly one gets it.
pub(super) async fn update_undone(
    conn: &mut PgConnection,
    brand_id: BrandId,
    merge_id: MergeId,
    at: DateTime<Utc>,
) -> Result<Option<Moved>, Error> {
    let moved = sqlx::query_as!(
        Moved,
        "update profile_merge set undone_at = $3
         where brand_id = $1 and merge_id = $2 and undone_at is null and undo_until > $3
         returning identities, credentials, consents, profiles, emails, proven",
        brand_id.uuid(),
        merge_id.uuid(),
        at,
    )
    .fetch_optional(conn)
    .await?;
    Ok(moved)
}

/// Who a merged profile is part of now.
pub(super) async fn find_holder(
    conn: &mut PgConnection,
    brand_id: BrandId,
    merged: ProfileId,
) -> Result<Option<ProfileId>, Error> {
    let holder = sqlx::query_scalar!(
        r#"select merged_into as "holder!: ProfileId" from profile
           where brand_id = $1 and profile_id = $2 and status = 'merged'"#,
        brand_id.uuid(),
        merged.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(holder)
}

/// Gives a profile back what moved from it, as far as `holder` still has it, and opens it again.
pub(super) async fn update_parted(
    conn: &mut PgConnection,
    brand_id: BrandId,
    holder: ProfileId,
    merged: ProfileId,
    moved: &Moved,
) -> Result<(), Error> {
    let (brand, from, into) = (brand_id.uuid(), holder.uuid(), merged.uuid());
    sqlx::query!(
        "with identities as (
             update identity set profile_id = $3
             where brand_id = $1 and profile_id = $2 and identity_id = any($4)
         ), credentials as (
             update credential set profile_id = $3
             where brand_id = $1 and profile_id = $2 and credential_id = any($5)
         ), consents as (
             update consent set profile_id = $3
             where brand_id = $1 and profile_id = $2 and consent_id = any($6)
         ), profiles as (
             update profile set merged_into = $3
             where brand_id = $1 and merged_into = $2 and profile_id = any($7)
         )
         update profile_email set profile_id = $3, joined_at = null
         where brand_id = $1 and profile_id = $2 and address = any($8)",
        brand,
        from,
        into,
        &moved.identities,
        &moved.credentials,
        &moved.consents,
        &moved.profiles,
        &moved.emails,
    )
    .execute(&mut *conn)
    .await?;
    // Only what is proven by the other's proof alone goes back to hearsay.
    sqlx::query!(
        "update profile_email s set verified_at = null
         from profile_email m
         where s.brand_id = $1 and s.profile_id = $2 and s.address = any($4)
           and m.brand_id = $1 and m.profile_id = $3 and m.address = s.address
           and s.verified_at = m.verified_at",
        brand,
        from,
        into,
        &moved.proven,
    )
    .execute(&mut *conn)
    .await?;
    let done = sqlx::query!(
        "update profile set status = 'active', merged_into = null
         where brand_id = $1 and profile_id = $2 and status = 'merged'",
        brand,
        into,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "profile", merged)?;
    Ok(())
}
