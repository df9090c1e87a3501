//! SQL that finds customers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::profile::store::{find_profile, list_consents, list_emails, list_identities};
use crate::profile::{Consent, Identity, Profile, ProfileEmail, Status};
use crate::stage::Stage;

/// Greater than any text that begins with what it is put after.
const AFTER_ALL: char = '\u{10ffff}';

/// A customer in a list.
#[derive(Clone, Debug)]
pub struct CustomerSummary {
    /// Who.
    pub profile_id: ProfileId,
    /// Whether nobody has put a name to them.
    pub is_anonymous: bool,
    /// Their name, if they gave one.
    pub name: Option<String>,
    /// Their best address: a proven one before hearsay.
    pub email: Option<String>,
    /// An id by which events name them.
    pub alias: Option<String>,
    /// Their stage, 0 to 3; a stranger before the first event is projected.
    pub stage: i16,
    /// Since when.
    pub stage_since: DateTime<Utc>,
    /// When they were last heard of.
    pub last_seen_at: DateTime<Utc>,
}

impl CustomerSummary {
    /// The place in the list from which the next page goes on.
    pub const fn position(&self) -> CustomerPosition {
        CustomerPosition {
            last_seen_at: self.last_seen_at,
            profile_id: self.profile_id,
        }
    }
}

/// A place in a list of customers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CustomerPosition {
    last_seen_at: DateTime<Utc>,
    profile_id: ProfileId,
}

/// Customers, last heard of first, after the given place: all, or those at a stage (which nobody
/// anonymous is), or those whose name, family name, address, alias or id begins with `search`.
/// Merged and erased profiles are none.
pub async fn list_customers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    search: &str,
    stage: Option<Stage>,
    after: Option<CustomerPosition>,
    limit: i64,
) -> Result<Vec<CustomerSummary>, Error> {
    let stage = stage.map(|stage| i16::from(stage.rank()));
    let search = search.trim();
    if search.is_empty() {
        list_all(conn, brand_id, stage, after, limit).await
    } else {
        list_found(conn, brand_id, search, stage, after, limit).await
    }
}

async fn list_all(
    conn: &mut PgConnection,
    brand_id: BrandId,
    stage: Option<i16>,
    after: Option<CustomerPosition>,
    limit: i64,
) -> Result<Vec<CustomerSummary>, Error> {
    let customers = sqlx::query_as!(
        CustomerSummary,
        r#"select p.profile_id as "profile_id: ProfileId",
                  p.status = 'anonymous' as "is_anonymous!",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''))
                      as name,
                  mail.address as "email?", named.alias as "alias?",
                  coalesce(s.stage, 0::smallint) as "stage!",
                  coalesce(s.stage_since, p.created_at) as "stage_since!", p.last_seen_at
           from profile p
                left join standing s on s.brand_id = $1 and s.profile_id = p.profile_id
                left join lateral (
                    select e.address from profile_email e
                    where e.brand_id = $1 and e.profile_id = p.profile_id
                    order by e.verified_at nulls last, e.created_at limit 1) mail on true
                left join lateral (
                    select a.alias from alias a
                    where a.brand_id = $1 and a.profile_id = p.profile_id
                    order by a.kind = 'anonymous', a.created_at desc limit 1) named on true
           where p.brand_id = $1 and p.status in ('anonymous', 'active', 'suspended')
             and ($2::smallint is null or (s.stage = $2 and s.known_since is not null))
             and p.last_seen_at <= coalesce($3::timestamptz, 'infinity')
             and ($3::timestamptz is null or p.last_seen_at < $3 or p.profile_id > $4)
           order by p.last_seen_at desc, p.profile_id limit $5"#,
        brand_id.uuid(),
        stage,
        after.map(|place| place.last_seen_at),
        after.map_or(Uuid::nil(), |place| place.profile_id.uuid()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(customers)
}

