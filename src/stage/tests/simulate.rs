//! What a preview counts, and that shards add up to the whole.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::history::{Happening, History, instant, rules};
use super::pinned::regular;
use super::properties::history;
use crate::stage::simulate::{
    Money, Preview, Purchase, Question, Subject, Tally, View, count_flip_flops, purchases, stage_at,
};
use crate::stage::{self, AdvanceError, Outcome, RuleSet, Rules, Schedule, Stage};

/// The default rules with one condition of one rule written anew.
fn rules_with(rule: &str, when: &Value) -> Rules {
    let mut set = RuleSet::default_set();
    let found = set.rules.iter_mut().find(|kept| kept.id == rule);
    found.expect("a rule of the default set").when =
        serde_json::from_value(when.clone()).expect("a condition");
    Rules::new(set).expect("usable rules")
}

/// Friends after two orders within a quarter.
fn eager_rules() -> Rules {
    rules_with(
        "P2",
        &json!({ "score": { "of": ["investment"], "at_least": 15 } }),
    )
}

struct Evaluated<'a> {
    id: String,
    happenings: &'a [Happening],
    present: Outcome,
    draft: Outcome,
    purchases: Vec<Purchase<'a>>,
}

fn evaluate<'a>(
    id: &str,
    happenings: &'a [Happening],
    draft: &Rules,
    at: DateTime<Utc>,
) -> Evaluated<'a> {
    let outcome = |rules: &Rules| {
        let acts: Vec<_> = happenings
            .iter()
            .map(|happening| happening.act(rules))
            .collect();
        stage::fold(rules, &acts, None, at)
    };
    Evaluated {
        id: id.to_owned(),
        happenings,
        present: outcome(rules()),
        draft: outcome(draft),
        purchases: purchases(rules(), happenings.iter().map(Happening::fact)),
    }
}

fn subject<'a>(one: &'a Evaluated<'_>, draft: &'a Rules) -> Subject<'a> {
    let known = one.happenings.iter().filter(|happening| happening.known);
    Subject {
        id: &one.id,
        known_since: known.map(|happening| happening.at).min(),
        first_at: one.happenings.iter().map(|happening| happening.at).min(),
        events: u64::try_from(one.happenings.len()).expect("few"),
        purchases: &one.purchases,
        present: View {
            rules: rules(),
            outcome: &one.present,
        },
        draft: View {
            rules: draft,
            outcome: &one.draft,
        },
        hindsight: &one.draft,
    }
}

fn preview(histories: &[History], draft: &Rules, at: DateTime<Utc>, horizon_days: u16) -> Preview {
    let mut tally = Tally::new(Question::about(at, horizon_days));
    for (number, history) in histories.iter().enumerate() {
        let one = evaluate(&number.to_string(), &history.happenings, draft, at);
        tally.add(&subject(&one, draft));
    }
    tally.finish()
}

#[test]
fn who_would_move_is_named_with_the_figures_of_the_draft() {
    let draft = eager_rules();
    let people = [
        History::of_a_known_person().order(0).order(10),
        History::of_a_known_person().order(0),
        History::of_an_anonymous_visitor().on(0, "Product Viewed", json!({})),
    ];

    let preview = preview(&people, &draft, instant(20, 0), 10);

    assert_eq!((preview.people, preview.anonymous), (2, 1));
    assert_eq!((preview.moved, preview.timelines_changed), (1, 1));
    assert_eq!(preview.count(Stage::Acquaintance, Stage::Friend), 1);
    assert_eq!(preview.count(Stage::Acquaintance, Stage::Acquaintance), 1);
    assert_eq!(preview.moved_by_rule["P2"], 1);
    let sample = &preview.samples[0];
    assert_eq!(sample.profile_id, "0");
    assert_eq!(
        sample.reason,
        "Warmed from acquaintance to friend on 11 January 2026. Rule P2, because of Order Completed \
         (message m1)."
    );
    assert_eq!(sample.figures, ["Investment at least 15: 19.6"]);
}

#[test]
fn who_would_not_have_moved_is_told_what_the_draft_misses() {
    let draft = rules_with(
        "P2",
        &json!({ "score": { "of": ["investment"], "at_least": 100 } }),
    );
    let people = [History::of_a_known_person().order(0).order(30).order(60)];

    let preview = preview(&people, &draft, instant(70, 0), 10);

    let sample = &preview.samples[0];
    assert_eq!(
        (sample.from, sample.to),
        (Stage::Friend, Stage::Acquaintance)
    );
    assert_eq!(
        sample.reason,
        "The rules in force say: Warmed from acquaintance to friend on 2 March 2026. The draft does \
         not make that move."
    );
    assert_eq!(sample.figures, ["Investment at least 100: 25.8, not met"]);
    assert_eq!(
        preview.warnings[0], "Nobody would be a friend any more.",
        "{:?}",
        preview.warnings
    );
}

