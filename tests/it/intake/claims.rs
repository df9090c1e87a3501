//! Whose a visitor becomes: the first to claim one has it, and nobody takes more than so many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use befriend::event::{Outcome, Submission};
use serde_json::{Value, json};

use super::{Sender, ask, profile_of, status_of, statuses, track};
use crate::harness::TestApp;

fn alias(id: &str, user: &str, previous: &str) -> Value {
    json!({ "type": "alias", "messageId": id, "userId": user, "previousId": previous })
}

fn flags(verdicts: &[Value]) -> Vec<Vec<&str>> {
    fn of(verdict: &Value) -> Vec<&str> {
        let flags = verdict["flags"].as_array().into_iter().flatten();
        flags.map(|flag| flag.as_str().unwrap()).collect()
    }
    verdicts.iter().map(of).collect()
}

#[tokio::test]
async fn a89_of_two_who_claim_one_visitor_in_one_commit_the_second_is_told() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let seen =
        ["a", "b", "c"].map(|id| track(&format!("seen {id}"), &json!({ "anonymousId": id })));
    sender.send(&test, &seen).await;
    let other = track("used", &json!({ "userId": "u9" }));
    sender.send(&test, &[other]).await;
    let visitors = [
        profile_of(&test, &sender, "anonymous", "a").await.unwrap(),
        profile_of(&test, &sender, "anonymous", "b").await.unwrap(),
        profile_of(&test, &sender, "anonymous", "c").await.unwrap(),
    ];
    // The order of arrival decides, not that of the message ids.
    let claims = [
        alias("z1", "u1", "a"),
        alias("y2", "u2", "a"),
        track("x3", &json!({ "userId": "u2", "anonymousId": "b" })),
        track("w4", &json!({ "userId": "u1", "anonymousId": "b" })),
        alias("v5", "u1", "a"),
        alias("u6", "u2", "unseen"),
        alias("t7", "u1", "unseen"),
        // This one is a conflict, which claims nobody.
        alias("used", "u1", "c"),
        alias("s9", "u2", "c"),
    ];

    let verdicts = sender.send(&test, &claims).await;

    assert_eq!(verdicts[7]["status"], "conflict");
    assert_eq!(
        flags(&verdicts),
        [
            vec![],
            vec!["alias_of_another"],
            vec![],
            vec!["anonymous_id_of_another"],
            vec![],
            vec![],
            vec!["alias_of_another"],
            vec![],
            vec![],
        ]
    );
    let people = [
        profile_of(&test, &sender, "user", "u1").await.unwrap(),
        profile_of(&test, &sender, "user", "u2").await.unwrap(),
    ];
    for (visitor, person) in visitors.into_iter().zip([0, 1, 1]) {
        let (status, into) = status_of(&test, visitor).await;
        assert_eq!((status.as_str(), into), ("merged", Some(people[person])));
    }
    let unseen = profile_of(&test, &sender, "anonymous", "unseen").await;
    assert_eq!(unseen, Some(people[1]));
    super::people::assert_flat(&test, &sender, "two claims").await;
}

#[tokio::test]
async fn a90_a_person_takes_so_many_ids_that_nobody_was_seen_under() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let bomb: Vec<Value> = (0..1_100)
        .map(|n| alias(&format!("m{n}"), "u", &format!("never {n}")))
        .collect();

    let first = sender.send(&test, &bomb[..600]).await;
    let second = sender.send(&test, &bomb[600..]).await;

    let over = |verdicts: &[Value]| {
        let flags = flags(verdicts).into_iter().flatten();
        flags.filter(|flag| *flag == "alias_over_cap").count()
    };
    assert_eq!((over(&first), over(&second)), (0, 100));
    let held: i64 = ask(
        &test,
        &sender,
        "select count(*) from alias where brand_id = $1 and kind = 'anonymous'",
    )
    .await;
    assert_eq!(held, 1_000);
    // What else the person does is stored as theirs, and the id is left to somebody else.
    let more = track("more", &json!({ "userId": "u", "anonymousId": "phone" }));
    let other = track("other", &json!({ "userId": "v", "anonymousId": "phone" }));
    let known = track("known", &json!({ "userId": "u", "anonymousId": "never 3" }));
    let verdicts = sender.send(&test, &[more, other, known]).await;
    assert_eq!(flags(&verdicts), [vec!["alias_over_cap"], vec![], vec![]]);
    let mine: i64 = ask(
        &test,
        &sender,
        "select count(*) from event e join alias a using (brand_id, profile_id)
         where e.brand_id = $1 and a.kind = 'user' and a.alias = 'u'
           and e.message_id in ('more', 'known')",
    )
    .await;
    assert_eq!(mine, 2);
    let phone = profile_of(&test, &sender, "anonymous", "phone").await;
    assert_eq!(phone, profile_of(&test, &sender, "user", "v").await);
    assert!(phone.is_some());
}

