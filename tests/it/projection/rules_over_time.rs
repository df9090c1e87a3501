//! Rules that change: who moves, when, and what becomes of it when they are taken back.

use befriend::audit::Actor;
use befriend::kernel::id::ProfileId;
use befriend::projection::ruleset::{Applies, Publication, PublishError};
use befriend::stage::Stage;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::shop::{Shop, act, befriending, day};

pub(super) const DEFAULT: &str = include_str!("../../../rules/default.yaml");

/// The default rules, but two orders make a friend.
pub(super) fn two_orders_will_do() -> String {
    let text = DEFAULT
        .replace(
            "score: { of: [investment], at_least: 24 }",
            "score: { of: [investment], at_least: 15 }",
        )
        .replace(
            "at_least: 3\n            within_days: 365",
            "at_least: 2\n            within_days: 365",
        );
    assert_ne!(text, DEFAULT);
    text
}

/// The default rules, but nobody is an acquaintance who has not ordered.
pub(super) fn harder_to_meet() -> String {
    let text = DEFAULT.replace(
        "score: { of: [familiarity, investment], at_least: 9 }",
        "score: { of: [familiarity, investment], at_least: 12 }",
    );
    assert_ne!(text, DEFAULT);
    text
}

impl Shop {
    pub(super) async fn publish(&self, document: &str, base_version: i32, applies: Applies) -> i32 {
        let published = self.try_publish(document, base_version, applies).await;
        published.expect("it is published")
    }

    pub(super) async fn try_publish(
        &self,
        document: &str,
        base_version: i32,
        applies: Applies,
    ) -> Result<i32, PublishError> {
        let publication = Publication {
            document,
            base_version,
            applies,
            note: "Because.",
            by: Actor::Operator,
        };
        let projector = &self.test.app.projector;
        projector.publish(self.brand_id, publication).await
    }

    pub(super) async fn take_back(&self, version: i32) -> Result<(), PublishError> {
        let projector = &self.test.app.projector;
        projector
            .take_back(self.brand_id, version, Actor::Operator)
            .await
    }

    /// The version under which each of somebody's moves is recorded, believed or not, with its cause.
    async fn versions_of_moves(&self, customer: ProfileId) -> Vec<(i32, i16, Value, bool)> {
        sqlx::query_as(
            "select r.version, t.to_stage, t.evidence -> 'cause', t.superseded_at is not null
             from transition t join rule_set r using (brand_id, rule_set_id)
             where t.brand_id = $1 and t.profile_id = $2 order by t.effective_at, t.transition_id",
        )
        .bind(self.brand_id.uuid())
        .bind(customer.uuid())
        .fetch_all(&self.test.app.pool)
        .await
        .unwrap()
    }

    async fn version_of_standing(&self, customer: ProfileId) -> i32 {
        sqlx::query_scalar(
            "select r.version from standing s join rule_set r using (brand_id, rule_set_id)
             where s.brand_id = $1 and s.profile_id = $2",
        )
        .bind(self.brand_id.uuid())
        .bind(customer.uuid())
        .fetch_one(&self.test.app.pool)
        .await
        .unwrap()
    }
}

/// Three people: one who only met the brand, one with two orders, one with three.
async fn people(shop: &Shop) -> [ProfileId; 3] {
    let start = day(shop.now(), -62);
    let history = befriending(start);
    let mut people = [shop.customer().await; 3];
    people[1] = shop.customer().await;
    people[2] = shop.customer().await;
    for (person, acts) in people.iter().zip([2, 4, 5]) {
        shop.learn(*person, &history[..acts]).await;
    }
    people
}

