//! Who brought whom: what is believed, what it earns, and what takes it back.

use befriend::kernel::id::ProfileId;
use befriend::stage::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::shop::{Act, Shop, act, befriending, day, order};

impl Shop {
    /// A customer with a user id.
    async fn called(&self, user_id: &str) -> ProfileId {
        let id = self.customer().await;
        self.call(id, user_id).await;
        id
    }

    async fn call(&self, id: ProfileId, user_id: &str) {
        sqlx::query(
            "insert into alias (brand_id, kind, alias, profile_id, created_at)
             values ($1, 'user', $2, $3, $4)",
        )
        .bind(self.brand_id.uuid())
        .bind(user_id)
        .bind(id.uuid())
        .bind(self.now())
        .execute(&self.test.app.pool)
        .await
        .unwrap();
    }

    async fn merge(&self, from: ProfileId, into: ProfileId) {
        sqlx::query(
            "update profile set status = 'merged', merged_into = $3
             where brand_id = $1 and profile_id = $2",
        )
        .bind(self.brand_id.uuid())
        .bind(from.uuid())
        .bind(into.uuid())
        .execute(&self.test.app.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into projection_queue (brand_id, profile_id, since, queued_at)
             values ($1, $2, $3, $3)",
        )
        .bind(self.brand_id.uuid())
        .bind(from.uuid())
        .bind(self.now())
        .execute(&self.test.app.pool)
        .await
        .unwrap();
        self.drain().await;
    }

    /// What each claim of a person came to; "edge" for the one that is believed.
    async fn verdicts(&self, person: ProfileId) -> Vec<String> {
        sqlx::query_scalar(
            "select coalesce(refusal, 'edge') from referral_claim
             where brand_id = $1 and referee_id = $2 order by claimed_at, message_id",
        )
        .bind(self.brand_id.uuid())
        .bind(person.uuid())
        .fetch_all(&self.test.app.pool)
        .await
        .unwrap()
    }

    /// Whom somebody's coming credits, nearest first: hop, who, and whether it was taken back.
    pub(super) async fn credits(&self, referee: ProfileId) -> Vec<(i16, ProfileId, bool)> {
        let rows: Vec<(i16, uuid::Uuid, bool)> = sqlx::query_as(
            "select hop, referrer_id, clawed_back_at is not null from referral_credit
             where brand_id = $1 and referee_id = $2 order by hop",
        )
        .bind(self.brand_id.uuid())
        .bind(referee.uuid())
        .fetch_all(&self.test.app.pool)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(hop, id, back)| (hop, ProfileId::from_uuid(id), back))
            .collect()
    }

    /// Points of advocacy at the present instant.
    async fn advocacy(&self, person: ProfileId) -> f64 {
        let mut conn = self.test.app.pool.acquire().await.unwrap();
        let projector = &self.test.app.projector;
        let current = projector.current(&mut conn, self.brand_id, person).await;
        current.unwrap().standing.scores.advocacy
    }
}

fn shares(at: DateTime<Utc>, code: &str) -> Act {
    act("Invite Sent", at)
        .with(json!({ "code": code }))
        .message_id(&format!("share {code}"))
}

fn clicks(at: DateTime<Utc>, code: &str) -> Act {
    act("Referral Clicked", at)
        .with(json!({ "code": code }))
        .message_id(&format!("click {code} {at}"))
        .by_visitor()
}

fn signs_up(at: DateTime<Utc>, properties: Value) -> Act {
    act("Signed Up", at).with(properties)
}

pub(super) fn refund(at: DateTime<Utc>, order: &str) -> Act {
    act("Order Refunded", at).with(json!({ "order_id": order }))
}

pub(super) fn near(figure: f64, expected: f64) -> bool {
    (figure - expected).abs() < 1e-9
}

