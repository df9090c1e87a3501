//! What a server that ran before has left in the cluster's folder.
//!
//! PostgreSQL refuses to start while the process that `postmaster.pid` names exists, whoever that is
//! by now: after a reboot or in a new container a stranger, or one that ended and that nobody has
//! reaped. And it refuses while a process of the former server holds its memory. The first never ends
//! by itself, so it is told apart here.

use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// What was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remains {
    /// Nothing, or a file that PostgreSQL clears away itself.
    Nothing,
    /// A server of this cluster that runs.
    Server(Pid),
    /// The server is gone; so many of its processes are not.
    Processes(usize),
    /// No process of this cluster runs, and the file names one that has ended and is not reaped, or
    /// that is a stranger's.
    StaleFile(Pid),
}

/// Looks at what was left in `cluster`.
pub(super) fn look(cluster: &Path) -> Remains {
    let Some(named) = named_pid(cluster) else {
        return Remains::Nothing;
    };
    let runs = lives(named);
    if runs && is_of(named, cluster) {
        return Remains::Server(named);
    }
    match (processes_of(cluster), exists(named)) {
        (0, false) => Remains::Nothing,
        (0, true) => Remains::StaleFile(named),
        (count, _) => Remains::Processes(count),
    }
}

/// Whether a process runs. One that ended and that nobody reaped does not.
pub(super) fn lives(pid: Pid) -> bool {
    exists(pid) && !is_zombie(pid)
}

fn named_pid(cluster: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
}

fn exists(pid: Pid) -> bool {
    // A process of another user answers with "not permitted", which also means that it is there.
    !matches!(kill(pid, None), Err(Errno::ESRCH))
}

fn is_zombie(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim().starts_with('Z'))
    })
}

/// Whether a process is a PostgreSQL of this cluster: all of them work in its folder. Where the
/// system does not tell, whatever may be one counts as one.
fn is_of(pid: Pid, cluster: &Path) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    if name.is_ok_and(|name| !name.trim().starts_with("postgres")) {
        return false;
    }
    match (
        std::fs::read_link(format!("/proc/{pid}/cwd")),
        cluster.canonicalize(),
    ) {
        (Ok(folder), Ok(cluster)) => folder == cluster,
        _ => true,
    }
}

/// How many processes of this cluster run; none where the system has no list of them.
fn processes_of(cluster: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
        .filter(|pid| is_postgres(*pid) && lives(*pid) && is_of(*pid, cluster))
        .count()
}

fn is_postgres(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| name.trim().starts_with("postgres"))
}
