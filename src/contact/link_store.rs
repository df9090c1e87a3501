//! SQL of links to preferences.

use chrono::{DateTime, Utc};

use super::link::PreferenceLink;
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, PreferenceLinkId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Writes a link made at the first instant, which works until the second.
pub async fn insert_link(
    conn: &mut PgConnection,
    brand_id: BrandId,
    link: &PreferenceLink,
    token: &Secret,
    (made, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query!(
        "insert into preference_link
            (brand_id, link_id, profile_id, token_hash, surface, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        brand_id.uuid(),
        link.link_id.uuid(),
        link.profile_id.uuid(),
        token.hash().to_vec(),
        link.surface,
        made,
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the link with this token opens: the profile that its own was joined with, if it was. `None`
/// for an unknown or expired one, and where the person was forgotten.
pub async fn find_link(
    conn: &mut PgConnection,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<PreferenceLink>, Error> {
    let link = sqlx::query_as!(
        PreferenceLink,
        r#"select l.brand_id as "brand_id: BrandId", l.link_id as "link_id: PreferenceLinkId",
                  h.profile_id as "profile_id: ProfileId", l.surface
           from preference_link l
           join profile p on p.brand_id = l.brand_id and p.profile_id = l.profile_id
           join profile h on h.brand_id = l.brand_id
                         and h.profile_id = coalesce(p.merged_into, p.profile_id)
           where l.token_hash = $1 and l.expires_at > $2 and h.status <> 'erased'"#,
        token.hash().to_vec(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(link)
}
