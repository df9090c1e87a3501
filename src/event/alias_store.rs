//! SQL of the ids by which events name profiles.

use chrono::{DateTime, Utc};

use super::profile_store::Seen;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// What sort of id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum AliasKind {
    /// Stands for a browser or device.
    Anonymous,
    /// A user id that was sent unproven: a profile of its own, never joined.
    Claimed,
    /// A user id that counts.
    User,
}

impl AliasKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Claimed => "claimed",
            Self::User => "user",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Anonymous, Self::Claimed, Self::User]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An id by which events name a profile.
pub(super) type Alias = (AliasKind, String);

/// The profile behind an alias: after merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) profile_id: ProfileId,
    /// The profile that the alias is of by itself: what an event that comes by it keeps, so that a
    /// merge can be undone.
    pub(super) subject: ProfileId,
    /// Whether somebody stands behind it, so that it is never absorbed.
    pub(super) is_known: bool,
    /// What is known of `subject`, as far as it was read along.
    pub(super) seen: Option<Seen>,
}

/// Who is behind each of `aliases`, as far as they are known.
pub(super) async fn list_aliases(
    conn: &mut PgConnection,
    brand_id: BrandId,
    aliases: &[&Alias],
) -> Result<Vec<(Alias, Person)>, Error> {
    let kinds: Vec<&str> = aliases.iter().map(|alias| alias.0.as_str()).collect();
    let texts: Vec<&str> = aliases.iter().map(|alias| alias.1.as_str()).collect();
    let rows = sqlx::query!(
        // One by one, each by its key: left to choose, the server reads all of a brand that it has
        // not counted yet.
        r#"select wanted.kind as "kind!", wanted.alias as "alias!",
                  coalesce(own.merged_into, own.profile_id) as "profile_id!: ProfileId",
                  own.profile_id as "subject!: ProfileId",
                  coalesce(p.status, own.status) as "status!",
                  own.last_seen_at as "last_seen_at!", own.known_since
           from unnest($2::text[], $3::text[]) as wanted (kind, alias)
                cross join lateral (
                    select profile_id from alias
                    where brand_id = $1 and kind = wanted.kind and alias = wanted.alias
                    offset 0) a
                cross join lateral (
                    select profile_id, merged_into, status, last_seen_at, known_since from profile
                    where brand_id = $1 and profile_id = a.profile_id offset 0) own
                left join lateral (
                    select status from profile
                    where brand_id = $1 and profile_id = own.merged_into offset 0) p on true"#,
        brand_id.uuid(),
        &kinds as &[&str],
        &texts as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let person = Person {
                profile_id: row.profile_id,
                subject: row.subject,
                is_known: row.status != "anonymous",
                seen: Some(Seen {
                    last_seen_at: row.last_seen_at,
                    known_since: row.known_since,
                }),
            };
            Some(((AliasKind::parse(&row.kind)?, row.alias), person))
        })
        .collect())
}

/// Writes aliases, in the order given, unless they are taken: the alias row settles who wins a race
/// for a new id. Returns those that were written. Their profiles may follow in the same transaction.
pub(super) async fn insert_aliases(
    conn: &mut PgConnection,
    brand_id: BrandId,
    aliases: &[(&Alias, ProfileId)],
    created_at: DateTime<Utc>,
) -> Result<Vec<Alias>, Error> {
    let kinds: Vec<&str> = aliases.iter().map(|(alias, _)| alias.0.as_str()).collect();
    let texts: Vec<&str> = aliases.iter().map(|(alias, _)| alias.1.as_str()).collect();
    let ids: Vec<_> = aliases.iter().map(|(_, id)| id.uuid()).collect();
    let rows = sqlx::query!(
        "insert into alias (brand_id, kind, alias, profile_id, created_at)
         select $1, a.kind, a.alias, a.profile_id, $5
         from unnest($2::text[], $3::text[], $4::uuid[]) as a (kind, alias, profile_id)
         on conflict on constraint alias_pkey do nothing
         returning kind, alias",
        brand_id.uuid(),
        &kinds as &[&str],
        &texts as &[&str],
        &ids,
        created_at,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((AliasKind::parse(&row.kind)?, row.alias)))
        .collect())
}

/// How many anonymous ids name each of `ids`, where that is any; of more than `count_max` of them it is
/// only said that there are as many.
pub(super) async fn count_visitors(
    conn: &mut PgConnection,
    brand_id: BrandId,
    ids: &[ProfileId],
    count_max: i64,
) -> Result<Vec<(ProfileId, i64)>, Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select wanted.profile_id as "profile_id!: ProfileId", held.count as "count!"
           from unnest($2::uuid[]) as wanted (profile_id)
                cross join lateral (
                    select count(*) from (
                        select from alias a
                        where a.brand_id = $1 and a.profile_id = wanted.profile_id
                          and a.kind = 'anonymous' limit $3) first) held
           where held.count > 0"#,
        brand_id.uuid(),
        &ids,
        count_max,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.count))
        .collect())
}

/// Points the aliases of each first profile to the second.
pub(super) async fn repoint_aliases(
    conn: &mut PgConnection,
    brand_id: BrandId,
    pairs: &[(ProfileId, ProfileId)],
) -> Result<(), Error> {
    let (from, into): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (a.uuid(), b.uuid())).unzip();
    sqlx::query!(
        "update alias set profile_id = m.target
         from unnest($2::uuid[], $3::uuid[]) as m (source, target)
         where alias.brand_id = $1 and alias.profile_id = m.source",
        brand_id.uuid(),
        &from,
        &into,
    )
    .execute(conn)
    .await?;
    Ok(())
}
