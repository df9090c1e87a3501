//! The overview: what changed, how many at each stage, and who moved.

use askama::Template;
use chrono::NaiveDate;

use super::Shell;
use super::tiles::{CHANGE_WEEKS, StageTile};
use super::value::ValueByStage;
use crate::view::StageTag;
use crate::view::chart::area::{AreaFigure, Mix, area};
use crate::view::chart::bars::{BarFigure, bars};
use crate::view::format;

/// How many weeks the bars show.
const BAR_WEEKS: usize = 26;

/// How many of the last weeks the bars' finding speaks of.
const FINDING_WEEKS: usize = 12;

/// `/dashboard/{brand}/`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/overview.html")]
pub struct OverviewPage {
    /// The frame.
    pub shell: Shell,
    /// When the figures were taken, as in `10 Mar 2026, 14:05 UTC`.
    pub as_of: String,
    /// The figures; none while the brand has no customers.
    pub overview: Option<Overview>,
    /// What customers at each stage will be worth.
    pub value: ValueByStage,
    /// What to paste into a site, shown while the brand has no customers; empty where it has no
    /// site.
    pub snippet: String,
    /// The command that fills a demo brand, shown while the brand has no customers.
    pub demo_command: String,
}

/// One week of a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekStats {
    /// The first day of the week.
    pub start: NaiveDate,
    /// People at each stage at the week's end (now, for the week under way), by tier: strangers
    /// first.
    pub people: [u64; 4],
    /// Moves to a warmer stage within the week.
    pub warmed: u64,
    /// Moves to a colder stage within the week.
    pub cooled: u64,
}

/// The figures of a brand, with what they say.
#[derive(Debug, Clone)]
pub struct Overview {
    weeks: Vec<WeekStats>,
    sentence: String,
    tiles: Vec<StageTile>,
    mix_finding: String,
    mix_figure: AreaFigure,
    moves_finding: String,
    moves_figure: BarFigure,
}

impl Overview {
    /// The figures of a brand from its weeks, oldest first without gaps, the last one under way.
    ///
    /// None where there are no weeks or nobody is at any stage.
    pub fn new(weeks: Vec<WeekStats>, mix: Mix) -> Option<Self> {
        let last = weeks.last()?;
        if last.people.iter().all(|&people| people == 0) {
            return None;
        }
        let tiles = StageTag::ALL
            .into_iter()
            .map(|stage| {
                let course: Vec<u64> = weeks.iter().map(|week| week.people[stage.tier()]).collect();
                StageTile::new(stage, &course)
            })
            .collect();
        let points: Vec<_> = weeks.iter().map(|week| (week.start, week.people)).collect();
        let moves: Vec<_> = recent(&weeks, BAR_WEEKS)
            .iter()
            .map(|week| (week.start, week.warmed, week.cooled))
            .collect();
        Some(Self {
            sentence: sentence(&weeks),
            tiles,
            mix_finding: mix_finding(&weeks),
            mix_figure: area(&points, mix),
            moves_finding: moves_finding(&weeks),
            moves_figure: bars(&moves),
            weeks,
        })
    }

    /// The weeks of the areas' table, latest first.
    fn mix_rows(&self) -> impl Iterator<Item = &WeekStats> {
        self.weeks.iter().rev()
    }

    /// The weeks of the bars' table, latest first.
    fn move_rows(&self) -> impl Iterator<Item = &WeekStats> {
        recent(&self.weeks, BAR_WEEKS).iter().rev()
    }
}

impl WeekStats {
    fn start_text(&self) -> String {
        format::date(self.start)
    }

    fn people_text(&self, stage: StageTag) -> String {
        format::count(self.people[stage.tier()])
    }

    fn warmed_text(&self) -> String {
        format::count(self.warmed)
    }

    fn cooled_text(&self) -> String {
        format::count(self.cooled)
    }

    fn total_text(&self) -> String {
        format::count(self.total())
    }

    fn total(&self) -> u64 {
        self.people.iter().sum()
    }

    fn close_share(&self) -> String {
        format::share(self.close(), self.total())
    }

    /// Friends and advocates.
    fn close(&self) -> u64 {
        self.people[StageTag::Friend.tier()] + self.people[StageTag::Advocate.tier()]
    }
}

fn recent(weeks: &[WeekStats], count: usize) -> &[WeekStats] {
    &weeks[weeks.len().saturating_sub(count)..]
}

/// What changed in the last four weeks, in one sentence.
fn sentence(weeks: &[WeekStats]) -> String {
    let span = recent(weeks, CHANGE_WEEKS);
    let warmed: u64 = span.iter().map(|week| week.warmed).sum();
    let cooled: u64 = span.iter().map(|week| week.cooled).sum();
    let weeks_text = match span.len() {
        1 => "This week".to_owned(),
        count => format!("In the last {count} weeks"),
    };
    let moved = match (warmed, cooled) {
        (0, 0) => format!("{weeks_text} nobody changed stage"),
        (_, 0) => format!(
            "{weeks_text} {} warmed and nobody cooled",
            format::plural(warmed, "person", "people")
        ),
        (0, _) => format!(
            "{weeks_text} {} cooled and nobody warmed",
            format::plural(cooled, "person", "people")
        ),
        _ => format!(
            "{weeks_text} {} warmed and {} cooled",
            format::plural(warmed, "person", "people"),
            format::count(cooled)
        ),
    };
    match friends_change(weeks) {
        Some(change) => format!("{moved}; {change}."),
        None => format!("{moved}."),
    }
}

