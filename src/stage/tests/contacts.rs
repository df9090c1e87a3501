//! Whether somebody may be written to.

use chrono::{FixedOffset, TimeDelta};
use proptest::prelude::*;
use serde_json::json;

use super::history::{History, instant, rules};
use super::properties::{DAYS, acts, history};
use crate::stage::{
    self, ChannelWish, ContactAsked, ContactDecision, Permission, Rules, State, Wishes, may_contact,
};

fn utc() -> FixedOffset {
    FixedOffset::east_opt(0).expect("an offset")
}

fn asked(day: i32) -> ContactAsked<'static> {
    ContactAsked {
        channel: Some("email"),
        purpose: "newsletter",
        at: instant(day, 600),
        offset: utc(),
    }
}

fn state_on(history: &History, day: i32) -> State {
    history.fold(day).state
}

fn decided(history: &History, day: i32, wishes: &Wishes) -> ContactDecision {
    may_contact(rules(), &state_on(history, day), wishes, &asked(day))
}

fn codes(decision: &ContactDecision) -> Vec<&str> {
    let codes = decision.reasons.iter().map(|reason| reason.code.as_str());
    codes.collect()
}

fn friend() -> History {
    History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}))
        .order(1)
        .order(31)
        .order(61)
}

fn sent(history: History, days: &[i32]) -> History {
    days.iter().fold(history, |history, day| {
        history.on(
            *day,
            "Contact Sent",
            json!({ "channel": "email", "purpose": "newsletter" }),
        )
    })
}

fn wish(change: impl Fn(&mut ChannelWish)) -> Wishes {
    let mut wish = ChannelWish {
        channel: String::from("email"),
        allowed: true,
        per_week: None,
        paused_until: None,
        preferred: false,
        said_at: instant(100, 0),
    };
    change(&mut wish);
    Wishes {
        permission: Permission::NotAsked,
        channels: vec![wish],
    }
}

#[test]
fn each_stage_has_its_cap() {
    let stranger = History::of_a_known_person().on(0, "Signed In", json!({}));
    let met = History::of_a_known_person()
        .on(0, "Signed Up", json!({}))
        .on(0, "Consent Given", json!({}));
    let allowed = |permission| Wishes {
        permission,
        channels: Vec::new(),
    };

    let table = [
        (&stranger, Permission::NotAsked, false, 1),
        (&stranger, Permission::Given, true, 1),
        (&stranger, Permission::Withdrawn, false, 1),
        (&met, Permission::NotAsked, true, 2),
        (&met, Permission::Withdrawn, false, 2),
    ];
    for (history, permission, expected, cap) in table {
        let decision = decided(history, 1, &allowed(permission));
        assert_eq!(decision.allowed, expected, "{decision:?}");
        assert_eq!(decision.cap, Some(cap), "{decision:?}");
    }
    assert_eq!(decided(&friend(), 70, &Wishes::default()).cap, Some(3));
    let nobody = may_contact(rules(), &State::new(rules()), &Wishes::default(), &asked(0));
    assert_eq!(codes(&nobody), ["no_permission"]);
}

#[test]
fn a_brand_s_own_caps_channels_and_purposes_hold() {
    let own = {
        let mut set = rules().set().clone();
        set.contact.at_most.friend = 1;
        set.contact.per_days = 10;
        set.contact.channels = vec![String::from("carrier_pigeon")];
        set.contact.service_purposes = vec![String::from("weather")];
        Rules::new(set).expect("usable rules")
    };
    let history = friend()
        .on(
            70,
            "Contact Sent",
            json!({ "channel": "carrier_pigeon", "purpose": "news" }),
        )
        .on(71, "Contact Sent", json!({ "purpose": "weather" }));
    let state = history.fold_under(&own, 75).state;
    let decide = |day, purpose| {
        let asked = ContactAsked {
            channel: Some("carrier_pigeon"),
            purpose,
            ..asked(day)
        };
        may_contact(&own, &state, &Wishes::default(), &asked)
    };

    assert!(
        !decide(79, "news").allowed,
        "the pigeon of day 70 is the one of ten days"
    );
    assert!(decide(80, "news").allowed);
    assert!(decide(75, "weather").allowed, "that is service here");
    let elsewhere = may_contact(&own, &state, &Wishes::default(), &asked(85));
    assert!(!elsewhere.allowed, "there is no email here: {elsewhere:?}");
}

