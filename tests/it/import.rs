//! Importing a history survives kills, and a rerun adds nothing.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use befriend::postgres::embedded::Cluster;
use serde_json::Value;

const PURCHASES: usize = 12_000;
const KILLS: u64 = 6;

fn befriend(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_befriend"));
    command
        .args(words)
        .arg("--data-dir")
        .arg(data)
        .env_remove("DATABASE_URL");
    command.env("BEFRIEND_LOG", "error").stdin(Stdio::null());
    command
}

fn json_of(mut command: Command) -> Value {
    let output = command.arg("--json").output().unwrap();
    assert!(
        output.status.success(),
        "{:?}: {}",
        command,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file in CDNOW's form: many customers, some with long histories.
fn write_history(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    writeln!(file, " customer_id  date number_of_cds  dollar_value").unwrap();
    for number in 0..PURCHASES {
        let customer = number % 997;
        let month = 1 + (number / 997) % 12;
        let day = 1 + number % 28;
        writeln!(file, " {customer:05} 1997{month:02}{day:02}  1   11.77").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_kill_during_an_import_then_a_rerun_loses_nothing_and_doubles_nothing() {
    let scratch = tempfile::Builder::new()
        .prefix("befriend-import-")
        .tempdir()
        .unwrap();
    let data = scratch.path().join("data");
    let history = scratch.path().join("history.txt");
    write_history(&history);
    let file = history.to_str().unwrap();
    json_of(befriend(
        &data,
        &["brand", "create", "--slug", "records", "--name", "Records"],
    ));

    for round in 0..KILLS {
        let mut import = befriend(&data, &["import", file, "--brand", "records"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(400 + 350 * round)).await;
        import.kill().unwrap();
        import.wait().unwrap();
    }
    let report = json_of(befriend(&data, &["import", file, "--brand", "records"]));
    let again = json_of(befriend(&data, &["import", file, "--brand", "records"]));

    assert_eq!(report["events"], PURCHASES);
    assert_eq!(report["rejected"], 0);
    assert_eq!(
        (&again["stored"], &again["duplicates"]),
        (&0.into(), &PURCHASES.into())
    );
    let check = json_of(befriend(&data, &["replay", "--check"]));
    assert_eq!(check["differing"], 0, "{check}");
    let cluster = Cluster::start(&data).await.unwrap();
    let mut connection = cluster.address().connect().await.unwrap();
    let (events, orders): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct message_id) from event")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!((events, orders), (12_000, 12_000));
    let waiting: i64 = sqlx::query_scalar("select count(*) from projection_queue")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(waiting, 0, "the import projects what it stored");
    drop(connection);
    cluster.stop().await;
}
