//! SQL of profiles and of what hangs on them.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Consent, EmailHolder, Identity, NewEmail, NewIdentity, Profile, ProfileEmail, Status};
use crate::kernel::EmailAddress;
use crate::kernel::id::{BrandId, ConnectionId, ConsentId, IdentityId, ProfileId};
use crate::postgres::{Error, Inconsistency, PgConnection};

struct ProfileRow {
    status: String,
    merged_into: Option<ProfileId>,
    display_name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    picture_url: Option<String>,
    locale: Option<String>,
    traits: Value,
    first_encounter: Value,
    known_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
}

/// The profile with this id, whatever its status.
pub async fn find_profile(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Option<Profile>, Error> {
    let row = sqlx::query_as!(
        ProfileRow,
        r#"select status, merged_into as "merged_into: ProfileId", display_name, given_name,
                  family_name, picture_url, locale, traits, first_encounter, known_since,
                  created_at, last_seen_at
           from profile where brand_id = $1 and profile_id = $2"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let status = Status::parse(&row.status)
        .ok_or_else(|| Inconsistency::new("profile", profile_id, "unknown status"))?;
    Ok(Some(Profile {
        brand_id,
        profile_id,
        status,
        merged_into: row.merged_into,
        display_name: row.display_name,
        given_name: row.given_name,
        family_name: row.family_name,
        picture_url: row.picture_url,
        locale: row.locale,
        traits: row.traits,
        first_encounter: row.first_encounter,
        known_since: row.known_since,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
    }))
}

/// Writes a new profile and, if somebody stands behind it, the user alias by which events name it:
/// its own id on the wire.
pub async fn insert_profile(conn: &mut PgConnection, profile: &Profile) -> Result<(), Error> {
    sqlx::query!(
        "insert into profile (brand_id, profile_id, status, merged_into, display_name, given_name,
                              family_name, picture_url, locale, traits, first_encounter,
                              known_since, created_at, last_seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        profile.brand_id.uuid(),
        profile.profile_id.uuid(),
        profile.status.as_str(),
        profile.merged_into.map(ProfileId::uuid),
        profile.display_name,
        profile.given_name,
        profile.family_name,
        profile.picture_url,
        profile.locale,
        profile.traits,
        profile.first_encounter,
        profile.known_since,
        profile.created_at,
        profile.last_seen_at,
    )
    .execute(&mut *conn)
    .await?;
    if profile.known_since.is_some() {
        sqlx::query!(
            "insert into alias (brand_id, kind, alias, profile_id, created_at)
             values ($1, 'user', $2, $3, $4)",
            profile.brand_id.uuid(),
            profile.profile_id.to_string(),
            profile.profile_id.uuid(),
            profile.created_at,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Notes that the profile was heard of.
pub async fn update_last_seen(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update profile set last_seen_at = greatest(last_seen_at, $3)
         where brand_id = $1 and profile_id = $2",
        brand_id.uuid(),
        profile_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "profile", profile_id)?;
    Ok(())
}

/// The profile's addresses: proven ones first, their own before those of an account that was joined
/// to theirs, then by age.
pub async fn list_emails(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<ProfileEmail>, Error> {
    let emails = sqlx::query_as!(
        ProfileEmail,
        "select address, verified_at, source, created_at from profile_email
         where brand_id = $1 and profile_id = $2
         order by verified_at is null, joined_at is not null, created_at, address",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(emails)
}

/// Adds an address. One that is there already keeps its first source, and stays proven once proven:
/// what a provider says later never takes a proof away.
pub async fn upsert_email(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    email: NewEmail<'_>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into profile_email (brand_id, profile_id, address, verified_at, source, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint profile_email_pkey do update
         set verified_at = excluded.verified_at, source = excluded.source
         where profile_email.verified_at is null and excluded.verified_at is not null",
        brand_id.uuid(),
        profile_id.uuid(),
        email.address.as_str(),
        email.is_verified.then_some(email.at),
        email.source,
        email.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The active profiles that bear this address and that somebody signs in to, oldest first; at most
/// `limit`. For linking decisions only: an address never selects who signs in.
pub async fn list_email_holders(
    conn: &mut PgConnection,
    brand_id: BrandId,
    address: &EmailAddress,
    limit: i64,
) -> Result<Vec<EmailHolder>, Error> {
    let holders = sqlx::query_as!(
        EmailHolder,
        r#"select p.profile_id as "profile_id: ProfileId",
                  e.verified_at is not null as "is_verified!"
           from profile_email e join profile p using (brand_id, profile_id)
           where e.brand_id = $1 and e.address = $2 and p.status = 'active'
             and exists (select from identity i
                         where i.brand_id = p.brand_id and i.profile_id = p.profile_id)
           order by p.profile_id limit $3"#,
        brand_id.uuid(),
        address.as_str(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(holders)
}

/// What signs the profile in, oldest first.
pub async fn list_identities(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Identity>, Error> {
    let identities = sqlx::query_as!(
        Identity,
        r#"select i.identity_id as "identity_id: IdentityId",
                  i.profile_id as "profile_id: ProfileId",
                  i.connection_id as "connection_id: ConnectionId",
                  c.slug as connection_slug, c.label as connection_label, c.provider,
                  i.issuer, i.subject, i.raw_claims, i.created_at, i.last_used_at
           from identity i join connection c using (brand_id, connection_id)
           where i.brand_id = $1 and i.profile_id = $2
           order by i.created_at, i.identity_id"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(identities)
}

/// The identity of exactly this connection, issuer and subject.
pub async fn find_identity(
    conn: &mut PgConnection,
    brand_id: BrandId,
    connection_id: ConnectionId,
    issuer: &str,
    subject: &str,
) -> Result<Option<Identity>, Error> {
    let identity = sqlx::query_as!(
        Identity,
        r#"select i.identity_id as "identity_id: IdentityId",
                  i.profile_id as "profile_id: ProfileId",
                  i.connection_id as "connection_id: ConnectionId",
                  c.slug as connection_slug, c.label as connection_label, c.provider,
                  i.issuer, i.subject, i.raw_claims, i.created_at, i.last_used_at
           from identity i join connection c using (brand_id, connection_id)
           where i.brand_id = $1 and i.connection_id = $2 and i.issuer = $3 and i.subject = $4"#,
        brand_id.uuid(),
        connection_id.uuid(),
        issuer,
        subject,
    )
    .fetch_optional(conn)
    .await?;
    Ok(identity)
}

/// Writes a new identity. The constraint `identity_subject_key` refuses one that belongs to
/// somebody already, which settles races.
pub async fn insert_identity(
    conn: &mut PgConnection,
    brand_id: BrandId,
    identity: &NewIdentity<'_>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into identity (brand_id, identity_id, profile_id, connection_id, issuer, subject,
                               raw_claims, created_at, last_used_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        brand_id.uuid(),
        identity.identity_id.uuid(),
        identity.profile_id.uuid(),
        identity.connection_id.uuid(),
        identity.issuer,
        identity.subject,
        identity.raw_claims,
        identity.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the identity signed somebody in, and what the provider said this time.
pub async fn update_identity_use(
    conn: &mut PgConnection,
    brand_id: BrandId,
    identity_id: IdentityId,
    raw_claims: &Value,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update identity set last_used_at = $4, raw_claims = $3
         where brand_id = $1 and identity_id = $2",
        brand_id.uuid(),
        identity_id.uuid(),
        raw_claims,
        at,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "identity", identity_id)?;
    Ok(())
}

/// What is in force: the newest decision of each purpose, by purpose.
pub async fn list_consents(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Consent>, Error> {
    let consents = sqlx::query_as!(
        Consent,
        r#"select distinct on (purpose) consent_id as "consent_id: ConsentId", purpose, granted,
                  text_version, surface, proof, decided_at
           from consent where brand_id = $1 and profile_id = $2
           order by purpose, decided_at desc, consent_id desc"#,
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(consents)
}

/// Adds a decision. Earlier ones stay: they are the proof of what was in force when.
pub async fn insert_consent(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    consent: &Consent,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into consent (brand_id, consent_id, profile_id, purpose, granted, text_version,
                              surface, proof, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        brand_id.uuid(),
        consent.consent_id.uuid(),
        profile_id.uuid(),
        consent.purpose,
        consent.granted,
        consent.text_version,
        consent.surface,
        consent.proof,
        consent.decided_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
