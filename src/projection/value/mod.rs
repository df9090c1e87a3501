//! What a brand's customers will be worth: orders are read, the models fitted, forecasts written.
//!
//! Owns the tables `value_model`, `value_stage` and `profile_value`. Never touches a standing: it is an independent
//! check beside the stage, and knows only the days and amounts of orders. Never fits inside a
//! transaction; everything is read and written in bounded batches, and a fit that is broken off is
//! begun anew.
//!
//! Start with [`Projector::fit_value`], then `orders.rs` (pure: what an order is).

mod orders;
mod value_store;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::orders::{Currencies, Order, Summary};
use self::value_store::{Found, LastFit, StoredSummary};
use super::{Error, Projector, event_store, unbroken};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, Pool};
use crate::stage::Rules;
use crate::value::{self, Fit, Forecast, History, PurchaseModel, SpendModel, Spending, ValueModel};

/// Days ahead for which orders and worth are forecast: 39 weeks.
pub const HORIZON_DAYS: u16 = 273;

/// People read or written at once.
const BATCH_PEOPLE: i64 = 1_000;
/// How often the brands are looked through.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);
/// How long a fit is good for, if orders come.
const FIT_KEPT: TimeDelta = TimeDelta::days(1);
/// How long it is good for without parameters: a young brand wants to know.
const ABSENCE_KEPT: TimeDelta = TimeDelta::minutes(5);
/// After this many days a fit is due even without orders: silence says something too.
const SILENT_DAYS: i64 = 7;
/// After this an unfinished fit counts as broken off.
const BROKEN_OFF: TimeDelta = TimeDelta::hours(1);

/// What a fit came to.
#[derive(Clone, Debug)]
pub struct ValueFit {
    /// When it was begun.
    pub fitted_at: DateTime<Utc>,
    /// The last day whose orders are in it.
    pub as_of: NaiveDate,
    /// Customers who ordered.
    pub customers: u64,
    /// Of them, those who ordered on more than one day.
    pub repeat_buyers: u64,
    /// How often they order; why that cannot be said, otherwise.
    pub purchases: Result<Fit<PurchaseModel>, value::Error>,
    /// What they spend; why that cannot be said, otherwise.
    pub spending: Result<Fit<SpendModel>, value::Error>,
    /// The currency most orders name.
    pub currency: Option<String>,
    /// Orders in other currencies, which count as orders and not as money.
    pub other_currency_orders: u64,
    /// Orders without an amount.
    pub unpriced_orders: u64,
}

/// What is gathered while the orders are read.
#[derive(Debug, Default)]
struct Gathered {
    histories: Vec<History>,
    /// By currency, so that one of them can be fitted once all are known.
    spent: BTreeMap<Option<String>, Vec<Spending>>,
    currencies: Currencies,
    unpriced: u64,
}

impl Gathered {
    fn add(&mut self, orders: &[Order], summary: &Summary) {
        self.histories.push(summary.history);
        if let Some(spending) = summary.spending {
            let of_currency = self.spent.entry(summary.currency.clone()).or_default();
            of_currency.push(spending);
        }
        self.currencies.add(orders);
        let unpriced = orders.iter().filter(|order| order.amount.is_none()).count();
        self.unpriced += count(unpriced);
    }

    /// The spending in the brand's currency; what names none is taken to be in it.
    fn spent_in(&self, currency: Option<&str>) -> Vec<Spending> {
        let of = |currency: Option<String>| self.spent.get(&currency).into_iter().flatten();
        let named = currency.map(|name| of(Some(name.to_owned())));
        of(None)
            .chain(named.into_iter().flatten())
            .copied()
            .collect()
    }
}

