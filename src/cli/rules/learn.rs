//! `befriend rules learn`: how long a brand's customers take from one order to the next.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use crate::app::SharedApp;
use crate::audit::Actor;
use crate::cli::output::Output;
use crate::cli::replay::find_brand;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::projection::{GAPS_MIN, LearnFor, LearntRhythm};

#[derive(clap::Args)]
pub(super) struct Learn {
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// Let it count for all history: compute everybody's stages again.
    #[arg(long)]
    apply_to_history: bool,
}

impl Learn {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brand = find_brand(app, &self.brand).await?;
        let learn_for = if self.apply_to_history {
            LearnFor::History
        } else {
            LearnFor::Now
        };
        let learnt = app
            .projector
            .learn(brand.brand_id, learn_for, Actor::Operator)
            .await?
            .context("it was learnt at this very instant already")?;
        // Beside a service that runs, which does the same.
        app.projector.sweep().await?;
        let data = json!({ "brand": brand.slug, "learnt": learnt });
        output.result(&data, &in_words(&brand.name, &learnt));
        Ok(ExitCode::SUCCESS)
    }
}

fn in_words(brand: &str, learnt: &LearntRhythm) -> String {
    let gaps = learnt.gaps;
    let mut lines = match learnt.median_gap_days {
        None => vec![format!(
            "{brand}: nobody has ordered on two days yet; there is nothing to learn from"
        )],
        Some(days) => vec![format!(
            "{brand}: half of {gaps} gaps between a customer's order days last {days} days or less"
        )],
    };
    if learnt.median_gap_days.is_some() && !learnt.is_enough {
        lines.push(format!("  fewer than {GAPS_MIN} gaps say too little"));
    }
    let days = learnt.half_life_days;
    let since = match learnt.effective_from {
        Some(from) => format!("from {} on", from.format("%-d %b %Y %H:%M UTC")),
        None => String::from("for all history"),
    };
    lines.push(if !learnt.is_asked_for {
        format!("  the rules set the half-life of investment themselves: {days} days")
    } else if learnt.is_enough {
        format!("  investment halves in {days} days, {since}")
    } else {
        format!("  investment goes on to halve in {days} days")
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_learnt_and_what_follows() {
        let learnt = LearntRhythm {
            median_gap_days: Some(34.0),
            gaps: 33_000,
            half_life_days: 170.0,
            effective_from: None,
            is_enough: true,
            is_asked_for: true,
        };
        let words = |learnt: &LearntRhythm| in_words("CDNOW", learnt);

        assert_eq!(
            words(&learnt),
            "CDNOW: half of 33000 gaps between a customer's order days last 34 days or less\n  \
             investment halves in 170 days, for all history"
        );
        let few = LearntRhythm {
            gaps: 3,
            half_life_days: 180.0,
            is_enough: false,
            ..learnt.clone()
        };
        assert!(
            words(&few).contains("fewer than 100 gaps"),
            "{}",
            words(&few)
        );
        assert!(words(&few).ends_with("goes on to halve in 180 days"));
        let fixed = LearntRhythm {
            is_asked_for: false,
            ..learnt.clone()
        };
        assert!(words(&fixed).contains("the rules set"), "{}", words(&fixed));
        let none = LearntRhythm {
            median_gap_days: None,
            gaps: 0,
            is_enough: false,
            ..learnt
        };
        assert!(words(&none).contains("nothing to learn from"));
    }
}
