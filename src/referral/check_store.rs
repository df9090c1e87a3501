//! SQL that looks whether everything that events say of referrals was read, and by whom.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// An event that may say something of referrals which is not stored.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) profile_id: ProfileId,
    pub(super) message_id: String,
    pub(super) name: String,
    pub(super) properties: Value,
    pub(super) at: DateTime<Utc>,
    pub(super) trusted: bool,
}

/// Events with a property that names a code, a referrer or a mark, of profiles for which nothing
/// waits, and of which no trace is stored.
pub(super) async fn list_unread(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<Unread>, Error> {
    let events = sqlx::query_as!(
        Unread,
        r#"select e.profile_id as "profile_id: ProfileId", e.message_id,
                  case when e.kind = 'track' then e.name else '' end as "name!",
                  coalesce(e.payload -> 'properties', 'null') as "properties!",
                  e.event_time as at, e.trusted
           from event e
                join profile p on p.brand_id = $1 and p.profile_id = e.profile_id
                     and p.status <> 'erased'
           where e.brand_id = $1
             and ((e.kind = 'track'
                   and e.name in ('Invite Sent', 'Product Shared', 'Cart Shared',
                                  'Referral Clicked', 'Signed Up')
                   and e.payload -> 'properties'
                       ?| array['code', 'referral_code', 'invite_id', 'share_id', 'referrer_id']
                   and not exists (select 1 from referral_link l
                                   where l.brand_id = $1 and l.message_id = e.message_id)
                   and not exists (select 1 from referral_claim c
                                   where c.brand_id = $1 and c.message_id = e.message_id))
                  or (e.payload -> 'properties'
                      ?| array['payment_hash', 'device_hash', 'household_hash']
                      and not exists (select 1 from referral_mark m
                                      where m.brand_id = $1 and m.profile_id = e.profile_id)))
             and not exists (select 1 from projection_queue q
                             where q.brand_id = $1 and q.profile_id = e.profile_id)
           limit $2"#,
        brand_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// The next page of people who claim to have been brought, or for whom somebody was credited, by id.
pub async fn list_referees(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Error> {
    let people = sqlx::query_scalar!(
        r#"select distinct coalesce(p.merged_into, p.profile_id) as "person!: ProfileId"
           from (select profile_id from referral_claim where brand_id = $1
                 union select referee_id from referral_credit where brand_id = $1) c
                join profile p on p.brand_id = $1 and p.profile_id = c.profile_id
           where coalesce(p.merged_into, p.profile_id) > $2
           order by 1 limit $3"#,
        brand_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}
