//! The pages as they look with a bakery's rules.

use super::preview::MatrixCell;
use super::{
    ChangeRow, Direction, DraftLine, EarnedRow, FaultLink, Figure, FigureKind, FindingRow, Line,
    MatrixRow, Piece, PresetChoice, PreviewState, PreviewView, PublishForm, RuleCard,
    RulesDraftPage, RulesPage, RulesPreviewPage, RulesTakeBackPage, RulesTextPage,
    RulesVersionPage, SampleRow, Sections, Shell, SignalCard, Stale, VersionRow,
};
use crate::view::sample::{Words, table};
use crate::view::{Field, StageTag};

/// Sample rules: id, from, to, conditions set apart by semicolons; figures stand in brackets.
const RULES: &str = "
P1 | stranger     | acquaintance | Familiarity and investment together is at least [9] points; No complaint is open
P2 | acquaintance | friend       | Investment is at least [24] points; Orders on [3] different days within [365] days
P3 | friend       | advocate     | Advocacy is at least [15] points; They have stood there for [14] days or more
D1 | advocate     | friend       | Advocacy has been below [8] points for [30] days
D2 | friend       | acquaintance | Investment has been below [10] points for [30] days
B  | any          | stranger     | They end it: they delete their account or say stop
";

fn line(words: Words, place: &str, text: &str) -> Line {
    let mut pieces = Vec::new();
    for (index, part) in text.trim().split(['[', ']']).enumerate() {
        pieces.push(if index % 2 == 0 {
            Piece::Words(words.text(part))
        } else {
            Piece::Figure(figure(words, &format!("{place}.{index}"), part))
        });
    }
    Line { depth: 0, pieces }
}

fn figure(words: Words, name: &str, value: &str) -> Figure {
    let is_number = value.parse::<f64>().is_ok();
    Figure {
        name: words.text(name),
        value: words.text(value),
        label: words.text("points of investment"),
        kind: if is_number {
            FigureKind::Number
        } else {
            FigureKind::Text
        },
        error: None,
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one sample for each part of the page"
)]
fn sections(words: Words) -> Sections {
    let rules = table(RULES)
        .into_iter()
        .enumerate()
        .map(|(index, [id, from, to, asks])| {
            let (from, to) = (StageTag::from_slug(from), StageTag::from_slug(to).unwrap());
            let asks = asks.split(';').enumerate();
            RuleCard {
                id: words.text(id),
                direction: if from.is_some_and(|from| from < to) {
                    Direction::Warm
                } else {
                    Direction::Cool
                },
                from,
                to,
                lead: words.text("Acquaintance warms to Friend when all of these hold:"),
                lines: asks
                    .map(|(ask, text)| line(words, &format!("rules[{index}].{ask}"), text))
                    .collect(),
            }
        });
    let signal = |index: usize, event: &str, part: &str, texts: &[&str]| SignalCard {
        event: words.text(event),
        aliases: words.text("also Completed Order"),
        part: words.text(part),
        lines: texts
            .iter()
            .enumerate()
            .map(|(number, text)| line(words, &format!("signals[{index}].{number}"), text))
            .collect(),
    };
    let list = |place: &str, texts: &[&str]| -> Vec<Line> {
        let numbered = texts.iter().enumerate();
        numbered
            .map(|(number, text)| line(words, &format!("{place}.{number}"), text))
            .collect()
    };
    Sections {
        names: list(
            "stages",
            &[
                "Stage 2 is called [Regular]",
                "Stage 3 is called [Champion]",
            ],
        ),
        rules: rules.collect(),
        signals: vec![
            signal(
                0,
                "Order Completed",
                "an order",
                &[
                    "With a discount of [20] % or more: [6] investment",
                    "Otherwise: [10] investment",
                ],
            ),
            signal(
                1,
                "Account Deleted",
                "ends the relationship",
                &["[-12] trust"],
            ),
        ],
        fading: list("half_life_days", &["Familiarity halves every [60] days"]),
        disputes: list(
            "disputes",
            &["A complaint waits for a remedy for [14] days"],
        ),
        referrals: list("referrals", &["Credit reaches [3] generations"]),
        contact: list(
            "contact",
            &["Within [7] days people are written to at most [1] times"],
        ),
        further: vec![words.text("The layer VIP, which people enter by invitation")],
    }
}

