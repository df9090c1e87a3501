//! SQL of brands. The brand table is what brands are found by, so here no query is bound to one.

use chrono::{DateTime, Utc};

use super::Brand;
use super::logo::Logo;
use crate::kernel::id::BrandId;
use crate::postgres::{Error, Inconsistency, PgConnection};

/// The brand with this slug, unless it is switched off.
pub async fn find_brand_by_slug(
    conn: &mut PgConnection,
    slug: &str,
) -> Result<Option<Brand>, Error> {
    let brand = sqlx::query_as!(
        Brand,
        r#"select brand_id as "brand_id: BrandId", slug, name, colour, links_by_email, asks_terms,
                  terms_url, privacy_url, words, logo, is_demo, created_at,
                  disabled_at
           from brand where slug = $1 and disabled_at is null"#,
        slug,
    )
    .fetch_optional(conn)
    .await?;
    Ok(brand)
}

/// The brand with this id, unless it is switched off.
pub async fn find_brand(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Brand>, Error> {
    let brand = sqlx::query_as!(
        Brand,
        r#"select brand_id as "brand_id: BrandId", slug, name, colour, links_by_email, asks_terms,
                  terms_url, privacy_url, words, logo, is_demo, created_at,
                  disabled_at
           from brand where brand_id = $1 and disabled_at is null"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(brand)
}

/// Every brand that is switched on, by name.
pub async fn list_brands(conn: &mut PgConnection) -> Result<Vec<Brand>, Error> {
    let brands = sqlx::query_as!(
        Brand,
        r#"select brand_id as "brand_id: BrandId", slug, name, colour, links_by_email, asks_terms,
                  terms_url, privacy_url, words, logo, is_demo, created_at,
                  disabled_at
           from brand where disabled_at is null order by lower(name), slug"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(brands)
}

/// Writes a new brand.
pub async fn insert_brand(conn: &mut PgConnection, brand: &Brand) -> Result<(), Error> {
    sqlx::query!(
        "insert into brand (brand_id, slug, name, colour, links_by_email, asks_terms, terms_url,
                            privacy_url, is_demo, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        brand.brand_id.uuid(),
        brand.slug,
        brand.name,
        brand.colour,
        brand.links_by_email,
        brand.asks_terms,
        brand.terms_url,
        brand.privacy_url,
        brand.is_demo,
        brand.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes the words that a brand shows.
pub async fn update_words(
    conn: &mut PgConnection,
    brand_id: BrandId,
    words: &serde_json::Value,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update brand set words = $2 where brand_id = $1",
        brand_id.uuid(),
        words,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "brand", brand_id)?;
    Ok(())
}

/// Gives a brand a logo in place of the one it had.
pub async fn upsert_logo(
    conn: &mut PgConnection,
    brand_id: BrandId,
    name: &str,
    logo: &Logo,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into brand_logo (brand_id, name, kind, bytes, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (brand_id) do update
         set name = excluded.name, kind = excluded.kind, bytes = excluded.bytes,
             created_at = excluded.created_at",
        brand_id.uuid(),
        name,
        logo.kind,
        logo.bytes,
        at,
    )
    .execute(&mut *conn)
    .await?;
    set_logo_name(conn, brand_id, Some(name)).await
}

/// Takes a brand's logo away.
pub async fn delete_logo(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    sqlx::query!(
        "delete from brand_logo where brand_id = $1",
        brand_id.uuid()
    )
    .execute(&mut *conn)
    .await?;
    set_logo_name(conn, brand_id, None).await
}

async fn set_logo_name(
    conn: &mut PgConnection,
    brand_id: BrandId,
    name: Option<&str>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update brand set logo = $2 where brand_id = $1",
        brand_id.uuid(),
        name,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "brand", brand_id)?;
    Ok(())
}

/// A brand's logo by its name: its media type and the file.
pub async fn find_logo(
    conn: &mut PgConnection,
    brand_id: BrandId,
    name: &str,
) -> Result<Option<(String, Vec<u8>)>, Error> {
    let found = sqlx::query!(
        "select kind, bytes from brand_logo where brand_id = $1 and name = $2",
        brand_id.uuid(),
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.kind, row.bytes)))
}

/// Tables that hold a brand's rows, each before what it points to. The audit record stays: it is
/// never deleted.
pub const TABLES: &[&str] = &[
    "attempt_counter",
    "handoff",
    "preference_link",
    "brand_logo",
    "refresh_token",
    "refresh_family",
    "access_token",
    "authorization_code",
    "session_application",
    "consent_request",
    "application_grant",
    "pushed_request",
    "session",
    "logout_delivery",
    "mail",
    "way_setting",
    "passkey_challenge",
    "credential",
    "proof",
    "attempt",
    "spent_id_token",
    "flow",
    "consent",
    "transition",
    "layer_transition",
    "standing",
    "contact_preference",
    "referral_claim",
    "referral_credit",
    "referral_figures",
    "referral_link",
    "referral_mark",
    "profile_value",
    "value_stage",
    "value_model",
    "projection_queue",
    "event",
    "event_name",
    "reject",
    "import",
    "profile_merge",
    "erasure",
    "suppression",
    "known_device",
    "identity",
    "alias",
    "profile_email",
    "profile",
    "replay_note",
    "replay_part",
    "replay",
    "learnt_half_life",
    "rule_preview",
    "rule_round",
    "rule_draft",
    "rule_set",
    "connection",
    "application",
    "api_key",
    "outbox",
    "job",
];

/// Deletes the demo brand with everything in it. Any other brand is left untouched.
pub async fn delete_demo_brand(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    let is_demo = sqlx::query_scalar!(
        "select is_demo from brand where brand_id = $1 for update",
        brand_id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    if is_demo != Some(true) {
        return Err(Inconsistency::new("brand", brand_id, "only the demo can be wiped").into());
    }
    for table in TABLES {
        // The names are our own constants; a table cannot be a bound parameter.
        let sql = format!("delete from {table} where brand_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(brand_id.uuid())
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query!("delete from brand where brand_id = $1", brand_id.uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a customer's own page tells them their stage. Off unless the brand turns it on.
pub async fn shows_stage(conn: &mut PgConnection, brand_id: BrandId) -> Result<bool, Error> {
    let shows = sqlx::query_scalar!(
        "select shows_stage from brand where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(shows == Some(true))
}

/// Turns it on or off whether a customer's own page tells them their stage.
pub async fn update_shows_stage(
    conn: &mut PgConnection,
    brand_id: BrandId,
    shows: bool,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "update brand set shows_stage = $2 where brand_id = $1",
        brand_id.uuid(),
        shows,
    )
    .execute(conn)
    .await?;
    Inconsistency::unless_one(done.rows_affected(), "brand", brand_id)?;
    Ok(())
}
