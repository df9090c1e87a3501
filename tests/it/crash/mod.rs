//! What was acknowledged survives `kill -9` of the service and of PostgreSQL, under load, again and
//! again.
//!
//! The real program runs with a private cluster of its own; senders retry as SDKs do and note what
//! was acknowledged; one after another the service, its database, and both at once are killed. In
//! the end everything acknowledged is stored once, nothing else is, and every standing is the fold of
//! what is stored. `BEFRIEND_CRASH_CYCLES` says how many kills; a few by default.

mod sender;
mod service;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use befriend::postgres::PgConnection;
use befriend::postgres::embedded::Cluster;

use sender::{Senders, Told};
use service::Service;

/// Kills in the ordinary tests: each sort of them at least once.
const CYCLES: usize = 5;

/// How many events must be acknowledged between one kill and the next, so that each falls into load.
const ACKNOWLEDGED_BETWEEN: usize = 200;

/// How long anything may take to come back.
const RECOVERY_MAX: Duration = Duration::from_mins(2);

/// What is killed, in turn.
const VICTIMS: [Victim; 5] = [
    Victim::Service,
    Victim::Postgres,
    Victim::Service,
    Victim::Postgres,
    Victim::Both,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Service,
    Postgres,
    Both,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_f03_kills_under_load_lose_nothing_acknowledged_and_double_nothing() {
    let cycles = cycles();
    let mut service = Service::start().await;
    let senders = Senders::start(&service);
    let mut recoveries = Vec::new();
    for cycle in 0..cycles {
        let victim = VICTIMS[cycle % VICTIMS.len()];
        senders.wait_for_acknowledged(ACKNOWLEDGED_BETWEEN).await;
        // Kills fall anywhere in the work of a few commits.
        tokio::time::sleep(Duration::from_millis((cycle as u64 * 37) % 150)).await;
        let took = strike(&mut service, victim).await;
        recoveries.push((victim, took));
        if cycles > CYCLES {
            say(&format!(
                "kill {} of {cycles}, {victim:?}: ready again after {took:.2?}, {} acknowledged",
                cycle + 1,
                senders.acknowledged()
            ));
        }
    }
    senders.wait_for_acknowledged(ACKNOWLEDGED_BETWEEN).await;
    let told = senders.stop().await;

    let mut connection = service.database().await;
    wait_for_projection(&mut connection).await;
    drop(connection);
    service.stop().await;
    let checked = service.run(&["replay", "--check", "--json"]);
    let cluster = Cluster::start(&service.data()).await.unwrap();
    let mut connection = cluster.address().connect().await.unwrap();
    let stored = list_stored(&mut connection).await;
    let refused: i64 =
        sqlx::query_scalar("select count(*) from reject where status <> 'duplicate'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    drop(connection);
    cluster.stop().await;

    say(&summary(&recoveries, &told, stored.len()));
    compare(&told, &stored);
    assert_eq!(
        refused, 0,
        "nothing that was sent is refused or in conflict"
    );
    assert_eq!(checked["differing"], 0, "{checked}");
    let brand = &checked["brands"]["crash"];
    assert_eq!(brand["waiting"], 0, "{checked}");
    assert_eq!(brand["events"], stored.len(), "{checked}");
}

/// Kills, and waits until the service is ready again. Returns how long that took.
async fn strike(service: &mut Service, victim: Victim) -> Duration {
    let since = Instant::now();
    match victim {
        Victim::Service => {
            service.kill();
            service.start_again().await;
        }
        Victim::Postgres => {
            let before = service.kill_postgres();
            service.wait_for_another_postgres(before).await;
        }
        Victim::Both => {
            service.kill();
            service.kill_postgres();
            service.start_again().await;
        }
    }
    service.wait_until_ready().await;
    since.elapsed()
}

async fn wait_for_projection(connection: &mut PgConnection) {
    let since = Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar("select count(*) from projection_queue")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        if waiting == 0 {
            return;
        }
        assert!(
            since.elapsed() < RECOVERY_MAX,
            "{waiting} wait to be projected"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn list_stored(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("select message_id from event")
        .fetch_all(connection)
        .await
        .unwrap()
}

/// Holds what senders were told against what is stored.
fn compare(told: &Told, stored: &[String]) {
    let once: HashSet<&str> = stored.iter().map(String::as_str).collect();
    let sample = |ids: Vec<&str>| ids.into_iter().take(5).collect::<Vec<_>>().join(", ");
    let missing_from = |ids: &HashSet<String>, there: &HashSet<&str>| -> Vec<String> {
        ids.iter()
            .filter(|id| !there.contains(id.as_str()))
            .cloned()
            .collect()
    };

    assert_eq!(once.len(), stored.len(), "no event is stored twice");
    let lost = missing_from(&told.acknowledged, &once);
    assert!(
        lost.is_empty(),
        "{} acknowledged events are lost: {}",
        lost.len(),
        sample(lost.iter().map(String::as_str).collect())
    );
    let invented: Vec<&str> = once
        .iter()
        .copied()
        .filter(|id| !told.sent.contains(*id))
        .collect();
    assert!(
        invented.is_empty(),
        "stored and never sent: {}",
        sample(invented)
    );
    assert_eq!(told.wrong, [] as [String; 0], "answers that must not be");
}

fn summary(recoveries: &[(Victim, Duration)], told: &Told, stored: usize) -> String {
    let mut text = format!(
        "{} kills: {} events sent, {} acknowledged, {stored} stored; {} attempts failed, {} \
         acknowledged events sent once more",
        recoveries.len(),
        told.sent.len(),
        told.acknowledged.len(),
        told.failures,
        told.repeats,
    );
    for victim in [Victim::Service, Victim::Postgres, Victim::Both] {
        let mut times: Vec<Duration> = recoveries
            .iter()
            .filter(|(of, _)| *of == victim)
            .map(|(_, took)| *took)
            .collect();
        times.sort_unstable();
        if let (Some(middle), Some(longest)) = (times.get(times.len() / 2), times.last()) {
            let _ = write!(
                text,
                "; {victim:?} killed {} times, ready again after {middle:.2?} in the middle, \
                 {longest:.2?} at most",
                times.len()
            );
        }
    }
    text
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is the caller's to say"
)]
fn cycles() -> usize {
    std::env::var("BEFRIEND_CRASH_CYCLES")
        .map_or(CYCLES, |text| text.parse().expect("a number of kills"))
}

/// To standard error, past the test harness, so that a long run can be watched.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
