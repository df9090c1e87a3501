//! Two who turn out to be one, and one who turns out to be two.

use befriend::kernel::Entropy;
use befriend::kernel::id::ProfileId;
use befriend::projection::ruleset::Applies;
use befriend::stage::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::order::{pick, random_act};
use super::rules_over_time::two_orders_will_do;
use super::shop::{Act, Move, Shop, act, befriending, day, order};

const PAIRS: usize = 20;
const EVENTS_MAX: usize = 16;

impl Shop {
    /// Everything stored of somebody's standing, and the moves believed.
    pub(super) async fn picture(&self, customer: ProfileId) -> (Option<Value>, Vec<Move>) {
        (self.standing(customer).await, self.moves(customer).await)
    }

    async fn set_merged(&self, one: ProfileId, into: Option<ProfileId>) {
        sqlx::query(
            "update profile set merged_into = $3, status = $4
             where brand_id = $1 and profile_id = $2",
        )
        .bind(self.brand_id.uuid())
        .bind(one.uuid())
        .bind(into.map(ProfileId::uuid))
        .bind(if into.is_some() { "merged" } else { "active" })
        .execute(&self.test.app.pool)
        .await
        .unwrap();
    }

    /// Has people folded anew from `since` on.
    async fn look_again_at(&self, people: &[ProfileId], since: DateTime<Utc>) {
        for id in people {
            sqlx::query(
                "insert into projection_queue (brand_id, profile_id, since, queued_at)
                 values ($1, $2, $3, $4)",
            )
            .bind(self.brand_id.uuid())
            .bind(id.uuid())
            .bind(since)
            .bind(self.now())
            .execute(&self.test.app.pool)
            .await
            .unwrap();
        }
        self.drain().await;
    }
}

#[tokio::test]
async fn a_merge_that_is_undone_gives_both_sides_their_standings_back() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -62);
    let (one, other) = (shop.customer().await, shop.customer().await);
    let history = befriending(start);
    shop.learn(one, &history[..3]).await;
    shop.learn(
        other,
        &[
            act("Signed Up", day(start, 5)),
            order(day(start, 40), "four"),
        ],
    )
    .await;
    shop.publish(&two_orders_will_do(), 1, Applies::Forward)
        .await;
    shop.sweep().await;
    let before = [shop.picture(one).await, shop.picture(other).await];
    shop.set_merged(one, Some(other)).await;
    shop.look_again_at(&[one, other], start).await;
    assert_eq!(shop.standing(one).await, None);
    assert_eq!(
        shop.stage(other).await,
        Stage::Friend,
        "two orders between them"
    );
    shop.prove().await;

    shop.set_merged(one, None).await;
    shop.look_again_at(&[one, other], start).await;
    assert_eq!([shop.picture(one).await, shop.picture(other).await], before);
    shop.prove().await;
}

/// Two people, and a third who did all that either of them did.
struct Pair {
    people: [ProfileId; 2],
    both: ProfileId,
    before: [(Option<Value>, Vec<Move>); 2],
}

async fn pair(shop: &Shop, entropy: &Entropy, start: DateTime<Utc>) -> Pair {
    let people = [shop.customer().await, shop.customer().await];
    let both = shop.customer().await;
    for (number, person) in people.iter().enumerate() {
        let acts: Vec<Act> = (0..=pick(entropy, EVENTS_MAX))
            .map(|number| random_act(entropy, start, number))
            .collect();
        shop.receive(*person, &acts).await;
        // What falls on one instant is told apart by its id: in the order of the two it comes from.
        let of_both: Vec<_> = acts
            .into_iter()
            .map(|act| {
                let id = format!("{number} {}", act.message_id);
                act.message_id(&id)
            })
            .collect();
        shop.receive(both, &of_both).await;
    }
    shop.drain().await;
    let before = [shop.picture(people[0]).await, shop.picture(people[1]).await];
    Pair {
        people,
        both,
        before,
    }
}

#[tokio::test]
async fn any_two_merged_are_as_one_who_did_it_all_and_unmerged_as_they_were() {
    let shop = Shop::open().await;
    let entropy = Entropy::seeded(20_261_122);
    let start = shop.now() - TimeDelta::days(400);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        pairs.push(pair(&shop, &entropy, start).await);
    }

    let mut changed = 0;
    for (number, pair) in pairs.iter().enumerate() {
        let (into, from) = (pair.people[number % 2], pair.people[1 - number % 2]);
        shop.set_merged(from, Some(into)).await;
        shop.look_again_at(&pair.people, start).await;

        assert_eq!(shop.standing(from).await, None, "{number}");
        let moves = shop.moves(into).await;
        assert_eq!(moves, shop.moves(pair.both).await, "{number}");
        changed += usize::from(moves != pair.before[number % 2].1);
    }
    assert!(
        changed > PAIRS / 2,
        "merging moved only {changed} of {PAIRS}"
    );
    shop.prove().await;

    for (number, pair) in pairs.iter().enumerate() {
        shop.set_merged(pair.people[1 - number % 2], None).await;
        shop.look_again_at(&pair.people, start).await;

        for (person, before) in pair.people.iter().zip(&pair.before) {
            assert_eq!(&shop.picture(*person).await, before, "{number}");
        }
    }
    shop.prove().await;
}
