//! SQL of what customers will be worth.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::orders::{OrderEvent, Summary};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::value::{Fit, Forecast, PurchaseModel, SpendModel};

/// The most rows that one statement deletes.
pub(super) const BATCH_ROWS: u64 = 1_000;

/// A fit of a brand, as far as it says whether another one is due.
#[derive(Clone, Debug)]
pub(super) struct LastFit {
    pub(super) fitted_at: DateTime<Utc>,
    pub(super) as_of: NaiveDate,
    pub(super) is_finished: bool,
    pub(super) has_parameters: bool,
}

/// The newest fit of a brand, finished or not.
pub(super) async fn find_last_fit(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<LastFit>, Error> {
    let fit = sqlx::query_as!(
        LastFit,
        r#"select fitted_at, as_of, finished_at is not null as "is_finished!",
                  r is not null as "has_parameters!"
           from value_model where brand_id = $1 order by fitted_at desc limit 1"#,
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(fit)
}

/// Lets no other process fit this brand until the present transaction ends.
pub(super) async fn lock_fits(conn: &mut PgConnection, brand_id: BrandId) -> Result<(), Error> {
    sqlx::query!(
        "select 1 as done from brand where brand_id = $1 for update",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Whether an event of one of these names came after `since`.
pub(super) async fn has_orders_since(
    conn: &mut PgConnection,
    brand_id: BrandId,
    names: &[String],
    since: DateTime<Utc>,
) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"select exists (
               select 1 from event
               where brand_id = $1 and received_at > $2 and kind = 'track' and name = any($3)
           ) as "any!""#,
        brand_id.uuid(),
        since,
        names,
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// Writes that a fit begins; what is left of one that was broken off goes.
pub(super) async fn insert_fit(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
    as_of: NaiveDate,
    horizon_days: i32,
) -> Result<(), Error> {
    sqlx::query!(
        "delete from value_model
         where brand_id = $1 and (finished_at is null or fitted_at = $2)",
        brand_id.uuid(),
        fitted_at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into value_model (brand_id, fitted_at, as_of, horizon_days)
         values ($1, $2, $3, $4)",
        brand_id.uuid(),
        fitted_at,
        as_of,
        horizon_days,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The events of these names that these people, or profiles merged into them, had until the end of
/// `as_of`. In no particular order.
pub(super) async fn list_order_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_ids: &[Uuid],
    names: &[String],
    as_of: NaiveDate,
) -> Result<Vec<OrderEvent>, Error> {
    let before = as_of.succ_opt().unwrap_or(NaiveDate::MAX);
    let events = sqlx::query_as!(
        OrderEvent,
        r#"with member as (
               select w.profile_id as person, w.profile_id from unnest($2::uuid[]) as w(profile_id)
               union all
               select p.merged_into, p.profile_id
               from profile p where p.brand_id = $1 and p.merged_into = any($2)
           )
           select m.person as "profile_id!: ProfileId", e.message_id, e.name, e.trusted,
                  e.event_time as at, e.payload -> 'properties' as properties
           from member m
           join event e on e.brand_id = $1 and e.profile_id = m.profile_id
                       and e.kind = 'track' and e.name = any($3)
                       and e.event_time < ($4::date)::timestamp at time zone 'UTC'"#,
        brand_id.uuid(),
        profile_ids,
        names,
        before,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// Writes what people's orders say, without a forecast yet: what was forecast stays until it is
/// forecast anew.
pub(super) async fn upsert_summaries(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
    people: &[(ProfileId, Summary)],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = people.iter().map(|(id, _)| id.uuid()).collect();
    let summaries = || people.iter().map(|(_, summary)| summary);
    let repeats: Vec<i32> = summaries()
        .map(|one| i32::try_from(one.history.repeats()).unwrap_or(i32::MAX))
        .collect();
    let first_days: Vec<NaiveDate> = summaries().map(|one| one.first_day).collect();
    let last_days: Vec<NaiveDate> = summaries().map(|one| one.last_day).collect();
    let spend_days: Vec<i32> = summaries()
        .map(|one| {
            let days = one.spending.map_or(0, |spending| spending.periods);
            i32::try_from(days).unwrap_or(i32::MAX)
        })
        .collect();
    let spend_means: Vec<Option<f64>> = summaries()
        .map(|one| one.spending.map(|spending| spending.mean))
        .collect();
    let currencies: Vec<Option<String>> = summaries().map(|one| one.currency.clone()).collect();
    sqlx::query!(
        "insert into profile_value (brand_id, fitted_at, profile_id, repeats, first_day, last_day,
                                    spend_days, spend_mean, currency)
         select $1, $2, w.*
         from unnest($3::uuid[], $4::integer[], $5::date[], $6::date[], $7::integer[],
                     $8::float8[], $9::text[]) as w
         on conflict on constraint profile_value_pkey do update set
             fitted_at = excluded.fitted_at, repeats = excluded.repeats,
             first_day = excluded.first_day, last_day = excluded.last_day,
             spend_days = excluded.spend_days, spend_mean = excluded.spend_mean,
             currency = excluded.currency",
        brand_id.uuid(),
        fitted_at,
        &ids,
        &repeats,
        &first_days,
        &last_days,
        &spend_days,
        &spend_means as &[Option<f64>],
        &currencies as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes rows of people whom the fit did not come upon: merged, erased, or without an order left.
/// At most [`BATCH_ROWS`]; returns how many.
pub(super) async fn delete_other_fits(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from profile_value where brand_id = $1 and profile_id in
            (select profile_id from profile_value
             where brand_id = $1 and fitted_at <> $2 limit 1000)",
        brand_id.uuid(),
        fitted_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// What a fit found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Found<'f> {
    pub(super) customers: i64,
    pub(super) repeat_buyers: i64,
    pub(super) absent: Option<&'f str>,
    pub(super) purchases: Option<Fit<PurchaseModel>>,
    pub(super) currency: Option<&'f str>,
    pub(super) other_currency_orders: i64,
    pub(super) unpriced_orders: i64,
    pub(super) spend_buyers: i64,
    pub(super) spending: Option<Fit<SpendModel>>,
}

/// Writes the parameters.
pub(super) async fn update_fit(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
    found: &Found<'_>,
) -> Result<(), Error> {
    let model = found.purchases.map(|fit| fit.model);
    let spending = found.spending.map(|fit| fit.model);
    let is_held = found.purchases.is_some_and(|fit| fit.is_held)
        || found.spending.is_some_and(|fit| fit.is_held);
    sqlx::query!(
        "update value_model set
             absent = $3, customers = $4, repeat_buyers = $5,
             r = $6, alpha = $7, a = $8, b = $9, log_likelihood = $10, is_held = $11,
             currency = $12, other_currency_orders = $13, unpriced_orders = $14,
             spend_buyers = $15, spend_p = $16, spend_q = $17, spend_v = $18,
             spend_log_likelihood = $19
         where brand_id = $1 and fitted_at = $2",
        brand_id.uuid(),
        fitted_at,
        found.absent,
        found.customers,
        found.repeat_buyers,
        model.map(|model| model.r()),
        model.map(|model| model.alpha()),
        model.map(|model| model.a()),
        model.map(|model| model.b()),
        found.purchases.map(|fit| fit.log_likelihood),
        is_held,
        found.currency,
        found.other_currency_orders,
        found.unpriced_orders,
        found.spend_buyers,
        spending.map(|model| model.p()),
        spending.map(|model| model.q()),
        spending.map(|model| model.v()),
        found.spending.map(|fit| fit.log_likelihood),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's orders as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredSummary {
    pub(super) profile_id: ProfileId,
    pub(super) repeats: i32,
    pub(super) first_day: NaiveDate,
    pub(super) last_day: NaiveDate,
    pub(super) spend_days: i32,
    pub(super) spend_mean: Option<f64>,
    pub(super) currency: Option<String>,
}

/// The next page of people who ordered, by profile id.
pub(super) async fn list_summaries(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<StoredSummary>, Error> {
    let summaries = sqlx::query_as!(
        StoredSummary,
        r#"select profile_id as "profile_id: ProfileId", repeats, first_day, last_day, spend_days,
                  spend_mean, currency
           from profile_value where brand_id = $1 and profile_id > $2
           order by profile_id limit $3"#,
        brand_id.uuid(),
        after.map_or(Uuid::nil(), ProfileId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(summaries)
}

/// Writes forecasts; none takes back what was forecast.
pub(super) async fn update_forecasts(
    conn: &mut PgConnection,
    brand_id: BrandId,
    forecasts: &[(ProfileId, Option<Forecast>)],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = forecasts.iter().map(|(id, _)| id.uuid()).collect();
    let column = |of: &dyn Fn(&Forecast) -> Option<f64>| -> Vec<Option<f64>> {
        forecasts
            .iter()
            .map(|(_, forecast)| forecast.as_ref().and_then(of))
            .collect()
    };
    sqlx::query!(
        "update profile_value v set alive = w.alive, purchases = w.purchases, worth = w.worth
         from unnest($2::uuid[], $3::float8[], $4::float8[], $5::float8[])
              as w(profile_id, alive, purchases, worth)
         where v.brand_id = $1 and v.profile_id = w.profile_id",
        brand_id.uuid(),
        &ids,
        &column(&|forecast| Some(forecast.alive)) as &[Option<f64>],
        &column(&|forecast| Some(forecast.purchases)) as &[Option<f64>],
        &column(&|forecast| forecast.value) as &[Option<f64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes that a fit is finished: it is in force from now on.
pub(super) async fn finish_fit(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update value_model set finished_at = $3 where brand_id = $1 and fitted_at = $2",
        brand_id.uuid(),
        fitted_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes the means by stage, as known people stand at present.
pub(super) async fn insert_stage_means(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into value_stage (brand_id, fitted_at, stage, people, buyers, repeat_buyers, alive,
                                  purchases, valued, worth)
         select $1, $2, s.stage, count(*), count(v.profile_id),
                count(*) filter (where v.repeats > 0),
                avg(v.alive) filter (where v.repeats > 0),
                avg(v.purchases), count(v.worth), avg(v.worth)
         from standing s
              left join profile_value v on v.brand_id = $1 and v.profile_id = s.profile_id
         where s.brand_id = $1 and s.known_since is not null
         group by s.stage",
        brand_id.uuid(),
        fitted_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
