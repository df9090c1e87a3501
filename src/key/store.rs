//! SQL of API keys.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Allowlist, Grant, Key, Kind, Presented, Scope, Scopes};
use crate::kernel::id::{BrandId, KeyId};
use crate::postgres::{Error, Inconsistency, PgConnection};

/// How precisely a key's last use is known.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The key that `presented` is, if it is one, is not revoked, and its brand is switched on. Notes
/// its use, at most once a minute.
pub async fn find_presented_key(
    conn: &mut PgConnection,
    presented: &Presented,
    now: DateTime<Utc>,
) -> Result<Option<Key>, Error> {
    // The unguessable id finds the brand here; everything after is bound to it.
    let row = sqlx::query!(
        r#"select k.brand_id as "brand_id: BrandId", k.kind, k.secret_hash, k.last_used_at,
                  k.scopes, k.events_allowed, k.events_per_second
           from api_key k join brand b using (brand_id)
           where k.key_id = $1 and k.revoked_at is null and b.disabled_at is null"#,
        presented.key_id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let kind = Kind::parse(&row.kind)
        .ok_or_else(|| Inconsistency::new("api_key", presented.key_id, "unknown kind"))?;
    let proven = presented.secret.hash().matches(&row.secret_hash) && kind == presented.kind;
    if !proven {
        return Ok(None);
    }
    if row
        .last_used_at
        .is_none_or(|used| now - used >= USE_NOTED_EVERY)
    {
        update_key_used(conn, row.brand_id, presented.key_id, now).await?;
    }
    let (brand_id, key_id) = (row.brand_id, presented.key_id);
    let stored = (row.scopes, row.events_allowed, row.events_per_second);
    Ok(Some(Key {
        brand_id,
        key_id,
        kind,
        grant: Arc::new(grant_of(key_id, stored)?),
    }))
}

/// Scopes, events and rate as stored.
fn grant_of(
    key_id: KeyId,
    (scopes, events, rate): (Option<Vec<String>>, Vec<String>, Option<i32>),
) -> Result<Grant, Inconsistency> {
    let scopes = match scopes {
        None => Scopes::All,
        Some(names) => {
            let known: Option<Vec<Scope>> = names.iter().map(|name| Scope::parse(name)).collect();
            known
                .and_then(Scopes::of)
                .ok_or_else(|| Inconsistency::new("api_key", key_id, "unknown scope"))?
        }
    };
    Ok(Grant {
        scopes,
        events: Allowlist::of(events),
        events_per_second: rate.and_then(|rate| u32::try_from(rate).ok()),
    })
}

/// Notes a use. Skipped when another request is noting one: this row must never be waited for.
async fn update_key_used(
    conn: &mut PgConnection,
    brand_id: BrandId,
    key_id: KeyId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update api_key set last_used_at = $3
         where brand_id = $1 and key_id in (
            select key_id from api_key where brand_id = $1 and key_id = $2
            for update skip locked)",
        brand_id.uuid(),
        key_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a new key.
pub async fn insert_key(
    conn: &mut PgConnection,
    brand_id: BrandId,
    presented: &Presented,
    name: &str,
    created_at: DateTime<Utc>,
) -> Result<(), Error> {
    let browser_text = (presented.kind == Kind::Browser).then(|| presented.expose());
    sqlx::query!(
        "insert into api_key (brand_id, key_id, kind, name, secret_hash, browser_text, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        brand_id.uuid(),
        presented.key_id.uuid(),
        presented.kind.as_str(),
        name,
        presented.secret.hash().to_vec(),
        browser_text,
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a key may do. Returns whether there was one in force.
pub async fn update_grant(
    conn: &mut PgConnection,
    brand_id: BrandId,
    key_id: KeyId,
    grant: &Grant,
) -> Result<bool, Error> {
    let rate = grant.events_per_second.map(u32::cast_signed);
    let done = sqlx::query!(
        "update api_key set scopes = $3, events_allowed = $4, events_per_second = $5
         where brand_id = $1 and key_id = $2 and revoked_at is null",
        brand_id.uuid(),
        key_id.uuid(),
        grant.scopes.stored() as Option<Vec<&str>>,
        grant.events.entries(),
        rate,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The oldest browser key in force, as snippets show it.
pub async fn find_browser_key_text(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<String>, Error> {
    let text = sqlx::query_scalar!(
        r#"select browser_text as "browser_text!" from api_key
           where brand_id = $1 and kind = 'browser' and revoked_at is null
             and browser_text is not null
           order by key_id limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(text)
}

/// A key as the dashboard lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub key_id: KeyId,
    /// `secret` or `browser`.
    pub kind: String,
    /// What its maker called it.
    pub name: String,
    /// The whole key, for a browser key.
    pub browser_text: Option<String>,
    /// What it may do beyond its kind.
    pub grant: Grant,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Every key of the brand, newest first.
pub async fn list_keys(conn: &mut PgConnection, brand_id: BrandId) -> Result<Vec<Listed>, Error> {
    let rows = sqlx::query!(
        r#"select key_id as "key_id: KeyId", kind, name, browser_text, created_at, last_used_at,
                  revoked_at, scopes, events_allowed, events_per_second
           from api_key where brand_id = $1 order by key_id desc"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|row| {
        let stored = (row.scopes, row.events_allowed, row.events_per_second);
        Ok(Listed {
            key_id: row.key_id,
            kind: row.kind,
            name: row.name,
            browser_text: row.browser_text,
            grant: grant_of(row.key_id, stored)?,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    });
    listed.collect()
}

/// Revokes a key. Returns whether there was one to revoke.
pub async fn revoke_key(
    conn: &mut PgConnection,
    brand_id: BrandId,
    key_id: KeyId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update api_key set revoked_at = $3
         where brand_id = $1 and key_id = $2 and revoked_at is null",
        brand_id.uuid(),
        key_id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
