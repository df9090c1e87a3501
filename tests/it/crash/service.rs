//! The program under test, in a folder of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use befriend::postgres::PgConnection;
use befriend::postgres::embedded::Cluster;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::RECOVERY_MAX;

const POLL: Duration = Duration::from_millis(20);

/// `befriend serve` with a private cluster.
pub(super) struct Service {
    scratch: tempfile::TempDir,
    process: Child,
    port: u16,
    client: reqwest::Client,
    secret: String,
}

impl Service {
    /// Makes a brand with a secret key and starts the service.
    pub(super) async fn start() -> Self {
        // Below the system's temporary folder: the database may run as another user, who must be able
        // to pass through every folder above.
        let scratch = tempfile::Builder::new()
            .prefix("befriend-crash-")
            .tempdir()
            .unwrap();
        let port = free_port();
        let data = scratch.path().join("data");
        run(
            &data,
            port,
            &[
                "brand", "create", "--slug", "crash", "--name", "Crash", "--json",
            ],
        );
        let key = run(
            &data,
            port,
            &[
                "key", "create", "--brand", "crash", "--kind", "secret", "--name", "load", "--json",
            ],
        );
        let mut service = Self {
            process: spawn(scratch.path(), port),
            scratch,
            port,
            client: client(),
            secret: key["key"].as_str().unwrap().to_owned(),
        };
        service.wait_until_ready().await;
        service
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) const fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// SIGKILL to the service; its PostgreSQL lives on.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGKILL to the postmaster of this service's own cluster. Returns its process id.
    pub(super) fn kill_postgres(&self) -> i32 {
        let pid = self.postgres().expect("a running PostgreSQL");
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        pid
    }

    pub(super) async fn start_again(&mut self) {
        self.process = spawn(self.scratch.path(), self.port);
        self.wait_until_ready().await;
    }

    pub(super) async fn wait_for_another_postgres(&mut self, before: i32) {
        let since = Instant::now();
        while self.postgres().is_none_or(|pid| pid == before) {
            self.assert_waiting(since, "another PostgreSQL");
            tokio::time::sleep(POLL).await;
        }
    }

    pub(super) async fn wait_until_ready(&mut self) {
        let since = Instant::now();
        loop {
            let asked = self.client.get(self.url("/readyz")).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            self.assert_waiting(since, "the service to be ready");
            tokio::time::sleep(POLL).await;
        }
    }

    /// A connection to the cluster that the service runs.
    pub(super) async fn database(&self) -> PgConnection {
        let cluster = Cluster::start(&self.data()).await.unwrap();
        assert!(!cluster.is_owner(), "the service runs it");
        cluster.address().connect().await.unwrap()
    }

    /// Stops the service in order.
    pub(super) async fn stop(&mut self) {
        let pid = i32::try_from(self.process.id()).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        let since = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                assert!(status.success(), "{status}\n{}", self.log());
                return;
            }
            assert!(
                since.elapsed() < RECOVERY_MAX,
                "it does not stop\n{}",
                self.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// A command on the same folder, once the service is stopped.
    pub(super) fn run(&self, words: &[&str]) -> Value {
        run(&self.data(), self.port, words)
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// The postmaster's process id, if it lives and is of this service's cluster.
    fn postgres(&self) -> Option<i32> {
        let cluster = self.data().join("postgres/cluster");
        let text = std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&command)
            .contains(cluster.to_str().unwrap())
            .then_some(pid)
    }

    fn assert_waiting(&mut self, since: Instant, what: &str) {
        let ended = self.process.try_wait().unwrap();
        assert!(
            ended.is_none() && since.elapsed() < RECOVERY_MAX,
            "waited {:.1?} for {what}; ended: {ended:?}\n{}",
            since.elapsed(),
            self.log()
        );
    }

    fn log(&self) -> String {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let tail = |text: String| {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(40)..].join("\n")
        };
        format!(
            "{}\n{}",
            tail(read(self.scratch.path().join("service.log"))),
            tail(read(self.data().join("postgres/server.log")))
        )
    }
}

impl Drop for Service {
    /// A failed test leaves neither program running; the folder goes after them.
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
        if let Some(pid) = self.postgres() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
    }
}

fn spawn(scratch: &Path, port: u16) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(scratch.join("service.log"))
        .unwrap();
    command(&scratch.join("data"), port)
        .arg("serve")
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn run(data: &Path, port: u16, words: &[&str]) -> Value {
    let output = command(data, port).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.stdout.is_empty(), "{words:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn command(data: &Path, port: u16) -> Command {
    let mut command = Command::new(program());
    command
        .arg("--data-dir")
        .arg(data)
        .env("BEFRIEND_LISTEN", format!("127.0.0.1:{port}"))
        .env("BEFRIEND_LOG", "warn")
        // Ours, not settings of the program, which refuses what it does not know.
        .env_remove("BEFRIEND_CRASH_CYCLES")
        .env_remove("BEFRIEND_BIN")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

/// The program that was built with the tests, or another build of it.
#[expect(
    clippy::disallowed_methods,
    reason = "which build to try is the caller's to say"
)]
fn program() -> PathBuf {
    std::env::var_os("BEFRIEND_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_befriend")),
        PathBuf::from,
    )
}

fn free_port() -> u16 {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap().port()
}

#[expect(
    clippy::disallowed_methods,
    reason = "an SDK's side of the wire, on loopback"
)]
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}