impl Projector {
    /// Fits the brand's orders until the end of `as_of` and forecasts everybody who ordered,
    /// [`HORIZON_DAYS`] ahead. `progress` hears how many people each batch had whose orders were read.
    pub async fn fit_value(
        &self,
        brand_id: BrandId,
        as_of: NaiveDate,
        progress: impl Fn(u64),
    ) -> Result<ValueFit, Error> {
        let fitted_at = self.clock.now();
        let rules = postgres::tx(&self.pool, async |conn| {
            value_store::lock_fits(conn, brand_id).await?;
            value_store::insert_fit(conn, brand_id, fitted_at, as_of, HORIZON_DAYS.into()).await?;
            self.rules_in_force(conn, brand_id).await
        })
        .await?;
        self.fit_begun(brand_id, fitted_at, as_of, &rules.rules, progress)
            .await
    }

    async fn fit_begun(
        &self,
        brand_id: BrandId,
        fitted_at: DateTime<Utc>,
        as_of: NaiveDate,
        rules: &Rules,
        progress: impl Fn(u64),
    ) -> Result<ValueFit, Error> {
        let begun = Begun {
            pool: &self.pool,
            brand_id,
            fitted_at,
            as_of,
        };
        let gathered = begun.gather(rules, &progress).await?;
        let fit = begun.fit(gathered).await?;
        begun.write(&fit).await?;
        let model = fit.purchases.as_ref().ok().map(|purchases| ValueModel {
            purchases: purchases.model,
            spending: fit.spending.as_ref().ok().map(|fit| fit.model),
        });
        begun
            .forecast(model.as_ref(), fit.currency.as_deref())
            .await?;
        begun.finish(self.clock.now()).await?;
        Ok(fit)
    }

    /// Fits every brand of `brands` for which that is due; returns how many.
    pub async fn fit_due_values(&self, brands: &[BrandId]) -> Result<u64, Error> {
        let mut fitted = 0;
        for brand_id in brands {
            fitted += u64::from(self.fit_value_if_due(*brand_id).await?);
        }
        Ok(fitted)
    }

    async fn fit_value_if_due(&self, brand_id: BrandId) -> Result<bool, Error> {
        let now = self.clock.now();
        let today = now.date_naive();
        let rules = postgres::tx(&self.pool, async |conn| {
            let rules = self.rules_in_force(conn, brand_id).await?;
            let due = |last: Option<&LastFit>| match last {
                None => Due::Yes,
                Some(last) => due(last, now),
            };
            if due(value_store::find_last_fit(conn, brand_id).await?.as_ref()) == Due::No {
                return Ok(None);
            }
            // Looked at again under the lock: another process may have begun in between.
            value_store::lock_fits(conn, brand_id).await?;
            let last = value_store::find_last_fit(conn, brand_id).await?;
            let is_due = match (due(last.as_ref()), last) {
                (Due::No, _) => false,
                (Due::Yes, _) | (Due::IfOrdersCame, None) => true,
                (Due::IfOrdersCame, Some(last)) => {
                    let names = orders::names(&rules.rules);
                    let since = last.fitted_at;
                    value_store::has_orders_since(conn, brand_id, &names, since).await?
                }
            };
            if is_due {
                let horizon = HORIZON_DAYS.into();
                value_store::insert_fit(conn, brand_id, now, today, horizon).await?;
            }
            Ok::<_, Error>(is_due.then_some(rules.rules))
        })
        .await?;
        let Some(rules) = rules else {
            return Ok(false);
        };
        self.fit_begun(brand_id, now, today, &rules, |_| {}).await?;
        Ok(true)
    }

    /// Keeps the value models of the brands that `brands` lists up to date until `stop`.
    pub async fn keep_values(
        self,
        brands: impl AsyncFn(&Pool) -> Result<Vec<BrandId>, postgres::Error>,
        stop: CancellationToken,
    ) {
        loop {
            let round = unbroken(async {
                let brands = brands(&self.pool).await?;
                self.fit_due_values(&brands).await
            });
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = round => ended,
            };
            if let Err(error) = ended {
                super::log(
                    &error,
                    "fitting the value of customers failed; trying again",
                );
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }
}

/// Whether a fit is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    No,
    IfOrdersCame,
    Yes,
}

