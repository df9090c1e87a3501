//! The private cluster survives what happens to it. Each test drives the real program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use befriend::postgres::pool::Address;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const WAIT_MAX: Duration = Duration::from_mins(1);

/// `befriend postgres` on `folder`, once it answers.
struct Running {
    process: Child,
    address: Address,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_befriend"))
            .args(["postgres", "--json", "--data-dir"])
            .arg(folder)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = Address::parse(said["url"].as_str().unwrap()).unwrap();
        Self { process, address }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Closes its input, which tells it to stop in order.
    fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

fn server_pid(folder: &Path) -> Option<i32> {
    let file = folder.join("postgres/cluster/postmaster.pid");
    std::fs::read_to_string(file)
        .ok()?
        .lines()
        .next()?
        .trim()
        .parse()
        .ok()
}

fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim().starts_with('Z'))
}

async fn wait_for<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(started.elapsed() < WAIT_MAX, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A folder that a server running as another user can reach.
fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("befriend-embedded-")
        .tempdir()
        .unwrap()
}

#[tokio::test]
async fn f03_a_killed_befriend_leaves_a_server_that_the_next_one_takes_over() {
    let scratch = scratch();
    let first = Running::start(scratch.path());
    let mut connection = first.address.connect().await.unwrap();
    sqlx::query("create table kept (x int)")
        .execute(&mut connection)
        .await
        .unwrap();
    let orphan = server_pid(scratch.path()).unwrap();

    first.kill();
    assert!(lives(orphan), "the server outlives a killed Befriend");
    let second = Running::start(scratch.path());

    assert_eq!(
        server_pid(scratch.path()),
        Some(orphan),
        "taken over, not started again"
    );
    let mut connection = second.address.connect().await.unwrap();
    sqlx::query("insert into kept values (1)")
        .execute(&mut connection)
        .await
        .unwrap();
    second.stop();
    assert!(!lives(orphan), "and stopped in the end");
}

#[tokio::test]
async fn f02_a_killed_server_is_started_again_with_what_was_committed() {
    let scratch = scratch();
    let running = Running::start(scratch.path());
    let mut connection = running.address.connect().await.unwrap();
    sqlx::query("create table kept (x int)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("insert into kept values (1)")
        .execute(&mut connection)
        .await
        .unwrap();
    let before = server_pid(scratch.path()).unwrap();

    kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();

    let count: i64 = wait_for("the server to be back", async || {
        let mut connection = running.address.connect().await.ok()?;
        sqlx::query_scalar("select count(*) from kept")
            .fetch_one(&mut connection)
            .await
            .ok()
    })
    .await;
    assert_eq!(count, 1);
    assert_ne!(server_pid(scratch.path()), Some(before));
    running.stop();
}

#[tokio::test]
async fn f02_a_killed_server_whose_number_went_to_a_stranger_is_started_again() {
    let scratch = scratch();
    let first = Running::start(scratch.path());
    let killed = server_pid(scratch.path()).unwrap();
    first.kill();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    // As after a reboot, or in a new container: the number is somebody else's now.
    let file = scratch.path().join("postgres/cluster/postmaster.pid");
    let text = std::fs::read_to_string(&file).unwrap();
    let own = std::process::id().to_string();
    std::fs::write(&file, text.replacen(&killed.to_string(), &own, 1)).unwrap();

    let second = Running::start(scratch.path());

    let mut connection = second.address.connect().await.unwrap();
    let one: i32 = sqlx::query_scalar("select 1")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(one, 1);
    assert_ne!(
        server_pid(scratch.path()),
        Some(std::process::id().cast_signed())
    );
    second.stop();
}

#[tokio::test]
async fn a_second_befriend_on_the_same_folder_joins_the_first() {
    let scratch = scratch();
    let first = Running::start(scratch.path());
    let pid = server_pid(scratch.path()).unwrap();

    let second = Running::start(scratch.path());

    assert_eq!(server_pid(scratch.path()), Some(pid));
    second.stop();
    assert!(lives(pid), "the guest leaves the server running");
    first.stop();
    assert!(!lives(pid));
}

#[tokio::test]
async fn a_data_folder_of_another_version_is_left_alone() {
    let scratch = scratch();
    Running::start(scratch.path()).stop();
    let marker = scratch.path().join("postgres/cluster/PG_VERSION");
    std::fs::write(&marker, "9\n").unwrap();

    let output = Command::new(env!("CARGO_BIN_EXE_befriend"))
        .args(["postgres", "--data-dir"])
        .arg(scratch.path())
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output()
        .unwrap();

    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("made by PostgreSQL 9") && said.contains("pg_upgrade"),
        "{said}"
    );
    assert!(marker.exists(), "nothing was deleted");
}
