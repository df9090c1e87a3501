//! An import that is stopped or killed goes on where it was.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{Imported, Installation, gzip};

const EVENTS: usize = 30_000;
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Good events, and one in a hundred that is not.
fn write_events(place: &Installation) -> PathBuf {
    let lines: String = (0..EVENTS)
        .map(|number| match number % 100 {
            99 => String::from("{\"type\":\"track\"}\n"),
            _ => format!(
                "{{\"type\":\"track\",\"event\":\"Signed In\",\"messageId\":\"m{number}\",\
                 \"userId\":\"u{}\",\"timestamp\":\"2024-01-15T12:00:00Z\"}}\n",
                number % 997
            ),
        })
        .collect();
    place.file("events.ndjson.gz", gzip(lines.as_bytes()))
}

fn begin(place: &Installation, path: &Path, options: &[&str]) -> Child {
    place
        .import_command(path, options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until an import that is running has noted that it came beyond `steps`.
async fn wait_for_steps(place: &Installation, steps: i64) -> i64 {
    let mut connection = place.connect().await;
    let since = Instant::now();
    loop {
        let done: Option<i64> = sqlx::query_scalar("select steps_done from import")
            .fetch_optional(&mut connection)
            .await
            .unwrap();
        if let Some(done) = done.filter(|done| *done > steps) {
            return done;
        }
        assert!(since.elapsed() < WAIT_MAX, "no progress is noted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn state(place: &Installation) -> (String, i64, Value) {
    sqlx::query_as("select state, steps_done, report from import")
        .fetch_one(&mut place.connect().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_import_goes_on_where_it_was_and_counts_the_whole() {
    let place = Installation::new();
    let path = write_events(&place);

    let import = begin(&place, &path, &[]);
    wait_for_steps(&place, 0).await;
    kill(Pid::from_raw(import.id().cast_signed()), Signal::SIGINT).unwrap();
    let stopped = Imported::of(&import.wait_with_output().unwrap());
    let (after_stop, steps, report) = state(&place).await;
    let stored = place.count("event").await;
    let resumed = place.import(&path, &["--resume"]);
    let (report_of_all, _) = place.report(&path, &["--resume"]);

    assert_eq!(
        (stopped.code, after_stop.as_str()),
        (Some(1), "stopped"),
        "{}",
        stopped.said
    );
    assert!(stopped.said.contains("--resume"), "{}", stopped.said);
    assert!((1..30_000).contains(&steps), "{steps}");
    assert_eq!(report["stored"], stored, "what is noted is what is stored");
    assert_eq!(resumed.code, Some(3));
    assert!(
        resumed
            .text
            .contains(&format!("Going on after {steps} events")),
        "{}",
        resumed.text
    );
    assert!(
        resumed
            .text
            .contains("30000 events: 29700 stored, 0 stored before, 0 in conflict, 300 rejected"),
        "nothing is read twice: {}",
        resumed.text
    );
    assert_eq!(
        (&report_of_all["stored"], &report_of_all["done"]),
        (&json!(29_700), &json!(true))
    );
    assert_eq!(place.count("event").await, 29_700);
    assert_eq!(state(&place).await.0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_goes_on_and_loses_and_doubles_nothing() {
    let place = Installation::new();
    let path = write_events(&place);

    let mut steps = -1;
    for round in 0..3 {
        let options: &[&str] = if round == 0 { &[] } else { &["--resume"] };
        let mut import = begin(&place, &path, options);
        let came_to = wait_for_steps(&place, steps).await;
        import.kill().unwrap();
        import.wait().unwrap();
        assert!(came_to > steps, "each run goes on from the one before");
        steps = came_to;
    }
    let (report, code) = place.report(&path, &["--resume"]);
    let fresh = place.report(&path, &[]).0;

    assert_eq!(
        (code, &report["events"], &report["rejected"]),
        (Some(3), &json!(30_000), &json!(300))
    );
    assert_eq!(
        report["stored"].as_u64().unwrap() + report["duplicates"].as_u64().unwrap(),
        29_700,
        "what was stored and not noted is a duplicate"
    );
    assert_eq!(place.count("event").await, 29_700);
    assert_eq!(
        (&fresh["stored"], &fresh["duplicates"]),
        (&json!(0), &json!(29_700))
    );
    let check = super::json_of(place.command(&["replay", "--check"]));
    assert_eq!(check["differing"], 0, "{check}");
}

#[tokio::test]
async fn another_file_or_mapping_is_another_import() {
    let place = Installation::new();
    let one = place.file(
        "one.ndjson",
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\"}\n",
    );
    let two = place.file(
        "two.ndjson",
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"b\"}\n",
    );

    place.report(&one, &[]);
    let other = place.import(&two, &["--resume"]);
    let copy = place.file("copy.ndjson.gz", gzip(&std::fs::read(&one).unwrap()));
    let same = place.import(&copy, &["--resume"]);

    assert!(
        other
            .text
            .contains("No import of these files was begun before"),
        "{}",
        other.text
    );
    assert!(
        same.text.contains("imported to their end before"),
        "{}",
        same.text
    );
    assert_eq!(
        (place.count("event").await, place.count("import").await),
        (2, 2)
    );
}
