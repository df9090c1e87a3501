//! What customers will be worth, put into words for pages.

use crate::insight::{CustomerValue, Disagreement, StageValue, ValueFigures};
use crate::kernel::id::BrandId;
use crate::postgres::{self, PgConnection};
use crate::stage::Stage;
use crate::view::dashboard::{
    CustomerForecast, StageValueRow, ValueAbsence, ValueByStage, ValueCard, ValueFigure,
};
use crate::view::{StageTag, format};
use crate::{insight, value};

/// The card of a customer at `stage`.
pub(super) fn card(
    figures: Option<&ValueFigures>,
    value: Option<&CustomerValue>,
    stage: Stage,
) -> ValueCard {
    let Some(figures) = figures else {
        return ValueCard::Absent(ValueAbsence::NotYet);
    };
    let Some(value) = value else {
        return ValueCard::Absent(ValueAbsence::NoOrders);
    };
    let (Some(_), Some(orders)) = (figures.purchases, value.purchases) else {
        return ValueCard::Absent(absence(figures));
    };
    ValueCard::Known(CustomerForecast {
        alive: value.alive_if_told(),
        orders,
        worth: value.worth.map(|worth| (worth, figures.currency.clone())),
        weeks: weeks(figures),
        disagreement: value
            .disagreement(stage)
            .map(|found| disagreement(found, stage)),
        as_of: format::date(figures.as_of),
    })
}

/// The figure of the brand by stage.
pub(super) async fn by_stage(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<ValueByStage, postgres::Error> {
    let Some(figures) = insight::find_value_figures(conn, brand_id).await? else {
        return Ok(ValueByStage::Absent(ValueAbsence::NotYet));
    };
    if figures.purchases.is_none() {
        return Ok(ValueByStage::Absent(absence(&figures)));
    }
    let stages = insight::list_stage_values(conn, brand_id, figures.fitted_at).await?;
    Ok(ValueByStage::Known(figure(&figures, &stages)))
}

fn figure(figures: &ValueFigures, stages: &[StageValue]) -> ValueFigure {
    let row = |tag: StageTag| {
        let found = stages.iter().find(|row| StageTag::from(row.stage) == tag);
        StageValueRow {
            stage: tag,
            buyers: found.map_or(0, |row| row.buyers),
            repeat_buyers: found.map_or(0, |row| row.repeat_buyers),
            alive: found.and_then(|row| row.alive),
            orders: found.and_then(|row| row.purchases),
            valued: found.map_or(0, |row| row.valued),
            worth: found.and_then(|row| row.worth),
        }
    };
    ValueFigure {
        rows: StageTag::WARMEST_FIRST.into_iter().map(row).collect(),
        weeks: weeks(figures),
        currency: figures.currency.clone(),
        notes: notes(figures),
        as_of: format::date(figures.as_of),
        fitted_at: format::date_time(figures.fitted_at),
    }
}

fn notes(figures: &ValueFigures) -> Vec<String> {
    let orders = |count: i64| format::plural(count.unsigned_abs(), "order", "orders");
    let mut notes = Vec::new();
    if figures.other_currency_orders > 0 {
        notes.push(format!(
            "{} in other currencies: counted, their amounts left out.",
            orders(figures.other_currency_orders)
        ));
    }
    if figures.unpriced_orders > 0 {
        notes.push(format!(
            "{} without an amount.",
            orders(figures.unpriced_orders)
        ));
    }
    if figures.is_held {
        notes.push("These customers are too much alike to tell how they differ.".to_owned());
    }
    notes
}

fn absence(figures: &ValueFigures) -> ValueAbsence {
    let found = figures.repeat_buyers.unsigned_abs();
    let needed = u64::try_from(value::REPEAT_BUYERS_MIN).unwrap_or(u64::MAX);
    if found < needed {
        ValueAbsence::TooFew {
            found: format::count(found),
            needed: format::count(needed),
        }
    } else {
        ValueAbsence::NoFit
    }
}

fn weeks(figures: &ValueFigures) -> u64 {
    u64::from(figures.horizon_days.unsigned_abs() / 7)
}

const fn disagreement(found: Disagreement, stage: Stage) -> &'static str {
    match (found, stage) {
        (Disagreement::WarmerThanOrders, Stage::Advocate) => {
            "The stage is warmer than the orders: an advocate who has probably stopped buying."
        }
        (Disagreement::WarmerThanOrders, _) => {
            "The stage is warmer than the orders: a friend who has probably stopped buying."
        }
        (Disagreement::CoolerThanOrders, Stage::Acquaintance) => {
            "The orders are warmer than the stage: an acquaintance who probably still buys."
        }
        (Disagreement::CoolerThanOrders, _) => {
            "The orders are warmer than the stage: a stranger who probably still buys."
        }
    }
}
