//! The server as a supervised child, or as an orphan taken over.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::Connection as _;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::binaries::Programs;
use super::owner::Owner;
use super::remains::{self, Remains, lives};
use super::{Error, Layout, file_error};

const START_WAIT_MAX: Duration = Duration::from_mins(1);
const STOP_WAIT_MAX: Duration = Duration::from_mins(1);
/// How long a process that ended may wait to be reaped by whoever does that here.
const REAP_WAIT_MAX: Duration = Duration::from_secs(2);
const RESTART_PAUSE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// A server that this process started or took over.
pub(super) struct Server {
    stopping: Arc<AtomicBool>,
    stop: Arc<Notify>,
    supervisor: JoinHandle<()>,
}

struct Keeper {
    layout: Layout,
    programs: Programs,
    owner: Owner,
    options: PgConnectOptions,
}

/// The running server process.
enum Process {
    Child(Child),
    /// Left behind by a Befriend that was killed.
    Orphan(Pid),
}

impl Server {
    pub(super) async fn start(
        layout: Layout,
        programs: Programs,
        owner: Owner,
        options: PgConnectOptions,
    ) -> Result<Self, Error> {
        let keeper = Keeper {
            layout,
            programs,
            owner,
            options,
        };
        let process = keeper.adopt_or_spawn().await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(Notify::new());
        let supervisor =
            tokio::spawn(keeper.supervise(process, Arc::clone(&stopping), Arc::clone(&stop)));
        Ok(Self {
            stopping,
            stop,
            supervisor,
        })
    }

    pub(super) async fn stop(self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop.notify_one();
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the PostgreSQL supervisor ended badly");
        }
    }
}

impl Keeper {
    async fn adopt_or_spawn(&self) -> Result<Process, Error> {
        if let Some(pid) = self.adopt().await? {
            tracing::info!(%pid, "took over the PostgreSQL server that an earlier run left behind");
            return Ok(Process::Orphan(pid));
        }
        let mut child = self.spawn()?;
        let deadline = Instant::now() + START_WAIT_MAX;
        loop {
            if answers(&self.options).await {
                return Ok(Process::Child(child));
            }
            let ended = child
                .try_wait()
                .map_err(file_error("watch", &self.layout.cluster))?;
            if let Some(status) = ended {
                let reason = format!("it ended with {status}; {}", last_line(&self.layout.log));
                return Err(Error::Start {
                    reason,
                    log: self.layout.log.clone(),
                });
            }
            if Instant::now() > deadline {
                let reason = format!("no answer within {} s", START_WAIT_MAX.as_secs());
                return Err(Error::Start {
                    reason,
                    log: self.layout.log.clone(),
                });
            }
            sleep(POLL).await;
        }
    }