async fn list_found(
    conn: &mut PgConnection,
    brand_id: BrandId,
    search: &str,
    stage: Option<i16>,
    after: Option<CustomerPosition>,
    limit: i64,
) -> Result<Vec<CustomerSummary>, Error> {
    let folded = search.to_lowercase();
    let id = folded.parse::<ProfileId>().ok();
    // Ranges rather than patterns: they use the indexes whatever the plan, and need no escaping.
    let customers = sqlx::query_as!(
        CustomerSummary,
        r#"with found as (
               select profile_id from profile
               where brand_id = $1 and lower(display_name) ~>=~ $6 and lower(display_name) ~<~ $7
               union select profile_id from profile
               where brand_id = $1 and lower(family_name) ~>=~ $6 and lower(family_name) ~<~ $7
                 and family_name is not null
               union select profile_id from profile_email
               where brand_id = $1 and address ~>=~ $6 and address ~<~ $7
               union select profile_id from alias
               where brand_id = $1 and alias ~>=~ $8 and alias ~<~ $9
               union select $10::uuid
           )
           select p.profile_id as "profile_id: ProfileId",
                  p.status = 'anonymous' as "is_anonymous!",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''))
                      as name,
                  mail.address as "email?", named.alias as "alias?",
                  coalesce(s.stage, 0::smallint) as "stage!",
                  coalesce(s.stage_since, p.created_at) as "stage_since!", p.last_seen_at
           from found f
                join profile p on p.brand_id = $1 and p.profile_id = f.profile_id
                left join standing s on s.brand_id = $1 and s.profile_id = p.profile_id
                left join lateral (
                    select e.address from profile_email e
                    where e.brand_id = $1 and e.profile_id = p.profile_id
                    order by e.verified_at nulls last, e.created_at limit 1) mail on true
                left join lateral (
                    select a.alias from alias a
                    where a.brand_id = $1 and a.profile_id = p.profile_id
                    order by a.kind = 'anonymous', a.created_at desc limit 1) named on true
           where p.status in ('anonymous', 'active', 'suspended')
             and ($2::smallint is null or (s.stage = $2 and s.known_since is not null))
             and ($3::timestamptz is null or p.last_seen_at < $3
                  or (p.last_seen_at = $3 and p.profile_id > $4))
           order by p.last_seen_at desc, p.profile_id limit $5"#,
        brand_id.uuid(),
        stage,
        after.map(|place| place.last_seen_at),
        after.map_or(Uuid::nil(), |place| place.profile_id.uuid()),
        limit,
        folded,
        format!("{folded}{AFTER_ALL}"),
        search,
        format!("{search}{AFTER_ALL}"),
        id.map(ProfileId::uuid),
    )
    .fetch_all(conn)
    .await?;
    Ok(customers)
}

/// Whether the brand has any customer at all.
pub async fn has_customers(conn: &mut PgConnection, brand_id: BrandId) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"select exists (select 1 from profile where brand_id = $1) as "any!""#,
        brand_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// An id by which events name a customer.
#[derive(Clone, Debug)]
pub struct Alias {
    /// `user`, `anonymous`, or `claimed`: a user id that a browser sent unproven.
    pub kind: String,
    /// The id.
    pub alias: String,
    /// When it was first heard of.
    pub created_at: DateTime<Utc>,
}

/// A customer with all that is known of who they are.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The profile.
    pub profile: Profile,
    /// Their addresses, oldest first.
    pub emails: Vec<ProfileEmail>,
    /// What signs them in.
    pub identities: Vec<Identity>,
    /// By what ids events name them, oldest first.
    pub aliases: Vec<Alias>,
    /// What they agreed to and took back.
    pub consents: Vec<Consent>,
}

/// The customer behind an id. A profile that was merged leads to the one it was merged into; an
/// erased one leads nowhere.
pub async fn find_customer(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Option<Customer>, Error> {
    let mut found = find_profile(conn, brand_id, profile_id).await?;
    if let Some(merged_into) = found.as_ref().and_then(|profile| profile.merged_into) {
        found = find_profile(conn, brand_id, merged_into).await?;
    }
    let Some(profile) = found.filter(|profile| profile.status != Status::Erased) else {
        return Ok(None);
    };
    let id = profile.profile_id;
    Ok(Some(Customer {
        emails: list_emails(conn, brand_id, id).await?,
        identities: list_identities(conn, brand_id, id).await?,
        aliases: list_aliases(conn, brand_id, id).await?,
        consents: list_consents(conn, brand_id, id).await?,
        profile,
    }))
}

async fn list_aliases(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Alias>, Error> {
    let aliases = sqlx::query_as!(
        Alias,
        "select a.kind, a.alias, a.created_at
         from alias a join profile p on p.brand_id = $1 and p.profile_id = a.profile_id
         where a.brand_id = $1 and (p.profile_id = $2 or p.merged_into = $2)
         order by a.created_at, a.kind, a.alias",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(aliases)
}

/// The profile that events of this alias belong to.
pub async fn find_profile_by_alias(
    conn: &mut PgConnection,
    brand_id: BrandId,
    kind: &str,
    alias: &str,
) -> Result<Option<ProfileId>, Error> {
    let id = sqlx::query_scalar!(
        r#"select profile_id as "profile_id: ProfileId" from alias
           where brand_id = $1 and kind = $2 and alias = $3"#,
        brand_id.uuid(),
        kind,
        alias,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

/// The profiles that have an address, after the given one. An address is no proof of who somebody is,
/// and several may have it.
pub async fn list_profiles_by_email(
    conn: &mut PgConnection,
    brand_id: BrandId,
    address: &str,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"select p.profile_id as "profile_id: ProfileId"
           from profile_email e
                join profile p on p.brand_id = $1 and p.profile_id = e.profile_id
           where e.brand_id = $1 and e.address = $2 and p.profile_id > $3
             and p.status in ('anonymous', 'active', 'suspended')
           order by p.profile_id limit $4"#,
        brand_id.uuid(),
        address,
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}
