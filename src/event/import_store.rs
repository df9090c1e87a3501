//! SQL of imports: how far each has come.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::{BrandId, ImportId};
use crate::postgres::{Error, PgConnection};

/// An import that begins.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Its id, unless the same import is known already.
    pub import_id: ImportId,
    /// What tells it apart: of contents, format and mapping.
    pub fingerprint: [u8; 32],
    /// The files, for people.
    pub source: String,
    /// What they are.
    pub format: &'static str,
    /// How much there is to read, unpacked.
    pub bytes_total: i64,
}

/// How far an import has come.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its id.
    pub import_id: ImportId,
    /// `running`, `stopped` or `done`.
    pub state: String,
    /// What the reader gave and is settled.
    pub steps_done: i64,
    /// Counts, and the first faults.
    pub report: Value,
}

/// How far the import of this fingerprint has come, if there is one.
pub async fn find_import(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fingerprint: &[u8; 32],
) -> Result<Option<Known>, Error> {
    let known = sqlx::query_as!(
        Known,
        r#"select import_id as "import_id: ImportId", state, steps_done, report
           from import where brand_id = $1 and fingerprint = $2"#,
        brand_id.uuid(),
        fingerprint,
    )
    .fetch_optional(conn)
    .await?;
    Ok(known)
}

/// Notes that an import begins, from its start. Returns its id, which is an earlier one if the same
/// was begun before.
pub async fn begin_import(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: &NewImport,
    now: DateTime<Utc>,
) -> Result<ImportId, Error> {
    let import_id = sqlx::query_scalar!(
        r#"insert into import (brand_id, import_id, fingerprint, source, format, state, bytes_total,
                               started_at, updated_at)
           values ($1, $2, $3, $4, $5, 'running', $6, $7, $7)
           on conflict on constraint import_fingerprint_key do update
               set source = excluded.source, state = 'running', steps_done = 0, bytes_done = 0,
                   report = '{}', started_at = excluded.started_at,
                   updated_at = excluded.updated_at, finished_at = null
           returning import_id as "import_id: ImportId""#,
        brand_id.uuid(),
        new.import_id.uuid(),
        &new.fingerprint,
        new.source,
        new.format,
        new.bytes_total,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(import_id)
}

/// How far an import has come, to be noted.
#[derive(Clone, Debug)]
pub struct Progress {
    /// `running`, `stopped` or `done`.
    pub state: &'static str,
    /// What the reader gave and is settled.
    pub steps_done: i64,
    /// How much was read, unpacked.
    pub bytes_done: i64,
    /// Counts, and the first faults.
    pub report: Value,
}

/// Notes how far an import has come.
pub async fn note_progress(
    conn: &mut PgConnection,
    brand_id: BrandId,
    import_id: ImportId,
    progress: &Progress,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update import set state = $3, steps_done = $4, bytes_done = $5, report = $6,
                           updated_at = $7::timestamptz,
                           finished_at = case when $3 = 'done' then $7::timestamptz end
         where brand_id = $1 and import_id = $2",
        brand_id.uuid(),
        import_id.uuid(),
        progress.state,
        progress.steps_done,
        progress.bytes_done,
        progress.report,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An import as it is listed.
#[derive(Clone, Debug)]
pub struct ListedImport {
    /// The files.
    pub source: String,
    /// What they are.
    pub format: String,
    /// `running`, `stopped` or `done`.
    pub state: String,
    /// How much was read, unpacked.
    pub bytes_done: i64,
    /// How much there is to read.
    pub bytes_total: i64,
    /// Counts, and the first faults.
    pub report: Value,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Its latest sign of life.
    pub updated_at: DateTime<Utc>,
    /// When it was done.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A brand's imports, the latest first.
pub async fn list_imports(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<ListedImport>, Error> {
    let imports = sqlx::query_as!(
        ListedImport,
        "select source, format, state, bytes_done, bytes_total, report, started_at, updated_at,
                finished_at
         from import where brand_id = $1 order by started_at desc limit $2",
        brand_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(imports)
}