#[test]
fn a_full_week_says_from_when_there_is_room_again() {
    let history = sent(friend(), &[70, 72, 73]);

    let full = decided(&history, 75, &Wishes::default());
    let again = full.next_allowed_at.expect("a day with room");

    assert!(!full.allowed);
    assert_eq!((full.used, full.cap), (3, Some(3)));
    assert_eq!(again, super::history::day_zero().plus(77).start());
    assert_eq!(
        full.reasons[0].text,
        "3 of 3 contacts in 7 days, as for a friend; again from 19 March 2026."
    );
    assert!(decided(&history, 77, &Wishes::default()).allowed);
    assert!(!decided(&history, 76, &Wishes::default()).allowed);
}

#[test]
fn a_message_to_somebody_who_rests_moves_them_no_more_than_silence_does() {
    let order = |history: History, day| history.order(day);
    let resting = [256, 367, 397]
        .into_iter()
        .fold(History::of_a_known_person(), order)
        .on(310, "Product Reviewed", json!({ "rating": 5 }))
        .on(404, "Referral Converted", json!({ "referee_id": "r" }))
        .on(410, "Relationship Paused", json!({}));
    let written_to = resting
        .clone()
        .on(411, "Contact Sent", json!({ "channel": "email" }));

    let (alone, told) = (resting.fold(430), written_to.fold(430));

    assert_eq!(told.transitions, alone.transitions);
}

#[test]
fn days_are_those_of_the_customers_calendar() {
    // 23:30 on day 70 in UTC is day 71 two hours further east.
    let late = instant(70, 0) + TimeDelta::minutes(870);
    let mut history = sent(friend(), &[70]);
    history.happenings.last_mut().expect("the contact").at = late;
    let east = FixedOffset::east_opt(2 * 3_600).expect("an offset");
    let used_on = |day, offset| {
        let asked = ContactAsked {
            offset,
            ..asked(day)
        };
        may_contact(
            rules(),
            &state_on(&history, day),
            &Wishes::default(),
            &asked,
        )
        .used
    };

    assert_eq!((used_on(76, utc()), used_on(77, utc())), (1, 0));
    assert_eq!((used_on(77, east), used_on(78, east)), (1, 0));
}

#[test]
fn who_does_not_answer_is_written_to_less() {
    let written = sent(friend(), &[62, 70, 78, 86, 94]);
    let answered = written.clone().on(95, "Signed In", json!({}));
    let closed = written
        .clone()
        .on(95, "Unsubscribed", json!({ "channel": "push" }));

    let silent = decided(&written, 97, &Wishes::default());
    assert_eq!(
        (silent.used, silent.cap, silent.allowed),
        (1, Some(1), false)
    );
    assert!(codes(&silent).contains(&"cap_reached"), "{silent:?}");
    assert_eq!(decided(&answered, 97, &Wishes::default()).cap, Some(3));
    assert_eq!(decided(&closed, 97, &Wishes::default()).cap, Some(1));
    let wished = decided(&written, 97, &wish(|wish| wish.per_week = Some(5)));
    assert_eq!((wished.cap, wished.allowed), (Some(5), true));
}

#[test]
fn a_complaint_stops_all_but_service() {
    let history = friend().on(70, "Dispute Opened", json!({}));
    let state = state_on(&history, 72);
    let service = ContactAsked {
        purpose: "service",
        ..asked(72)
    };

    let promotion = decided(&history, 72, &wish(|wish| wish.per_week = Some(9)));
    let answer = may_contact(rules(), &state, &Wishes::default(), &service);

    assert_eq!(codes(&promotion), ["complaint_open"]);
    assert_eq!(promotion.next_allowed_at, None);
    assert!(answer.allowed && answer.cap.is_none(), "{answer:?}");
}

#[test]
fn wishes_go_before_the_brands_caps_in_both_directions() {
    let history = sent(friend(), &[70, 71]);

    let less = decided(&history, 72, &wish(|wish| wish.per_week = Some(1)));
    let more = decided(
        &sent(history.clone(), &[72]),
        72,
        &wish(|wish| wish.per_week = Some(7)),
    );
    let none = decided(&history, 72, &wish(|wish| wish.allowed = false));
    let paused = decided(
        &history,
        72,
        &wish(|wish| wish.paused_until = Some(instant(90, 0))),
    );

    assert_eq!(codes(&less), ["cap_reached"]);
    assert!(more.allowed, "{more:?}");
    assert_eq!(codes(&none), ["channel_unwanted"]);
    assert_eq!(codes(&paused), ["paused"]);
    assert_eq!(paused.next_allowed_at, Some(instant(90, 0)));
}

