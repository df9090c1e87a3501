//! A preview says what publishing does, to whom, and survives its request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use befriend::kernel::id::{PreviewId, ProfileId};
use befriend::projection::preview::{PreviewMode, PreviewRequest, PreviewStatus, StoredPreview};
use befriend::projection::ruleset::Applies;
use befriend::stage::simulate::Preview;
use befriend::stage::{RuleSet, Rules, Stage};
use chrono::TimeDelta;
use serde_json::json;

use super::rules_over_time::{harder_to_meet, two_orders_will_do};
use super::shop::{Shop, act, day, order};

fn rules(document: &str) -> Arc<Rules> {
    let set = RuleSet::from_yaml(document).unwrap();
    Arc::new(Rules::new(set).unwrap())
}

/// Forty people who differ in how often they bought, when, and what else happened to them.
async fn crowd(shop: &Shop) -> Vec<ProfileId> {
    let mut crowd = Vec::new();
    for number in 0..40_i64 {
        let person = shop.customer().await;
        let start = day(shop.now(), -20 - 4 * number);
        let mut acts = Vec::new();
        if number % 10 == 9 {
            acts.push(act("Product Viewed", start).by_visitor());
        } else {
            acts.push(act("Signed Up", start));
            if number % 4 != 3 {
                acts.push(act("Consent Given", start + TimeDelta::seconds(5)));
            }
            for bought in 0..number % 5 {
                let at = day(start, 1 + bought * (9 + number % 3 * 20));
                acts.push(order(at, &format!("{number}-{bought}")));
            }
            if number % 13 == 6 {
                let id = json!({ "order_id": format!("{number}-0") });
                acts.push(act("Order Refunded", day(start, 3)).with(id));
            }
            if number % 11 == 7 {
                acts.push(act("Dispute Opened", day(start, 40)).with(json!({ "dispute_id": "d" })));
            }
        }
        acts.retain(|act| act.at <= shop.now());
        shop.receive(person, &acts).await;
        crowd.push(person);
    }
    shop.drain().await;
    shop.sweep().await;
    crowd
}

async fn stages(shop: &Shop, crowd: &[ProfileId]) -> BTreeMap<String, Stage> {
    let mut stages = BTreeMap::new();
    for person in crowd {
        stages.insert(person.to_string(), shop.stage(*person).await);
    }
    stages
}

async fn preview(shop: &Shop, document: &str, mode: PreviewMode) -> Preview {
    let request = PreviewRequest::new(rules(document), mode);
    let projector = &shop.test.app.projector;
    let preview = projector.preview(shop.brand_id, &request, |_| ()).await;
    preview.unwrap()
}

/// Who moved, from where to where.
fn moved(
    before: &BTreeMap<String, Stage>,
    after: &BTreeMap<String, Stage>,
) -> BTreeSet<(String, Stage, Stage)> {
    let both = before.iter().zip(after.values());
    both.filter(|((_, from), to)| from != to)
        .map(|((person, from), to)| (person.clone(), *from, *to))
        .collect()
}

#[tokio::test]
async fn publishing_moves_exactly_whom_the_preview_named_and_taking_back_returns_them() {
    let shop = Shop::open().await;
    let crowd = crowd(&shop).await;
    let before = stages(&shop, &crowd).await;
    let drafts = [two_orders_will_do(), harder_to_meet()];
    let mut moves = Vec::new();

    let mut version = 1;
    for document in &drafts {
        for (mode, applies) in [
            (PreviewMode::FromNowOn, Applies::Forward),
            (PreviewMode::History, Applies::History),
        ] {
            let told = preview(&shop, document, mode).await;
            version = shop.publish(document, 1, applies).await;
            shop.sweep().await;

            let after = stages(&shop, &crowd).await;
            let did = moved(&before, &after);
            assert!(told.moved <= 20, "all of them are named: {}", told.moved);
            let samples = told.samples.iter();
            let named = samples.map(|one| (one.profile_id.clone(), one.from, one.to));
            assert_eq!(named.collect::<BTreeSet<_>>(), did, "{mode:?}");
            for stage in Stage::ALL {
                let count = |all: &BTreeMap<String, Stage>| {
                    u64::try_from(all.values().filter(|one| **one == stage).count()).unwrap()
                };
                let nameless = if stage == Stage::Stranger {
                    told.anonymous
                } else {
                    0
                };
                assert_eq!(told.before(stage) + nameless, count(&before));
                assert_eq!(told.after(stage) + nameless, count(&after));
            }
            moves.push(did.len());
            shop.prove().await;

            shop.take_back(version).await.unwrap();
            shop.sweep().await;
            assert_eq!(stages(&shop, &crowd).await, before);
        }
    }

    assert_eq!(version, 5);
    // Where fewer are to be acquaintances, those who are stay so until they fade: unless the rules
    // are applied to history.
    assert_eq!(moves, [5, 9, 0, 4]);
}