fn due(last: &LastFit, now: DateTime<Utc>) -> Due {
    let age = now - last.fitted_at;
    let kept = if last.has_parameters {
        FIT_KEPT
    } else {
        ABSENCE_KEPT
    };
    if !last.is_finished {
        return if age > BROKEN_OFF { Due::Yes } else { Due::No };
    }
    if age < kept {
        return Due::No;
    }
    let silent = (now.date_naive() - last.as_of).num_days() >= SILENT_DAYS;
    if silent && age >= FIT_KEPT {
        Due::Yes
    } else {
        Due::IfOrdersCame
    }
}

/// A fit under way.
struct Begun<'p> {
    pool: &'p Pool,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
    as_of: NaiveDate,
}

impl Begun<'_> {
    /// Reads everybody's orders and writes what they amount to.
    async fn gather(&self, rules: &Rules, progress: &impl Fn(u64)) -> Result<Gathered, Error> {
        let names = orders::names(rules);
        let mut gathered = Gathered::default();
        let mut after = None;
        loop {
            let (people, page) = postgres::tx(self.pool, async |conn| {
                let brand_id = self.brand_id;
                let people = event_store::list_people(conn, brand_id, after, BATCH_PEOPLE).await?;
                let ids: Vec<Uuid> = people.iter().map(|id| id.uuid()).collect();
                let events =
                    value_store::list_order_events(conn, brand_id, &ids, &names, self.as_of)
                        .await?;
                let page = orders::orders_of(rules, events);
                let summaries: Vec<(ProfileId, Summary)> = page
                    .iter()
                    .filter_map(|(id, orders)| Some((*id, orders::summarise(orders, self.as_of)?)))
                    .collect();
                let fitted_at = self.fitted_at;
                value_store::upsert_summaries(conn, brand_id, fitted_at, &summaries).await?;
                Ok::<_, Error>((people, (page, summaries)))
            })
            .await?;
            let (orders, summaries) = page;
            for (id, summary) in &summaries {
                gathered.add(orders.get(id).map_or(&[], Vec::as_slice), summary);
            }
            progress(count(people.len()));
            after = people.last().copied();
            if after.is_none() {
                break;
            }
        }
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        let fitted_at = self.fitted_at;
        while value_store::delete_other_fits(&mut conn, self.brand_id, fitted_at).await?
            == value_store::BATCH_ROWS
        {}
        Ok(gathered)
    }

    /// Finds the parameters, beside the threads that serve.
    async fn fit(&self, gathered: Gathered) -> Result<ValueFit, Error> {
        let (fitted_at, as_of) = (self.fitted_at, self.as_of);
        tokio::task::spawn_blocking(move || {
            let currency = gathered.currencies.commonest().map(str::to_owned);
            let spent = gathered.spent_in(currency.as_deref());
            let again = |one: &&History| one.repeats() > 0;
            ValueFit {
                fitted_at,
                as_of,
                customers: count(gathered.histories.len()),
                repeat_buyers: count(gathered.histories.iter().filter(again).count()),
                purchases: PurchaseModel::fit(&gathered.histories),
                spending: SpendModel::fit(&spent),
                currency,
                other_currency_orders: gathered.currencies.others(),
                unpriced_orders: gathered.unpriced,
            }
        })
        .await
        .map_err(|panic| Error::Broken(panic.to_string()))
    }

    async fn write(&self, fit: &ValueFit) -> Result<(), Error> {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let found = Found {
            customers: signed(fit.customers),
            repeat_buyers: signed(fit.repeat_buyers),
            absent: fit.purchases.as_ref().err().map(absence),
            purchases: fit.purchases.as_ref().ok().copied(),
            currency: fit.currency.as_deref(),
            other_currency_orders: signed(fit.other_currency_orders),
            unpriced_orders: signed(fit.unpriced_orders),
            spend_buyers: match &fit.spending {
                Ok(spending) => signed(count(spending.customers)),
                Err(value::Error::TooFewRepeatBuyers { found, .. }) => signed(count(*found)),
                Err(value::Error::NotConverged | value::Error::Parameter { .. }) => 0,
            },
            spending: fit.spending.as_ref().ok().copied(),
        };
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        value_store::update_fit(&mut conn, self.brand_id, self.fitted_at, &found).await?;
        Ok(())
    }

    async fn forecast(
        &self,
        model: Option<&ValueModel>,
        currency: Option<&str>,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            after = postgres::tx(self.pool, async |conn| {
                let brand_id = self.brand_id;
                let page = value_store::list_summaries(conn, brand_id, after, BATCH_PEOPLE).await?;
                let forecasts: Vec<(ProfileId, Option<Forecast>)> = page
                    .iter()
                    .map(|one| (one.profile_id, self.forecast_of(one, model, currency)))
                    .collect();
                value_store::update_forecasts(conn, brand_id, &forecasts).await?;
                Ok::<_, Error>(page.last().map(|one| one.profile_id))
            })
            .await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn forecast_of(
        &self,
        stored: &StoredSummary,
        model: Option<&ValueModel>,
        currency: Option<&str>,
    ) -> Option<Forecast> {
        let days = |until: NaiveDate| i32::try_from((until - stored.first_day).num_days()).ok();
        let history = History::new(
            u32::try_from(stored.repeats).ok()?,
            days(stored.last_day)?.into(),
            days(self.as_of)?.into(),
        )?;
        let spending = u32::try_from(stored.spend_days)
            .ok()
            .zip(stored.spend_mean)
            .and_then(|(days, mean)| Spending::new(days, mean));
        let mut forecast = model?.forecast(&history, spending.as_ref(), HORIZON_DAYS.into());
        // What somebody spends in another currency cannot be told in this one.
        if stored.currency.is_some() && stored.currency.as_deref() != currency {
            forecast.value = None;
        }
        Some(forecast)
    }

    async fn finish(&self, now: DateTime<Utc>) -> Result<(), Error> {
        postgres::tx(self.pool, async |conn| {
            value_store::insert_stage_means(conn, self.brand_id, self.fitted_at).await?;
            value_store::finish_fit(conn, self.brand_id, self.fitted_at, now).await?;
            Ok::<_, Error>(())
        })
        .await
    }
}

