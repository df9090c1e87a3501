//! Whom ids name, whatever the order, the number of services and the malice of the senders.

use std::collections::BTreeMap;

use befriend::app::{App, Parts, SharedApp};
use befriend::event::Submission;
use befriend::kernel::Entropy;
use befriend::kernel::id::BrandId;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::assert_flat;
use super::{Sender, ask, statuses, track};
use crate::harness::{TestApp, start_of_time};

const CHAIN: usize = 10_000;
const BATCH: usize = 500;

/// Another service on the same database.
pub fn another(test: &TestApp) -> SharedApp {
    App::new(Parts {
        config: test.app.config.clone(),
        pool: test.database.address().pool(8),
        clock: test.clock.clone(),
        entropy: Entropy::seeded(test.database.number() + 1_000_000),
        installation_key: [7; 32],
        breached: befriend::credential::breached::Breached::none(),
        metrics: befriend::telemetry::metrics().unwrap(),
    })
}

fn pick(entropy: &Entropy, below: usize) -> usize {
    usize::try_from(u32::from_le_bytes(entropy.bytes())).unwrap() % below
}

fn shuffle<T>(entropy: &Entropy, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, pick(entropy, last + 1));
    }
}

/// Hands events over in random batches to services side by side.
async fn send_to(
    services: &[&SharedApp],
    brand_id: BrandId,
    events: Vec<Value>,
    entropy: &Entropy,
) {
    let mut events = events.into_iter().peekable();
    let mut batches = Vec::new();
    while events.peek().is_some() {
        let batch: Vec<Value> = events.by_ref().take(1 + pick(entropy, 8)).collect();
        let app = services[pick(entropy, services.len())];
        let now = app.clock.now();
        let submission = Submission::internal(brand_id, batch, now, &app.entropy);
        batches.push(app.intake.submit(submission));
    }
    for verdicts in join_all(batches).await {
        for verdict in verdicts.unwrap() {
            let outcome = format!("{:?}", verdict.outcome);
            assert!(outcome.starts_with("Accepted"), "{outcome}");
        }
    }
}

#[tokio::test]
async fn a89_a_chain_of_ten_thousand_joins_no_two_people_and_stays_flat() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let alias = |number: usize, user: usize, previous: usize| {
        json!({
            "type": "alias", "messageId": format!("m{number}"), "userId": format!("u{user}"),
            "previousId": format!("u{previous}")
        })
    };
    // From one to the next, and from the last back to the first.
    let mut chain: Vec<Value> = (0..CHAIN).map(|n| alias(n, n + 1, n)).collect();
    chain.push(alias(CHAIN, 0, CHAIN));

    for batch in chain.chunks(BATCH) {
        let verdicts = sender.send(&test, batch).await;
        assert!(
            statuses(&verdicts)
                .iter()
                .all(|status| *status == "accepted")
        );
    }

    assert_flat(&test, &sender, "a chain").await;
    let users =
        "select count(distinct profile_id) from alias where brand_id = $1 and kind = 'user'";
    assert_eq!(ask::<i64>(&test, &sender, users).await, 10_001);
    let refused =
        "select count(*) from event where brand_id = $1 and 'alias_of_another' = any(flags)";
    assert!(ask::<i64>(&test, &sender, refused).await > 0);
}

#[tokio::test]
async fn a89_visitors_handed_from_one_to_the_next_end_with_one_person() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let visits: Vec<Value> = (0..BATCH)
        .map(|n| track(&format!("v{n}"), &json!({ "anonymousId": format!("a{n}") })))
        .collect();
    let claims = |user: &str| -> Vec<Value> {
        (0..BATCH)
            .map(|n| {
                json!({
                    "type": "alias", "messageId": format!("{user}-{n}"), "userId": user,
                    "previousId": format!("a{n}")
                })
            })
            .collect()
    };

    for batch in [visits, claims("first"), claims("second")] {
        sender.send(&test, &batch).await;
    }

    assert_flat(&test, &sender, "claims").await;
    let merged = "select count(*) from profile where brand_id = $1 and status = 'merged'";
    assert_eq!(ask::<i64>(&test, &sender, merged).await, 500);
    let others = "select count(*) from event where brand_id = $1 and message_id like 'second-%'
                      and 'alias_of_another' = any(flags)";
    assert_eq!(ask::<i64>(&test, &sender, others).await, 500);
}