#[test]
fn a_stage_is_judged_by_what_its_people_bought_afterwards() {
    let draft = eager_rules();
    let spend = |history: History, day: i32, id: &str, properties: Value| {
        let mut properties = properties;
        properties["order_id"] = json!(id);
        history.on(day, "Order Completed", properties)
    };
    let regular = History::of_a_known_person().order(0).order(30);
    let regular = spend(
        regular,
        50,
        "a",
        json!({ "revenue": 20, "currency": "eur" }),
    );
    let regular = spend(
        regular,
        60,
        "b",
        json!({ "total": "12.50", "currency": "EUR" }),
    );
    let regular = spend(regular, 61, "c", json!({ "total": 999, "currency": "EUR" })).on(
        62,
        "Order Refunded",
        json!({ "order_id": "c" }),
    );
    let once = spend(
        History::of_a_known_person().order(0),
        70,
        "d",
        json!({ "subtotal": 7, "currency": "USD" }),
    );
    let later = spend(
        History::of_a_known_person(),
        55,
        "e",
        json!({ "revenue": 1_000, "currency": "EUR" }),
    );

    let preview = preview(&[regular, once, later], &draft, instant(80, 0), 40);

    let friends = preview.draft.earned[2];
    assert_eq!(
        (friends.people, friends.bought_again, friends.orders),
        (1, 1, 2)
    );
    assert_eq!(friends.revenue, Money::of(32.5));
    assert_eq!(preview.present.earned[2].people, 0);
    let acquaintances = preview.present.earned[1];
    assert_eq!(
        (acquaintances.people, acquaintances.orders),
        (2, 3),
        "who came after the reference date is in nobody's stage"
    );
    assert_eq!(preview.currency.as_deref(), Some("EUR"));
    assert!(
        preview
            .warnings
            .iter()
            .any(|warning| warning.ends_with("only the number counts: 1 in USD.")),
        "{:?}",
        preview.warnings
    );
}

#[test]
fn a_reversal_counts_when_it_follows_within_thirty_days() {
    // Friend on day 60; the refund of the third order takes it back.
    let refunded = |day: i32| {
        History::of_a_known_person()
            .order(0)
            .order(30)
            .order(60)
            .on(day, "Order Refunded", json!({ "order_id": "order-60" }))
            .fold(200)
            .transitions
    };

    assert_eq!(count_flip_flops(&refunded(70)), 1);
    assert_eq!(count_flip_flops(&refunded(90)), 1);
    assert_eq!(count_flip_flops(&refunded(91)), 0);
    let moves = refunded(70);
    assert_eq!(stage_at(&moves, instant(-1, 0)), Stage::Stranger);
    assert_eq!(stage_at(&moves, instant(61, 0)), Stage::Friend);
    assert_eq!(stage_at(&moves, instant(71, 0)), Stage::Acquaintance);
}

#[test]
fn messages_about_one_order_are_one_purchase_and_a_refund_may_come_first() {
    let order = |history: History, day: i32, id: &str, total: i32| {
        history.on(
            day,
            "Order Completed",
            json!({ "order_id": id, "total": total }),
        )
    };
    let history = order(History::of_a_known_person(), 2, "a", 5);
    let history = order(history, 3, "a", 6).on(4, "Order Refunded", json!({ "order_id": "b" }));
    let history = order(order(history, 5, "b", 7), 6, "c", 8)
        .on(7, "Order Completed", json!({}))
        .on(8, "Product Viewed", json!({ "total": 9 }));

    let found = purchases(rules(), history.happenings.iter().map(Happening::fact));

    let amounts: Vec<_> = found.iter().map(|purchase| purchase.amount).collect();
    assert_eq!(amounts, [Some(Money::of(11.0)), Some(Money::of(8.0)), None]);
}

#[test]
fn a_preview_of_forty_regulars_says_what_is_written_down() {
    let draft = eager_rules();
    let at = instant(300, 0);
    let mut tally = Tally::new(Question::about(at, 120));
    for number in 0..40 {
        let happenings = regular(number);
        let past: Vec<_> = happenings.into_iter().filter(|one| one.at <= at).collect();
        let one = evaluate(&number.to_string(), &past, &draft, at);
        tally.add(&subject(&one, &draft));
    }

    let told = serde_json::to_string_pretty(&tally.finish()).expect("JSON");

    insta::assert_snapshot!(told);
}

