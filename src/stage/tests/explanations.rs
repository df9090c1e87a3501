//! What explanations say, word for word.

use serde_json::json;

use super::history::{History, instant, rules};
use crate::stage::explain::explain_transition;
use crate::stage::{Outcome, explain};

fn consented() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
}

fn three_orders() -> History {
    consented().order(1).order(31).order(61)
}

fn sentences(outcome: &Outcome, day: i32) -> Vec<String> {
    explain(rules(), &outcome.state, &outcome.ledger, instant(day, 600)).sentences
}

#[test]
fn a_standing_says_what_is_missing_and_what_comes_next() {
    let table: Vec<(History, i32, Vec<&str>)> = vec![
        (
            consented().order(1).order(31),
            40,
            vec![
                "An acquaintance since 1 January 2026.",
                "To become a friend they need 5.7 points more investment (about 1 more order); \
                 1 more order on another day.",
                "If nothing happens they cool to stranger on 15 April 2027.",
            ],
        ),
        (
            three_orders(),
            61,
            vec![
                "A friend since 3 March 2026.",
                "To become an advocate they need 15 points more advocacy; 14 more days in this \
                 stage; 1 more converted referral or 2 more kinds of advocacy act.",
                "If nothing happens they cool to acquaintance on 15 December 2026.",
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
                "If nothing happens they cool to acquaintance on 2 April 2026.",
            ],
        ),
        (
            History::of_an_anonymous_visitor().on(0, "Session Started", json!({})),
            0,
            vec![
                "A stranger since 1 January 2026.",
                "To become an acquaintance they need a sign-in, or an id that names them; 8 points \
                 more familiarity and investment (about 1 more order).",
                "If nothing happens nothing changes.",
            ],
        ),
    ];

    for (history, day, expected) in table {
        assert_eq!(sentences(&history.fold(day), day), expected);
    }
}

#[test]
fn conditions_say_when_they_turn_and_evidence_names_the_orders() {
    let outcome = three_orders().fold(61);

    let explanation = explain(rules(), &outcome.state, &outcome.ledger, instant(61, 600));

    let decay = &explanation.back[1].conditions[2];
    assert_eq!(decay.text, "investment below 10 for 30 days");
    assert_eq!((decay.met, decay.days_left), (false, Some(287)));
    let next = explanation.next.expect("a friend cools in the end");
    assert_eq!((next.days_left, next.rule.as_deref()), (287, Some("D2")));
    let first = explanation
        .evidence
        .iter()
        .find(|evidence| !evidence.message_ids.is_empty())
        .expect("orders are kept");
    assert_eq!(
        (
            first.day.to_string().as_str(),
            first.message_ids[0].as_str()
        ),
        ("2026-03-03", "m4")
    );
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
