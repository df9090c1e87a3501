//! Importing a history survives kills, a rerun adds nothing, and a file in which something is wrong
//! loses nothing else. Each test drives the real program.

mod archive;
mod csv;
mod refused;
mod resume;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use befriend::postgres::PgConnection;
use befriend::postgres::embedded::Cluster;
use befriend::postgres::pool::Address;
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

/// A folder with a private cluster that runs for as long as the test, and one brand, `records`.
struct Installation {
    scratch: tempfile::TempDir,
    postgres: Child,
    address: Address,
}

/// What an import printed and how it ended.
struct Imported {
    code: Option<i32>,
    text: String,
    said: String,
}

impl Installation {
    fn new() -> Self {
        let scratch = tempfile::Builder::new()
            .prefix("befriend-import-")
            .tempdir()
            .unwrap();
        let mut postgres = befriend(&scratch.path().join("data"), &["postgres", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(postgres.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let installation = Self {
            address: Address::parse(said["url"].as_str().unwrap()).unwrap(),
            scratch,
            postgres,
        };
        json_of(
            installation.command(&["brand", "create", "--slug", "records", "--name", "Records"]),
        );
        installation
    }

    fn command(&self, words: &[&str]) -> Command {
        befriend(&self.scratch.path().join("data"), words)
    }

    /// Writes a file beside the data folder.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.scratch.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn import_command(&self, path: &Path, options: &[&str]) -> Command {
        let mut command = self.command(&["import", path.to_str().unwrap(), "--brand", "records"]);
        command.args(options);
        command
    }

    fn import(&self, path: &Path, options: &[&str]) -> Imported {
        Imported::of(&self.import_command(path, options).output().unwrap())
    }

    /// What an import prints with `--json`, and its exit code.
    fn report(&self, path: &Path, options: &[&str]) -> (Value, Option<i32>) {
        let imported = self.import(path, &[options, &["--json"]].concat());
        let report = serde_json::from_str(&imported.text)
            .unwrap_or_else(|_| panic!("{}{}", imported.text, imported.said));
        (report, imported.code)
    }

    async fn connect(&self) -> PgConnection {
        self.address.connect().await.unwrap()
    }

    /// Message ids, names, who and when, and what was said, of everything stored, in order of ids.
    async fn stored(&self) -> Vec<(String, String, Option<String>, String, Value)> {
        sqlx::query_as(
            "select message_id, name, payload->>'userId',
                    to_char(event_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
                    coalesce(payload->'properties', 'null')
             from event order by message_id",
        )
        .fetch_all(&mut self.connect().await)
        .await
        .unwrap()
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut self.connect().await)
            .await
            .unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        drop(self.postgres.stdin.take());
        drop(self.postgres.wait());
    }
}

impl Imported {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
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