#[tokio::test]
async fn published_forward_it_moves_whom_it_should_at_that_instant_and_touches_nothing_earlier() {
    let shop = Shop::open().await;
    let [met, twice, friend] = people(&shop).await;
    let before = [
        shop.moves(met).await,
        shop.moves(twice).await,
        shop.moves(friend).await,
    ];
    shop.test.clock.advance(TimeDelta::hours(1));
    let published = shop.now();

    let version = shop
        .publish(&two_orders_will_do(), 1, Applies::Forward)
        .await;
    shop.test.clock.advance(TimeDelta::hours(5));
    shop.sweep().await;

    assert_eq!(version, 2);
    assert_eq!(shop.moves(met).await, before[0]);
    assert_eq!(shop.moves(friend).await, before[2]);
    let moves = shop.moves(twice).await;
    assert_eq!(moves[..1], before[1]);
    assert_eq!(moves[1], (1, 2, "P2".to_owned(), published));
    let recorded = shop.versions_of_moves(twice).await;
    assert_eq!(recorded[0].0, 1);
    assert_eq!(recorded[1], (2, 2, json!("rules_changed"), false));
    let facts = shop.facts(twice).await;
    let kinds: Vec<_> = facts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["stage.changed", "stage.changed"]);
    for person in [met, twice, friend] {
        assert_eq!(shop.version_of_standing(person).await, 2);
    }
    shop.prove().await;

    // What happens from here on counts under the new rules.
    let newcomer = shop.customer().await;
    let now = shop.now();
    shop.learn(newcomer, &befriending(day(now, -31))[..4]).await;
    assert_eq!(shop.stage(newcomer).await, Stage::Friend);
    shop.prove().await;
}

#[tokio::test]
async fn applied_to_history_it_folds_everybody_anew_and_keeps_what_was_believed() {
    let shop = Shop::open().await;
    let [met, twice, friend] = people(&shop).await;

    shop.publish(&two_orders_will_do(), 1, Applies::History)
        .await;
    shop.sweep().await;

    let start = day(shop.now(), -62);
    assert_eq!(shop.moves(twice).await[1].3, day(start, 31));
    assert_eq!(shop.moves(friend).await[1].3, day(start, 31));
    assert_eq!(shop.moves(met).await.len(), 1);
    let facts = shop.facts(friend).await;
    let corrected = facts.iter().find(|(kind, _)| kind == "stage.corrected");
    let (_, payload) = corrected.expect("it is told as a correction");
    assert_eq!(payload["old"][0]["to"], "friend");
    let rows = shop.versions_of_moves(friend).await;
    let believed: Vec<_> = rows.iter().map(|row| (row.0, row.1, row.3)).collect();
    assert_eq!(believed, [(1, 1, false), (2, 2, false), (1, 2, true)]);
    shop.prove().await;
}

#[tokio::test]
async fn taken_back_every_standing_is_what_it_was_and_superseded_rows_stay() {
    let shop = Shop::open().await;
    let people = people(&shop).await;
    shop.sweep().await;
    let mut before = Vec::new();
    for person in people {
        before.push(shop.picture(person).await);
    }

    for (version, applies) in [(2, Applies::Forward), (3, Applies::History)] {
        shop.publish(&two_orders_will_do(), 1, applies).await;
        shop.sweep().await;
        assert_eq!(shop.stage(people[1]).await, Stage::Friend);
        shop.prove().await;

        shop.take_back(version).await.unwrap();
        shop.sweep().await;

        for (person, before) in people.iter().zip(&before) {
            assert_eq!(&shop.picture(*person).await, before);
            assert_eq!(shop.version_of_standing(*person).await, 1);
        }
        shop.prove().await;
    }
    let superseded = shop.versions_of_moves(people[1]).await;
    let superseded: Vec<_> = superseded
        .iter()
        .filter(|row| row.3)
        .map(|row| row.0)
        .collect();
    assert_eq!(superseded, [3, 2]);
}

