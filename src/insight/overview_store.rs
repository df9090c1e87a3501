//! SQL of the figures.

use chrono::{DateTime, NaiveDate, Utc};

use crate::kernel::id::BrandId;
use crate::postgres::{Error, Inconsistency, PgConnection};

/// Moves of one kind within a week.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    /// The week's Monday.
    pub(super) week: NaiveDate,
    pub(super) from_stage: usize,
    pub(super) to_stage: usize,
    pub(super) count: i64,
}

/// People who became known within a week.
#[derive(Clone, Debug)]
pub(super) struct Newcomers {
    /// The week's Monday.
    pub(super) week: NaiveDate,
    pub(super) people: i64,
}

/// Known people at each stage now, strangers first.
pub(super) async fn count_people(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<[u64; 4], Error> {
    let rows = sqlx::query!(
        r#"select stage, count(*) as "people!" from standing
           where brand_id = $1 and known_since is not null group by stage"#,
        brand_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut people = [0; 4];
    for row in rows {
        people[stage(row.stage)?] = u64::try_from(row.people).unwrap_or(0);
    }
    Ok(people)
}

/// Moves believed at present that took effect at `since` or later.
pub(super) async fn count_moves(
    conn: &mut PgConnection,
    brand_id: BrandId,
    since: DateTime<Utc>,
) -> Result<Vec<Moves>, Error> {
    let rows = sqlx::query!(
        r#"select date_trunc('week', effective_at, 'UTC') as "week!", from_stage, to_stage,
                  count(*) as "count!"
           from transition
           where brand_id = $1 and superseded_at is null and effective_at >= $2
           group by 1, 2, 3"#,
        brand_id.uuid(),
        since,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Moves {
                week: row.week.date_naive(),
                from_stage: stage(row.from_stage)?,
                to_stage: stage(row.to_stage)?,
                count: row.count,
            })
        })
        .collect()
}

/// People who became known at `since` or later.
pub(super) async fn count_newcomers(
    conn: &mut PgConnection,
    brand_id: BrandId,
    since: DateTime<Utc>,
) -> Result<Vec<Newcomers>, Error> {
    let rows = sqlx::query!(
        r#"select date_trunc('week', known_since, 'UTC') as "week!", count(*) as "people!"
           from standing
           where brand_id = $1 and known_since >= $2
           group by 1"#,
        brand_id.uuid(),
        since,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Newcomers {
            week: row.week.date_naive(),
            people: row.people,
        })
        .collect())
}

fn stage(number: i16) -> Result<usize, Inconsistency> {
    usize::try_from(number)
        .ok()
        .filter(|stage| *stage < 4)
        .ok_or_else(|| Inconsistency::new("standing", number, "no such stage"))
}
