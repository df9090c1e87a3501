//! What explanations say, word for word.

use serde_json::json;

use super::history::{History, instant, rules, schedule};
use crate::stage::explain::explain_transition;
use crate::stage::{self, Explanation, Stage};

fn consented() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
}

fn three_orders() -> History {
    consented().order(1).order(31).order(61)
}

fn explained(history: &History, day: i32) -> Explanation {
    stage::explain_history(schedule(), &history.acts(rules()), None, instant(day, 600))
}

#[test]
fn a_standing_says_what_is_missing_and_what_comes_next() {
    let table: Vec<(History, i32, Vec<&str>)> = vec![
        (
            consented().order(1).order(31),
            40,
            vec![
                "An acquaintance since 1 January 2026.",
                "To become a friend they need 5.7 points more investment; 1 more order on another \
                 day.",
                "1 more order by 20 April 2026 would do; they could become a friend on \
                 10 February 2026 at the earliest.",
                "If nothing happens they cool to stranger on 15 April 2027.",
                "1 more order by 14 April 2027 would keep them an acquaintance until \
                 26 March 2028.",
            ],
        ),
        (
            three_orders(),
            61,
            vec![
                "A friend since 3 March 2026.",
                "To become an advocate they need 15 points more advocacy; 14 more days in this \
                 stage; 1 more converted referral or 2 more kinds of advocacy act.",
                "1 more review and 1 more converted referral, one a day, by 14 December 2026, \
                 would do; they could become an advocate on 17 March 2026 at the earliest.",
                "If nothing happens they cool to acquaintance on 15 December 2026.",
                "1 more order by 14 December 2026 would keep them a friend until 28 June 2027.",
            ],
        ),
        (
            three_orders().on(70, "Dispute Opened", json!({})),
            84,
            vec![
                "A friend since 3 March 2026.",
                "A dispute has run out; this is the second chance.",
                "To become an advocate they need 15 points more advocacy; 3.9 points more trust; \
                 the open dispute settled; 1 more converted referral or 2 more kinds of advocacy \
                 act.",
                "1 more review, 1 more converted referral and the dispute settled to their \
                 satisfaction, one a day, by 1 April 2026, would do; they could become an \
                 advocate on 28 March 2026 at the earliest.",
                "If nothing happens they cool to acquaintance on 2 April 2026.",
                "A remedy proposed by 1 April 2026 would keep them a friend until \
                 15 December 2026.",
            ],
        ),
        (
            History::of_an_anonymous_visitor().on(0, "Session Started", json!({})),
            0,
            vec![
                "A stranger since 1 January 2026.",
                "To become an acquaintance they need a sign-in, or an id that names them; 8 points \
                 more familiarity and investment.",
                "A sign-in and 1 more order, one a day, would do; they could become an \
                 acquaintance on 2 January 2026 at the earliest.",
                "If nothing happens nothing changes.",
            ],
        ),
    ];

    for (history, day, expected) in table {
        assert_eq!(explained(&history, day).sentences, expected);
    }
}

#[test]
fn conditions_say_when_they_turn_and_which_acts_are_behind_them() {
    let explanation = explained(&three_orders(), 61);

    let decay = &explanation.back[1].conditions[2];
    assert_eq!(decay.text, "investment below 10 for 30 days");
    assert_eq!((decay.met, decay.days_left), (false, Some(287)));
    let behind: Vec<_> = decay.evidence.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        behind,
        [
            "Order Completed on 2 January 2026: 10 points, 7.9 left",
            "Order Completed on 1 February 2026: 10 points, 8.9 left",
            "Order Completed on 3 March 2026: 10 points",
        ]
    );
    assert_eq!(decay.rest, None);
    let next = explanation.next.expect("a friend cools in the end");
    assert_eq!((next.days_left, next.rule.as_deref()), (287, Some("D2")));
}

#[test]
fn a_move_says_what_set_it_off_and_what_would_have_changed_it() {
    let cooled = three_orders().fold(400).transitions;
    let annulled = three_orders()
        .on(68, "Order Refunded", json!({ "order_id": "order-61" }))
        .fold(68)
        .transitions;
    let breached = three_orders()
        .on(70, "Dispute Opened", json!({}))
        .fold(95)
        .transitions;

    let friend = explain_transition(rules(), &cooled[1]);
    assert_eq!(
        friend.headline,
        "Warmed from acquaintance to friend on 3 March 2026."
    );
    assert_eq!(
        friend.cause,
        "Rule P2, because of Order Completed (message m4)."
    );
    assert_eq!(
        friend.figures,
        [
            "Investment at least 24: 26.8",
            "Orders or the like on 3 different days within 365 days: 3",
            "Trust above -2: 0",
            "No open dispute: yes",
        ]
    );
    assert_eq!(
        friend.otherwise,
        "Without it investment would have stood at 16.8, and they would have stayed an acquaintance."
    );

    let decay = explain_transition(rules(), &cooled[2]);
    assert_eq!(
        decay.cause,
        "Rule D2, because time passed: 15 December 2026."
    );
    assert_eq!(
        decay.otherwise,
        "Had investment reached 10 on any of the 30 days before, they would have stayed a friend."
    );

    let refund = explain_transition(rules(), &annulled[2]);
    assert_eq!(
        refund.headline,
        "Back from friend to acquaintance on 10 March 2026: the step was annulled."
    );

    let breach = explain_transition(rules(), &breached[2]);
    assert_eq!(
        breach.cause,
        "Rule D2, because the dispute of message m5 ran out."
    );
}

