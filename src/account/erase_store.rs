//! SQL that forgets somebody.

use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Tables whose rows of a person go, each before what it points to. Each names the person in the
/// column `profile_id`.
pub const TABLES: &[&str] = &[
    "refresh_family",
    "access_token",
    "authorization_code",
    "application_grant",
    // What is queued by deleting sessions in force stays: it tells applications, by ids alone.
    "logout_delivery",
    "session",
    "consent",
    "credential",
    "proof",
    "identity",
    "profile_email",
    "contact_preference",
    "preference_link",
    "known_device",
    "profile_value",
    "layer_transition",
    "transition",
    "standing",
    "projection_queue",
    "replay_note",
    "referral_link",
    "referral_claim",
    "referral_mark",
    "event",
    "alias",
    "mail",
    "outbox",
];

/// A person's profile, and those that were joined into it.
pub(super) async fn list_members(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Uuid>, Error> {
    let ids = sqlx::query_scalar!(
        "select profile_id from profile
         where brand_id = $1 and (profile_id = $2 or merged_into = $2)
         order by profile_id for update",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// By what ids events name these profiles: kind and id.
pub(super) async fn list_aliases(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<Vec<(String, String)>, Error> {
    let rows = sqlx::query!(
        "select kind, alias from alias where brand_id = $1 and profile_id = any($2)",
        brand_id.uuid(),
        profiles,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.alias)).collect())
}

/// Deletes every row of these profiles, and mail to their addresses.
pub(super) async fn delete_rows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "delete from mail where brand_id = $1 and recipient in
             (select address from profile_email where brand_id = $1 and profile_id = any($2)
              and verified_at is not null)",
        brand_id.uuid(),
        profiles,
    )
    .execute(&mut *conn)
    .await?;
    for table in TABLES {
        // The names are our own constants; a table cannot be a bound parameter.
        let sql = format!("delete from {table} where brand_id = $1 and profile_id = any($2)");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(brand_id.uuid())
            .bind(profiles)
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query!(
        "delete from profile_merge
         where brand_id = $1 and (survivor_id = any($2) or merged_id = any($2))",
        brand_id.uuid(),
        profiles,
    )
    .execute(&mut *conn)
    .await?;
    // Whoever brought or was brought keeps what they earned; by what id this one was known goes.
    sqlx::query!(
        "update referral_credit set referee_key = 'erased'
         where brand_id = $1 and referee_id = any($2)",
        brand_id.uuid(),
        profiles,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes events of erased profiles that were on their way, and what was made of them.
pub(super) async fn delete_stragglers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "with events as (
             delete from event where brand_id = $1 and profile_id = any($2)
         ), aliases as (
             delete from alias where brand_id = $1 and profile_id = any($2)
         ), emails as (
             delete from profile_email where brand_id = $1 and profile_id = any($2)
         ), standings as (
             delete from standing where brand_id = $1 and profile_id = any($2)
         ), layers as (
             delete from layer_transition where brand_id = $1 and profile_id = any($2)
         )
         delete from transition where brand_id = $1 and profile_id = any($2)",
        brand_id.uuid(),
        profiles,
    )
    .execute(&mut *conn)
    .await?;
    update_erased(conn, brand_id, profiles).await
}

/// Leaves of these profiles nothing but that they were there.
pub(super) async fn update_erased(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
) -> Result<(), Error> {
    sqlx::query!(
        "update profile set status = 'erased', merged_into = null, display_name = null,
                given_name = null, family_name = null, picture_url = null, locale = null,
                traits = '{}', traits_at = null, first_encounter = '{}', known_since = null
         where brand_id = $1 and profile_id = any($2)",
        brand_id.uuid(),
        profiles,
    )
    .execute(conn)
    .await?;
    Ok(())
}
