//! SQL of the news of sign-outs. The rows are made by the database when a session ends.

use chrono::{DateTime, Utc};

use crate::kernel::id::{ApplicationId, BrandId, LogoutDeliveryId, ProfileId, SessionId};
use crate::postgres::{Error, PgConnection};

/// A delivery to be attempted.
#[derive(Clone, Debug)]
pub struct Due {
    /// Whose brand.
    pub brand_id: BrandId,
    /// Its id.
    pub delivery_id: LogoutDeliveryId,
    /// Whom it tells.
    pub client_id: String,
    /// Where.
    pub uri: String,
    /// Which signed-in browser is over.
    pub session_id: SessionId,
    /// Who is signed out.
    pub profile_id: ProfileId,
    /// The number of this attempt, from 1.
    pub tries: i32,
}

/// A delivery as the brand's staff see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Its id.
    pub delivery_id: LogoutDeliveryId,
    /// Which signed-in browser is over.
    pub session_id: SessionId,
    /// When it ended.
    pub created_at: DateTime<Utc>,
    /// When it is tried again, if it is.
    pub next_try_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: i32,
    /// What the last attempt met.
    pub last_error: Option<String>,
    /// When it arrived.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub failed_at: Option<DateTime<Utc>>,
}

/// Which delivery.
pub type Of = (BrandId, LogoutDeliveryId);

/// Takes up to `limit` deliveries that are due, and keeps them from others until `leased_until`.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Due>, Error> {
    let due = sqlx::query_as!(
        Due,
        r#"with due as (
               select d.brand_id, d.delivery_id
               from logout_delivery d
               join application a using (brand_id, application_id)
               where d.sent_at is null and d.failed_at is null and d.next_try_at <= $1
                 and a.backchannel_logout_uri is not null and a.disabled_at is null
               order by d.next_try_at limit $3
               for update of d skip locked
           )
           update logout_delivery d set tries = d.tries + 1, next_try_at = $2
           from due, application a
           where d.brand_id = due.brand_id and d.delivery_id = due.delivery_id
             and a.brand_id = d.brand_id and a.application_id = d.application_id
           returning d.brand_id as "brand_id: BrandId",
                     d.delivery_id as "delivery_id: LogoutDeliveryId",
                     a.client_id, a.backchannel_logout_uri as "uri!",
                     d.session_id as "session_id: SessionId",
                     d.profile_id as "profile_id: ProfileId", d.tries"#,
        now,
        leased_until,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(due)
}

/// Notes that a delivery arrived.
pub async fn mark_sent(
    conn: &mut PgConnection,
    (brand_id, delivery_id): Of,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update logout_delivery set sent_at = $3, last_error = null
         where brand_id = $1 and delivery_id = $2",
        brand_id.uuid(),
        delivery_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes why an attempt failed, and when the next one is due.
pub async fn put_off(
    conn: &mut PgConnection,
    (brand_id, delivery_id): Of,
    next_try_at: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update logout_delivery set next_try_at = $3, last_error = $4
         where brand_id = $1 and delivery_id = $2",
        brand_id.uuid(),
        delivery_id.uuid(),
        next_try_at,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the last attempt failed.
pub async fn give_up(
    conn: &mut PgConnection,
    (brand_id, delivery_id): Of,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update logout_delivery set failed_at = $3, last_error = $4
         where brand_id = $1 and delivery_id = $2",
        brand_id.uuid(),
        delivery_id.uuid(),
        at,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest deliveries to an application, newest first; at most `limit`.
pub async fn list_deliveries(
    conn: &mut PgConnection,
    brand_id: BrandId,
    application_id: ApplicationId,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let deliveries = sqlx::query_as!(
        Listed,
        r#"select delivery_id as "delivery_id: LogoutDeliveryId",
                  session_id as "session_id: SessionId", created_at, next_try_at, tries,
                  last_error, sent_at, failed_at
           from logout_delivery
           where brand_id = $1 and application_id = $2
           order by created_at desc, delivery_id limit $3"#,
        brand_id.uuid(),
        application_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(deliveries)
}