/// Why there are no parameters, as stored.
const fn absence(error: &value::Error) -> &'static str {
    match error {
        value::Error::TooFewRepeatBuyers { .. } => "too_few_repeat_buyers",
        value::Error::NotConverged | value::Error::Parameter { .. } => "not_converged",
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_is_due_after_a_day_with_orders_or_a_week_without() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let last = |age: TimeDelta, is_finished, has_parameters| LastFit {
            fitted_at: now - age,
            as_of: (now - age).date_naive(),
            is_finished,
            has_parameters,
        };

        for (fit, expected) in [
            (last(TimeDelta::hours(23), true, true), Due::No),
            (last(TimeDelta::hours(25), true, true), Due::IfOrdersCame),
            (last(TimeDelta::days(8), true, true), Due::Yes),
            (last(TimeDelta::minutes(4), true, false), Due::No),
            (last(TimeDelta::minutes(6), true, false), Due::IfOrdersCame),
            (last(TimeDelta::minutes(50), false, false), Due::No),
            (last(TimeDelta::minutes(70), false, false), Due::Yes),
        ] {
            assert_eq!(due(&fit, now), expected, "{fit:?}");
        }
    }

    #[test]
    fn a_fit_of_the_distant_past_is_renewed_after_a_day() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let last = |hours| LastFit {
            fitted_at: now - TimeDelta::hours(hours),
            as_of: DateTime::UNIX_EPOCH.date_naive(),
            is_finished: true,
            has_parameters: true,
        };

        assert_eq!(due(&last(3), now), Due::No);
        assert_eq!(due(&last(25), now), Due::Yes);
    }
}
