//! A sample customer.

use super::account::AccountCard;
use super::contact::ContactCard;
use super::customer_parts::{
    AliasRow, ConsentRow, Direction, IdentityRow, Move, MoveTold, TimelineEntry,
};
use super::value::{ValueAbsence, ValueCard};
use super::why_here::{ConditionView, DayLookedAt, RuleView, Score, WhyHere};
use super::{BroughtCard, CustomerPage, LayerRow, Shell, TurnRow, TurnsCard};
use crate::view::StageTag;
use crate::view::sample::{Words, table};

impl CustomerPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        Self {
            shell: Shell::sample(words),
            id: words.text("prf_01jnz6v6k3f7wq9x"),
            name: words.text("Anna Keller"),
            email: Some(words.text("anna.keller@example.com")),
            email_verified: true,
            stage: StageTag::Friend,
            stage_since: "3 Mar 2026".to_owned(),
            customer_since: "14 Sep 2025".to_owned(),
            last_seen: "3 minutes ago".to_owned(),
            conditions: vec![words.text("Warming")],
            why: Some(why(words)),
            contact: ContactCard::sample(words),
            account: AccountCard::sample(words),
            turns: Some(turns(words)),
            value: ValueCard::sample(words),
            timeline: timeline(words),
            older_cursor: Some(words.text("b2xkZXI")),
            identities: vec![IdentityRow {
                provider_label: words.text("Google"),
                account: words.text("anna.keller@example.com"),
                linked_on: "14 Sep 2025".to_owned(),
                last_used: "3 minutes ago".to_owned(),
            }],
            aliases: [("userId", "4711"), ("anonymousId", "9f2c61d0-77ab")]
                .map(|(kind, value)| AliasRow {
                    kind: words.text(kind),
                    value: words.text(value),
                    first_seen: "14 Sep 2025".to_owned(),
                })
                .into(),
            brought: BroughtCard::sample(words),
            consents: [("Keep the account", true), ("News by email", false)]
                .map(|(purpose, granted)| ConsentRow {
                    purpose: words.text(purpose),
                    granted,
                    recorded: words.text("14 Sep 2025, when signing up"),
                })
                .into(),
        }
    }

    /// The same customer, as they will be in half a year.
    pub(in crate::view) fn sample_ahead(words: Words) -> Self {
        let now = why(words);
        Self {
            why: Some(WhyHere {
                on: Some(DayLookedAt {
                    day: "10 Sep 2026".to_owned(),
                    is_ahead: true,
                    stage: StageTag::Acquaintance,
                }),
                caution: words.text("Made from the latest 2,000 events and the stored state."),
                ..now
            }),
            ..Self::sample(words)
        }
    }

    pub(in crate::view) fn sample_new(words: Words) -> Self {
        Self {
            stage: StageTag::Stranger,
            email: None,
            conditions: Vec::new(),
            why: None,
            turns: None,
            value: ValueCard::Absent(ValueAbsence::NoOrders),
            timeline: Vec::new(),
            older_cursor: None,
            identities: Vec::new(),
            consents: Vec::new(),
            brought: BroughtCard::default(),
            ..Self::sample(words)
        }
    }
}

/// Sample scores: name, value, meaning.
const SCORES: &str = "
Familiarity | 11.4 | visits and sign-ins
Investment  | 26.8 | orders and efforts
Trust       | 4    | promises kept and broken
Advocacy    | 8.2  | shares and invitations
";

/// Sample conditions of the way up: whether met, text, figure, threshold, slack.
const WARM_CONDITIONS: &str = "
no  | Advocacy at least 15                             | 8.2     | 15      | 6.8 short
yes | One converted referral, or two kinds of advocacy | 2 kinds | 2 kinds |
yes | Trust at least 0                                 | 4       | 0       | 4 to spare
no  | A friend for 14 days                             | 7 days  | 14 days | met on 17 Mar 2026
yes | No open complaint                                | none    | none    |
";

/// Sample conditions of the way down.
const COOL_CONDITIONS: &str = "
no | Investment below 10 for 30 days | 26.8 | 10 | 16.8 above, 57 days left
";

/// Sample events: day, time, title, detail, effect, stage after, stage before where it changed.
const EVENTS: &str = "
10 Mar 2026 | 14:02 | Product Shared   | Sourdough starter kit | +3 advocacy           | friend |
10 Mar 2026 | 13:58 | Signed In        | with Google           | +1 familiarity        | friend |
5 Mar 2026  | 09:12 | Product Reviewed | 5 of 5: rye loaf      | +5 advocacy, +1 trust | friend |
3 Mar 2026  | 17:40 | Stage changed    | Rule P2: investment 26.8 of 24, third order on a third day | | friend | acquaintance
3 Mar 2026  | 17:40 | Order Completed  | CHF 42.50, full price | +10 investment        | friend |
18 Jan 2026 | 11:20 | Order Completed  | CHF 18.00, full price | +10 investment        | acquaintance |
14 Sep 2025 | 08:31 | Stage changed    | Rule P1: familiarity and investment 10 of 9 | | acquaintance | stranger
14 Sep 2025 | 08:31 | Consent Given    | keep the account      | +4 familiarity        | acquaintance |
14 Sep 2025 | 08:30 | Signed Up        | with Google           | +6 familiarity        | stranger |
";

