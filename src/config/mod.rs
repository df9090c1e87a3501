//! Settings: flags, environment and one TOML file, in that order of precedence.
//!
//! Owns reading and checking them, all together, at start. Never read anywhere else: a clippy ban
//! keeps `std::env` out of the rest. Nothing is required for a first run.

mod smtp;
mod source;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::kernel::Secret;
use crate::kernel::address::Range;

pub use smtp::{Smtp, SmtpSecurity};
pub use source::{Faults, read};

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Holds the private cluster and the secrets made on first start.
    pub data_dir: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The address people and providers reach the server by; never ends with a slash.
    pub public_url: Url,
    /// A PostgreSQL that runs elsewhere; without it Befriend runs its own.
    pub database_url: Option<Secret>,
    /// The installation's key, if it is not kept in the data folder: 64 hexadecimal digits.
    pub secret_key: Option<Secret>,
    /// Connections per process.
    pub pool_size: u32,
    /// What is logged, as `tracing` filters are written.
    pub log: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether outbound calls may reach private addresses. For providers on the same machine or
    /// network; off, because a brand-defined URL could otherwise read the inside.
    pub egress_allows_private: bool,
    /// How events are grouped into commits.
    pub intake: Intake,
    /// Whether an event beyond 32 KiB is refused, and not only flagged.
    pub event_length_strict: bool,
    /// How many events keys, addresses and visitors may send where nothing else is said.
    pub quotas: Quotas,
    /// The proxies that are believed when they say for whom they call.
    pub trusted_proxies: Vec<Range>,
    /// Where mail is handed over; without it mail is kept, and shown in the dashboard.
    pub smtp: Option<Smtp>,
    /// A list of leaked passwords, which nobody may choose; without it none is known.
    pub breached_list: Option<PathBuf>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// How events from concurrent requests are grouped into commits.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// The most events in one commit.
    pub batch_events_max: usize,
    /// The longest an event waits for company before its commit begins.
    pub batch_wait: Duration,
    /// The most events that wait to be committed; beyond it senders are told to come back.
    pub queue_events_max: usize,
    /// Commits under way at once.
    pub writers: usize,
}

/// How many events may be sent, per process; zero: no limit.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// By a secret key that has no number of its own.
    pub secret_key_events_per_second: u32,
    /// By a browser key that has no number of its own.
    pub browser_key_events_per_second: u32,
    /// By browser keys, and tries without a key that is one, from one network address: 24 bits, or 64
    /// for version 6.
    pub address_events_per_second: u32,
    /// By one visitor of the pages that send with a browser key: at once, and a minute.
    pub visitor_events_per_minute: u32,
}

impl Config {
    /// `public_url` followed by `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// The issuer of our tokens: the public URL without its final slash.
    pub fn issuer(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// Whether browsers reach us by TLS, so that cookies can be `Secure`.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// The folders of `PATH`, for finding programs.
pub fn path_folders() -> Vec<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "config is where the environment is read"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// Where data lies when nothing says otherwise: a system folder for root, else the user's own.
fn data_dir_default() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/befriend");
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "config is where the environment is read"
    )]
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match (var("XDG_DATA_HOME"), var("HOME")) {
        (Some(data), _) => PathBuf::from(data).join("befriend"),
        (None, Some(home)) => PathBuf::from(home).join(".local/share/befriend"),
        (None, None) => PathBuf::from("befriend-data"),
    }
}

const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7700);
