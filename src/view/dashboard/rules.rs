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

#[cfg(test)]
impl RulesPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        use StageTag::{Acquaintance, Advocate, Friend, Stranger};
        let rule = |id: &str, direction, from, to, conditions: &[&str]| RuleRow {
            id: words.text(id),
            direction,
            from: Some(from),
            to,
            conditions: conditions.iter().map(|text| words.text(text)).collect(),
        };
        let weight = |event: &str, score: &str, weight: &str, cap: &str| WeightRow {
            event: words.text(event),
            score: words.text(score),
            weight: words.text(weight),
            cap: words.text(cap),
        };
        Self {
            shell: Shell::sample(words),
            version: 3,
            published: "2 Feb 2026".to_owned(),
            note: words.text("Friends now need three orders on three days."),
            rules: vec![
                rule(
                    "P1",
                    Direction::Warm,
                    Stranger,
                    Acquaintance,
                    &[
                        "Known by an address or an account",
                        "Familiarity and investment together at least 9",
                        "No open complaint",
                        "Trust above −8",
                    ],
                ),
                rule(
                    "P2",
                    Direction::Warm,
                    Acquaintance,
                    Friend,
                    &[
                        "Investment at least 24",
                        "Three qualifying acts on different days within a year",
                        "Trust above −2",
                        "No open complaint",
                    ],
                ),
                rule(
                    "P3",
                    Direction::Warm,
                    Friend,
                    Advocate,
                    &[
                        "Advocacy at least 15",
                        "One converted referral, or two kinds of advocacy",
                        "Trust at least 0",
                        "A friend for 14 days",
                    ],
                ),
                rule(
                    "D1",
                    Direction::Cool,
                    Advocate,
                    Friend,
                    &["Advocacy below 8 for 30 days"],
                ),
                rule(
                    "D2",
                    Direction::Cool,
                    Friend,
                    Acquaintance,
                    &["Investment below 10 for 30 days"],
                ),
                rule(
                    "D3",
                    Direction::Cool,
                    Acquaintance,
                    Stranger,
                    &["Familiarity and investment together below 4 for 30 days"],
                ),
                RuleRow {
                    from: None,
                    ..rule(
                        "B",
                        Direction::Cool,
                        Friend,
                        Stranger,
                        &["The customer says stop, or deletes the account"],
                    )
                },
            ],
            weights: vec![
                weight("Signed Up", "Familiarity", "+6", "6"),
                weight("Signed In", "Familiarity", "+1", "1"),
                weight("Product Viewed", "Familiarity", "+0.5", "1"),
                weight("Order Completed", "Investment", "+10", "10"),
                weight("Referral Converted", "Advocacy", "+12", "24"),
                weight("Dispute Opened", "Trust", "−4", ""),
            ],
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
