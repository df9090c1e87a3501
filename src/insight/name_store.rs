//! SQL that finds what people are called.

use std::collections::HashMap;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// What each of these people is best called: their name, else an address, else an id by which events
/// name them. Who has none of these, or was erased or merged since, is left out.
pub async fn list_names(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[ProfileId],
) -> Result<HashMap<ProfileId, String>, Error> {
    let ids: Vec<_> = profile_ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select p.profile_id as "profile_id: ProfileId",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''),
                           mail.address, named.alias) as name
           from profile p
                left join lateral (
                    select e.address from profile_email e
                    where e.brand_id = $1 and e.profile_id = p.profile_id
                    order by e.verified_at nulls last, e.created_at limit 1) mail on true
                left join lateral (
                    select a.alias from alias a
                    where a.brand_id = $1 and a.profile_id = p.profile_id
                    order by a.kind = 'anonymous', a.created_at desc limit 1) named on true
           where p.brand_id = $1 and p.profile_id = any($2)
             and p.status in ('anonymous', 'active', 'suspended')"#,
        brand_id.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let named = rows.into_iter();
    Ok(named
        .filter_map(|row| row.name.map(|name| (row.profile_id, name)))
        .collect())
}
