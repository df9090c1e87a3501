//! SQL of what a brand's orders teach about its rhythm.

use chrono::{DateTime, Utc};

use super::timeline::{GAPS_MIN, Rhythm};
use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// The median gap between consecutive order days of a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gaps {
    /// In days; none where nobody has ordered on two days.
    pub(super) median_days: Option<f64>,
    /// How many gaps there are.
    pub(super) count: i64,
}

/// Measures the gaps between the UTC days on which a customer ordered, before `until`, leaving out
/// orders that were taken back. `orders` and `refunds` are names of events.
pub(super) async fn measure_gaps(
    conn: &mut PgConnection,
    brand_id: BrandId,
    orders: &[String],
    refunds: &[String],
    until: DateTime<Utc>,
) -> Result<Gaps, Error> {
    let gaps = sqlx::query_as!(
        Gaps,
        r#"with said as (
               select coalesce(p.merged_into, p.profile_id) as person, e.name, e.event_time,
                      e.payload -> 'properties' ->> 'order_id' as order_id
               from event e join profile p on p.brand_id = $1 and p.profile_id = e.profile_id
               where e.brand_id = $1 and e.kind = 'track' and e.trusted and e.event_time < $4
                 and (e.name = any($2) or e.name = any($3))
           ), days as (
               select distinct o.person, (o.event_time at time zone 'utc')::date as day
               from said o
               where o.name = any($2) and not exists (
                   select 1 from said r
                   where r.name = any($3) and r.person = o.person and r.order_id = o.order_id)
           ), gaps as (
               select day - lag(day) over (partition by person order by day) as gap from days
           )
           select percentile_cont(0.5) within group (order by gap) as median_days,
                  count(gap) as "count!"
           from gaps where gap is not null"#,
        brand_id.uuid(),
        orders,
        refunds,
        until,
    )
    .fetch_one(conn)
    .await?;
    Ok(gaps)
}

/// A row to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewRow {
    pub(super) effective_from: Option<DateTime<Utc>>,
    pub(super) gaps: Gaps,
    pub(super) half_life_days: f64,
    pub(super) computed_at: DateTime<Utc>,
}

/// Writes what was learnt; whether nobody had for the same instant.
pub(super) async fn insert_learnt(
    conn: &mut PgConnection,
    brand_id: BrandId,
    row: &NewRow,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into learnt_half_life
            (brand_id, effective_from, median_gap_days, gaps, half_life_days, computed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint learnt_half_life_month_key do nothing",
        brand_id.uuid(),
        row.effective_from,
        row.gaps.median_days,
        row.gaps.count,
        row.half_life_days,
        row.computed_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was learnt from gaps enough, in the order in which it was learnt.
pub(super) async fn list_rhythms(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Vec<Rhythm>, Error> {
    let rows = sqlx::query_as!(
        Rhythm,
        r#"select effective_from as from, median_gap_days as "median_gap_days!"
           from learnt_half_life
           where brand_id = $1 and gaps >= $2 and median_gap_days is not null
           order by learnt_id"#,
        brand_id.uuid(),
        GAPS_MIN,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Brands that have learnt nothing since `month`, and since when not: since the latest row, or since
/// they were made.
pub(super) async fn list_due(
    conn: &mut PgConnection,
    month: DateTime<Utc>,
) -> Result<Vec<(BrandId, DateTime<Utc>)>, Error> {
    let rows = sqlx::query!(
        r#"select b.brand_id as "brand_id: BrandId",
                  coalesce(max(l.effective_from), b.created_at) as "since!"
           from brand b left join learnt_half_life l on l.brand_id = b.brand_id
           group by b.brand_id, b.created_at
           having coalesce(max(l.effective_from), b.created_at) < $1"#,
        month,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.brand_id, row.since))
        .collect())
}
