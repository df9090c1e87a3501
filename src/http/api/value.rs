//! `GET /api/v1/profiles/{id}/value`: what somebody's orders say of them.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::caller::ProfilesRead;
use super::{Caller, customer};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::insight::{self, CustomerValue, Disagreement, ValueFigures};
use crate::postgres;
use crate::stage::Stage;
use crate::value::REPEAT_BUYERS_MIN;

pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let brand_id = caller.brand_id;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, brand_id, &id).await?;
    let id = customer.profile.profile_id;
    let figures = insight::find_value_figures(&mut conn, brand_id).await?;
    let value = insight::find_customer_value(&mut conn, brand_id, id).await?;
    let current = app.projector.current(&mut conn, brand_id, id).await?;
    let value = value.filter(|_| figures.is_some());
    let absent = absence(figures.as_ref(), value.as_ref());
    Ok(Json(json!({
        "profile_id": id,
        "value": value.as_ref().filter(|value| value.purchases.is_some()).map(forecast),
        "orders": value.as_ref().map(orders),
        "absent": absent,
        "stage": current.standing.stage,
        "disagrees": value.as_ref().and_then(|value| disagreement(value, current.standing.stage)),
        "model": figures.as_ref().map(model),
    })))
}

/// Why there is no forecast; null where there is one.
fn absence(figures: Option<&ValueFigures>, value: Option<&CustomerValue>) -> Value {
    let Some(figures) = figures else {
        return json!({ "code": "not_reckoned_yet" });
    };
    if value.is_none() {
        return json!({ "code": "no_orders" });
    }
    if figures.purchases.is_some() {
        return Value::Null;
    }
    let needed = i64::try_from(REPEAT_BUYERS_MIN).unwrap_or(i64::MAX);
    if figures.repeat_buyers < needed {
        json!({
            "code": "too_few_repeat_buyers",
            "found": figures.repeat_buyers,
            "needed": needed,
        })
    } else {
        json!({ "code": "not_converged" })
    }
}

fn forecast(value: &CustomerValue) -> Value {
    json!({
        "p_alive": value.alive_if_told(),
        "expected_orders": value.purchases,
        "expected_value": value.worth,
    })
}

fn orders(value: &CustomerValue) -> Value {
    json!({
        "days": i64::from(value.repeats) + 1,
        "first_day": value.first_day,
        "last_day": value.last_day,
        "mean_repeat_amount": value.spend_mean,
        "currency": value.currency,
    })
}

fn disagreement(value: &CustomerValue, stage: Stage) -> Option<&'static str> {
    value.disagreement(stage).map(|found| match found {
        Disagreement::WarmerThanOrders => "stage_warmer_than_orders",
        Disagreement::CoolerThanOrders => "stage_cooler_than_orders",
    })
}

fn model(figures: &ValueFigures) -> Value {
    let purchases = figures.purchases.map(|model| {
        json!({
            "name": "BG/NBD",
            "r": model.r(),
            "alpha_days": model.alpha(),
            "a": model.a(),
            "b": model.b(),
            "log_likelihood": figures.log_likelihood,
        })
    });
    let spending = figures.spending.map(
        |model| json!({ "name": "Gamma-Gamma", "p": model.p(), "q": model.q(), "v": model.v() }),
    );
    json!({
        "as_of": figures.as_of,
        "fitted_at": figures.fitted_at,
        "horizon_days": figures.horizon_days,
        "customers": figures.customers,
        "repeat_buyers": figures.repeat_buyers,
        "currency": figures.currency,
        "other_currency_orders": figures.other_currency_orders,
        "unpriced_orders": figures.unpriced_orders,
        "a_parameter_is_held": figures.is_held,
        "orders": purchases,
        "spending": spending,
    })
}
