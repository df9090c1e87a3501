//! What an event says, as the engine reads it.

use serde_json::{Value, json};

use super::history::{Happening, day_number, day_zero, instant, layered_rules, rules};
use crate::stage::{self, Act, Dimension, Dimensions, Fact, Rules, Verdict};

fn with_reading<T>(
    rules: &Rules,
    name: &'static str,
    properties: &Value,
    read: impl Fn(Act<'_>) -> T,
) -> T {
    let happening = Happening {
        at: instant(0, 0),
        id: String::from("m1"),
        name,
        properties: properties.clone(),
        known: true,
    };
    read(happening.act(rules))
}

#[test]
fn an_order_is_named_by_text_or_by_number() {
    let thing = |id: Value| {
        let properties = json!({ "order_id": id });
        with_reading(rules(), "Order Completed", &properties, |act| act.thing)
    };

    assert_ne!(thing(json!("A-7")), 0);
    assert_ne!(thing(json!("A-7")), thing(json!("A-8")));
    assert_ne!(thing(json!(7)), thing(json!(8)));
    assert_eq!(thing(json!(7)), thing(json!("7")), "a shop may say either");
    for nameless in [json!(""), json!(null), json!(true), json!([7])] {
        assert_eq!(thing(nameless), 0);
    }
}

#[test]
fn each_event_names_what_it_is_about_by_a_property_of_its_own() {
    let all = json!({ "order_id": "a", "dispute_id": "b", "referee_id": "c" });
    let none = json!({});
    for (name, property) in [
        ("Order Completed", Some("order_id")),
        ("Order Refunded", Some("order_id")),
        ("Dispute Opened", Some("dispute_id")),
        ("Dispute Withdrawn", Some("dispute_id")),
        ("Dispute Handed Off", Some("dispute_id")),
        ("Referral Converted", Some("referee_id")),
        ("Referral Clawed Back", Some("referee_id")),
        ("Account Deleted", None),
        ("Contact Sent", None),
        ("Signed Up", None),
    ] {
        let read = |properties: &Value| with_reading(rules(), name, properties, |act| act.thing);
        let only = property.map_or(none.clone(), |property| json!({ property: all[property] }));
        assert_eq!(read(&all), read(&only), "{name}");
        assert_eq!(read(&none), 0, "{name}");
        assert_eq!(read(&only) != 0, property.is_some(), "{name}");
    }
}

#[test]
fn four_of_five_is_satisfied() {
    let satisfied = |properties: Value| {
        with_reading(rules(), "Dispute Resolved", &properties, |act| {
            act.satisfied
        })
    };

    assert_eq!(satisfied(json!({ "csat": 4 })), Some(true));
    assert_eq!(satisfied(json!({ "csat": "4.0" })), Some(true));
    assert_eq!(satisfied(json!({ "csat": 3.9 })), Some(false));
    assert_eq!(satisfied(json!({ "csat": "good" })), None);
    assert_eq!(satisfied(json!({})), None);
    assert_eq!(
        satisfied(json!({ "satisfied": false, "csat": 5 })),
        Some(false)
    );
}

#[test]
fn a_complaint_is_public_where_its_channel_says_so() {
    let public =
        |properties: Value| with_reading(rules(), "Dispute Opened", &properties, |act| act.public);

    assert!(public(json!({ "channel": "public" })));
    assert!(!public(json!({ "channel": "email" })));
    assert!(!public(json!({})));
}

#[test]
fn a_remedy_is_present_when_something_is_named() {
    for (remedy, is_present) in [
        (json!("voucher"), true),
        (json!(5), true),
        (json!({ "kind": "refund" }), true),
        (json!(true), true),
        (json!(""), false),
        (json!(false), false),
        (json!(null), false),
    ] {
        let properties = json!({ "remedy": remedy });
        let verdict = with_reading(rules(), "Apology Offered", &properties, |act| act.verdict);
        assert_eq!(verdict == Verdict::Counted, is_present, "{properties}");
    }
    let verdict = with_reading(rules(), "Apology Offered", &json!({}), |act| act.verdict);
    assert_eq!(verdict, Verdict::NoCase);
}

#[test]
fn a_fifth_off_is_a_discount() {
    for (properties, points) in [
        (json!({ "revenue": 80, "discount": 20 }), 6.0),
        (json!({ "revenue": 80.1, "discount": 20 }), 10.0),
        (json!({ "total": 80, "discount": 20 }), 6.0),
        (
            json!({ "subtotal": 10, "revenue": 800, "discount": 20 }),
            6.0,
        ),
        (json!({ "revenue": 10, "total": 800, "discount": 20 }), 6.0),
        (
            json!({ "subtotal": 800, "revenue": 10, "discount": 20 }),
            10.0,
        ),
        (json!({ "revenue": 80, "discount": " 20 " }), 6.0),
        (json!({ "revenue": -5, "discount": 20 }), 6.0),
        (json!({ "discount": 20 }), 6.0),
        (json!({ "revenue": 10, "discount": -20 }), 10.0),
        (json!({ "revenue": 0, "discount": 0 }), 10.0),
        (json!({ "revenue": 10, "discount": "inf" }), 10.0),
    ] {
        let worth = with_reading(rules(), "Order Completed", &properties, |act| {
            act.worth(rules()).investment
        });
        assert!(
            (worth - points).abs() < f64::EPSILON,
            "{properties}: {worth}"
        );
    }
}

#[test]
fn a_flag_a_word_and_a_number_equal_their_like_only() {
    let rules = {
        let mut set = rules().set().clone();
        set.signals = serde_json::from_value(json!([
            { "event": "Flag", "cases": [
                { "when": [{ "property": "a", "equals": true }], "add": { "familiarity": 1 } }] },
            { "event": "Word", "cases": [
                { "when": [{ "property": "a", "equals": "yes" }], "add": { "familiarity": 1 } }] },
            { "event": "Number", "cases": [
                { "when": [{ "property": "a", "equals": 3 }], "add": { "familiarity": 1 } }] },
            { "event": "Range", "cases": [
                { "when": [{ "property": "a", "at_least": 3 }, { "property": "a", "at_most": 5 }],
                    "add": { "familiarity": 1 } }] },
            { "event": "Absent", "cases": [
                { "when": [{ "property": "a", "present": false }], "add": { "familiarity": 1 } }] },
        ]))
        .expect("signals");
        set.layers.clear();
        Rules::new(set).expect("usable rules")
    };
    for (name, value, counts) in [
        ("Flag", json!(true), true),
        ("Flag", json!(false), false),
        ("Flag", json!("true"), false),
        ("Word", json!("yes"), true),
        ("Word", json!("no"), false),
        ("Word", json!(true), false),
        ("Number", json!(3), true),
        ("Number", json!(3.0), true),
        ("Number", json!("3"), true),
        ("Number", json!(4), false),
        ("Number", json!("three"), false),
        ("Range", json!(3), true),
        ("Range", json!(5), true),
        ("Range", json!(2.9), false),
        ("Range", json!(5.1), false),
        ("Range", json!(null), false),
        ("Absent", json!(null), true),
        ("Absent", json!(0), false),
    ] {
        let verdict = with_reading(&rules, name, &json!({ "a": value }), |act| act.verdict);
        assert_eq!(verdict == Verdict::Counted, counts, "{name} {value}");
    }
}

#[test]
fn a_layer_is_named_and_so_is_the_day_until_which_to_rest() {
    let read = |name, properties: Value| {
        with_reading(layered_rules(), name, &properties, |act| {
            (act.layer, act.names_day)
        })
    };
    let day = Some(day_zero().plus(9));
    let nowhere = read("Layer Left", json!({})).0;
    let unknown = read("Layer Left", json!({ "layer": "attic" })).0;

    assert_eq!(read("Layer Left", json!({ "layer": "vip" })).0, 0);
    assert_eq!(read("Layer Left", json!({ "layer": "council" })).0, 1);
    assert_eq!(read("Layer Left", json!({ "layer": null })).0, nowhere);
    assert_eq!(read("Layer Left", json!({ "layer": 0 })).0, unknown);
    assert!(nowhere > 1 && unknown > 1 && nowhere != unknown);
    let until = |text: &str| {
        let properties = json!({ "hibernate_until": text });
        read("Relationship Paused", properties).1
    };
    assert_eq!(until("2026-01-10"), day);
    assert_eq!(until(" 2026-01-10T23:00:00Z "), day);
    assert_eq!(
        until("2026-01-10T23:00:00-02:00"),
        day.map(|day| day.plus(1))
    );
    assert_eq!(until("soon"), None);
    let invited = json!({ "layer": "vip", "invited_at": "2026-01-10" });
    assert_eq!(read("Invitation Accepted", invited), (0, day));
    let left = json!({ "layer": "vip", "hibernate_until": "2026-01-10" });
    assert_eq!(read("Layer Left", left), (0, None));
}

#[test]
fn only_who_is_believed_names_a_channel_and_only_the_customer_shows_life() {
    let properties = json!({ "channel": "email", "purpose": "news" });
    let fact = |name, trusted, brand_initiated| Fact {
        at: instant(0, 0),
        source: "site",
        message_id: "m1",
        name,
        properties: &properties,
        trusted,
        known_after: false,
        brand_initiated,
    };
    let read = |name, trusted, by_brand| {
        let act = stage::interpret(rules(), &fact(name, trusted, by_brand));
        (
            act.channel.to_owned(),
            act.purpose.to_owned(),
            act.by_customer,
        )
    };
    let said = (String::from("email"), String::from("news"));
    let unsaid = (String::new(), String::new());

    for (name, trusted, by_brand, (channel, purpose), alive) in [
        ("Product Viewed", true, false, said.clone(), true),
        ("Product Viewed", false, false, unsaid, true),
        ("Product Viewed", true, true, said.clone(), false),
        ("Promise Kept", true, false, said.clone(), false),
        ("Something Nobody Weighs", true, false, said.clone(), true),
        ("Referral Converted", true, false, said, false),
    ] {
        assert_eq!(
            read(name, trusted, by_brand),
            (channel, purpose, alive),
            "{name}"
        );
    }
}

#[test]
fn what_an_act_is_worth_and_of_which_kind() {
    let kind = |name, properties: Value| {
        with_reading(rules(), name, &properties, |act| {
            act.advocacy_kind(rules()).map(str::to_owned)
        })
    };

    assert_eq!(
        kind("Product Reviewed", json!({ "rating": 5 })).as_deref(),
        Some("review")
    );
    assert_eq!(
        kind("Product Reviewed", json!({ "rating": 2 })),
        None,
        "it earns no advocacy"
    );
    assert_eq!(
        kind("Product Reviewed", json!({ "rating": 3 })),
        None,
        "it does not count"
    );
    assert!(kind("Referral Converted", json!({ "hop": 1 })).is_some());
    assert_eq!(
        kind("Referral Converted", json!({ "hop": 2 })),
        None,
        "somebody else brought them"
    );
    assert_eq!(kind("Signed Up", json!({})), None);
    let worth = with_reading(
        rules(),
        "Product Reviewed",
        &json!({ "rating": 3 }),
        |act| act.worth(rules()),
    );
    assert_eq!(worth, stage::Scores::default());
}

#[test]
fn a_sum_names_each_dimension_once_and_adds_all_four() {
    let twice = vec![Dimension::Trust, Dimension::Trust, Dimension::Advocacy];
    let set = Dimensions::from(twice);
    let scores = stage::Scores::from([1.0, 20.0, -300.0, 4_000.0]);

    let listed: Vec<_> = set.iter().collect();
    assert_eq!(listed, [Dimension::Trust, Dimension::Advocacy]);
    assert!(!set.is_empty() && Dimensions::from(Vec::new()).is_empty());
    assert!((scores.sum() - 3_721.0).abs() < f64::EPSILON);
    assert_eq!(day_number(instant(3, 0)), 3);
}