#[tokio::test]
async fn a_preview_counts_events_up_to_its_instant_and_what_people_went_on_to_earn() {
    let shop = Shop::open().await;
    crowd(&shop).await;
    let mut request = PreviewRequest::new(rules(&two_orders_will_do()), PreviewMode::FromNowOn);
    request.at = Some(day(shop.now(), -30));
    request.horizon_days = 60;

    let projector = &shop.test.app.projector;
    let told = projector.preview(shop.brand_id, &request, |_| ()).await;
    let told = told.unwrap();

    let events: i64 = sqlx::query_scalar("select count(*) from event where event_time <= $1")
        .bind(told.at)
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
    assert_eq!(told.events, u64::try_from(events).unwrap());
    assert_eq!(told.reference, day(told.at, -60));
    let earned = told.present.earned.iter().map(|earned| earned.orders);
    let orders: i64 = sqlx::query_scalar(
        "select count(*) from event
         where name = 'Order Completed' and event_time > $1 and event_time <= $2",
    )
    .bind(told.reference)
    .bind(told.at)
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    let by_newcomers: i64 = sqlx::query_scalar(
        "select count(*) from event e
         where name = 'Order Completed' and event_time > $1 and event_time <= $2
           and not exists (select from event k where k.profile_id = e.profile_id and k.event_time <= $1)",
    )
    .bind(told.reference)
    .bind(told.at)
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    assert!(orders > by_newcomers && by_newcomers > 0);
    assert_eq!(
        earned.sum::<u64>(),
        u64::try_from(orders - by_newcomers).unwrap()
    );
}

impl Shop {
    async fn start_preview(&self, document: &str) -> PreviewId {
        let request = PreviewRequest::new(rules(document), PreviewMode::History);
        let projector = &self.test.app.projector;
        projector
            .start_preview(self.brand_id, request)
            .await
            .unwrap()
    }

    async fn find_preview(&self, preview_id: PreviewId) -> StoredPreview {
        let projector = &self.test.app.projector;
        let found = projector.find_preview(self.brand_id, preview_id).await;
        found.unwrap().expect("it was started")
    }

    async fn finished_preview(&self, preview_id: PreviewId) -> StoredPreview {
        for _ in 0..600 {
            let found = self.find_preview(preview_id).await;
            if found.finished_at.is_some() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the preview came to no end");
    }

    /// A preview whose process has died, as far as anybody can see.
    async fn abandoned_preview(&self) -> PreviewId {
        let preview_id = PreviewId::new(self.now(), &self.test.app.entropy);
        sqlx::query(
            "insert into rule_preview (brand_id, preview_id, fingerprint, base_version, mode,
                 looked_at, horizon_days, started_at, seen_at, people, done)
             values ($1, $2, repeat('0', 16), 1, 'history', $3, 273, $3, $3, 40, 7)",
        )
        .bind(self.brand_id.uuid())
        .bind(preview_id.uuid())
        .bind(self.now())
        .execute(&self.test.app.pool)
        .await
        .unwrap();
        preview_id
    }
}

#[tokio::test]
async fn a_started_preview_ends_by_itself_and_any_process_reads_it() {
    let shop = Shop::open().await;
    crowd(&shop).await;
    let expected = preview(&shop, &two_orders_will_do(), PreviewMode::History).await;

    let preview_id = shop.start_preview(&two_orders_will_do()).await;
    let found = shop.finished_preview(preview_id).await;

    assert!(found.is_about(&rules(&two_orders_will_do()), 1, PreviewMode::History));
    assert!(!found.is_about(&rules(&harder_to_meet()), 1, PreviewMode::History));
    assert_eq!((found.people, found.done), (Some(40), 40));
    let result = Box::new(expected);
    assert_eq!(found.status, PreviewStatus::Done { result });
    let app = &shop.test.app;
    let latest = app.projector.latest_preview(shop.brand_id).await.unwrap();
    assert_eq!(latest, Some(found));
    let stored: String = sqlx::query_scalar("select result::text from rule_preview")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(!stored.contains('@'), "names and addresses are not stored");
}

#[tokio::test]
async fn a_preview_whose_process_died_shows_as_stopped_and_gives_way() {
    let shop = Shop::open().await;
    crowd(&shop).await;
    let dead = shop.abandoned_preview().await;
    assert_eq!(shop.find_preview(dead).await.status, PreviewStatus::Running);

    shop.test.clock.advance(TimeDelta::seconds(31));
    assert_eq!(shop.find_preview(dead).await.status, PreviewStatus::Stopped);
    let next = shop.start_preview(&harder_to_meet()).await;

    let found = shop.finished_preview(next).await;
    assert!(matches!(found.status, PreviewStatus::Done { .. }));
    let given_up = shop.find_preview(dead).await;
    assert!(matches!(given_up.status, PreviewStatus::Failed { .. }));
}

#[tokio::test]
async fn asking_again_joins_what_runs_and_asking_otherwise_replaces_it() {
    let shop = Shop::open().await;
    let running = shop.abandoned_preview().await;
    let fingerprint = befriend::projection::preview::fingerprint(&rules(&two_orders_will_do()));
    sqlx::query("update rule_preview set fingerprint = $1")
        .bind(fingerprint)
        .execute(&shop.test.app.pool)
        .await
        .unwrap();

    let joined = shop.start_preview(&two_orders_will_do()).await;
    let other = shop.start_preview(&harder_to_meet()).await;

    assert_eq!(joined, running);
    assert_ne!(other, running);
    let given_up = shop.find_preview(running).await;
    assert_eq!(
        given_up.status,
        PreviewStatus::Failed {
            error: "another preview was started".to_owned()
        }
    );
    // Months later it is of no use to anybody, and goes when the next one begins.
    shop.finished_preview(other).await;
    shop.test.clock.advance(TimeDelta::days(31));
    let last = shop.start_preview(&two_orders_will_do()).await;
    let left: Vec<uuid::Uuid> = sqlx::query_scalar("select preview_id from rule_preview")
        .fetch_all(&shop.test.app.pool)
        .await
        .unwrap();
    assert_eq!(left, [last.uuid()]);
}