/// How the number of friends and advocates changed over four weeks; none where history is short.
fn friends_change(weeks: &[WeekStats]) -> Option<String> {
    let now = weeks.last()?.close();
    let before = weeks
        .get(weeks.len().checked_sub(CHANGE_WEEKS + 1)?)?
        .close();
    Some(if now == before {
        format!("friends and advocates stayed at {}", format::count(now))
    } else {
        format!(
            "friends and advocates went from {} to {}",
            format::count(before),
            format::count(now)
        )
    })
}

fn mix_finding(weeks: &[WeekStats]) -> String {
    let (Some(first), Some(last)) = (weeks.first(), weeks.last()) else {
        return String::new();
    };
    let now = format!(
        "{} of {} are friends or advocates",
        last.close_share(),
        format::plural(last.total(), "person", "people"),
    );
    if weeks.len() < 2 || first.total() == 0 {
        format!("{now}.")
    } else {
        format!(
            "{now}; {} weeks earlier it was {} of {}.",
            weeks.len() - 1,
            first.close_share(),
            format::count(first.total())
        )
    }
}

fn moves_finding(weeks: &[WeekStats]) -> String {
    let span = recent(weeks, FINDING_WEEKS);
    let warmer = span.iter().filter(|week| week.warmed > week.cooled).count();
    if span.iter().all(|week| week.warmed == 0 && week.cooled == 0) {
        return "Nobody changed stage yet.".to_owned();
    }
    match span.len() {
        1 if warmer == 1 => "More people warmed than cooled this week.".to_owned(),
        1 => "No more people warmed than cooled this week.".to_owned(),
        count => format!("More people warmed than cooled in {warmer} of the last {count} weeks."),
    }
}

#[cfg(test)]
impl OverviewPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            overview: Overview::new(sample_weeks(), Mix::People),
            ..Self::sample_empty(words)
        }
    }

    pub(in crate::view) fn sample_share(words: crate::view::sample::Words) -> Self {
        Self {
            overview: Overview::new(sample_weeks(), Mix::Share),
            value: ValueByStage::Absent(super::ValueAbsence::TooFew {
                found: "12".to_owned(),
                needed: "30".to_owned(),
            }),
            ..Self::sample_empty(words)
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            as_of: crate::view::format::date_time(crate::view::sample::now()),
            overview: None,
            value: ValueByStage::sample(words),
            snippet: words.text(concat!(
                "<script type=\"module\" src=\"https://id.bellmoor.example/embed.js\"></script>\n",
                "<befriend-sign-in client-id=\"web\">\n",
                "  <a href=\"https://id.bellmoor.example/login?client_id=web\">Sign in</a>\n",
                "</befriend-sign-in>",
            )),
            demo_command: words.text("befriend demo"),
        }
    }
}

/// A year of a bakery: slow growth, a promotion in the autumn, an outage at the turn of the year.
#[cfg(test)]
fn sample_weeks() -> Vec<WeekStats> {
    let first = crate::view::sample::day(2025, 3, 17);
    (0_u64..52)
        .map(|week| {
            let promotion = u64::from((27..31).contains(&week));
            let outage = u64::from((41..44).contains(&week));
            let wave = (week * 7) % 11;
            WeekStats {
                start: first + chrono::Days::new(week * 7),
                people: [
                    1480 + week * 26 + promotion * 190 + wave * 4,
                    610 + week * 17 + wave * 5 - outage * 40,
                    190 + week * 9 + wave * 2 + promotion * 30 - outage * 55,
                    14 + week * 3 - outage * 18,
                ],
                warmed: 18 + week / 2 + wave * 2 + promotion * 46,
                cooled: 6 + week / 5 + (wave * 3) % 8 + outage * 37,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(index: u64, people: [u64; 4], warmed: u64, cooled: u64) -> WeekStats {
        WeekStats {
            start: crate::view::sample::day(2026, 1, 5) + chrono::Days::new(index * 7),
            people,
            warmed,
            cooled,
        }
    }

    #[test]
    fn a_brand_without_people_has_no_overview() {
        assert!(Overview::new(Vec::new(), Mix::People).is_none());
        assert!(Overview::new(vec![week(0, [0; 4], 0, 0)], Mix::People).is_none());
    }

    #[test]
    fn the_sentence_says_what_changed() {
        for (weeks, text) in [
            (
                vec![week(0, [1, 0, 0, 0], 0, 0)],
                "This week nobody changed stage.",
            ),
            (
                vec![week(0, [1, 0, 0, 0], 0, 0), week(1, [1, 1, 0, 0], 1, 0)],
                "In the last 2 weeks 1 person warmed and nobody cooled.",
            ),
            (
                (0..6)
                    .map(|index| week(index, [9, 5, index, 1], 3, 1))
                    .collect(),
                "In the last 4 weeks 12 people warmed and 4 cooled; friends and advocates went \
                 from 2 to 6.",
            ),
            (
                (0..5)
                    .map(|index| week(index, [9, 5, 9 - index, 1], 0, 1))
                    .collect(),
                "In the last 4 weeks 4 people cooled and nobody warmed; friends and advocates \
                 went from 10 to 6.",
            ),
        ] {
            assert_eq!(sentence(&weeks), text);
        }
    }

    #[test]
    fn findings_say_what_the_figures_show() {
        let weeks: Vec<_> = (0..3)
            .map(|index| week(index, [6, 2, 1, index], index, 1))
            .collect();

        assert_eq!(
            mix_finding(&weeks),
            "27 % of 11 people are friends or advocates; 2 weeks earlier it was 11 % of 9."
        );
        assert_eq!(
            moves_finding(&weeks),
            "More people warmed than cooled in 1 of the last 3 weeks."
        );
        assert_eq!(
            moves_finding(&[week(0, [1; 4], 0, 0)]),
            "Nobody changed stage yet."
        );
    }
}