    /// The server that an earlier run left behind, once it answers; `None` when there is none and
    /// the way is clear for another.
    async fn adopt(&self) -> Result<Option<Pid>, Error> {
        let started = Instant::now();
        let mut told = None;
        loop {
            let remains = remains::look(&self.layout.cluster);
            match remains {
                Remains::Nothing => return Ok(None),
                Remains::Server(pid) if answers(&self.options).await => return Ok(Some(pid)),
                Remains::StaleFile(pid) if started.elapsed() > REAP_WAIT_MAX => {
                    self.clear_stale_file(pid)?;
                    return Ok(None);
                }
                Remains::Processes(count) if told != Some(remains) => {
                    tracing::warn!(
                        count,
                        "waiting for the processes of a killed PostgreSQL to end"
                    );
                    told = Some(remains);
                }
                Remains::Server(_) | Remains::StaleFile(_) | Remains::Processes(_) => {}
            }
            if started.elapsed() > START_WAIT_MAX {
                let wait = START_WAIT_MAX.as_secs();
                let reason = match remains {
                    Remains::Server(pid) => {
                        format!(
                            "the server that runs already, process {pid}, has not answered for {wait} s"
                        )
                    }
                    _ => format!("processes of the one that was killed still run after {wait} s"),
                };
                return Err(Error::Start {
                    reason,
                    log: self.layout.log.clone(),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Removes what would keep PostgreSQL from starting for as long as `pid` exists. This process
    /// holds the data folder's lock, and nothing runs in the cluster.
    fn clear_stale_file(&self, pid: Pid) -> Result<(), Error> {
        let file = self.layout.cluster.join("postmaster.pid");
        tracing::warn!(
            %pid,
            file = %file.display(),
            "removing the file of a PostgreSQL that was killed: the process it names is not one"
        );
        std::fs::remove_file(&file).map_err(file_error("remove", &file))
    }

    fn spawn(&self) -> Result<Child, Error> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.layout.log)
            .map_err(file_error("open", &self.layout.log))?;
        let errors = log
            .try_clone()
            .map_err(file_error("open", &self.layout.log))?;
        let mut command = self.owner.command(&self.programs.folder.join("postgres"));
        command
            .arg("-D")
            .arg(&self.layout.cluster)
            .arg("-k")
            .arg(&self.layout.sockets)
            // Reached by its private socket only.
            .args(["-c", "listen_addresses="])
            .args(["-c", "max_connections=100", "-c", "shared_buffers=128MB"])
            .args(["-c", "max_wal_size=2GB", "-c", "checkpoint_completion_target=0.9"])
            .args(["-c", "random_page_cost=1.1", "-c", "log_min_messages=warning"])
            // Said aloud, so that no edit of the cluster's own file can lose an acknowledged write.
            .args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on"])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C in a terminal reaches us; we then stop the server in order.
            .process_group(0);
        command
            .spawn()
            .map_err(file_error("run", &self.programs.folder))
    }

    async fn supervise(self, mut process: Process, stopping: Arc<AtomicBool>, stop: Arc<Notify>) {
        loop {
            tokio::select! {
                () = stop.notified() => {}
                () = ended(&mut process) => {}
            }
            if stopping.load(Ordering::SeqCst) {
                shut_down(process).await;
                return;
            }
            tracing::error!(ended = %in_words(&mut process), "PostgreSQL ended by itself; starting it again");
            let since = Instant::now();
            process = loop {
                match self.adopt_or_spawn().await {
                    Ok(process) => {
                        let seconds = since.elapsed().as_secs_f64();
                        tracing::warn!(seconds, "PostgreSQL runs again");
                        break process;
                    }
                    Err(error) => tracing::error!(%error, "PostgreSQL is still down"),
                }
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                sleep(RESTART_PAUSE).await;
            };
        }
    }
}

/// How a process ended, where it was ours to watch.
fn in_words(process: &mut Process) -> String {
    match process {
        Process::Child(child) => match child.try_wait() {
            Ok(Some(status)) => status.to_string(),
            Ok(None) | Err(_) => String::from("unknown"),
        },
        Process::Orphan(_) => String::from("not our child"),
    }
}

async fn ended(process: &mut Process) {
    match process {
        Process::Child(child) => {
            if let Err(error) = child.wait().await {
                tracing::error!(%error, "cannot watch the PostgreSQL process");
            }
        }
        Process::Orphan(pid) => {
            while lives(*pid) {
                sleep(Duration::from_millis(250)).await;
            }
        }
    }
}

/// A fast shutdown (SIGINT): sessions are ended, everything is written.
async fn shut_down(mut process: Process) {
    let pid = match &process {
        Process::Child(child) => match child.id().and_then(|id| i32::try_from(id).ok()) {
            Some(id) => Pid::from_raw(id),
            None => return,
        },
        Process::Orphan(pid) => *pid,
    };
    if let Err(error) = kill(pid, Signal::SIGINT) {
        tracing::warn!(%error, %pid, "PostgreSQL could not be told to stop");
    }
    if tokio::time::timeout(STOP_WAIT_MAX, ended(&mut process))
        .await
        .is_err()
    {
        tracing::error!(%pid, "PostgreSQL is still running; the next start takes it over");
    }
}

async fn answers(options: &PgConnectOptions) -> bool {
    match sqlx::PgConnection::connect_with(options).await {
        Ok(connection) => {
            // The probe has served; how its goodbye goes does not matter.
            drop(connection.close().await);
            true
        }
        Err(_) => false,
    }
}

/// Waits until the server behind `options` answers.
pub(super) async fn wait_until_answering(
    options: &PgConnectOptions,
    wait_max: Duration,
    log: &Path,
) -> Result<(), Error> {
    let deadline = Instant::now() + wait_max;
    while !answers(options).await {
        if Instant::now() > deadline {
            let reason = format!("no answer within {} s", wait_max.as_secs());
            return Err(Error::Start {
                reason,
                log: log.to_owned(),
            });
        }
        sleep(POLL).await;
    }
    Ok(())
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing");
    line.chars().take(300).collect()
}
