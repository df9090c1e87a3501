//! SQL of staff. They belong to the installation, so no statement here is bound to a brand.

use chrono::{DateTime, Utc};

use super::Member;
use super::session::Session;
use crate::kernel::Secret;
use crate::kernel::id::{StaffId, StaffSessionId};
use crate::postgres::{Error, PgConnection};

/// Whether anybody is staff and may sign in.
pub async fn has_members(conn: &mut PgConnection) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"select exists (select 1 from staff where disabled_at is null) as "found!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Everybody who is or was staff, oldest first.
pub async fn list_members(conn: &mut PgConnection) -> Result<Vec<Member>, Error> {
    let members = sqlx::query_as!(
        Member,
        r#"select staff_id as "staff_id: StaffId", email, name, created_at, disabled_at
           from staff order by staff_id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(members)
}

/// Who signs in with `email`, and the hash of their password; not if they are disabled.
pub async fn find_password_hash(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<(StaffId, String)>, Error> {
    let row = sqlx::query!(
        r#"select staff_id as "staff_id: StaffId", password_hash
           from staff where email = $1 and disabled_at is null"#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.staff_id, row.password_hash)))
}

/// Writes a new member.
pub async fn insert_member(
    conn: &mut PgConnection,
    member: &Member,
    password_hash: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into staff (staff_id, email, name, password_hash, created_at)
         values ($1, $2, $3, $4, $5)",
        member.staff_id.uuid(),
        member.email,
        member.name,
        password_hash,
        member.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Disables the member with `email`. Returns who it was, if they were not disabled already.
pub async fn disable_member(
    conn: &mut PgConnection,
    email: &str,
    at: DateTime<Utc>,
) -> Result<Option<StaffId>, Error> {
    let staff_id = sqlx::query_scalar!(
        r#"update staff set disabled_at = $2 where email = $1 and disabled_at is null
           returning staff_id as "staff_id: StaffId""#,
        email,
        at,
    )
    .fetch_optional(conn)
    .await?;
    Ok(staff_id)
}

/// Writes a new session; `token` goes into the browser's cookie and is not stored.
pub async fn insert_session(
    conn: &mut PgConnection,
    (session, staff): (StaffSessionId, StaffId),
    token: &Secret,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into staff_session
            (staff_session_id, staff_id, token_hash, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $4, $5)",
        session.uuid(),
        staff.uuid(),
        token.hash().to_vec(),
        created_at,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session that `token` opens at `now`, if it was used after `used_after` and its owner is not
/// disabled.
pub async fn find_session_by_token(
    conn: &mut PgConnection,
    token: &Secret,
    now: DateTime<Utc>,
    used_after: DateTime<Utc>,
) -> Result<Option<Session>, Error> {
    let session = sqlx::query_as!(
        Session,
        r#"select s.staff_session_id as "staff_session_id: StaffSessionId",
                  s.staff_id as "staff_id: StaffId", m.name, s.last_seen_at
           from staff_session s join staff m using (staff_id)
           where s.token_hash = $1 and s.ended_at is null and s.expires_at > $2
             and s.last_seen_at > $3 and m.disabled_at is null"#,
        token.hash().to_vec(),
        now,
        used_after,
    )
    .fetch_optional(conn)
    .await?;
    Ok(session)
}

/// Notes that a session was used.
pub async fn update_session_seen(
    conn: &mut PgConnection,
    session: StaffSessionId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update staff_session set last_seen_at = $2
         where staff_session_id = $1 and last_seen_at < $2",
        session.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a session. Returns whether it was in force.
pub async fn end_session(
    conn: &mut PgConnection,
    session: StaffSessionId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update staff_session set ended_at = $2
         where staff_session_id = $1 and ended_at is null",
        session.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a member. Returns how many were in force.
pub async fn end_sessions_of(
    conn: &mut PgConnection,
    staff: StaffId,
    at: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update staff_session set ended_at = $2
         where staff_id = $1 and ended_at is null and expires_at > $2",
        staff.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Writes a new link; its token is not stored.
pub async fn insert_invitation(
    conn: &mut PgConnection,
    token: &Secret,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into staff_invitation (token_hash, created_at, expires_at) values ($1, $2, $3)",
        token.hash().to_vec(),
        created_at,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether `token` is that of a link that works at `now`.
pub async fn is_invitation_open(
    conn: &mut PgConnection,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let open = sqlx::query_scalar!(
        r#"select exists (
               select 1 from staff_invitation
               where token_hash = $1 and used_at is null and expires_at > $2
           ) as "open!""#,
        token.hash().to_vec(),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(open)
}

/// Uses up a link. Returns whether it worked at `now`.
pub async fn use_invitation(
    conn: &mut PgConnection,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update staff_invitation set used_at = $2
         where token_hash = $1 and used_at is null and expires_at > $2",
        token.hash().to_vec(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes links that ran out unused.
pub async fn delete_expired_invitations(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "delete from staff_invitation where used_at is null and expires_at <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