proptest! {
    #![proptest_config(super::histories(60))]

    #[test]
    fn shards_add_up_to_the_whole_in_any_order(
        histories in prop::collection::vec((history(), 0..4_usize), 1..30),
        backwards in any::<bool>(),
    ) {
        let draft = eager_rules();
        let at = instant(300, 0);
        let question = Question::about(at, 100);
        let mut whole = Tally::new(question);
        let mut shards = vec![Tally::new(question); 4];
        let mut cells = [[0_u64; 4]; 4];
        for (number, (happenings, shard)) in histories.iter().enumerate() {
            let one = evaluate(&format!("{number}"), happenings, &draft, at);
            whole.add(&subject(&one, &draft));
            shards[*shard].add(&subject(&one, &draft));
            let (from, to) = (one.present.standing.stage, one.draft.standing.stage);
            cells[usize::from(from.rank())][usize::from(to.rank())] += 1;
        }
        if backwards {
            shards.reverse();
        }
        let mut merged = Tally::new(question);
        for shard in shards {
            merged.merge(shard);
        }

        let (whole, merged) = (whole.finish(), merged.finish());

        prop_assert_eq!(&merged, &whole);
        let json = serde_json::to_string(&whole).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Preview>(&json).expect("it reads back"), whole.clone());
        cells[0][0] = whole.matrix[0][0];
        prop_assert_eq!(whole.matrix, cells);
        let moved: u64 = whole.moved_by_rule.values().sum();
        prop_assert_eq!(moved, whole.moved, "every move has a rule that explains it");
        prop_assert!(whole.samples.iter().all(|sample| !sample.reason.is_empty() && sample.from != sample.to));
    }
}

proptest! {
    #![proptest_config(super::histories(150))]

    /// The preview folds from nothing; what is published meets a state that has lived under the
    /// rules before, is adopted, and goes on. Both come to the same, and so does taking it back.
    #[test]
    fn a_preview_says_what_publishing_does_to_a_stored_state(
        happenings in history(),
        published in 1..700_i32,
        as_an_act_comes in any::<bool>(),
        stricter in any::<bool>(),
    ) {
        let draft = Arc::new(if stricter {
            rules_with("P2", &json!({ "score": { "of": ["investment"], "at_least": 35 } }))
        } else {
            eager_rules()
        });
        let present = Schedule::single(Arc::new(rules().clone()));
        let an_act = happenings.first().filter(|_| as_an_act_comes);
        let at = an_act.map_or(instant(published, 0), |one| one.at);
        let known: Vec<_> = happenings.iter().filter(|one| one.at <= at).cloned().collect();
        let acts = |schedule: &Schedule| -> Vec<_> {
            known.iter().map(|one| schedule.interpret(&one.fact())).collect()
        };
        let fold = |schedule: &Schedule| schedule.fold(&acts(schedule), None, at);
        let stored = fold(&present);

        for history in [false, true] {
            let as_it_would_be = if history {
                Schedule::single(Arc::clone(&draft))
            } else {
                present.clone().then(at, Arc::clone(&draft))
            };
            let told = fold(&as_it_would_be);
            let did = if history {
                fold(&as_it_would_be)
            } else {
                // An act of that very instant belongs to the draft already: such a state is not
                // continued but folded anew.
                let tied = known.iter().any(|one| one.at == at);
                match as_it_would_be.advance(&stored.state, &[], None, at) {
                    Err(AdvanceError::OtherRules) if tied => fold(&as_it_would_be),
                    adopted => adopted.expect("it is adopted"),
                }
            };
            prop_assert_eq!(&did.standing, &told.standing);
            prop_assert_eq!(&did.state, &told.state);

            let mut tally = Tally::new(Question::about(at, 100));
            tally.add(&Subject {
                id: "somebody",
                known_since: known.iter().filter(|one| one.known).map(|one| one.at).min(),
                first_at: None,
                events: 1,
                purchases: &[],
                present: View { rules: rules(), outcome: &stored },
                draft: View { rules: &draft, outcome: &told },
                hindsight: &told,
            });
            let preview = tally.finish();
            let moves = stored.standing.stage != did.standing.stage;
            prop_assert_eq!(preview.moved, u64::from(moves));
            if moves {
                let sample = &preview.samples[0];
                prop_assert_eq!((sample.from, sample.to), (stored.standing.stage, did.standing.stage));
                prop_assert!(!sample.reason.is_empty() && !sample.figures.is_empty(), "{sample:?}");
            }
            // Taken back, the state that lived under the draft is not continued but folded anew.
            prop_assert_eq!(fold(&present).state, stored.state.clone());
        }
    }
}