#[test]
fn a_channel_is_closed_by_the_customer_and_opened_by_the_customer() {
    let closed = friend().on(80, "Email Marked as Spam", json!({}));
    let table = [
        (Wishes::default(), false),
        (wish(|wish| wish.said_at = instant(79, 0)), false),
        (wish(|wish| wish.said_at = instant(81, 0)), true),
    ];

    for (wishes, expected) in table {
        let decision = decided(&closed, 110, &wishes);
        assert_eq!(decision.allowed, expected, "{decision:?}");
    }
    assert_eq!(
        codes(&decided(&closed, 110, &Wishes::default())),
        ["channel_closed"]
    );
}

#[test]
fn the_channel_is_the_one_they_last_came_by_unless_they_said_another() {
    let usual = |history: &History, wishes: &Wishes| {
        let asked = ContactAsked {
            channel: None,
            ..asked(100)
        };
        may_contact(rules(), &state_on(history, 100), wishes, &asked).channel
    };
    let chatted = friend()
        .on(62, "Email Link Clicked", json!({}))
        .on(63, "Live Chat Conversation Started", json!({}))
        .on(64, "Signed In", json!({ "channel": "carrier pigeon" }));
    let called = chatted
        .clone()
        .on(65, "Question Asked", json!({ "channel": "phone" }));
    let closed = called
        .clone()
        .on(66, "Unsubscribed", json!({ "channel": "phone" }));

    assert_eq!(
        usual(&friend(), &Wishes::default()).as_deref(),
        Some("email")
    );
    assert_eq!(usual(&chatted, &Wishes::default()).as_deref(), Some("chat"));
    assert_eq!(usual(&called, &Wishes::default()).as_deref(), Some("phone"));
    assert_eq!(usual(&closed, &Wishes::default()).as_deref(), Some("email"));
    let preferred = wish(|wish| wish.preferred = true);
    assert_eq!(usual(&called, &preferred).as_deref(), Some("email"));
}

#[test]
fn what_is_service_is_not_counted() {
    let history = friend()
        .on(
            70,
            "Contact Sent",
            json!({ "channel": "email", "purpose": "service" }),
        )
        .on(70, "Contact Sent", json!({ "channel": "email" }));

    let decision = decided(&history, 71, &Wishes::default());

    assert_eq!(decision.used, 1);
    assert_eq!(state_on(&friend(), 71).last_contact(), None);
    assert!(state_on(&history, 71).last_contact().is_some());
}

proptest! {
    #![proptest_config(super::histories(150))]

    #[test]
    fn the_date_given_is_the_first_on_which_they_may_be_written_to(
        happenings in history(),
        contacts in prop::collection::vec((0..DAYS, 0..900_i64), 0..40),
        day in 0..DAYS,
        hours in -12..=14_i32,
    ) {
        let sent = |(number, (day, minute)): (usize, (i32, i64))| super::history::Happening {
            at: instant(day, minute),
            id: format!("sent-{number}"),
            name: "Contact Sent",
            properties: json!({ "channel": "email" }),
            known: false,
        };
        let all: Vec<_> = happenings
            .into_iter()
            .chain(contacts.into_iter().enumerate().map(sent))
            .filter(|happening| happening.at <= instant(day, 600))
            .collect();
        let state = stage::fold(rules(), &acts(rules(), &all), None, instant(day, 600)).state;
        let offset = FixedOffset::east_opt(hours * 3_600).expect("an offset");
        let asked = ContactAsked { offset, ..asked(day) };
        let wishes = Wishes { permission: Permission::Given, channels: Vec::new() };

        let now = may_contact(rules(), &state, &wishes, &asked);

        prop_assert_eq!(now.allowed, now.next_allowed_at == Some(asked.at));
        prop_assert!(!now.reasons.is_empty());
        if let Some(then) = now.next_allowed_at.filter(|then| *then > asked.at) {
            let later = |at| may_contact(rules(), &state, &wishes, &ContactAsked { at, ..asked });
            prop_assert!(later(then).allowed, "{now:?}");
            prop_assert!(!later(then - TimeDelta::microseconds(1)).allowed, "{now:?}");
        }
    }
}
