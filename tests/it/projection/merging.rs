//! Two who turn out to be one, and one who turns out to be two.

use befriend::account::Change;
use befriend::account::merge::{self, Merge};
use befriend::audit::Actor;
use befriend::brand;
use befriend::kernel::Entropy;
use befriend::kernel::id::{ProfileId, StaffId};
use befriend::mail::Post;
use befriend::postgres;
use befriend::projection::ruleset::Applies;
use befriend::stage::Stage;
use befriend::view::language::Language;
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

/// Staff who join and part profiles.
struct Staff {
    brand: brand::Brand,
    actor: Actor,
}

impl Staff {
    async fn of(shop: &Shop) -> Self {
        let mut conn = shop.test.app.pool.acquire().await.unwrap();
        let found = brand::store::find_brand(&mut conn, shop.brand_id).await;
        Self {
            brand: found.unwrap().unwrap(),
            actor: Actor::Staff(StaffId::new(shop.now(), &shop.test.app.entropy)),
        }
    }

    fn change<'a>(&'a self, shop: &'a Shop) -> Change<'a> {
        Change {
            brand: &self.brand,
            actor: self.actor,
            at: shop.now(),
            post: Post {
                cipher: &shop.test.app.cipher,
                entropy: &shop.test.app.entropy,
                language: Language::English,
            },
            issuer: shop.test.app.config.issuer(),
        }
    }

    async fn merge(&self, shop: &Shop, kept: ProfileId, merged: ProfileId) -> Merge {
        let change = self.change(shop);
        postgres::tx(&shop.test.app.pool, async |conn| {
            merge::merge(conn, &change, kept, merged, "one person").await
        })
        .await
        .unwrap()
    }

    async fn part(&self, shop: &Shop, merge: &Merge) {
        let change = self.change(shop);
        postgres::tx(&shop.test.app.pool, async |conn| {
            merge::part(conn, &change, merge, merge::By::Other).await
        })
        .await
        .unwrap();
    }
}

/// Merges as staff and owners make them, in random order, nested, and taken back in random order:
/// in the end everybody stands where they would had nothing been merged.
#[tokio::test]
async fn random_merges_that_are_taken_back_leave_everybody_as_they_were() {
    let shop = Shop::open().await;
    let entropy = Entropy::seeded(163_000);
    let start = shop.now() - TimeDelta::days(400);
    let staff = Staff::of(&shop).await;
    let mut people = Vec::new();
    for _ in 0..2 * PAIRS {
        let person = shop.customer().await;
        let acts: Vec<Act> = (0..=pick(&entropy, EVENTS_MAX))
            .map(|number| random_act(&entropy, start, number))
            .collect();
        shop.receive(person, &acts).await;
        people.push(person);
    }
    shop.drain().await;
    let mut before = Vec::new();
    for person in &people {
        before.push(shop.picture(*person).await);
    }

    let (mut standing, mut merges, mut joined) = (people.clone(), Vec::new(), 0);
    while standing.len() > 1 && joined < PAIRS {
        if !merges.is_empty() && pick(&entropy, 3) == 0 {
            let merge: Merge = merges.remove(pick(&entropy, merges.len()));
            staff.part(&shop, &merge).await;
            standing.push(merge.merged_id);
        } else {
            let merged = standing.remove(pick(&entropy, standing.len()));
            let kept = standing[pick(&entropy, standing.len())];
            merges.push(staff.merge(&shop, kept, merged).await);
            joined += 1;
        }
        shop.drain().await;
    }
    assert!(merges.len() > 3, "only {} in force at once", merges.len());
    for merge in &merges {
        assert_eq!(shop.standing(merge.merged_id).await, None);
    }
    shop.prove().await;
    while !merges.is_empty() {
        let merge = merges.remove(pick(&entropy, merges.len()));
        staff.part(&shop, &merge).await;
        shop.drain().await;
    }

    for (person, before) in people.iter().zip(&before) {
        assert_eq!(&shop.picture(*person).await, before);
    }
    shop.prove().await;
}
