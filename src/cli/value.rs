//! `befriend value`: what customers will be worth, by their orders alone.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use clap::Subcommand;
use serde_json::json;

use super::output::Output;
use super::replay::{find_brand, progress_bar};
use super::runtime::Runtime;
use crate::app::SharedApp;
use crate::brand::Brand;
use crate::config::Config;
use crate::insight::{self, CustomerValue, ValueFigures};
use crate::kernel::id::ProfileId;
use crate::projection::{HORIZON_DAYS, ValueFit};
use crate::value;
use crate::view::format;

#[derive(clap::Args)]
pub(super) struct Value {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fit a brand's orders now and forecast everybody who ordered; the service does so once a day.
    Fit(FitArguments),
    /// Show what one customer's orders say of them, as of the newest fit.
    Show(Show),
}

#[derive(clap::Args)]
struct FitArguments {
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// The last day whose orders count, as 1997-09-30; today, if left out.
    #[arg(long, value_name = "DATE")]
    at: Option<NaiveDate>,
}

#[derive(clap::Args)]
struct Show {
    /// The customer's profile id, as prf_…
    profile: String,
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
}

impl Value {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| match &self.command {
            Command::Fit(arguments) => fit(app, arguments, output).await,
            Command::Show(arguments) => show(app, arguments, output).await,
        })
        .await
    }
}

async fn fit(
    app: &SharedApp,
    arguments: &FitArguments,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let brand = find_brand(app, &arguments.brand).await?;
    let today = app.clock.now().date_naive();
    let as_of = arguments.at.unwrap_or(today);
    if as_of > today {
        bail!("{as_of} lies in the future; orders are known up to today");
    }
    let people = app.projector.count_people(brand.brand_id).await?;
    let bar = progress_bar(*output, people, &brand.slug);
    let fit = app
        .projector
        .fit_value(brand.brand_id, as_of, |people| bar.inc(people))
        .await?;
    bar.finish_and_clear();
    output.result(&fit_in_json(&brand, &fit), &fit_in_words(&brand, &fit));
    Ok(ExitCode::SUCCESS)
}

fn fit_in_json(brand: &Brand, fit: &ValueFit) -> serde_json::Value {
    let purchases = fit.purchases.as_ref().ok().map(|found| {
        let model = found.model;
        json!({
            "r": model.r(), "alpha_days": model.alpha(), "a": model.a(), "b": model.b(),
            "log_likelihood": found.log_likelihood,
            "held": found.is_held,
        })
    });
    let spending = fit.spending.as_ref().ok().map(|found| {
        let model = found.model;
        json!({
            "p": model.p(), "q": model.q(), "v": model.v(),
            "log_likelihood": found.log_likelihood,
            "held": found.is_held,
        })
    });
    json!({
        "brand": brand.slug,
        "as_of": fit.as_of,
        "horizon_days": HORIZON_DAYS,
        "customers": fit.customers,
        "repeat_buyers": fit.repeat_buyers,
        "currency": fit.currency,
        "other_currency_orders": fit.other_currency_orders,
        "unpriced_orders": fit.unpriced_orders,
        "orders": purchases,
        "orders_absent": fit.purchases.as_ref().err().map(ToString::to_string),
        "spending": spending,
        "spending_absent": fit.spending.as_ref().err().map(ToString::to_string),
    })
}

fn fit_in_words(brand: &Brand, fit: &ValueFit) -> String {
    let mut lines = vec![format!(
        "{}, orders until {}: {} ordered, {} of them on more than one day",
        brand.name,
        format::date(fit.as_of),
        format::plural(fit.customers, "customer", "customers"),
        format::count(fit.repeat_buyers),
    )];
    lines.push(match &fit.purchases {
        Ok(found) => {
            let model = found.model;
            format!(
                "  orders (BG/NBD, days): r {:.5}, alpha {:.4}, a {:.5}, b {:.5}; log-likelihood \
                 {:.1}",
                model.r(),
                model.alpha(),
                model.a(),
                model.b(),
                found.log_likelihood
            )
        }
        Err(error) => format!("  orders: {error}"),
    });
    let currency = fit.currency.as_deref().unwrap_or("no currency named");
    lines.push(match &fit.spending {
        Ok(found) => {
            let model = found.model;
            format!(
                "  spending (Gamma-Gamma, {currency}): p {:.5}, q {:.5}, v {:.5}; from {}",
                model.p(),
                model.q(),
                model.v(),
                format::plural(number(found.customers), "repeat buyer", "repeat buyers"),
            )
        }
        Err(error) => format!("  spending: {error}"),
    });
    if fit.other_currency_orders > 0 {
        lines.push(format!(
            "  {} in other currencies count as orders and not as money",
            format::plural(fit.other_currency_orders, "order", "orders")
        ));
    }
    if fit.unpriced_orders > 0 {
        lines.push(format!(
            "  {} without an amount",
            format::plural(fit.unpriced_orders, "order", "orders")
        ));
    }
    lines.join("\n")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

async fn show(app: &SharedApp, arguments: &Show, output: &Output) -> anyhow::Result<ExitCode> {
    let brand = find_brand(app, &arguments.brand).await?;
    let id: ProfileId = arguments.profile.parse().context("the profile's id")?;
    let mut conn = app.pool.acquire().await?;
    let customer = insight::find_customer(&mut conn, brand.brand_id, id)
        .await?
        .with_context(|| format!("{} has no customer {id}", brand.name))?;
    let id = customer.profile.profile_id;
    let figures = insight::find_value_figures(&mut conn, brand.brand_id)
        .await?
        .with_context(|| {
            let slug = &brand.slug;
            format!("nothing was fitted yet: run befriend value fit --brand {slug}")
        })?;
    let found = insight::find_customer_value(&mut conn, brand.brand_id, id).await?;
    let data = json!({
        "profile_id": id,
        "as_of": figures.as_of,
        "horizon_days": figures.horizon_days,
        "currency": figures.currency,
        "p_alive": found.as_ref().and_then(CustomerValue::alive_if_told),
        "expected_orders": found.as_ref().and_then(|found| found.purchases),
        "expected_value": found.as_ref().and_then(|found| found.worth),
        "order_days": found.as_ref().map_or(0, |found| found.repeats + 1),
    });
    output.result(&data, &shown_in_words(id, &figures, found.as_ref()));
    Ok(ExitCode::SUCCESS)
}

fn shown_in_words(id: ProfileId, figures: &ValueFigures, found: Option<&CustomerValue>) -> String {
    let as_of = format::date(figures.as_of);
    let Some(found) = found else {
        return format!("{id} had not ordered by {as_of}");
    };
    let Some(purchases) = found.purchases else {
        return format!(
            "{id} ordered on {} days until {as_of}; too little is known to forecast: {} of {} \
             repeat buyers needed",
            found.repeats + 1,
            figures.repeat_buyers,
            value::REPEAT_BUYERS_MIN,
        );
    };
    let alive = found.alive_if_told().map_or_else(
        || "ordered on one day only, so that nobody can tell if they are active".to_owned(),
        |alive| format!("{} likely to be active", format::chance(alive)),
    );
    let worth = found.worth.map_or_else(String::new, |worth| {
        let currency = figures.currency.as_deref().unwrap_or_default();
        format!(", worth {worth:.2} {currency}")
    });
    format!(
        "{id} as of {as_of}: {alive}; {purchases:.2} orders expected in {} days{worth}",
        figures.horizon_days
    )
}
