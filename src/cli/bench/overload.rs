//! What the service answers when far more comes than it can take, and what memory that costs it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::figures::Latency;
use super::load::{self, Load, Shape, Target};
use super::wire::Wire;

/// Connections that send what must be refused whatever the load.
const REFUSED_CONNECTIONS: usize = 4;
/// How often each sends.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);
/// More than any body may hold, announced and never sent.
const BODY_TOO_LARGE: usize = 64 * 1024 * 1024;

/// What an overload came to.
pub(super) struct Overload {
    pub(super) load: Load,
    pub(super) unknown_key: Latency,
    pub(super) too_large: Latency,
    /// Before, and the most meanwhile, in bytes; none where it cannot be seen.
    pub(super) memory: Option<(u64, u64)>,
}

/// Drives ten times as many connections, and beside them requests that are to be refused.
pub(super) async fn drive(
    (target, shape, connections): (&Arc<Target>, Shape, usize),
    unknown_key: &str,
    lasts: Duration,
) -> anyhow::Result<Overload> {
    let until = Instant::now() + lasts;
    let process = process_at(target.address);
    let before = process.as_deref().and_then(memory_of);
    let watched = tokio::spawn(async move {
        let mut most = 0;
        while Instant::now() < until {
            most = most.max(process.as_deref().and_then(memory_of).unwrap_or(0));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        most
    });
    let unknown = refused(target, until, 401, |target| {
        format!(
            "POST /v1/track HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {unknown_key}\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}",
            target.address
        )
    });
    let too_large = refused(target, until, 413, |target| {
        format!(
            "POST /v1/batch HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {BODY_TOO_LARGE}\r\n\r\n",
            target.address, target.key
        )
    });
    let flood = load::drive(target, shape, connections * 10, lasts, None);
    let (load, unknown_key, too_large) = tokio::try_join!(flood, unknown, too_large)?;
    let most = watched.await.context("the watch over memory broke")?;
    Ok(Overload {
        load,
        unknown_key,
        too_large,
        memory: before.map(|before| (before, most)),
    })
}

/// Sends what must be answered with `status`, again and again.
async fn refused(
    target: &Arc<Target>,
    until: Instant,
    status: u16,
    request: impl Fn(&Target) -> String,
) -> anyhow::Result<Latency> {
    let request: Arc<str> = request(target).into();
    let mut tasks: JoinSet<anyhow::Result<Latency>> = JoinSet::new();
    for _ in 0..REFUSED_CONNECTIONS {
        let (address, request) = (target.address, Arc::clone(&request));
        tasks.spawn(async move {
            let mut wire = Wire::new(address);
            let mut latency = Latency::default();
            while Instant::now() < until {
                wire.open().await?;
                let sent = Instant::now();
                let answer = wire.exchange(request.as_bytes()).await?;
                let took = sent.elapsed();
                if answer.status != status {
                    let body = String::from_utf8_lossy(answer.body).into_owned();
                    bail!("answered {} instead of {status}: {body}", answer.status);
                }
                latency.add(took);
                if status == 413 {
                    // The body never comes, so the connection is of no further use.
                    wire = Wire::new(address);
                }
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
            Ok(latency)
        });
    }
    let mut all = Latency::default();
    while let Some(done) = tasks.join_next().await {
        all.merge(done.context("a sender broke")??);
    }
    Ok(all)
}

/// The folder under `/proc` of the process that listens on this port; none on other systems, or if
/// it belongs to somebody else.
fn process_at(address: SocketAddr) -> Option<std::path::PathBuf> {
    let port = format!(":{:04X}", address.port());
    let listens = |line: &str| {
        let mut words = line.split_whitespace();
        let local = words.nth(1)?;
        let state = words.nth(1)?;
        // 0A is "listening"; the inode is seven words on.
        let inode = words.nth(5)?;
        (local.ends_with(&port) && state == "0A").then(|| format!("socket:[{inode}]"))
    };
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = tables.map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let socket = texts
        .iter()
        .flat_map(|text| text.lines())
        .find_map(listens)?;
    let processes = std::fs::read_dir("/proc").ok()?;
    processes.flatten().map(|entry| entry.path()).find(|path| {
        let files = std::fs::read_dir(path.join("fd"));
        files.is_ok_and(|files| {
            let mut targets = files.flatten().map(|file| std::fs::read_link(file.path()));
            targets.any(|target| target.is_ok_and(|target| target.as_os_str() == socket.as_str()))
        })
    })
}

/// The memory that a process holds, in bytes.
fn memory_of(process: &std::path::Path) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