fn conditions(words: Words, text: &str) -> Vec<ConditionView> {
    table(text)
        .into_iter()
        .map(|[met, text, figure, threshold, slack]| ConditionView {
            text: words.text(text),
            met: met == "yes",
            figure: words.text(figure),
            threshold: words.text(threshold),
            slack: words.text(slack),
            evidence: if met == "yes" {
                vec![words.text("Order Completed on 3 March 2026: 10 points, 8.9 left")]
            } else {
                Vec::new()
            },
            ways: if met == "yes" {
                Vec::new()
            } else {
                vec![words.text("2 more reviews, one a day, by 20 April 2026")]
            },
        })
        .collect()
}

fn why(words: Words) -> WhyHere {
    WhyHere {
        on: None,
        days: ("2025-09-14".to_owned(), "2027-03-10".to_owned()),
        day: "2026-03-10".to_owned(),
        keep: words
            .text("1 more order by 5 May 2026 would keep them a friend until 19 November 2026."),
        caution: String::new(),
        summary: words.text(
            "A friend since 3 Mar 2026. If nothing else happens, Anna stays one for 57 days.",
        ),
        rule_version: 3,
        scores: table(SCORES)
            .into_iter()
            .map(|[name, value, meaning]| Score {
                name: words.text(name),
                value: words.text(value),
                meaning: words.text(meaning),
            })
            .collect(),
        rules: vec![
            RuleView {
                id: words.text("P3"),
                direction: Direction::Warm,
                to: StageTag::Advocate,
                met: false,
                next: words.text("Not met by waiting: 2 of 5 conditions are missing."),
                ways: vec![
                    words.text("1 more review and 1 more share, one a day, by 5 May 2026"),
                    words.text("1 more converted referral by 5 May 2026"),
                ],
                conditions: conditions(words, WARM_CONDITIONS),
            },
            RuleView {
                id: words.text("D2"),
                direction: Direction::Cool,
                to: StageTag::Acquaintance,
                met: false,
                next: words.text("Would cool on 6 May 2026, in 57 days, unless something happens."),
                ways: Vec::new(),
                conditions: conditions(words, COOL_CONDITIONS),
            },
        ],
    }
}

fn timeline(words: Words) -> Vec<TimelineEntry> {
    table(EVENTS)
        .into_iter()
        .map(|[day, time, title, detail, effect, stage, before]| {
            let stage = StageTag::from_slug(stage).unwrap();
            TimelineEntry {
                datetime: "2026-03-03T14:05:09.000Z".to_owned(),
                day: day.to_owned(),
                time: time.to_owned(),
                title: words.text(title),
                detail: words.text(detail),
                effect: words.text(effect),
                stage,
                moved: StageTag::from_slug(before).map(|from| Move { from, to: stage }),
                told: StageTag::from_slug(before).map(|_| MoveTold {
                    figures: vec![words.text("Investment at least 24: 26.8")],
                    otherwise: words.text(
                        "Without this Order Completed they would have remained an acquaintance.",
                    ),
                    recorded: "Recorded on 8 Mar 2026.".to_owned(),
                    rule_version: 3,
                }),
            }
        })
        .collect()
}

fn turns(words: Words) -> TurnsCard {
    let turn = |number: u32, depth: usize, outcome: &str, slug, share| TurnRow {
        number,
        layer: words.text(if depth == 0 { "The base" } else { "VIP" }),
        depth,
        from: "14 Sep 2025".to_owned(),
        until: if share < 1.0 { "" } else { "3 Mar 2026" }.to_owned(),
        outcome: words.text(outcome),
        slug,
        share,
    };
    TurnsCard::new(
        words.text("In turn 4 since 3 Mar 2026, using what they have."),
        vec![
            turn(1, 0, "Came back for more", "refill", 1.0),
            turn(2, 0, "Brought somebody", "referral", 1.0),
            turn(3, 0, "Joined a layer", "graduation", 1.0),
            turn(4, 1, "Using what they have", "present", 0.75),
        ],
        vec![LayerRow {
            name: words.text("VIP"),
            status: words.text("In it"),
            sentences: vec![words.text("In VIP since 3 March 2026.")],
            entitlements: vec![words.text("Early access")],
        }],
        2,
    )
}
