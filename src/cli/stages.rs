//! `befriend stages`: how many customers stood where, at any date.

use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::output::Output;
use super::replay::{find_brand, progress_bar};
use super::runtime::Runtime;
use crate::app::SharedApp;
use crate::config::Config;
use crate::projection::Counts;
use crate::stage::Stage;

#[derive(clap::Args)]
pub(super) struct Stages {
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// A date (its end, UTC) or an instant, as 1997-09-30 or 1997-09-30T12:00:00Z; now, if left out.
    #[arg(long, value_name = "DATE", value_parser = parse_at)]
    at: Option<DateTime<Utc>>,
    /// As if investment halved in this many days, whatever the brand's rules say.
    #[arg(long, value_name = "DAYS")]
    investment_half_life: Option<f64>,
}

impl Stages {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brand = find_brand(app, &self.brand).await?;
        let at = self.at.unwrap_or_else(|| app.clock.now());
        if at > app.clock.now() {
            bail!("{at} lies in the future; stages are known up to now");
        }
        let people = app.projector.count_people(brand.brand_id).await?;
        let bar = progress_bar(*output, people, &brand.slug);
        let counts = app
            .projector
            .stages_at(brand.brand_id, at, self.investment_half_life, |people| {
                bar.inc(people);
            })
            .await?;
        bar.finish_and_clear();
        let [stranger, acquaintance, friend, advocate] = counts.people;
        let data = json!({
            "brand": brand.slug,
            "at": at,
            "stages": {
                "stranger": stranger,
                "acquaintance": acquaintance,
                "friend": friend,
                "advocate": advocate,
            },
            "anonymous": counts.anonymous,
        });
        output.result(&data, &in_words(&brand.name, at, &counts));
        Ok(ExitCode::SUCCESS)
    }
}

/// An instant, or the last microsecond of a date.
pub(super) fn parse_at(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let date: NaiveDate = text
        .parse()
        .map_err(|_| "neither a date like 1997-09-30 nor an instant like 1997-09-30T12:00:00Z")?;
    let next = date.succ_opt().ok_or("too far in the future")?;
    Ok(next.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::microseconds(1))
}

fn in_words(brand: &str, at: DateTime<Utc>, counts: &Counts) -> String {
    let total: u64 = counts.people.iter().sum();
    let mut lines = vec![format!("{brand}, {}", at.format("%-d %b %Y %H:%M UTC"))];
    lines.extend(
        Stage::ALL
            .into_iter()
            .zip(counts.people)
            .rev()
            .map(|(stage, people)| {
                let name = format!("{stage:?}").to_lowercase();
                let percent = share(people, total);
                format!("  {name:<13} {people:>9}  {percent:>3} %")
            }),
    );
    lines.push(format!("  {:<13} {total:>9}", "customers"));
    lines.push(format!(
        "  not counted: {} anonymous visitors, whom nobody has put a name to",
        counts.anonymous
    ));
    lines.join("\n")
}

fn share(part: u64, total: u64) -> u64 {
    (part * 100 + total / 2).checked_div(total).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_end_and_an_instant_itself() {
        let at = |text| parse_at(text).map(|at| at.to_rfc3339());

        assert_eq!(
            at("1997-09-30").as_deref(),
            Ok("1997-09-30T23:59:59.999999+00:00")
        );
        assert_eq!(
            at("1997-09-30T14:00:00+02:00").as_deref(),
            Ok("1997-09-30T12:00:00+00:00")
        );
        for wrong in ["", "today", "1997-13-01", "30.9.1997"] {
            assert!(at(wrong).is_err(), "{wrong:?} was read as a date");
        }
    }

    #[test]
    fn the_table_has_every_stage_and_says_who_is_left_out() {
        let counts = Counts {
            people: [50, 30, 15, 5],
            anonymous: 7,
        };

        let text = in_words("Bakery", parse_at("2026-01-15").unwrap(), &counts);

        assert!(
            text.starts_with("Bakery, 15 Jan 2026 23:59 UTC\n"),
            "{text}"
        );
        assert!(text.contains("friend               15   15 %"), "{text}");
        assert!(text.contains("not counted: 7 anonymous"), "{text}");
        assert_eq!(share(1, 0), 0);
    }
}