/// Four generations, each brought by the one before, and what the last one's order earns.
pub(super) async fn family(shop: &Shop, start: DateTime<Utc>) -> [ProfileId; 4] {
    let mut people = Vec::new();
    for name in ["anna", "bilal", "chen", "dana"] {
        people.push(shop.called(name).await);
    }
    let people: [ProfileId; 4] = people.try_into().unwrap();
    let [anna, bilal, chen, dana] = people;
    shop.learn(anna, &[shares(start, "ANNA")]).await;
    let second = [
        clicks(day(start, 1), "ANNA"),
        shares(day(start, 2), "BILAL"),
    ];
    shop.learn(bilal, &second).await;
    // By the user id of whoever brought them, as a shop with its own codes would tell.
    let third = [
        signs_up(day(start, 3), json!({ "referrer_id": "bilal" })),
        shares(day(start, 4), "CHEN"),
    ];
    shop.learn(chen, &third).await;
    shop.learn(dana, &[clicks(day(start, 5), "CHEN")]).await;
    people
}

#[tokio::test]
async fn an_order_credits_three_generations_and_a_soon_refund_takes_it_back() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let [anna, bilal, chen, dana] = family(&shop, start).await;
    assert_eq!(shop.verdicts(dana).await, ["edge"]);
    assert_eq!(shop.credits(dana).await, [], "nobody has bought anything");
    let before = [
        shop.advocacy(anna).await,
        shop.advocacy(bilal).await,
        shop.advocacy(chen).await,
    ];

    // Today, so that nothing has faded.
    let bought = shop.now() - TimeDelta::hours(1);
    shop.learn(dana, &[order(bought, "first")]).await;

    let expected = [(1, chen, false), (2, bilal, false), (3, anna, false)];
    assert_eq!(shop.credits(dana).await, expected);
    for (person, before, points) in [
        (chen, before[2], 12.0),
        (bilal, before[1], 6.0),
        (anna, before[0], 3.0),
    ] {
        let earned = shop.advocacy(person).await - before;
        assert!(near(earned, points), "{earned} instead of {points}");
    }
    shop.prove().await;

    shop.learn(dana, &[refund(shop.now(), "first")]).await;

    let expected = [(1, chen, true), (2, bilal, true), (3, anna, true)];
    assert_eq!(shop.credits(dana).await, expected);
    for (person, before) in [(chen, before[2]), (bilal, before[1]), (anna, before[0])] {
        assert!(near(shop.advocacy(person).await, before));
    }
    shop.prove().await;
    assert_eq!(shop.queue().await, (0, 0));
}

#[tokio::test]
async fn a_refund_after_thirty_days_takes_nothing_back() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -60);
    let [.., dana] = family(&shop, start).await;
    let bought = day(start, 10);

    shop.learn(
        dana,
        &[order(bought, "first"), refund(day(bought, 31), "first")],
    )
    .await;

    let back: Vec<_> = shop.credits(dana).await.iter().map(|one| one.2).collect();
    assert_eq!(back, [false, false, false]);
    shop.prove().await;
}

#[tokio::test]
async fn a_friend_becomes_an_advocate_by_whom_they_brought() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -90);
    let (anna, bilal) = (shop.called("anna").await, shop.called("bilal").await);
    let mut history = befriending(start);
    history.push(act("Product Reviewed", day(start, 65)).with(json!({ "rating": 5 })));
    history.push(shares(day(start, 66), "ANNA"));
    shop.learn(anna, &history).await;
    assert_eq!(shop.stage(anna).await, Stage::Friend);

    let came = [
        clicks(day(start, 70), "ANNA"),
        order(day(start, 86), "bilal's"),
    ];
    shop.learn(bilal, &came).await;

    assert_eq!(shop.stage(anna).await, Stage::Advocate);
    let (from, to, rule, at) = shop.moves(anna).await.pop().unwrap();
    assert_eq!((from, to, rule.as_str()), (2, 3, "P3"));
    assert_eq!(at, day(start, 86), "when the order was placed");
    // The brand may say so as well, by the id it knows them by: it counts once.
    let before = shop.advocacy(anna).await;
    let told = act("Referral Converted", day(start, 87)).with(json!({ "referee_id": "bilal" }));
    shop.learn(anna, &[told]).await;
    assert!(near(shop.advocacy(anna).await, before));
    shop.prove().await;
}