#[tokio::test]
async fn a_stop_between_publishing_and_looking_at_everybody_loses_nobody() {
    let shop = Shop::open().await;
    let people = people(&shop).await;
    let published = shop.now();
    shop.publish(&two_orders_will_do(), 1, Applies::Forward)
        .await;

    // Nobody projects; time passes, and another process starts with nothing in its memory.
    shop.test.clock.advance(TimeDelta::days(3));
    let app = &shop.test.app;
    let current = {
        let mut conn = app.pool.acquire().await.unwrap();
        let current = app
            .projector
            .current(&mut conn, shop.brand_id, people[1])
            .await;
        current.unwrap()
    };
    let progress = app
        .projector
        .publish_progress(shop.brand_id)
        .await
        .unwrap()
        .unwrap();
    let other = befriend::projection::Projector::new(
        app.pool.clone(),
        app.clock.clone(),
        app.entropy.clone(),
    );
    other.sweep().await.unwrap();

    assert_eq!(
        current.standing.stage,
        Stage::Friend,
        "whoever asks is told the truth"
    );
    assert_eq!(current.rules.version, 2);
    assert_eq!((progress.done, progress.finished_at), (0, None));
    let progress = app
        .projector
        .publish_progress(shop.brand_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((progress.people, progress.done), (Some(3), 3));
    assert!(progress.finished_at.is_some());
    assert_eq!(shop.moves(people[1]).await[1].3, published);
    shop.prove().await;
}

#[tokio::test]
async fn a_round_that_stops_half_way_goes_on_where_it_was() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -40);
    let mut crowd = Vec::new();
    for _ in 0..300 {
        let person = shop.customer().await;
        shop.receive(person, &befriending(start)[..4]).await;
        crowd.push(person);
    }
    shop.drain().await;
    shop.publish(&two_orders_will_do(), 1, Applies::Forward)
        .await;

    // As after a crash: the first page is done, the second is not.
    crowd.sort();
    let first = crowd[255];
    sqlx::query("update rule_round set after = $2, done = 256, people = 300 where brand_id = $1")
        .bind(shop.brand_id.uuid())
        .bind(first.uuid())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    shop.sweep().await;

    assert_eq!(shop.stage(crowd[256]).await, Stage::Friend);
    assert_eq!(
        shop.stage(first).await,
        Stage::Acquaintance,
        "the page was not done twice"
    );
    let progress = shop
        .test
        .app
        .projector
        .publish_progress(shop.brand_id)
        .await;
    assert_eq!(progress.unwrap().unwrap().done, 300);
}

#[tokio::test]
async fn rules_of_a_later_date_wait_for_it() {
    let shop = Shop::open().await;
    let [_, twice, _] = people(&shop).await;
    let from = day(shop.now(), 10);
    shop.publish(&two_orders_will_do(), 1, Applies::ForwardFrom(from))
        .await;
    shop.sweep().await;
    assert_eq!(shop.stage(twice).await, Stage::Acquaintance);
    assert_eq!(shop.version_of_standing(twice).await, 1);

    shop.test.clock.advance(TimeDelta::days(12));
    shop.sweep().await;

    assert_eq!(shop.moves(twice).await[1], (1, 2, "P2".to_owned(), from));
    assert_eq!(shop.version_of_standing(twice).await, 2);
    shop.prove().await;
    let too_late = shop
        .try_publish(DEFAULT, 2, Applies::ForwardFrom(from))
        .await;
    assert!(
        matches!(too_late, Err(PublishError::InThePast)),
        "{too_late:?}"
    );
}

#[tokio::test]
async fn late_events_find_the_rules_of_their_own_time() {
    let shop = Shop::open().await;
    let start = shop.now();
    let customer = shop.customer().await;
    shop.learn(customer, &[act("Consent Given", start)]).await;
    shop.test.clock.advance(TimeDelta::days(10));
    shop.publish(&harder_to_meet(), 1, Applies::Forward).await;
    shop.sweep().await;
    assert_eq!(shop.stage(customer).await, Stage::Stranger);

    // Ten points on the first day: enough by the rules of that day, not by those of today.
    shop.learn(customer, &[act("Signed Up", start)]).await;

    assert_eq!(shop.moves(customer).await, [(0, 1, "P1".to_owned(), start)]);
    assert_eq!(shop.versions_of_moves(customer).await[0].0, 1);
    let other = shop.customer().await;
    let now = shop.now();
    let acts = [act("Consent Given", now), act("Signed Up", now)];
    shop.learn(other, &acts).await;
    assert_eq!(shop.stage(other).await, Stage::Stranger);
    shop.prove().await;
}