/// Any sequence of aliases, in any order, through two services at once.
#[tokio::test]
async fn a89_joins_stay_flat_in_any_order_through_two_services() {
    let test = TestApp::start().await;
    let other = another(&test);
    for seed in 0..8 {
        let sender = Sender::new(&test, &format!("brand-{seed}")).await;
        let entropy = Entropy::seeded(seed);
        let id = |kind: &str, below| format!("{kind}{}", pick(&entropy, below));
        let mut events: Vec<Value> = (0..120)
            .map(|n| {
                let message = format!("m{n}");
                let any = if pick(&entropy, 2) == 0 { id("u", 4) } else { id("a", 6) };
                match pick(&entropy, 4) {
                    0 => track(&message, &json!({ "anonymousId": id("a", 6) })),
                    1 => track(&message, &json!({ "anonymousId": id("a", 6), "userId": id("u", 4) })),
                    _ => json!({
                        "type": "alias", "messageId": message, "userId": id("u", 4), "previousId": any
                    }),
                }
            })
            .collect();
        shuffle(&entropy, &mut events);

        send_to(&[&test.app, &other], sender.brand_id, events, &entropy).await;

        assert_flat(&test, &sender, &format!("seed {seed}")).await;
    }
    other.intake.close().await;
}

/// What somebody did within a year: first unseen, then known.
fn history(entropy: &Entropy, person: usize) -> Vec<Value> {
    let start = start_of_time() - TimeDelta::days(400);
    let (user, visitor) = (format!("u{person}"), format!("a{person}"));
    (0..=8 + pick(entropy, 12))
        .map(|number| {
            let at = start + TimeDelta::hours(i64::try_from(pick(entropy, 24 * 390)).unwrap());
            let (name, properties) = match pick(entropy, 8) {
                0 => ("Signed Up", json!({})),
                1 => ("Consent Given", json!({})),
                2 => ("Product Reviewed", json!({ "rating": pick(entropy, 6) })),
                3 => ("Dispute Opened", json!({ "dispute_id": "d" })),
                4 => ("Product Viewed", json!({})),
                _ => (
                    "Order Completed",
                    json!({ "order_id": format!("{number}"), "revenue": 20 }),
                ),
            };
            // Each brings the visitor's id; some only that.
            let mut event = json!({
                "type": "track", "messageId": format!("{user}-{number}"), "anonymousId": visitor,
                "event": name, "properties": properties, "timestamp": at.to_rfc3339(),
            });
            if number == 0 || pick(entropy, 5) > 0 {
                event["userId"] = json!(user);
            }
            event
        })
        .collect()
}

/// Where everybody of a brand stands, and how they came there, by user id.
async fn standings(test: &TestApp, sender: &Sender) -> BTreeMap<String, Value> {
    let rows: Vec<(String, Value)> = sqlx::query_as(
        "select a.alias, jsonb_build_object(
             'stage', s.stage, 'since', s.stage_since, 'folded', s.events_folded,
             'moves', (select jsonb_agg(jsonb_build_array(t.from_stage, t.to_stage, t.rule, t.effective_at)
                                        order by t.effective_at, t.to_stage)
                       from transition t where t.brand_id = a.brand_id
                           and t.profile_id = a.profile_id and t.superseded_at is null))
         from alias a join standing s using (brand_id, profile_id)
         where a.brand_id = $1 and a.kind = 'user'",
    )
    .bind(sender.brand_id.uuid())
    .fetch_all(&test.app.pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a83_any_order_through_two_services_gives_the_same_standing() {
    const PEOPLE: usize = 25;
    let test = TestApp::start().await;
    let other = another(&test);
    let entropy = Entropy::seeded(83);
    let histories: Vec<Vec<Value>> = (0..PEOPLE)
        .map(|person| history(&entropy, person))
        .collect();
    let control = Sender::new(&test, "control").await;
    for told in &histories {
        let mut told = told.clone();
        told.sort_by_key(|event| event["timestamp"].as_str().unwrap().to_owned());
        send_to(&[&test.app], control.brand_id, told, &entropy).await;
        test.app.projector.drain().await.unwrap();
    }
    let expected = standings(&test, &control).await;
    assert_eq!(expected.len(), PEOPLE);

    for round in 0..4 {
        let sender = Sender::new(&test, &format!("round-{round}")).await;
        let mut events: Vec<Value> = histories.concat();
        shuffle(&entropy, &mut events);
        let later = events.split_off(events.len() / 2);
        for part in [events, later] {
            send_to(&[&test.app, &other], sender.brand_id, part, &entropy).await;
            let (one, two) = tokio::join!(test.app.projector.drain(), other.projector.drain());
            one.and(two).unwrap();
        }

        assert_eq!(standings(&test, &sender).await, expected, "round {round}");
        assert_flat(&test, &sender, &format!("round {round}")).await;
    }
    let moved = expected
        .values()
        .filter(|one| !one["moves"].is_null())
        .count();
    assert!(
        moved > PEOPLE / 2,
        "{moved} people moved: that proves little"
    );
    other.intake.close().await;
}
