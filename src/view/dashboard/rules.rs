//! The rule set in force, in words.

use askama::Template;

use super::Shell;
use super::customer_parts::Direction;
use crate::view::StageTag;

/// `/dashboard/{brand}/rules`, to read.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/rules.html")]
pub struct RulesPage {
    /// The frame.
    pub shell: Shell,
    /// The rule set's version.
    pub version: u32,
    /// The day it was published.
    pub published: String,
    /// The note it was published with; may be empty.
    pub note: String,
    /// The rules, promotions first.
    pub rules: Vec<RuleRow>,
    /// What each kind of event counts for.
    pub weights: Vec<WeightRow>,
    /// How fast each score fades, as in `Familiarity halves every 60 days.`
    pub fading: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct RuleRow {
    /// The rule's id, such as `P2`.
    pub id: String,
    /// Which way it moves people.
    pub direction: Direction,
    /// The stage it moves from; none where it moves from any.
    pub from: Option<StageTag>,
    /// The stage it moves to.
    pub to: StageTag,
    /// What it asks, one condition each, all to be met.
    pub conditions: Vec<String>,
}

/// What a kind of event counts for.
#[derive(Debug, Clone)]
pub struct WeightRow {
    /// The event's name.
    pub event: String,
    /// The score it counts towards.
    pub score: String,
    /// How much, as in `+10`.
    pub weight: String,
    /// The most that counts in a day, as in `10`; empty for no limit.
    pub cap: String,
}

/// Sample rules: id, from, to, conditions set apart by semicolons.
#[cfg(test)]
const SAMPLE_RULES: &str = "
P1 | stranger     | acquaintance | Known by an address; Familiarity and investment together at least 9
P2 | acquaintance | friend       | Investment at least 24; Three acts on different days in a year
P3 | friend       | advocate     | Advocacy at least 15; Trust at least 0; A friend for 14 days
D1 | advocate     | friend       | Advocacy below 8 for 30 days
D2 | friend       | acquaintance | Investment below 10 for 30 days
D3 | acquaintance | stranger     | Familiarity and investment together below 4 for 30 days
B  | any          | stranger     | The customer says stop, or deletes the account
";

/// Sample weights: event, score, weight, most a day.
#[cfg(test)]
const SAMPLE_WEIGHTS: &str = "
Signed Up          | Familiarity | +6   | 6
Signed In          | Familiarity | +1   | 1
Product Viewed     | Familiarity | +0.5 | 1
Order Completed    | Investment  | +10  | 10
Referral Converted | Advocacy    | +12  | 24
Dispute Opened     | Trust       | −4   |
";

#[cfg(test)]
impl RulesPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        use crate::view::sample::table;

        let rules = table(SAMPLE_RULES).into_iter().map(|[id, from, to, asks]| {
            let (from, to) = (StageTag::from_slug(from), StageTag::from_slug(to).unwrap());
            RuleRow {
                id: words.text(id),
                direction: if from.is_some_and(|from| from < to) {
                    Direction::Warm
                } else {
                    Direction::Cool
                },
                from,
                to,
                conditions: asks.split(';').map(|ask| words.text(ask.trim())).collect(),
            }
        });
        let weights = table(SAMPLE_WEIGHTS)
            .into_iter()
            .map(|[event, score, weight, cap]| WeightRow {
                event: words.text(event),
                score: words.text(score),
                weight: words.text(weight),
                cap: words.text(cap),
            });
        Self {
            shell: Shell::sample(words),
            version: 3,
            published: "2 Feb 2026".to_owned(),
            note: words.text("Friends now need three orders on three days."),
            rules: rules.collect(),
            weights: weights.collect(),
            fading: [
                "Familiarity halves every 60 days.",
                "Investment halves every 170 days.",
                "Advocacy halves every 180 days.",
                "Trust halves every 365 days.",
            ]
            .map(|text| words.text(text))
            .into(),
        }
    }
}