#[tokio::test]
async fn nobody_brings_themselves_not_even_under_another_name() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let (anna, other) = (shop.called("anna").await, shop.called("anna's other").await);
    let own = [shares(start, "ANNA"), clicks(day(start, 1), "ANNA")];
    shop.learn(anna, &own).await;
    assert_eq!(shop.verdicts(anna).await, ["self"]);

    let came = [clicks(day(start, 2), "ANNA"), order(day(start, 3), "hers")];
    shop.learn(other, &came).await;
    assert_eq!(shop.credits(other).await, [(1, anna, false)]);
    let with_it = shop.advocacy(anna).await;

    shop.merge(other, anna).await;

    assert_eq!(shop.verdicts(anna).await, ["self", "self"]);
    assert_eq!(shop.credits(other).await, []);
    assert!(shop.advocacy(anna).await < with_it - 10.0);
    shop.prove().await;
}

#[tokio::test]
async fn whoever_is_merged_takes_along_whom_they_brought() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let (anna, old) = (
        shop.called("anna").await,
        shop.called("anna in the old shop").await,
    );
    let bilal = shop.called("bilal").await;
    shop.learn(anna, &[act("Signed Up", start)]).await;
    shop.learn(old, &[shares(start, "OLD")]).await;
    shop.learn(
        bilal,
        &[clicks(day(start, 1), "OLD"), order(day(start, 2), "his")],
    )
    .await;
    assert_eq!(shop.credits(bilal).await, [(1, old, false)]);

    shop.merge(old, anna).await;

    assert_eq!(shop.credits(bilal).await, [(1, anna, false)]);
    assert!(shop.advocacy(anna).await > 10.0);
    shop.prove().await;
}

#[tokio::test]
async fn a_shared_device_is_no_introduction_whenever_it_is_learnt_of() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let (anna, bilal) = (shop.called("anna").await, shop.called("bilal").await);
    let seen = |at| act("Product Viewed", at).with(json!({ "device_hash": "tablet" }));
    shop.learn(anna, &[shares(start, "ANNA")]).await;
    shop.learn(
        bilal,
        &[
            seen(start),
            clicks(day(start, 1), "ANNA"),
            order(day(start, 2), "his"),
        ],
    )
    .await;
    assert_eq!(shop.credits(bilal).await.len(), 1);

    // Only now is it known that she uses it, too.
    shop.learn(anna, &[seen(day(start, 5))]).await;

    assert_eq!(shop.verdicts(bilal).await, ["device"]);
    assert_eq!(shop.credits(bilal).await, []);
    assert!(shop.advocacy(anna).await < 3.0);
    shop.prove().await;
}

#[tokio::test]
async fn a_referrer_who_is_known_later_is_credited_all_the_same() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let (bilal, chen) = (shop.called("bilal").await, shop.called("chen").await);
    let by_id = signs_up(day(start, 1), json!({ "referrer_id": "anna" }));
    shop.learn(bilal, &[by_id, order(day(start, 2), "his")])
        .await;
    shop.learn(
        chen,
        &[clicks(day(start, 1), "ANNA"), order(day(start, 2), "hers")],
    )
    .await;
    assert_eq!(shop.verdicts(bilal).await, ["unknown"]);
    assert_eq!(shop.verdicts(chen).await, ["unknown"]);

    let anna = shop.called("anna").await;
    shop.learn(anna, &[shares(start, "ANNA")]).await;

    assert_eq!(shop.credits(bilal).await, [(1, anna, false)]);
    assert_eq!(shop.credits(chen).await, [(1, anna, false)]);
    shop.prove().await;
}

#[tokio::test]
async fn an_older_edge_that_arrives_late_lengthens_the_chain() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let mut people = Vec::new();
    for name in ["anna", "bilal", "chen"] {
        people.push(shop.called(name).await);
    }
    let [anna, bilal, chen]: [ProfileId; 3] = people.try_into().unwrap();
    shop.learn(anna, &[shares(start, "ANNA")]).await;
    shop.learn(bilal, &[shares(day(start, 2), "BILAL")]).await;
    shop.learn(
        chen,
        &[clicks(day(start, 3), "BILAL"), order(day(start, 4), "hers")],
    )
    .await;
    assert_eq!(shop.credits(chen).await, [(1, bilal, false)]);

    shop.learn(bilal, &[clicks(day(start, 1), "ANNA")]).await;

    assert_eq!(
        shop.credits(chen).await,
        [(1, bilal, false), (2, anna, false)]
    );
    shop.prove().await;
}

