//! Whatever the order, the batches and the sweeps in between: the same stages, and what is stored is
//! what happened.

use befriend::kernel::Entropy;
use befriend::kernel::id::ProfileId;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::shop::{Act, Shop, act, order};

const HISTORIES: usize = 30;
const EVENTS_MAX: usize = 24;
const ROUNDS: usize = 6;

pub(super) fn pick(entropy: &Entropy, below: usize) -> usize {
    usize::try_from(u32::from_le_bytes(entropy.bytes())).unwrap() % below
}

pub(super) fn random_act(entropy: &Entropy, start: DateTime<Utc>, number: usize) -> Act {
    // Half hours, so that several fall on one day and some on one instant.
    let at = start + TimeDelta::minutes(30 * i64::try_from(pick(entropy, 48 * 500)).unwrap());
    let order_id = pick(entropy, 6).to_string();
    let act = match pick(entropy, 14) {
        0..=4 => order(at, &format!("{order_id} {number}"))
            .with(json!({ "order_id": order_id, "revenue": 10, "discount": pick(entropy, 5) })),
        5 => act("Order Refunded", at).with(json!({ "order_id": order_id })),
        6 => act("Signed Up", at),
        7 => act("Consent Given", at),
        8 => act("Product Reviewed", at).with(json!({ "rating": pick(entropy, 6) })),
        9 => act("Referral Converted", at),
        10 => act("Dispute Opened", at).with(json!({ "dispute_id": "d" })),
        11 => act("Dispute Resolved", at).with(json!({ "dispute_id": "d", "satisfied": true })),
        12 => act("NPS Submitted", at).with(json!({ "score": pick(entropy, 11) })),
        _ => act("Product Viewed", at).by_visitor(),
    };
    act.message_id(&format!("m{number}"))
}

#[tokio::test]
async fn arrival_order_batches_and_sweeps_leave_no_trace() {
    let shop = Shop::open().await;
    let entropy = Entropy::seeded(20_261_122);
    let start = shop.now() - TimeDelta::days(400);
    let mut histories: Vec<(ProfileId, Vec<Act>, Vec<Act>)> = Vec::new();
    for _ in 0..HISTORIES {
        let acts: Vec<Act> = (0..=pick(&entropy, EVENTS_MAX))
            .map(|number| random_act(&entropy, start, number))
            .collect();
        histories.push((shop.customer().await, acts.clone(), acts));
    }

    for round in 1..=ROUNDS {
        for (profile_id, left, _) in &mut histories {
            let mut batch = Vec::new();
            while !left.is_empty() && (round == ROUNDS || pick(&entropy, 3) > 0) {
                batch.push(left.swap_remove(pick(&entropy, left.len())));
                if round < ROUNDS && pick(&entropy, 3) == 0 {
                    break;
                }
            }
            shop.receive(*profile_id, &batch).await;
        }
        shop.drain().await;
        shop.prove().await;
        let days = i64::try_from(pick(&entropy, 60)).unwrap();
        shop.test.clock.advance(TimeDelta::days(days));
        if pick(&entropy, 2) == 0 {
            shop.sweep().await;
        }
    }
    shop.sweep().await;
    shop.prove().await;

    let mut moved = 0;
    for (profile_id, _, acts) in histories {
        let control = shop.customer().await;
        shop.learn(control, &acts).await;
        assert_eq!(
            shop.moves(profile_id).await,
            shop.moves(control).await,
            "{acts:#?}"
        );
        let stored = [profile_id, control].map(|id| shop.standing(id));
        let [one, other] = stored;
        let strip = |value: Option<serde_json::Value>, id: ProfileId| {
            value.unwrap().to_string().replace(&format!("{id} "), "")
        };
        assert_eq!(strip(one.await, profile_id), strip(other.await, control));
        moved += usize::from(!shop.moves(profile_id).await.is_empty());
    }
    assert!(
        moved > HISTORIES / 3,
        "histories in which nobody moves prove little: {moved}"
    );
}