fn version(words: Words, number: i32, is_taken_back: bool) -> VersionRow {
    VersionRow {
        number,
        published: "2 Feb 2026".to_owned(),
        by: words.text("Mara Lindqvist"),
        note: words.text("Friends now need three orders on three days."),
        holds: "from 2 Feb 2026, 09:12 UTC on".to_owned(),
        taken_back: is_taken_back.then(|| words.text("3 Feb 2026 by Jonas Okafor")),
        can_take_back: number > 1 && !is_taken_back,
    }
}

fn changes(words: Words) -> Vec<ChangeRow> {
    vec![
        ChangeRow {
            place: words.text("Rule P2"),
            was: words.text("investment is at least 24 points"),
            is: words.text("investment is at least 20 points"),
        },
        ChangeRow {
            place: words.text("Gift Card Bought"),
            was: String::new(),
            is: words.text("8 investment"),
        },
    ]
}

impl RulesPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        Self {
            shell: Shell::sample(words),
            version: version(words, 3, false),
            draft: None,
            progress: None,
            sections: sections(words),
            versions: vec![
                version(words, 3, false),
                version(words, 2, true),
                version(words, 1, false),
            ],
        }
    }

    pub(in crate::view) fn sample_with_draft(words: Words) -> Self {
        Self {
            draft: Some(DraftLine {
                saved: "3 minutes ago".to_owned(),
                changes: Some(2),
            }),
            progress: Some(
                "The latest change is being carried out: 256 of 5,000 people looked at.".to_owned(),
            ),
            ..Self::sample(words)
        }
    }
}

impl RulesDraftPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        Self {
            shell: Shell::sample(words),
            base: 3,
            seen: "1767225600000000".to_owned(),
            is_saved: true,
            stale: None,
            sections: sections(words),
            faults: Vec::new(),
            changes: changes(words),
            warnings: vec![words.text("Nobody has sent \"Gift Card Bought\" so far.")],
            presets: vec![
                PresetChoice {
                    slug: words.text("shop"),
                    name: words.text("Shop"),
                    suits: words.text("A shop whose customers order every few weeks or months."),
                },
                PresetChoice {
                    slug: words.text("club"),
                    name: words.text("Club"),
                    suits: words.text("A club, an association or a university."),
                },
            ],
        }
    }

    pub(in crate::view) fn sample_new(words: Words) -> Self {
        Self {
            is_saved: false,
            changes: Vec::new(),
            warnings: Vec::new(),
            ..Self::sample(words)
        }
    }

    pub(in crate::view) fn sample_refused(words: Words) -> Self {
        let mut page = Self::sample(words);
        let error = "\"soon\" cannot be used here: type a number, such as 12 or 0.5";
        let mut name = String::new();
        for piece in &mut page.sections.fading[0].pieces {
            if let Piece::Figure(figure) = piece {
                figure.value = words.text("soon");
                figure.error = Some(words.text(error));
                name.clone_from(&figure.name);
            }
        }
        page.faults = vec![FaultLink {
            name,
            text: words.text(error),
        }];
        page.stale = Some(Stale { base: 3, latest: 4 });
        page
    }
}

impl RulesTextPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        let finding = |is_fault, line, problem: &str, mend: &str, source: &str| FindingRow {
            line,
            column: 5,
            is_fault,
            problem: words.text(problem),
            mend: words.text(mend),
            source: words.text(source),
        };
        Self {
            shell: Shell::sample(words),
            base: 3,
            seen: "1767225600000000".to_owned(),
            is_saved: true,
            stale: None,
            text: words.text("name: Bakery\nhalf_live_days: { familiarity: 60 }\n"),
            findings: vec![
                finding(
                    true,
                    2,
                    "There is no field `half_live_days` here",
                    "Did you mean `half_life_days`?",
                    "half_live_days: { familiarity: 60 }",
                ),
                finding(
                    false,
                    9,
                    "The cap of 1 hides part of the weight of 2",
                    "Raise the cap to 2 or more",
                    "",
                ),
            ],
            is_usable: false,
        }
    }

    pub(in crate::view) fn sample_clean(words: Words) -> Self {
        Self {
            findings: Vec::new(),
            is_usable: true,
            ..Self::sample(words)
        }
    }
}

