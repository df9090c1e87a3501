//! For each preset, the story of one person, told in plain words and folded.

use serde_json::{Value, json};

use super::history::{History, in_words, instant};
use crate::stage::{self, Rules, ruleset::Preset};

/// What happened, by day.
type Story = &'static [(i32, &'static str, fn() -> Value)];

fn nothing() -> Value {
    json!({})
}

fn lived(preset: Preset, story: Story, until_day: i32) -> Vec<String> {
    let rules = Rules::new(preset.set()).unwrap();
    let history = story.iter().fold(
        History::of_a_known_person(),
        |history, (day, name, properties)| history.on(*day, name, properties()),
    );
    in_words(&stage::fold(&rules, &history.acts(&rules), None, instant(until_day, 600)).transitions)
}

/// Ada signs up in a shop and wishes for a lamp. She orders it, then two more things, each two
/// months after the last: she is a regular. She reviews the lamp and posts a photo of it, and a
/// friend buys one. Years later nobody has heard of her, and she cools step by step.
#[test]
fn a_shop_s_customer_comes_every_two_months() {
    let story: Story = &[
        (0, "Signed Up", nothing),
        (0, "Product Added to Wishlist", nothing),
        (
            3,
            "Order Completed",
            || json!({ "order_id": "lamp", "revenue": 60 }),
        ),
        (
            63,
            "Order Completed",
            || json!({ "order_id": "bulbs", "revenue": 20 }),
        ),
        (
            123,
            "Order Completed",
            || json!({ "order_id": "shade", "revenue": 30 }),
        ),
        (130, "Product Reviewed", || json!({ "rating": 5 })),
        (138, "Photo Posted", nothing),
        (140, "Referral Converted", nothing),
    ];

    assert_eq!(
        lived(Preset::Shop, story, 140),
        ["d3 P1 acquaintance", "d123 P2 friend", "d140 P3 advocate"]
    );
    assert_eq!(
        lived(Preset::Shop, story, 1_000)[3..],
        ["d418 D1 friend", "d448 D2 acquaintance", "d593 D3 stranger"]
    );
}

/// Ben tries a service, pays by the month and is a subscriber with the third renewal. Carla pays by
/// the year and uses it every week: between payments little investment is left, but she is there.
/// When she neither pays nor comes any more, she cools.
#[test]
fn a_subscriber_stays_by_paying_or_by_using() {
    let ben: Story = &[
        (0, "Signed Up", nothing),
        (0, "Trial Started", nothing),
        (14, "Subscription Started", nothing),
        (44, "Subscription Renewed", nothing),
        (74, "Subscription Renewed", nothing),
        (100, "Feature Used", nothing),
        (101, "Feature Used", nothing),
        (104, "Subscription Renewed", nothing),
    ];
    assert_eq!(
        lived(Preset::Subscription, ben, 104),
        ["d0 P1 acquaintance", "d104 P2 friend"]
    );

    let rules = Rules::new(Preset::Subscription.set()).unwrap();
    let yearly = || json!({ "billing_period": "year" });
    let mut carla = History::of_a_known_person()
        .on(0, "Signed Up", nothing())
        .on(0, "Trial Started", nothing())
        .on(1, "Subscription Started", yearly());
    for week in 0..100 {
        carla = carla.on(2 + week * 7, "Feature Used", nothing());
    }
    carla.happenings.sort_by_key(|happening| happening.at);
    let carla = carla.on(366, "Subscription Renewed", yearly());
    let fold = |until| stage::fold(&rules, &carla.acts(&rules), None, instant(until, 600));

    assert_eq!(
        in_words(&fold(700).transitions),
        ["d0 P1 acquaintance", "d366 P2 friend"]
    );
    assert_eq!(
        in_words(&fold(1_200).transitions)[2..],
        ["d829 D2 acquaintance", "d875 D3 stranger"]
    );
}

/// Dilek comes to an open day, joins the club, plays in two matches and helps at the fair: a member.
/// She brings a guest, mentors a newcomer and speaks of the club: an ambassador. A member who only
/// renews each year stays; one who is no longer seen becomes a guest again.
#[test]
fn a_member_belongs_by_being_there() {
    let story: Story = &[
        (0, "Open Day Attended", nothing),
        (0, "Signed Up", nothing),
        (10, "Membership Started", || json!({ "order_id": "2026" })),
        (40, "Event Attended", nothing),
        (70, "Volunteered", nothing),
        (100, "Guest Brought", nothing),
        (120, "Newcomer Mentored", nothing),
        (150, "Story Shared", nothing),
    ];
    assert_eq!(
        lived(Preset::Club, story, 150),
        ["d0 P1 acquaintance", "d70 P2 friend", "d150 P3 advocate"]
    );
    assert_eq!(
        lived(Preset::Club, story, 1_500)[3..],
        [
            "d630 D1 friend",
            "d900 D2 acquaintance",
            "d1080 D3 stranger"
        ]
    );

    let renews: Story = &[
        (0, "Membership Started", || json!({ "order_id": "1" })),
        (40, "Event Attended", nothing),
        (70, "Volunteered", nothing),
        (365, "Membership Renewed", || json!({ "order_id": "2" })),
        (730, "Membership Renewed", || json!({ "order_id": "3" })),
        (1_095, "Membership Renewed", || json!({ "order_id": "4" })),
    ];
    assert_eq!(
        lived(Preset::Club, renews, 1_100),
        ["d0 P1 acquaintance", "d70 P2 friend"]
    );
}

/// Emre books at a practice, comes twice and gets the report he was promised: a client. He gives a
/// testimonial and takes a reference call: a recommender. Then an invoice is wrong. He complains, and
/// is a client who recommends nobody for now; when ten days and ten more bring no remedy, the contact
/// he was at the start.
#[test]
fn a_client_stays_as_long_as_promises_are_kept() {
    let story: Story = &[
        (0, "Signed Up", nothing),
        (0, "Appointment Booked", nothing),
        (7, "Appointment Kept", nothing),
        (60, "Appointment Kept", nothing),
        (61, "Report Delivered", || json!({ "on_time": true })),
        (100, "Testimonial Given", nothing),
        (160, "Reference Call Taken", nothing),
        (
            200,
            "Invoice Disputed",
            || json!({ "dispute_id": "invoice 7" }),
        ),
    ];

    assert_eq!(
        lived(Preset::Professional, &story[..7], 199),
        ["d0 P1 acquaintance", "d61 P2 friend", "d160 P3 advocate"]
    );
    assert_eq!(
        lived(Preset::Professional, story, 230)[3..],
        ["d200 D1 friend", "d220 D2 acquaintance"]
    );
}
