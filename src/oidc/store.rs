//! SQL of authorization codes and access tokens. Refresh tokens are in `refresh_store`.

use chrono::{DateTime, Utc};

use super::inspect::Live;
use super::issue::{Granted, Proof};
use super::userinfo::Person;
use crate::kernel::Secret;
use crate::kernel::id::{ApplicationId, BrandId, CodeId, ProfileId, SessionId, TokenId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// A code as stored.
#[derive(Clone, Debug)]
pub struct StoredCode {
    /// Its id.
    pub code_id: CodeId,
    /// Who may exchange it.
    pub application_id: ApplicationId,
    /// Which signed-in browser it speaks of.
    pub session_id: SessionId,
    /// Who.
    pub profile_id: ProfileId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What was granted.
    pub scope: String,
    /// For the ID token.
    pub nonce: Option<String>,
    /// The S256 challenge.
    pub code_challenge: String,
    /// When the person had proved who they are.
    pub authenticated_at: DateTime<Utc>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was exchanged.
    pub used_at: Option<DateTime<Utc>>,
    /// Whether that browser is still signed in.
    pub session_in_force: bool,
}

/// An access token to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewToken {
    /// Its id.
    pub token_id: TokenId,
    /// For whom.
    pub application_id: ApplicationId,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Writes a new code; `code` itself is not stored.
pub async fn insert_code(
    conn: &mut PgConnection,
    brand_id: BrandId,
    stored: &StoredCode,
    code: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into authorization_code
            (brand_id, code_id, code_hash, application_id, session_id, profile_id, redirect_uri,
             scope, nonce, code_challenge, authenticated_at, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        brand_id.uuid(),
        stored.code_id.uuid(),
        code.hash().to_vec(),
        stored.application_id.uuid(),
        stored.session_id.uuid(),
        stored.profile_id.uuid(),
        stored.redirect_uri,
        stored.scope,
        stored.nonce,
        stored.code_challenge,
        stored.authenticated_at,
        stored.created_at,
        stored.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The code, locked until the transaction ends, so that of two exchanges at once one comes second.
pub async fn find_code_for_update(
    conn: &mut PgConnection,
    brand_id: BrandId,
    code: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<StoredCode>, Error> {
    let code = sqlx::query_as!(
        StoredCode,
        r#"select c.code_id as "code_id: CodeId",
                  c.application_id as "application_id: ApplicationId",
                  c.session_id as "session_id: SessionId",
                  c.profile_id as "profile_id: ProfileId",
                  c.redirect_uri, c.scope, c.nonce, c.code_challenge, c.authenticated_at,
                  c.created_at, c.expires_at, c.used_at,
                  (s.ended_at is null and s.expires_at > $3 and p.status = 'active')
                      as "session_in_force!"
           from authorization_code c
           join session s on s.brand_id = c.brand_id and s.session_id = c.session_id
           join profile p on p.brand_id = s.brand_id and p.profile_id = s.profile_id
           where c.brand_id = $1 and c.code_hash = $2
           for update of c"#,
        brand_id.uuid(),
        code.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(code)
}

/// Notes that a code was exchanged.
pub async fn mark_code_used(
    conn: &mut PgConnection,
    brand_id: BrandId,
    code_id: CodeId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update authorization_code set used_at = $3
         where brand_id = $1 and code_id = $2 and used_at is null",
        brand_id.uuid(),
        code_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "authorization_code", code_id)?;
    Ok(())
}

/// Writes an access token for what was granted; `secret` itself is not stored.
pub async fn insert_access_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    granted: &Granted,
    token: &NewToken,
    secret: &Secret,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into access_token
            (brand_id, token_id, token_hash, code_id, application_id, session_id, profile_id,
             scope, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        brand_id.uuid(),
        token.token_id.uuid(),
        secret.hash().to_vec(),
        granted.code_id.uuid(),
        token.application_id.uuid(),
        granted.session_id.uuid(),
        granted.profile_id.uuid(),
        granted.scope.to_string(),
        token.created_at,
        token.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back what a code gave. Returns how many tokens that were.
pub async fn revoke_tokens_of_code(
    conn: &mut PgConnection,
    brand_id: BrandId,
    code_id: CodeId,
    at: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update access_token set revoked_at = $3
         where brand_id = $1 and code_id = $2 and revoked_at is null",
        brand_id.uuid(),
        code_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whom a live access token speaks of: it has not expired or been revoked, its session is in force,
/// its profile active, its application and its brand switched on.
pub async fn find_person_by_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Person>, Error> {
    let person = sqlx::query_as!(
        Person,
        r#"select t.profile_id as "profile_id: ProfileId", t.scope, p.display_name, p.given_name,
                  p.family_name, p.picture_url, p.locale, e.address as "email?",
                  (e.verified_at is not null) as "email_verified!", a.may_learn_stage
           from access_token t
           join session s on s.brand_id = t.brand_id and s.session_id = t.session_id
           join profile p on p.brand_id = t.brand_id and p.profile_id = t.profile_id
           join application a
               on a.brand_id = t.brand_id and a.application_id = t.application_id
           join brand b on b.brand_id = t.brand_id
           left join lateral (
               select address, verified_at from profile_email
               where brand_id = t.brand_id and profile_id = t.profile_id
               order by verified_at is null, joined_at is not null, created_at, address
               limit 1
           ) e on true
           where t.brand_id = $1 and t.token_hash = $2 and t.expires_at > $3
             and t.revoked_at is null and s.ended_at is null and s.expires_at > $3
             and p.status = 'active' and a.disabled_at is null and b.disabled_at is null"#,
        brand_id.uuid(),
        secret.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(person)
}

/// What a live access token is good for: live as in [`find_person_by_token`].
pub async fn find_live_access_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Live>, Error> {
    let live = sqlx::query_as!(
        Live,
        r#"select t.application_id as "application_id: ApplicationId", a.client_id,
                  t.session_id as "session_id: SessionId", t.profile_id as "profile_id: ProfileId",
                  t.scope, t.created_at, t.expires_at
           from access_token t
           join session s on s.brand_id = t.brand_id and s.session_id = t.session_id
           join profile p on p.brand_id = t.brand_id and p.profile_id = t.profile_id
           join application a
               on a.brand_id = t.brand_id and a.application_id = t.application_id
           join brand b on b.brand_id = t.brand_id
           where t.brand_id = $1 and t.token_hash = $2 and t.expires_at > $3
             and t.revoked_at is null and s.ended_at is null and s.expires_at > $3
             and p.status = 'active' and a.disabled_at is null and b.disabled_at is null"#,
        brand_id.uuid(),
        secret.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(live)
}

/// Takes an access token back, if it is this application's. Returns whether it was in force.
pub async fn revoke_access_token(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    secret: &Secret,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update access_token set revoked_at = $4
         where brand_id = $1 and application_id = $2 and token_hash = $3 and revoked_at is null",
        brand_id.uuid(),
        application_id.uuid(),
        secret.hash().to_vec(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back whatever an application was given for one person: access tokens, and codes that it has
/// not exchanged yet.
pub async fn revoke_of_application(
    conn: &mut PgConnection,
    (brand_id, profile_id, application_id): (BrandId, ProfileId, ApplicationId),
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update access_token set revoked_at = $4
         where brand_id = $1 and profile_id = $2 and application_id = $3 and revoked_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        application_id.uuid(),
        at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update authorization_code set expires_at = least(expires_at, $4)
         where brand_id = $1 and profile_id = $2 and application_id = $3 and used_at is null",
        brand_id.uuid(),
        profile_id.uuid(),
        application_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an application got tokens in a session, so that it hears of its end.
pub async fn upsert_session_application(
    conn: &mut PgConnection,
    brand_id: BrandId,
    session_id: SessionId,
    application_id: ApplicationId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into session_application (brand_id, session_id, application_id, created_at)
         values ($1, $2, $3, $4) on conflict do nothing",
        brand_id.uuid(),
        session_id.uuid(),
        application_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of whom a code speaks, and what was granted with it; whether it is still good is not asked.
pub async fn find_subject_of_code(
    conn: &mut PgConnection,
    brand_id: BrandId,
    code: &Secret,
) -> Result<Option<(ProfileId, String)>, Error> {
    let found = sqlx::query!(
        r#"select profile_id as "profile_id: ProfileId", scope
           from authorization_code where brand_id = $1 and code_hash = $2"#,
        brand_id.uuid(),
        code.hash().to_vec(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.profile_id, row.scope)))
}

/// By what a session was opened.
pub async fn find_session_proof(
    conn: &mut PgConnection,
    brand_id: BrandId,
    session_id: SessionId,
) -> Result<Proof, Error> {
    let proof = sqlx::query_as!(
        Proof,
        r#"select method, (second_factor_at is not null) as "has_second_factor!"
           from session where brand_id = $1 and session_id = $2"#,
        brand_id.uuid(),
        session_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(proof)
}