#[tokio::test]
async fn who_came_after_their_first_order_was_not_brought() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let (anna, bilal) = (shop.called("anna").await, shop.called("bilal").await);
    shop.learn(anna, &[shares(start, "ANNA")]).await;
    shop.learn(
        bilal,
        &[clicks(day(start, 3), "ANNA"), order(day(start, 4), "his")],
    )
    .await;
    assert_eq!(shop.credits(bilal).await.len(), 1);

    // An order that had lain in a till.
    shop.learn(bilal, &[order(day(start, 2), "earlier")]).await;

    assert_eq!(shop.verdicts(bilal).await, ["already_customer"]);
    assert_eq!(shop.credits(bilal).await, []);
    shop.prove().await;
}

#[tokio::test]
async fn a_day_holds_twenty_and_the_earliest_count() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let anna = shop.called("anna").await;
    shop.learn(anna, &[shares(start, "ANNA")]).await;
    let mut came = Vec::new();
    for number in 0..21 {
        let person = shop.called(&format!("guest {number}")).await;
        // The last to arrive was the first to come.
        let at = day(start, 1) + TimeDelta::minutes(60 - number);
        shop.receive(person, &[clicks(at, "ANNA")]).await;
        came.push(person);
    }

    shop.drain().await;

    let mut refused = Vec::new();
    for (number, person) in came.iter().enumerate() {
        if shop.verdicts(*person).await == ["day_cap"] {
            refused.push(number);
        }
    }
    assert_eq!(refused, [0]);
    shop.prove().await;
}

/// Everything that happened in a family, to be told in any order: who, and what.
fn tale(start: DateTime<Utc>) -> Vec<(usize, Act)> {
    vec![
        (0, shares(start, "A")),
        (1, clicks(day(start, 1), "A")),
        (1, shares(day(start, 2), "B")),
        (2, clicks(day(start, 3), "B")),
        (2, signs_up(day(start, 4), json!({ "code": "A" }))),
        (0, clicks(day(start, 5), "B")),
        (1, order(day(start, 6), "one")),
        (2, order(day(start, 7), "two")),
        (2, refund(day(start, 9), "two")),
        (0, order(day(start, 8), "three")),
    ]
}

/// A family of its own: the tale with codes and ids that nobody else has.
async fn told(shop: &Shop, start: DateTime<Utc>, turn: usize, at_once: bool) -> Value {
    let mut people = Vec::new();
    for name in 0..3 {
        people.push(shop.called(&format!("{turn}-{name}-{at_once}")).await);
    }
    let mut tale = tale(start);
    let length = tale.len();
    tale.rotate_left(turn % length);
    if turn % 2 == 1 {
        tale.reverse();
    }
    for (who, mut act) in tale {
        if let Some(code) = act.properties.get("code").and_then(Value::as_str) {
            act.properties = json!({ "code": format!("{code}-{turn}-{at_once}") });
        }
        shop.receive(people[who], &[act]).await;
        if !at_once {
            shop.drain().await;
        }
    }
    shop.drain().await;
    let name = |id: ProfileId| people.iter().position(|person| *person == id);
    let mut outcome = Vec::new();
    for person in &people {
        let credits = shop.credits(*person).await;
        let credits: Vec<_> = credits
            .into_iter()
            .map(|(hop, who, back)| (hop, name(who), back))
            .collect();
        let advocacy = format!("{:.6}", shop.advocacy(*person).await);
        outcome.push(json!([shop.verdicts(*person).await, credits, advocacy]));
    }
    json!(outcome)
}

#[tokio::test]
async fn the_order_in_which_it_is_told_does_not_matter() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let expected = told(&shop, start, 0, true).await;
    assert_eq!(expected[0][0], json!(["loop"]));
    assert_eq!(expected[1][1], json!([[1, 0, false]]));
    assert_eq!(expected[2][0], json!(["edge", "already_brought"]));
    assert_eq!(expected[2][1], json!([[1, 1, true], [2, 0, true]]));

    for turn in 1..10 {
        for at_once in [false, true] {
            assert_eq!(
                told(&shop, start, turn, at_once).await,
                expected,
                "{turn} {at_once}"
            );
        }
    }
    shop.prove().await;
}
