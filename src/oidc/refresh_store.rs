//! SQL of refresh tokens.

use chrono::{DateTime, Utc};

use super::inspect::Live;
use crate::kernel::Secret;
use crate::kernel::id::{ApplicationId, BrandId, CodeId, ProfileId, SessionId, TokenId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// What one code gave an application to renew.
#[derive(Clone, Debug)]
pub struct Family {
    /// The code.
    pub code_id: CodeId,
    /// Who may renew.
    pub application_id: ApplicationId,
    /// Which signed-in browser it speaks of.
    pub session_id: SessionId,
    /// Who.
    pub profile_id: ProfileId,
    /// What was granted.
    pub scope: String,
    /// When the person had proved who they are.
    pub authenticated_at: DateTime<Utc>,
    /// When the code was exchanged.
    pub created_at: DateTime<Utc>,
    /// Until when it can be renewed.
    pub expires_at: DateTime<Utc>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether its session is in force and its profile active.
    pub is_in_force: bool,
}

/// A token of a family.
#[derive(Clone, Debug)]
pub struct HeldToken {
    /// Its id.
    pub token_id: TokenId,
    /// When it was replaced.
    pub used_at: Option<DateTime<Utc>>,
    /// By which.
    pub successor_id: Option<TokenId>,
    /// The answer it was replaced with, sealed.
    pub answer: Option<Vec<u8>>,
}

/// Writes a new family.
pub async fn insert_family(
    conn: &mut PgConnection,
    brand_id: BrandId,
    family: &Family,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into refresh_family
            (brand_id, family_id, application_id, session_id, profile_id, scope, authenticated_at,
             created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        brand_id.uuid(),
        family.code_id.uuid(),
        family.application_id.uuid(),
        family.session_id.uuid(),
        family.profile_id.uuid(),
        family.scope,
        family.authenticated_at,
        family.created_at,
        family.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a new token of a family; `secret` itself is not stored.
pub async fn insert_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    (token_id, family_id, created_at): (TokenId, CodeId, DateTime<Utc>),
    secret: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into refresh_token (brand_id, token_id, token_hash, family_id, created_at)
         values ($1, $2, $3, $4, $5)",
        brand_id.uuid(),
        token_id.uuid(),
        secret.hash().to_vec(),
        family_id.uuid(),
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The family of a token, locked until the transaction ends.
pub async fn find_family_for_update(
    conn: &mut PgConnection,
    brand_id: BrandId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Family>, Error> {
    let family = sqlx::query_as!(
        Family,
        r#"select f.family_id as "code_id: CodeId",
                  f.application_id as "application_id: ApplicationId",
                  f.session_id as "session_id: SessionId",
                  f.profile_id as "profile_id: ProfileId",
                  f.scope, f.authenticated_at, f.created_at, f.expires_at, f.revoked_at,
                  (s.ended_at is null and s.expires_at > $3 and p.status = 'active')
                      as "is_in_force!"
           from refresh_family f
           join session s on s.brand_id = f.brand_id and s.session_id = f.session_id
           join profile p on p.brand_id = s.brand_id and p.profile_id = s.profile_id
           where f.brand_id = $1
             and f.family_id = (select family_id from refresh_token
                                where brand_id = $1 and token_hash = $2)
           for update of f"#,
        brand_id.uuid(),
        secret.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(family)
}

/// A token by what proves it.
pub async fn find_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    secret: &Secret,
) -> Result<Option<HeldToken>, Error> {
    let token = sqlx::query_as!(
        HeldToken,
        r#"select token_id as "token_id: TokenId", used_at,
                  successor_id as "successor_id: TokenId", answer
           from refresh_token where brand_id = $1 and token_hash = $2"#,
        brand_id.uuid(),
        secret.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(token)
}

/// Whether a token has not been replaced yet.
pub async fn is_unused(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token_id: TokenId,
) -> Result<bool, Error> {
    let is_unused = sqlx::query_scalar!(
        r#"select exists (select from refresh_token
                          where brand_id = $1 and token_id = $2 and used_at is null) as "is_unused!""#,
        brand_id.uuid(),
        token_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_unused)
}

/// Notes that a token was replaced, and with which answer.
pub async fn mark_replaced(
    conn: &mut PgConnection,
    brand_id: BrandId,
    (token_id, successor_id, at): (TokenId, TokenId, DateTime<Utc>),
    answer: &[u8],
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update refresh_token set used_at = $3, successor_id = $4, answer = $5
         where brand_id = $1 and token_id = $2 and used_at is null",
        brand_id.uuid(),
        token_id.uuid(),
        at,
        successor_id.uuid(),
        answer,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "refresh_token", token_id)?;
    Ok(())
}

/// Deletes the answers that a family's older tokens were replaced with.
pub async fn forget_answers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    family_id: CodeId,
) -> Result<(), Error> {
    sqlx::query!(
        "update refresh_token set answer = null
         where brand_id = $1 and family_id = $2 and answer is not null",
        brand_id.uuid(),
        family_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a family back, if there is one.
pub async fn revoke_family(
    conn: &mut PgConnection,
    brand_id: BrandId,
    family_id: CodeId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update refresh_family set revoked_at = $3
         where brand_id = $1 and family_id = $2 and revoked_at is null",
        brand_id.uuid(),
        family_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a refresh token is good for, if it is the one of its family that is: not replaced, its
/// family in force and this application's.
pub async fn find_live_refresh_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Live>, Error> {
    let live = sqlx::query_as!(
        Live,
        r#"select f.application_id as "application_id: ApplicationId", a.client_id,
                  f.session_id as "session_id: SessionId", f.profile_id as "profile_id: ProfileId",
                  f.scope, t.created_at, f.expires_at
           from refresh_token t
           join refresh_family f on f.brand_id = t.brand_id and f.family_id = t.family_id
           join session s on s.brand_id = f.brand_id and s.session_id = f.session_id
           join profile p on p.brand_id = s.brand_id and p.profile_id = s.profile_id
           join application a
               on a.brand_id = f.brand_id and a.application_id = f.application_id
           where t.brand_id = $1 and f.application_id = $2 and t.token_hash = $3
             and t.used_at is null and f.revoked_at is null and f.expires_at > $4
             and s.ended_at is null and s.expires_at > $4 and p.status = 'active'"#,
        brand_id.uuid(),
        application_id.uuid(),
        secret.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(live)
}

/// Takes back every family of an application for one person.
pub async fn revoke_families_of_application(
    conn: &mut PgConnection,
    (brand_id, profile_id, application_id): (BrandId, ProfileId, ApplicationId),
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update refresh_family set revoked_at = $4
         where brand_id = $1 and profile_id = $2 and application_id = $3 and revoked_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        application_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of whom a refresh token speaks, and what was granted with it; whether it is still good is not
/// asked.
pub async fn find_subject_of_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    token: &Secret,
) -> Result<Option<(ProfileId, String)>, Error> {
    let found = sqlx::query!(
        r#"select f.profile_id as "profile_id: ProfileId", f.scope
           from refresh_token t join refresh_family f using (brand_id, family_id)
           where t.brand_id = $1 and t.token_hash = $2"#,
        brand_id.uuid(),
        token.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.profile_id, row.scope)))
}