#[test]
fn acts_say_what_their_day_and_a_refund_left_of_them() {
    let history = consented()
        .on(1, "Order Completed", json!({ "order_id": "a" }))
        .on(1, "Order Completed", json!({ "order_id": "b" }))
        .on(31, "Order Completed", json!({ "order_id": "c" }));
    let behind = |history: &History, day| {
        let told = explained(history, day);
        let investment = &told.scores[1];
        let texts = investment.evidence.iter().map(|one| one.text.clone());
        texts.collect::<Vec<_>>()
    };

    assert_eq!(
        behind(&history, 31),
        [
            "Order Completed on 2 January 2026: 10 points, 8.9 left",
            "Order Completed on 2 January 2026: 0 points of 10, the most that its day allows",
            "Order Completed on 1 February 2026: 10 points",
        ]
    );
    let refunded = history
        .on(32, "Order Refunded", json!({ "order_id": "a" }))
        .on(33, "Order Refunded", json!({ "order_id": "c" }));
    assert_eq!(
        behind(&refunded, 31 + 180),
        [
            "Order Completed on 2 January 2026: taken back on 2 February 2026, counts for nothing",
            "Order Completed on 2 January 2026: 10 points, 4.5 left",
            "Order Completed on 1 February 2026: taken back on 3 February 2026, counts for nothing",
        ]
    );
}

#[test]
fn a_move_is_weighed_against_the_life_without_its_cause() {
    let told = |history: &History, number: usize, now: i32| {
        let acts = history.acts(rules());
        let now = instant(now, 600);
        let step = &history.fold(1_000).transitions[number];
        stage::explain_move(schedule(), &acts, None, step, now)
    };

    let never = told(&three_orders(), 1, 90);
    let found = never.counterfactual.expect("the acts tell");
    assert_eq!(found.without.as_deref(), Some("m4"));
    assert_eq!(found.entered_on, None);
    assert_eq!(
        never.otherwise,
        "Without this Order Completed they would have remained an acquaintance, and would be one \
         today."
    );

    let later = told(&three_orders().order(80), 1, 90);
    assert_eq!(
        later.otherwise,
        "Without this Order Completed they would have remained an acquaintance until \
         22 March 2026."
    );

    let decay = told(&three_orders(), 2, 400);
    assert_eq!(
        decay.otherwise,
        "1 more order by 14 December 2026 would have kept them a friend until 28 June 2027."
    );

    let breach = told(&three_orders().on(70, "Dispute Opened", json!({})), 2, 100);
    assert_eq!(
        breach.otherwise,
        "Without this dispute they would have remained a friend; if nothing happens they would \
         become an acquaintance on 15 December 2026. A remedy proposed by 1 April 2026 would have \
         kept them a friend until 15 December 2026."
    );

    let answer = told(
        &three_orders()
            .on(65, "Product Reviewed", json!({ "rating": "5" }))
            .on(66, "Invite Sent", json!({}))
            .on(86, "Referral Converted", json!({}))
            .on(120, "NPS Submitted", json!({ "score": 3 })),
        3,
        121,
    );
    assert_eq!(
        answer.otherwise,
        "Without this NPS Submitted they would have remained an advocate; if nothing \
         happens they would become a friend on 1 December 2026."
    );
}

#[test]
fn a_brand_s_own_names_are_used_throughout() {
    let mut set = rules().set().clone();
    set.stages.acquaintance = String::from("Guest");
    set.stages.friend = String::from("Regular");
    let own = stage::Rules::new(set).expect("usable rules");
    let history = three_orders();

    let outcome = history.fold_under(&own, 70);

    let told = stage::explain_transition(&own, &outcome.transitions[1]);
    assert_eq!(
        told.headline,
        "Warmed from guest to regular on 3 March 2026."
    );
    assert_eq!(stage::explain::plural_of(&own, Stage::Friend), "regulars");
    let condition =
        serde_json::from_value(json!({ "orders": { "at_least": 2, "within_days": 9 } }));
    let asked = stage::explain::describe(&condition.expect("a condition"));
    assert!(asked.contains('2') && asked.contains('9'), "{asked}");
}
