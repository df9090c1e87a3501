//! Latencies, medians over rounds, and how they compare with the goals. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// How long requests took, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Latency(Vec<u32>);

impl Latency {
    pub(super) fn add(&mut self, took: Duration) {
        self.0
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn summary(&self) -> Option<Summary> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        // The least that so many of a thousand did not exceed.
        let at = |permille: usize| {
            let place = (sorted.len() * permille).div_ceil(1_000).saturating_sub(1);
            f64::from(sorted[place.min(last)]) / 1_000.0
        };
        Some(Summary {
            requests: sorted.len(),
            p50_ms: at(500),
            p95_ms: at(950),
            p99_ms: at(990),
            max_ms: at(1_000),
        })
    }
}

/// What latencies come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) requests: usize,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// Everything that was measured, by name, a figure for each round.
#[derive(Debug, Default)]
pub(super) struct Figures {
    order: Vec<&'static str>,
    rates: BTreeMap<&'static str, Vec<f64>>,
    latencies: BTreeMap<&'static str, Vec<Summary>>,
}

/// A figure over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: sorted.get(sorted.len() / 2).copied()?,
            least: *sorted.first()?,
            most: *sorted.last()?,
        })
    }
}

/// A line of the report.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    what: &'static str,
    /// Events or rows a second, or whatever the name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    figure: Option<Spread>,
    /// Of the median round by p99.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Summary>,
}

/// A goal, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Goal {
    pub(super) number: u8,
    pub(super) what: &'static str,
    pub(super) figure: f64,
    pub(super) unit: &'static str,
    pub(super) wanted: &'static str,
    pub(super) met: bool,
}

impl Figures {
    pub(super) fn rate(&mut self, name: &'static str, per_second: f64) {
        self.note(name);
        self.rates.entry(name).or_default().push(per_second);
    }

    pub(super) fn latency(&mut self, name: &'static str, latency: &Latency) {
        if let Some(summary) = latency.summary() {
            self.note(name);
            self.latencies.entry(name).or_default().push(summary);
        }
    }

    fn note(&mut self, name: &'static str) {
        if !self.order.contains(&name) {
            self.order.push(name);
        }
    }

    pub(super) fn median(&self, name: &str) -> Option<f64> {
        Spread::of(self.rates.get(name)?).map(|spread| spread.median)
    }

    pub(super) fn middle(&self, name: &str) -> Option<Summary> {
        let mut rounds = self.latencies.get(name)?.clone();
        rounds.sort_by(|one, other| one.p99_ms.total_cmp(&other.p99_ms));
        rounds.get(rounds.len() / 2).copied()
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let line = |name: &&'static str| Line {
            what: name,
            figure: self.rates.get(*name).and_then(|all| Spread::of(all)),
            latency: self.middle(name),
        };
        self.order.iter().map(line).collect()
    }

    /// The goals for which everything was measured.
    pub(super) fn goals(&self) -> Vec<Goal> {
        let ratio = |number, (what, over, under), (least, wanted)| {
            let figure = self.median(over)? / self.median(under)?;
            let met = figure >= least;
            let unit = "times";
            Some(Goal {
                number,
                what,
                figure,
                unit,
                wanted,
                met,
            })
        };
        let p99 = |number, what, name, (most, wanted)| {
            let figure = self.middle(name)?.p99_ms;
            let met = figure <= most;
            let unit = "ms";
            Some(Goal {
                number,
                what,
                figure,
                unit,
                wanted,
                met,
            })
        };
        let single = ("single events over one INSERT a commit", SINGLE, RAW_INSERT);
        let batch = ("batches of 100 over COPY of 100", BATCH, RAW_COPY);
        let current = ("stages current over UNNEST and state", CURRENT, RAW_STATE);
        let hot = ("one person over one hot row", HOT, RAW_HOT);
        let goals = [
            ratio(1, single, (2.0, "at least 2")),
            ratio(2, batch, (0.7, "at least 0.7")),
            ratio(3, current, (0.8, "at least 0.8")),
            ratio(4, hot, (10.0, "at least 10")),
            p99(
                5,
                "from 200 to the stage, p99",
                VISIBLE,
                (250.0, "at most 250"),
            ),
            p99(12, "refusal 401, p99", REFUSED_401, (20.0, "at most 20")),
            p99(12, "refusal 413, p99", REFUSED_413, (20.0, "at most 20")),
            p99(12, "refusal 429, p99", REFUSED_429, (20.0, "at most 20")),
        ];
        goals.into_iter().flatten().collect()
    }
}

