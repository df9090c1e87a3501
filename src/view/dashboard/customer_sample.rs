//! A sample customer.

use super::customer_parts::{
    AliasRow, ConditionView, ConsentRow, Direction, IdentityRow, Move, RuleView, Score,
    TimelineEntry, WhyHere,
};
use super::value::{ValueAbsence, ValueCard};
use super::{BroughtCard, CustomerPage, Shell};
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

    pub(in crate::view) fn sample_new(words: Words) -> Self {
        Self {
            stage: StageTag::Stranger,
            email: None,
            conditions: Vec::new(),
            why: None,
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
        })
        .collect()
}

fn why(words: Words) -> WhyHere {
    WhyHere {
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
                conditions: conditions(words, WARM_CONDITIONS),
            },
            RuleView {
                id: words.text("D2"),
                direction: Direction::Cool,
                to: StageTag::Acquaintance,
                met: false,
                next: words.text("Would cool on 6 May 2026, in 57 days, unless something happens."),
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
            }
        })
        .collect()
}
