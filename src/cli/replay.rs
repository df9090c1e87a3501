//! `befriend replay`: the proof that what is stored is what happened, and the way to make it so.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::output::Output;
use super::runtime::Runtime;
use crate::app::SharedApp;
use crate::brand::{self, Brand};
use crate::config::Config;
use crate::kernel::id::ProfileId;
use crate::projection::{Difference, Mode, Report};

/// How much of a value is shown; `--json` has all of it.
const SHOWN_CHARS_MAX: usize = 200;

#[derive(clap::Args)]
pub(super) struct Replay {
    /// Change nothing; show the first differences and exit with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Only this brand.
    #[arg(long, value_name = "SLUG")]
    brand: Option<String>,
    /// Only this person; with --check and --brand.
    #[arg(long, value_name = "ID", requires_all = ["check", "brand"])]
    profile: Option<ProfileId>,
}

impl Replay {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brands = match &self.brand {
            Some(slug) => vec![find_brand(app, slug).await?],
            None => brand::store::list_brands(&mut *app.pool.acquire().await?).await?,
        };
        let mut reports = Vec::new();
        for brand in brands {
            let report = match self.profile {
                Some(profile_id) => check_one(app, &brand, profile_id).await?,
                None => self.replay_all(app, &brand, output).await?,
            };
            output.say(&in_words(&brand.slug, self.mode(), &report));
            reports.push((brand.slug, report));
        }
        let differing: u64 = reports.iter().map(|(_, report)| report.differing).sum();
        if output.is_json() {
            let brands: serde_json::Map<_, _> = reports
                .into_iter()
                .map(|(slug, report)| (slug, json!(report)))
                .collect();
            output.result(&json!({ "differing": differing, "brands": brands }), "");
        }
        Ok(if differing == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    const fn mode(&self) -> Mode {
        if self.check {
            Mode::Check
        } else {
            Mode::Rewrite
        }
    }

    async fn replay_all(
        &self,
        app: &SharedApp,
        brand: &Brand,
        output: &Output,
    ) -> anyhow::Result<Report> {
        let people = app.projector.count_people(brand.brand_id).await?;
        let bar = progress_bar(*output, people, &brand.slug);
        let report = app
            .projector
            .replay(brand.brand_id, self.mode(), |people| bar.inc(people))
            .await?;
        bar.finish_and_clear();
        Ok(report)
    }
}

async fn check_one(
    app: &SharedApp,
    brand: &Brand,
    profile_id: ProfileId,
) -> anyhow::Result<Report> {
    let projector = &app.projector;
    let report = projector.check_person(brand.brand_id, profile_id).await?;
    if report.people + report.waiting == 0 {
        bail!("{} has no customer {profile_id}", brand.slug);
    }
    Ok(report)
}

/// The brand with this slug, or an error that says how to see the others.
pub(super) async fn find_brand(app: &SharedApp, slug: &str) -> anyhow::Result<Brand> {
    brand::store::find_brand_by_slug(&mut *app.pool.acquire().await?, slug)
        .await?
        .with_context(|| format!("there is no brand {slug:?}; the dashboard lists the brands"))
}

/// A bar on standard error; none with `--json` or where nobody watches.
pub(super) fn progress_bar(output: Output, people: u64, brand: &str) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let template = "{msg} {bar:40} {pos}/{len} customers, {per_sec}, {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(people)
        .with_style(style)
        .with_message(brand.to_owned())
}

fn in_words(brand: &str, mode: Mode, report: &Report) -> String {
    let Report {
        people,
        events,
        differing,
        written,
        ..
    } = report;
    let mut lines = Vec::new();
    if let Some(done) = report.resumed_after {
        lines.push(format!(
            "{brand}: went on after {done} customers that an earlier run had done"
        ));
    }
    if report.began_anew {
        lines.push(format!(
            "{brand}: began anew, since the rules changed after it had begun"
        ));
    }
    lines.push(match (mode, differing) {
        (Mode::Rewrite, _) if written.corrected + written.projected + written.refolded == 0 => {
            format!("{brand}: {people} customers stand where their {events} events put them")
        }
        (Mode::Rewrite, _) => format!(
            "{brand}: {people} customers, {events} events: {} placed for the first time, {} \
             corrected, {} of whom something else had been stored in the meantime folded once more",
            written.projected, written.corrected, written.refolded
        ),
        (Mode::Check, 0) => format!(
            "{brand}: the standings of {people} customers are what their {events} events fold to"
        ),
        (Mode::Check, _) => format!(
            "{brand}: {differing} of {people} customers do not stand where their events put them"
        ),
    });
    if report.waiting > 0 {
        lines.push(format!(
            "  left out {} customers for whom events are waiting or parked",
            report.waiting
        ));
    }
    lines.extend(report.differences.iter().map(difference_in_words));
    if !report.differences.is_empty() {
        lines.push(String::from("  --json has the whole of both"));
    }
    lines.join("\n")
}

fn difference_in_words(one: &Difference) -> String {
    format!(
        "  {}: {}, first at {}\n    stored   {}\n    replayed {}",
        one.profile_id,
        one.what,
        one.path,
        shown(&one.stored),
        shown(&one.replayed)
    )
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;
    use crate::projection::Written;
    use chrono::DateTime;

    #[test]
    fn a_difference_shows_where_and_both_sides() {
        let report = Report {
            people: 2,
            differing: 1,
            differences: vec![Difference {
                profile_id: ProfileId::new(DateTime::UNIX_EPOCH, &Entropy::seeded(1)),
                what: "state",
                path: String::from("state.scores[1].value"),
                stored: json!("x".repeat(300)),
                replayed: json!(10.0),
                stored_whole: Value::Null,
                replayed_whole: Value::Null,
            }],
            ..Report::default()
        };

        let text = in_words("bakery", Mode::Check, &report);

        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("1 of 2 customers"), "{text}");
        assert!(
            lines[1].ends_with(": state, first at state.scores[1].value"),
            "{text}"
        );
        assert!(lines[2].starts_with("    stored   \"xxx"), "{text}");
        assert!(lines[2].chars().count() < 220, "{text}");
        assert_eq!(lines[3], "    replayed 10.0");
    }

    #[test]
    fn a_replay_says_what_it_went_on_from_and_what_it_wrote() {
        let report = Report {
            people: 9,
            events: 80,
            resumed_after: Some(4),
            began_anew: true,
            written: Written {
                projected: 1,
                corrected: 2,
                refolded: 3,
            },
            ..Report::default()
        };

        let text = in_words("bakery", Mode::Rewrite, &report);

        assert!(text.contains("went on after 4 customers"), "{text}");
        assert!(text.contains("began anew"), "{text}");
        assert!(
            text.contains("1 placed for the first time, 2 corrected, 3 of whom"),
            "{text}"
        );
    }
}
