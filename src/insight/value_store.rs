//! SQL that reads what customers will be worth.

use chrono::{DateTime, NaiveDate, Utc};

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, Inconsistency, PgConnection};
use crate::stage::Stage;
use crate::value::{PurchaseModel, SpendModel};

/// A brand's value model in force.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueFigures {
    /// When it was fitted.
    pub fitted_at: DateTime<Utc>,
    /// The last day whose orders are in it.
    pub as_of: NaiveDate,
    /// Days ahead of `as_of` for which orders and worth are forecast.
    pub horizon_days: i32,
    /// Customers who ordered.
    pub customers: i64,
    /// Of them, those who ordered on more than one day.
    pub repeat_buyers: i64,
    /// How often they order, in days; none where that could not be estimated.
    pub purchases: Option<PurchaseModel>,
    /// The natural logarithm of the likelihood of the orders.
    pub log_likelihood: Option<f64>,
    /// Whether a parameter ran away and was held at a limit.
    pub is_held: bool,
    /// The currency most orders name; none where none names any.
    pub currency: Option<String>,
    /// Orders in other currencies: they count as orders, their amounts do not.
    pub other_currency_orders: i64,
    /// Orders of which no amount is known.
    pub unpriced_orders: i64,
    /// Repeat buyers whose amounts are known.
    pub spend_buyers: i64,
    /// What they spend; none where that could not be estimated.
    pub spending: Option<SpendModel>,
}

/// What a customer's orders say of them.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerValue {
    /// Days with an order after the first such day.
    pub repeats: i32,
    /// The first day with an order.
    pub first_day: NaiveDate,
    /// The last day with an order.
    pub last_day: NaiveDate,
    /// Days after the first whose amount is known.
    pub spend_days: i32,
    /// The mean of those amounts.
    pub spend_mean: Option<f64>,
    /// The currency of those amounts.
    pub currency: Option<String>,
    /// The probability that they are still active; 1 for whoever ordered on one day only.
    pub alive: Option<f64>,
    /// Days with an order expected within the horizon.
    pub purchases: Option<f64>,
    /// What they are expected to spend in it, in the brand's currency.
    pub worth: Option<f64>,
}

/// Means over the known people of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageValue {
    /// The stage they stood at when the model was fitted.
    pub stage: Stage,
    /// How many they were.
    pub people: u64,
    /// Of them, those who ever ordered.
    pub buyers: u64,
    /// Of them, those who ordered on more than one day.
    pub repeat_buyers: u64,
    /// The mean probability that a repeat buyer is still active.
    pub alive: Option<f64>,
    /// The mean number of days with an order expected of a buyer.
    pub purchases: Option<f64>,
    /// Buyers with an expected worth.
    pub valued: u64,
    /// The mean of it.
    pub worth: Option<f64>,
}

/// The brand's newest finished value model; none before the first.
pub async fn find_value_figures(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<ValueFigures>, Error> {
    let row = sqlx::query!(
        "select fitted_at, as_of, horizon_days, customers, repeat_buyers, r, alpha, a, b,
                log_likelihood, is_held, currency, other_currency_orders, unpriced_orders,
                spend_buyers, spend_p, spend_q, spend_v
         from value_model
         where brand_id = $1 and finished_at is not null
         order by fitted_at desc limit 1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let broken = |_| Inconsistency::new("value_model", brand_id, "a parameter is out of range");
    let purchases = match (row.r, row.alpha, row.a, row.b) {
        (Some(r), Some(alpha), Some(a), Some(b)) => {
            Some(PurchaseModel::new(r, alpha, a, b).map_err(broken)?)
        }
        _ => None,
    };
    let spending = match (row.spend_p, row.spend_q, row.spend_v) {
        (Some(p), Some(q), Some(v)) => Some(SpendModel::new(p, q, v).map_err(broken)?),
        _ => None,
    };
    Ok(Some(ValueFigures {
        fitted_at: row.fitted_at,
        as_of: row.as_of,
        horizon_days: row.horizon_days,
        customers: row.customers,
        repeat_buyers: row.repeat_buyers,
        purchases,
        log_likelihood: row.log_likelihood,
        is_held: row.is_held,
        currency: row.currency,
        other_currency_orders: row.other_currency_orders,
        unpriced_orders: row.unpriced_orders,
        spend_buyers: row.spend_buyers,
        spending,
    }))
}

/// What a customer's orders say of them; none if they have not ordered, as far as the brand's newest
/// model knows.
pub async fn find_customer_value(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Option<CustomerValue>, Error> {
    let value = sqlx::query_as!(
        CustomerValue,
        "select repeats, first_day, last_day, spend_days, spend_mean, currency, alive, purchases,
                worth
         from profile_value where brand_id = $1 and profile_id = $2",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(value)
}

/// The means by stage of the model fitted at `fitted_at`, strangers first; stages that nobody was at
/// are left out.
pub async fn list_stage_values(
    conn: &mut PgConnection,
    brand_id: BrandId,
    fitted_at: DateTime<Utc>,
) -> Result<Vec<StageValue>, Error> {
    let rows = sqlx::query!(
        "select stage, people, buyers, repeat_buyers, alive, purchases, valued, worth
         from value_stage where brand_id = $1 and fitted_at = $2 order by stage",
        brand_id.uuid(),
        fitted_at,
    )
    .fetch_all(conn)
    .await?;
    let counted = |count: i64| u64::try_from(count).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let stage = u8::try_from(row.stage).ok().and_then(Stage::from_rank);
            Ok(StageValue {
                stage: stage
                    .ok_or_else(|| Inconsistency::new("value_stage", row.stage, "no such stage"))?,
                people: counted(row.people),
                buyers: counted(row.buyers),
                repeat_buyers: counted(row.repeat_buyers),
                alive: row.alive,
                purchases: row.purchases,
                valued: counted(row.valued),
                worth: row.worth,
            })
        })
        .collect()
}
