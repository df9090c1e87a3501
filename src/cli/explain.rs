//! `befriend explain`: why a customer stands where they do, at any date.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::output::Output;
use super::replay::find_brand;
use super::runtime::Runtime;
use super::stages::parse_at;
use crate::app::SharedApp;
use crate::brand::{self, Brand};
use crate::config::Config;
use crate::insight;
use crate::kernel::id::ProfileId;
use crate::stage::Explanation;
use crate::stage::explain::{ConditionReading, RuleReading};

#[derive(clap::Args)]
pub(super) struct Explain {
    /// The customer's profile id, such as prf_….
    profile: String,
    /// The brand; may be left out where there is only one.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
    /// A date (its end, UTC) or an instant, as 2026-03-03 or 2026-03-03T12:00:00Z, past or to come;
    /// now, if left out.
    #[arg(long, value_name = "DATE", value_parser = parse_at)]
    at: Option<DateTime<Utc>>,
}

impl Explain {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brand = self.find_brand(app).await?;
        let id: ProfileId = self
            .profile
            .parse()
            .with_context(|| format!("{:?} is not a profile id, such as prf_…", self.profile))?;
        let mut conn = app.pool.acquire().await?;
        let customer = insight::find_customer(&mut conn, brand.brand_id, id)
            .await?
            .with_context(|| format!("{} has no customer {id}", brand.slug))?;
        let id = customer.profile.profile_id;
        let life = app.projector.life(&mut conn, brand.brand_id, id).await?;
        let told = life.explain(self.at.unwrap_or(life.current.at))?;
        let basis = life.basis();
        let mut data = json!(told);
        data["profile_id"] = json!(id);
        data["basis"] = json!(basis);
        let mut text = in_words(&told);
        if !basis.whole {
            write!(
                text,
                "\n\nMade from the latest {} events and the stored state.",
                basis.events
            )?;
        }
        output.result(&data, &text);
        Ok(ExitCode::SUCCESS)
    }

    async fn find_brand(&self, app: &SharedApp) -> anyhow::Result<Brand> {
        if let Some(slug) = &self.brand {
            return find_brand(app, slug).await;
        }
        let mut brands = brand::store::list_brands(&mut *app.pool.acquire().await?).await?;
        match (brands.pop(), brands.is_empty()) {
            (Some(brand), true) => Ok(brand),
            (Some(_), false) => bail!("there are several brands: say which with --brand"),
            (None, _) => bail!("there is no brand yet"),
        }
    }
}

fn in_words(told: &Explanation) -> String {
    let mut lines = vec![format!("{}", told.at.format("%-d %B %Y, %H:%M UTC"))];
    lines.extend(told.sentences.iter().cloned());
    for (verb, rules) in [("Deeper", &told.deeper), ("Back", &told.back)] {
        for rule in rules {
            lines.push(String::new());
            lines.push(heading(verb, rule));
            lines.extend(rule.conditions.iter().flat_map(condition));
        }
    }
    lines.join("\n")
}

fn heading(verb: &str, rule: &RuleReading) -> String {
    let met = if rule.met { "met" } else { "not met" };
    let to = format!("{:?}", rule.to).to_lowercase();
    format!("{verb} to {to} by rule {}: {met}", rule.rule)
}

fn condition(reading: &ConditionReading) -> Vec<String> {
    let mark = if reading.met { "✓" } else { "·" };
    let figure = (reading.figure * 10.0).round() / 10.0;
    let mut first = format!("  {mark} {}: {}", reading.text, figure + 0.0);
    if let (Some(days), Some(on)) = (reading.days_left, reading.turns_on) {
        let turns = if reading.met { "until" } else { "from" };
        first += "; ";
        first += turns;
        let on = on.format("%-d %B %Y");
        first.extend([format!(" {on} on its own ({days} days)")]);
    }
    let mut lines = vec![first];
    lines.extend(
        reading
            .evidence
            .iter()
            .map(|one| format!("      {}", one.text)),
    );
    if let Some(rest) = reading.rest {
        lines.push(format!(
            "      and {} others: {:.1} left",
            rest.acts, rest.left
        ));
    }
    let ways = reading
        .ways
        .iter()
        .map(|way| way.text.trim_end_matches(','));
    let ways: Vec<&str> = ways.collect();
    if !ways.is_empty() {
        lines.push(format!("      would do: {}", ways.join("; or ")));
    }
    lines
}