pub(super) const RAW_INSERT: &str = "database: one INSERT a commit";
pub(super) const RAW_HOT: &str = "database: one INSERT a commit and one hot row";
pub(super) const RAW_COPY: &str = "database: COPY of 100 rows a commit";
pub(super) const RAW_COPY_LARGE: &str = "database: COPY of 1,000 rows a commit, 2 connections";
pub(super) const RAW_STATE: &str = "database: UNNEST of 1,000 and state, 1 connection";
pub(super) const RAW_STATE_2: &str = "database: UNNEST of 1,000 and state, 2 connections";
pub(super) const SINGLE: &str = "service: single events";
pub(super) const BATCH: &str = "service: batches of 100";
pub(super) const HOT: &str = "service: single events of one person";
pub(super) const CURRENT: &str = "service: batches of 100, stages current";
pub(super) const CURRENT_LAG: &str = "service: longest lag of a stage meanwhile, in seconds";
pub(super) const VISIBLE: &str = "service: from 200 to the stage by API, at half that rate";
pub(super) const OVERLOAD: &str = "service: batches of 100 over ten times the connections";
pub(super) const REFUSED_401: &str = "service: answer 401 meanwhile";
pub(super) const REFUSED_413: &str = "service: answer 413 meanwhile";
pub(super) const REFUSED_429: &str = "service: answer 429 meanwhile";
pub(super) const REFUSED_503: &str = "service: answer 503 meanwhile";
pub(super) const MEMORY_BEFORE: &str = "service: memory before, in MiB";
pub(super) const MEMORY_AFTER: &str = "service: most memory meanwhile, in MiB";

/// The report for people.
pub(super) fn in_words(lines: &[Line], goals: &[Goal]) -> String {
    let mut text = Vec::new();
    for line in lines {
        let mut told = vec![format!("{:<58}", line.what)];
        if let Some(figure) = line.figure {
            told.push(format!("{:>10.1}", figure.median));
            if figure.least < figure.most {
                told.push(format!(" ({:.1} to {:.1})", figure.least, figure.most));
            }
        }
        if let Some(latency) = line.latency {
            told.push(format!(
                "   p50 {:.1} ms, p95 {:.1}, p99 {:.1}, most {:.1} ({} requests)",
                latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms, latency.requests
            ));
        }
        text.push(told.concat());
    }
    text.push(String::new());
    for goal in goals {
        let verdict = if goal.met { "met" } else { "missed" };
        text.push(format!(
            "goal {:>2}: {:<44} {:>8.2} {}, wanted {}: {verdict}",
            goal.number, goal.what, goal.figure, goal.unit, goal.wanted
        ));
    }
    text.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_figures_that_occurred() {
        let mut latency = Latency::default();
        assert_eq!(latency.summary(), None);
        for millis in (1..=100).rev() {
            latency.add(Duration::from_millis(millis));
        }

        let summary = latency.summary().expect("a hundred");

        let all = [
            summary.p50_ms,
            summary.p95_ms,
            summary.p99_ms,
            summary.max_ms,
        ];
        let told = all.map(|millis| format!("{millis:.3}"));
        assert_eq!(told, ["50.000", "95.000", "99.000", "100.000"]);
    }

    #[test]
    fn a_goal_is_judged_by_medians_and_only_if_both_sides_were_measured() {
        let mut figures = Figures::default();
        for (raw, ours) in [(100.0, 190.0), (100.0, 210.0), (50.0, 900.0)] {
            figures.rate(RAW_INSERT, raw);
            figures.rate(SINGLE, ours);
        }
        figures.rate(RAW_COPY, 1_000.0);

        let goals = figures.goals();

        assert_eq!(goals.len(), 1);
        assert!(
            goals[0].met && (goals[0].figure - 2.1).abs() < 1e-9,
            "{goals:?}"
        );
        let text = in_words(&figures.lines(), &goals);
        assert!(text.contains("(50.0 to 100.0)"), "{text}");
        assert!(text.contains("wanted at least 2: met"), "{text}");
    }
}
