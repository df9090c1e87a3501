//! SQL of previews.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{PreviewMode, PreviewStatus, StoredPreview};
use crate::kernel::id::{BrandId, PreviewId};
use crate::postgres::{Error, Inconsistency, PgConnection};
use crate::stage::simulate::Preview;

/// Previews kept for a brand; older ones go when another is started.
const KEPT_MAX: i64 = 20;
/// Days that a finished preview is kept: it names people who may be erased since.
const KEPT: TimeDelta = TimeDelta::days(30);
/// What a preview says that another took the place of.
const GIVEN_UP: &str = "another preview was started";

/// A preview to start.
pub(super) struct NewPreview {
    pub(super) preview_id: PreviewId,
    pub(super) fingerprint: String,
    pub(super) base_version: i32,
    pub(super) mode: PreviewMode,
    pub(super) at: DateTime<Utc>,
    pub(super) horizon_days: u16,
}

/// Keeps others from starting a preview of the brand meanwhile.
pub(super) async fn lock_previews(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtext('rule_preview'), hashtext($1::text))",
        brand_id.uuid().to_string(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a preview that begins.
pub(super) async fn insert_preview(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: &NewPreview,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into rule_preview
            (brand_id, preview_id, fingerprint, base_version, mode, looked_at, horizon_days,
             started_at, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        brand_id.uuid(),
        new.preview_id.uuid(),
        new.fingerprint,
        new.base_version,
        new.mode.as_str(),
        new.at,
        i16::try_from(new.horizon_days).unwrap_or(i16::MAX),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends what runs, or has been left running.
pub(super) async fn give_up_running(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update rule_preview set finished_at = $2, error = $3
         where brand_id = $1 and finished_at is null",
        brand_id.uuid(),
        now,
        GIVEN_UP,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes finished previews that are old, or more than anybody looks at.
pub(super) async fn delete_old(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "delete from rule_preview
         where brand_id = $1 and finished_at is not null
           and (finished_at < $2 or preview_id not in
               (select preview_id from rule_preview where brand_id = $1
                order by preview_id desc limit $3))",
        brand_id.uuid(),
        now - KEPT,
        KEPT_MAX - 1,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes how many people there are and how many were looked at. Whether the preview is still wanted.
pub(super) async fn update_progress(
    conn: &mut PgConnection,
    brand_id: BrandId,
    preview_id: PreviewId,
    (people, done): (Option<u64>, u64),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let updated = sqlx::query!(
        "update rule_preview set seen_at = $3, people = coalesce($4, people), done = $5
         where brand_id = $1 and preview_id = $2 and finished_at is null",
        brand_id.uuid(),
        preview_id.uuid(),
        now,
        people.map(number),
        number(done),
    )
    .execute(conn)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Writes what was found, or why nothing was. Does nothing for a preview that was given up.
pub(super) async fn finish(
    conn: &mut PgConnection,
    brand_id: BrandId,
    preview_id: PreviewId,
    found: Result<&Preview, &String>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let result = found.map(|preview| {
        serde_json::to_value(preview).expect("a preview is numbers, text and lists")
    });
    sqlx::query!(
        "update rule_preview
         set finished_at = $3, seen_at = $3, result = $4, error = $5,
             done = case when $4::jsonb is null then done else coalesce(people, done) end
         where brand_id = $1 and preview_id = $2 and finished_at is null",
        brand_id.uuid(),
        preview_id.uuid(),
        now,
        result.as_ref().ok(),
        result.as_ref().err().map(|error| error.as_str()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A preview as stored.
struct Row {
    preview_id: PreviewId,
    fingerprint: String,
    base_version: i32,
    mode: String,
    looked_at: DateTime<Utc>,
    horizon_days: i16,
    started_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    people: Option<i64>,
    done: i64,
    result: Option<Value>,
    error: Option<String>,
}

impl Row {
    fn read(self, silent_since: DateTime<Utc>) -> Result<StoredPreview, Error> {
        let preview_id = self.preview_id;
        let broken = |fault| Error::from(Inconsistency::new("rule_preview", preview_id, fault));
        let status = match (self.result, self.error) {
            (Some(result), _) => PreviewStatus::Done {
                result: serde_json::from_value(result)
                    .map_err(|_| broken("the result cannot be read"))?,
            },
            (None, Some(error)) => PreviewStatus::Failed { error },
            (None, None) if self.seen_at < silent_since => PreviewStatus::Stopped,
            (None, None) => PreviewStatus::Running,
        };
        Ok(StoredPreview {
            preview_id,
            fingerprint: self.fingerprint,
            base_version: self.base_version,
            mode: PreviewMode::parse(&self.mode).ok_or_else(|| broken("the mode is unknown"))?,
            at: self.looked_at,
            horizon_days: u16::try_from(self.horizon_days).unwrap_or(0),
            started_at: self.started_at,
            finished_at: self.finished_at,
            people: self.people.map(|people| u64::try_from(people).unwrap_or(0)),
            done: u64::try_from(self.done).unwrap_or(0),
            status,
        })
    }
}

/// One preview. Unfinished and not heard of since `silent_since`, it shows as stopped.
pub(super) async fn find_preview(
    conn: &mut PgConnection,
    brand_id: BrandId,
    preview_id: PreviewId,
    silent_since: DateTime<Utc>,
) -> Result<Option<StoredPreview>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select preview_id as "preview_id: PreviewId", fingerprint, base_version, mode, looked_at,
                  horizon_days, started_at, seen_at, finished_at, people, done, result, error
           from rule_preview where brand_id = $1 and preview_id = $2"#,
        brand_id.uuid(),
        preview_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.read(silent_since)).transpose()
}

/// The preview that runs and has been heard of since `silent_since`.
pub(super) async fn find_running(
    conn: &mut PgConnection,
    brand_id: BrandId,
    silent_since: DateTime<Utc>,
) -> Result<Option<StoredPreview>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select preview_id as "preview_id: PreviewId", fingerprint, base_version, mode, looked_at,
                  horizon_days, started_at, seen_at, finished_at, people, done, result, error
           from rule_preview
           where brand_id = $1 and finished_at is null and seen_at >= $2"#,
        brand_id.uuid(),
        silent_since,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.read(silent_since)).transpose()
}

/// The preview that was started last.
pub(super) async fn find_latest(
    conn: &mut PgConnection,
    brand_id: BrandId,
    silent_since: DateTime<Utc>,
) -> Result<Option<StoredPreview>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select preview_id as "preview_id: PreviewId", fingerprint, base_version, mode, looked_at,
                  horizon_days, started_at, seen_at, finished_at, people, done, result, error
           from rule_preview where brand_id = $1 order by preview_id desc limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.read(silent_since)).transpose()
}