/// Counts what is asked of the database on this thread, but for what the pool asks of a connection
/// when it was idle for a second.
struct Statements(Arc<AtomicUsize>);

/// Whether a statement is the pool's.
struct OfPool(bool);

impl tracing::field::Visit for OfPool {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0 |= format!("{value:?}").contains("statement_timestamp()");
    }
}

impl tracing::Subscriber for Statements {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut of_pool = OfPool(false);
        event.record(&mut of_pool);
        self.0.fetch_add(usize::from(!of_pool.0), Ordering::Relaxed);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// How many visitors are thrown at one person. `MERGE_BOMB=100000` throws as many.
fn bomb() -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests says how much of it"
    )]
    let asked = std::env::var("MERGE_BOMB").ok();
    asked.map_or(3_000, |asked| asked.parse().expect("a number"))
}

/// Every lock that a commit takes is held for a bounded number of statements over a bounded number of
/// rows, however many visitors are thrown at one person and however many they have already.
#[tokio::test]
async fn a90_a_merge_bomb_is_capped_and_no_commit_does_more_than_another() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let most = i64::try_from(bomb()).unwrap();
    // Visitors who were seen before, made at once: that is not what is looked at here.
    sqlx::query(
        "with visitor as (
             insert into profile (brand_id, profile_id, status, created_at, last_seen_at)
             select $1, md5('visitor ' || n)::uuid, 'anonymous', $3, $3
             from generate_series(0, $2 - 1) as n returning profile_id)
         insert into alias (brand_id, kind, alias, profile_id, created_at)
         select $1, 'anonymous', 'a' || n, md5('visitor ' || n)::uuid, $3
         from generate_series(0, $2 - 1) as n",
    )
    .bind(sender.brand_id.uuid())
    .bind(most)
    .bind(test.app.clock.now())
    .execute(&test.app.pool)
    .await
    .unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let _counting = tracing::subscriber::set_default(Statements(Arc::clone(&asked)));
    // Another test may have met the statements' log for the first time at this very moment, and have
    // found nobody who listens.
    while asked.load(Ordering::Relaxed) == 0 {
        tracing::callsite::rebuild_interest_cache();
        sqlx::query("select 1")
            .execute(&test.app.pool)
            .await
            .unwrap();
    }
    let submit = async |events: Vec<Value>| {
        let (now, entropy) = (test.app.clock.now(), &test.app.entropy);
        let submission = Submission::internal(sender.brand_id, events, now, entropy);
        let before = asked.load(Ordering::Relaxed);
        let verdicts = test.app.intake.submit(submission).await.unwrap();
        (verdicts, asked.load(Ordering::Relaxed) - before)
    };
    let of = |n: i64| alias(&format!("m{n}"), "u", &format!("a{n}"));

    let (_, first) = submit(vec![alias("m", "u", "never seen")]).await;
    let (_, second) = submit((0..10).map(of).collect()).await;
    let mut over = 0;
    for start in (10..most).step_by(1_000) {
        let batch: Vec<Value> = (start..most.min(start + 1_000)).map(of).collect();
        let (verdicts, statements) = submit(batch).await;
        let is_over = |outcome: &Outcome| matches!(outcome, Outcome::Accepted { flags } if flags.contains(&"alias_over_cap"));
        over += verdicts.iter().filter(|one| is_over(&one.outcome)).count();
        assert!(statements <= second, "{statements} after {second}");
    }

    assert!(
        (5..30).contains(&first),
        "statements are not counted: {first}"
    );
    assert!((first..40).contains(&second), "{second}");
    let merged: i64 = ask(
        &test,
        &sender,
        "select count(*) from profile where brand_id = $1 and status = 'merged'",
    )
    .await;
    // One place of a thousand went to the id that nobody was seen under.
    assert_eq!(merged, 999);
    assert_eq!(i64::try_from(over).unwrap(), most - 999);
    let stored: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and identifies",
    )
    .await;
    assert_eq!(stored, most + 1, "an event is stored all the same");
    let verdicts = sender.send(&test, &[of(0)]).await;
    assert_eq!(statuses(&verdicts), ["duplicate"]);
}