impl RulesPreviewPage {
    pub(in crate::view) fn sample(words: Words, state: PreviewState) -> Self {
        Self {
            shell: Shell::sample(words),
            stale: None,
            changes: changes(words),
            state,
            form: PublishForm {
                base: 3,
                seen: "1767225600000000".to_owned(),
                note: Field::refused("", words.text("Say in a sentence why the rules change.")),
                to_history: false,
            },
        }
    }

    pub(in crate::view) fn sample_running(words: Words) -> Self {
        let state = PreviewState::Running {
            so_far: "1,200 of 5,000 people".to_owned(),
            percent: 24,
        };
        Self::sample(words, state)
    }

    pub(in crate::view) fn sample_failed(words: Words) -> Self {
        Self::sample(
            words,
            PreviewState::Failed(words.text("The database went away.")),
        )
    }

    pub(in crate::view) fn sample_done(words: Words) -> Self {
        let state = PreviewState::Done(Box::new(found(words)));
        Self::sample(words, state)
    }
}

fn found(words: Words) -> PreviewView {
    let cell = |people: &str, kind| MatrixCell {
        people: people.to_owned(),
        kind,
    };
    let row = |from, cells: [MatrixCell; 4]| MatrixRow {
        from,
        cells: cells.into(),
        before: "1,200".to_owned(),
    };
    let [stranger, acquaintance, friend, advocate] = StageTag::ALL;
    let none = || cell("0", "none");
    let matrix = vec![
        row(stranger, [cell("1,200", "stay"), none(), none(), none()]),
        row(
            acquaintance,
            [none(), cell("900", "stay"), cell("412", "warm"), none()],
        ),
        row(
            friend,
            [none(), cell("7", "cool"), cell("800", "stay"), none()],
        ),
        row(advocate, [none(), none(), none(), cell("90", "stay")]),
    ];
    let pair = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
    PreviewView {
        finding: "419 of 3,409 people would stand elsewhere.".to_owned(),
        looked_at: "Looked at on 10 Mar 2026, 14:05 UTC.".to_owned(),
        is_history: true,
        matrix,
        after: ["1,200", "907", "1,212", "90"].map(str::to_owned).into(),
        samples: vec![SampleRow {
            href: "/dashboard/bellmoor/customers/prf_01".to_owned(),
            name: words.text("Ada Moreau"),
            from: acquaintance,
            to: friend,
            reason: words.text("Investment of 21.4 reaches 20; it did not reach 24."),
        }],
        flip_flops: "8 under the rules that hold, 12 had the draft always held".to_owned(),
        earned: StageTag::ALL
            .into_iter()
            .map(|stage| EarnedRow {
                stage,
                people: pair("1,200", "1,180"),
                again: pair("12 %", "13 %"),
                per_head: pair("14.20", "15.10"),
                share: pair("9 %", "10 %"),
            })
            .collect(),
        earned_when: words.text("Counted over 273 days after 10 Jun 2025, in EUR."),
        warnings: vec![words.text("Every eighth customer would move.")],
    }
}

impl RulesVersionPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        Self {
            shell: Shell::sample(words),
            version: version(words, 2, true),
            changes: changes(words),
            sections: sections(words),
            text: words.text("name: Bakery\n"),
        }
    }
}

impl RulesTakeBackPage {
    pub(in crate::view) fn sample(words: Words) -> Self {
        Self {
            shell: Shell::sample(words),
            version: version(words, 3, false),
            then: 1,
            changes: changes(words),
        }
    }
}
