//! A brand whose events are written as intake would write them.

use befriend::kernel::id::{BrandId, ProfileId};
use befriend::projection::Mode;
use befriend::stage::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::TestApp;

pub struct Shop {
    pub test: TestApp,
    pub brand_id: BrandId,
}

/// An event to write.
#[derive(Clone, Debug)]
pub struct Act {
    pub name: &'static str,
    pub at: DateTime<Utc>,
    pub message_id: String,
    pub properties: Value,
    pub identifies: bool,
    pub trusted: bool,
}

/// A trusted event of a known customer.
pub fn act(name: &'static str, at: DateTime<Utc>) -> Act {
    Act {
        name,
        at,
        message_id: format!("{name} {}", at.to_rfc3339()),
        properties: json!({}),
        identifies: true,
        trusted: true,
    }
}

impl Act {
    pub fn with(mut self, properties: Value) -> Self {
        self.properties = properties;
        self
    }

    pub fn by_visitor(mut self) -> Self {
        self.identifies = false;
        self.trusted = false;
        self
    }

    pub fn message_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.message_id);
        self
    }
}

/// An order at full price.
pub fn order(at: DateTime<Utc>, id: &str) -> Act {
    act("Order Completed", at)
        .with(json!({ "order_id": id, "revenue": 20 }))
        .message_id(&format!("order {id}"))
}

/// Days after an instant.
pub fn day(start: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    start + TimeDelta::days(days)
}

/// The history of example 4: an acquaintance from the first day, a friend by the third order.
pub fn befriending(start: DateTime<Utc>) -> Vec<Act> {
    vec![
        act("Signed Up", start),
        act("Consent Given", start + TimeDelta::seconds(5)),
        order(day(start, 1), "one"),
        order(day(start, 31), "two"),
        order(day(start, 61), "three"),
    ]
}

/// A move as stored: from, to, rule, when.
pub type Move = (i16, i16, String, DateTime<Utc>);

impl Shop {
    pub async fn open() -> Self {
        let test = TestApp::start().await;
        let brand_id = BrandId::new(test.clock.now(), &test.app.entropy);
        sqlx::query("insert into brand (brand_id, slug, name, created_at) values ($1, $2, $2, $3)")
            .bind(brand_id.uuid())
            .bind("bakery")
            .bind(test.clock.now())
            .execute(&test.app.pool)
            .await
            .unwrap();
        Self { test, brand_id }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.test.clock.now()
    }

    pub async fn customer(&self) -> ProfileId {
        self.profile("active").await
    }

    pub async fn profile(&self, status: &str) -> ProfileId {
        let id = ProfileId::new(self.now(), &self.test.app.entropy);
        sqlx::query(
            "insert into profile (brand_id, profile_id, status, created_at, last_seen_at)
             values ($1, $2, $3, $4, $4)",
        )
        .bind(self.brand_id.uuid())
        .bind(id.uuid())
        .bind(status)
        .bind(self.now())
        .execute(&self.test.app.pool)
        .await
        .unwrap();
        id
    }

    /// Stores events and queues the profile, in one transaction.
    pub async fn receive(&self, profile_id: ProfileId, acts: &[Act]) {
        let mut tx = self.test.app.pool.acquire().await.unwrap();
        let mut tx = sqlx::Connection::begin(&mut *tx).await.unwrap();
        for act in acts {
            sqlx::query(
                "insert into event (brand_id, message_id, profile_id, kind, name, trusted, identifies,
                                    event_time, received_at, payload, payload_hash)
                 values ($1, $2, $3, 'track', $4, $5, $6, $7, $8, $9, '')",
            )
            .bind(self.brand_id.uuid())
            .bind(format!("{profile_id} {}", act.message_id))
            .bind(profile_id.uuid())
            .bind(act.name)
            .bind(act.trusted)
            .bind(act.identifies)
            .bind(act.at)
            .bind(self.now())
            .bind(json!({ "properties": act.properties }))
            .execute(&mut *tx)
            .await
            .unwrap();
        }
        if let Some(since) = acts.iter().map(|act| act.at).min() {
            sqlx::query(
                "insert into projection_queue (brand_id, profile_id, since, queued_at)
                 values ($1, $2, $3, $4)",
            )
            .bind(self.brand_id.uuid())
            .bind(profile_id.uuid())
            .bind(since)
            .bind(self.now())
            .execute(&mut *tx)
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
    }

    pub async fn drain(&self) {
        self.test.app.projector.drain().await.unwrap();
    }

    pub async fn sweep(&self) {
        self.test.app.projector.sweep().await.unwrap();
    }

    /// Stores, queues and projects.
    pub async fn learn(&self, profile_id: ProfileId, acts: &[Act]) {
        self.receive(profile_id, acts).await;
        self.drain().await;
    }

    /// The stored stage.
    pub async fn stage(&self, profile_id: ProfileId) -> Stage {
        let rank: i16 = sqlx::query_scalar(
            "select stage from standing where brand_id = $1 and profile_id = $2",
        )
        .bind(self.brand_id.uuid())
        .bind(profile_id.uuid())
        .fetch_one(&self.test.app.pool)
        .await
        .unwrap();
        Stage::from_rank(u8::try_from(rank).unwrap()).unwrap()
    }

    /// The moves believed at present, in order.
    pub async fn moves(&self, profile_id: ProfileId) -> Vec<Move> {
        sqlx::query_as(
            "select from_stage, to_stage, rule, effective_at from transition
             where brand_id = $1 and profile_id = $2 and superseded_at is null
             order by effective_at, transition_id",
        )
        .bind(self.brand_id.uuid())
        .bind(profile_id.uuid())
        .fetch_all(&self.test.app.pool)
        .await
        .unwrap()
    }

    /// Kinds and payloads of the facts about a profile, in the order they were written.
    pub async fn facts(&self, profile_id: ProfileId) -> Vec<(String, Value)> {
        sqlx::query_as(
            "select kind, payload from outbox where brand_id = $1 and profile_id = $2
             order by created_at, payload ->> 'effective_at'",
        )
        .bind(self.brand_id.uuid())
        .bind(profile_id.uuid())
        .fetch_all(&self.test.app.pool)
        .await
        .unwrap()
    }

    /// Everything stored about a standing but when it was written, and when to look again, which may be
    /// earlier than it must, as JSON.
    pub async fn standing(&self, profile_id: ProfileId) -> Option<Value> {
        sqlx::query_scalar(
            "select to_jsonb(s) - 'updated_at' - 'trend' - 'profile_id' - 'brand_id' - 'rule_set_id'
                  - 'review_at'
             from standing s where brand_id = $1 and profile_id = $2",
        )
        .bind(self.brand_id.uuid())
        .bind(profile_id.uuid())
        .fetch_optional(&self.test.app.pool)
        .await
        .unwrap()
    }

    /// Proves that everything stored equals the fold of everything stored.
    pub async fn prove(&self) {
        let projector = &self.test.app.projector;
        let report = projector
            .replay(self.brand_id, Mode::Check, |_| ())
            .await
            .unwrap();
        assert_eq!(report.waiting, 0, "{report:?}");
        assert_eq!(report.differing, 0, "{:#?}", report.differences);
    }

    /// Rows waiting and rows parked.
    pub async fn queue(&self) -> (i64, i64) {
        sqlx::query_as(
            "select count(*) filter (where parked_at is null), count(parked_at)
             from projection_queue where brand_id = $1",
        )
        .bind(self.brand_id.uuid())
        .fetch_one(&self.test.app.pool)
        .await
        .unwrap()
    }
}
