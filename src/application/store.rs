//! SQL of applications.

use chrono::{DateTime, Utc};

use super::{Application, Kind, Settings};
use crate::kernel::id::{ApplicationId, BrandId};
use crate::postgres::{Error, Inconsistency, PgConnection};

struct Row {
    application_id: ApplicationId,
    client_id: String,
    name: String,
    kind: String,
    secret_hash: Option<Vec<u8>>,
    redirect_uris: Vec<String>,
    logout_uris: Vec<String>,
    is_third_party: bool,
    requires_par: bool,
    may_learn_stage: bool,
    backchannel_logout_uri: Option<String>,
}

impl Row {
    fn into_application(self, brand_id: BrandId) -> Result<Application, Error> {
        let kind = Kind::parse(&self.kind).ok_or_else(|| {
            Inconsistency::new("application", self.application_id, "unknown kind")
        })?;
        Ok(Application {
            brand_id,
            application_id: self.application_id,
            client_id: self.client_id,
            name: self.name,
            kind,
            secret_hash: self.secret_hash,
            redirect_uris: self.redirect_uris,
            logout_uris: self.logout_uris,
            settings: Settings {
                is_third_party: self.is_third_party,
                requires_par: self.requires_par,
                may_learn_stage: self.may_learn_stage,
                backchannel_logout_uri: self.backchannel_logout_uri,
            },
        })
    }
}

/// The application with this client id, unless it is switched off.
pub async fn find_application_by_client_id(
    conn: &mut PgConnection,
    brand_id: BrandId,
    client_id: &str,
) -> Result<Option<Application>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select application_id as "application_id: ApplicationId", client_id, name, kind,
                  secret_hash, redirect_uris, logout_uris, is_third_party, requires_par,
                  may_learn_stage, backchannel_logout_uri
           from application
           where brand_id = $1 and client_id = $2 and disabled_at is null"#,
        brand_id.uuid(),
        client_id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.into_application(brand_id)).transpose()
}

/// The application with this id, unless it is switched off.
pub async fn find_application(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
) -> Result<Option<Application>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select application_id as "application_id: ApplicationId", client_id, name, kind,
                  secret_hash, redirect_uris, logout_uris, is_third_party, requires_par,
                  may_learn_stage, backchannel_logout_uri
           from application
           where brand_id = $1 and application_id = $2 and disabled_at is null"#,
        brand_id.uuid(),
        application_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.into_application(brand_id)).transpose()
}

/// Every application of the brand, oldest first.
pub async fn list_applications(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<Application>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select application_id as "application_id: ApplicationId", client_id, name, kind,
                  secret_hash, redirect_uris, logout_uris, is_third_party, requires_par,
                  may_learn_stage, backchannel_logout_uri
           from application where brand_id = $1 and disabled_at is null
           order by application_id"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| row.into_application(brand_id))
        .collect()
}

/// When a page of the application first asked for the embed's configuration, if one did.
pub async fn find_first_seen(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
) -> Result<Option<DateTime<Utc>>, Error> {
    let seen = sqlx::query_scalar!(
        "select first_seen_at from application where brand_id = $1 and application_id = $2",
        brand_id.uuid(),
        application_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(seen.flatten())
}

/// Writes a new application.
pub async fn insert_application(
    conn: &mut PgConnection,
    application: &Application,
    created_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into application (brand_id, application_id, client_id, name, kind, secret_hash,
                                  redirect_uris, logout_uris, created_at, is_third_party,
                                  requires_par, may_learn_stage, backchannel_logout_uri)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        application.brand_id.uuid(),
        application.application_id.uuid(),
        application.client_id,
        application.name,
        application.kind.as_str(),
        application.secret_hash,
        &application.redirect_uris,
        &application.logout_uris,
        created_at,
        application.settings.is_third_party,
        application.settings.requires_par,
        application.settings.may_learn_stage,
        application.settings.backchannel_logout_uri,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes what the brand decided about an application. Returns whether there is one.
pub async fn update_settings(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    settings: &Settings,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update application
         set is_third_party = $3, requires_par = $4, may_learn_stage = $5,
             backchannel_logout_uri = $6
         where brand_id = $1 and application_id = $2 and disabled_at is null",
        brand_id.uuid(),
        application_id.uuid(),
        settings.is_third_party,
        settings.requires_par,
        settings.may_learn_stage,
        settings.backchannel_logout_uri,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a page of the application asked for the embed's configuration, the first time.
/// Returns whether it was the first.
pub async fn mark_application_seen(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update application set first_seen_at = $3
         where brand_id = $1 and application_id = $2 and first_seen_at is null",
        brand_id.uuid(),
        application_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
