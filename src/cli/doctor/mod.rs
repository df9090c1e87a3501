//! `befriend doctor`: looks at everything a running service needs, and says what to mend.

mod mail;
mod providers;

use std::os::unix::fs::PermissionsExt as _;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::healthcheck;
use super::output::Output;
use super::runtime::Database;
use crate::config::Config;
use crate::kernel::{Cipher, Clock};
use crate::postgres::{PgConnection, check, migrate};
use crate::staff;

/// Clocks that differ by more make sessions and tokens begin or end at the wrong time.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(5);

#[derive(clap::Args)]
pub(super) struct Doctor {}

/// What was looked at, and how it is.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What.
    pub(super) what: &'static str,
    /// Whether it is as it should be.
    pub(super) good: bool,
    /// How it is.
    pub(super) state: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn good(what: &'static str, state: impl Into<String>) -> Self {
        Self {
            what,
            good: true,
            state: state.into(),
            fix: None,
        }
    }

    pub(super) fn bad(
        what: &'static str,
        state: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            what,
            good: false,
            state: state.into(),
            fix: Some(fix.into()),
        }
    }

    /// Good, with a hint.
    pub(super) fn hint(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn line(&self) -> String {
        let mark = if self.good { "ok   " } else { "WRONG" };
        match &self.fix {
            Some(fix) => format!("{mark} {}: {}\n      {fix}", self.what, self.state),
            None => format!("{mark} {}: {}", self.what, self.state),
        }
    }
}

impl Doctor {
    /// Exits with 3 when anything is wrong.
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let mut findings = vec![
            public_url(&config),
            tls(&config),
            installation_key(&config),
            service(&config),
            mail::look(&config).await,
        ];
        findings.extend(database(&config).await);
        let lines: Vec<String> = findings.iter().map(Finding::line).collect();
        output.result(&findings, &lines.join("\n"));
        let good = findings.iter().all(|finding| finding.good);
        Ok(ExitCode::from(if good { 0 } else { 3 }))
    }
}

fn public_url(config: &Config) -> Finding {
    const WHAT: &str = "public URL";
    let url = config.issuer();
    let port = config.public_url.port_or_known_default();
    if config.is_secure() || port == Some(config.listen.port()) {
        return Finding::good(WHAT, format!("{url}, listening on {}", config.listen));
    }
    Finding::bad(
        WHAT,
        format!("{url}, but the service listens on {}", config.listen),
        "Set public_url to the address people use, or listen on the port it names. A proxy in front \
         needs an https public_url.",
    )
}

fn tls(config: &Config) -> Finding {
    const WHAT: &str = "TLS and cookies";
    if config.is_secure() {
        let good = Finding::good(WHAT, "cookies are Secure and bound to this host");
        return if config.trusted_proxies.is_empty() {
            good.hint(
                "A proxy in front must end TLS: the service itself speaks plain HTTP. Name it in \
                 BEFRIEND_TRUSTED_PROXIES, or callers' addresses are unknown and have no quota.",
            )
        } else {
            good.hint("A proxy in front must end TLS: the service itself speaks plain HTTP.")
        };
    }
    Finding::good(WHAT, "plain HTTP, which only this machine may use").hint(
        "Before anybody else signs in, put a proxy with TLS in front and set \
         BEFRIEND_PUBLIC_URL=https://…",
    )
}

fn installation_key(config: &Config) -> Finding {
    const WHAT: &str = "installation key";
    const RESTORE: &str =
        "Put it back from a backup: provider secrets and signing keys cannot be read without it.";
    if config.secret_key.is_some() {
        return Finding::good(WHAT, "given in the settings");
    }
    let path = config.data_dir.join("installation.key");
    let shown = path.display();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::good(WHAT, format!("{shown} will be made on first start"));
        }
        Err(error) => return Finding::bad(WHAT, format!("{shown}: {error}"), RESTORE),
    };
    if Cipher::parse_key(&text).is_none() {
        return Finding::bad(WHAT, format!("{shown} is damaged"), RESTORE);
    }
    let open = std::fs::metadata(&path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if open {
        return Finding::bad(
            WHAT,
            format!("other users of this machine can read {shown}"),
            format!("Run: chmod 600 {shown}"),
        );
    }
    Finding::good(
        WHAT,
        format!("{shown}; keep a copy of it with your backups"),
    )
}

/// The installation's key, where it can be read.
fn stored_key(config: &Config) -> Option<[u8; 32]> {
    match &config.secret_key {
        Some(text) => Cipher::parse_key(text.expose()),
        None => std::fs::read_to_string(config.data_dir.join("installation.key"))
            .ok()
            .and_then(|text| Cipher::parse_key(&text)),
    }
}

fn service(config: &Config) -> Finding {
    const WHAT: &str = "service";
    let address = healthcheck::reachable(config.listen);
    match healthcheck::ask(address) {
        Ok(status) if status == "200" => Finding::good(WHAT, format!("ready on {address}")),
        Ok(status) => Finding::bad(
            WHAT,
            format!("answers {status} on {address}"),
            "Its log says why; the lines on the database below may too.",
        ),
        Err(_) => Finding::good(WHAT, format!("nothing answers on {address}"))
            .hint("Start it with `befriend serve`."),
    }
}

async fn database(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "database";
    if config.database_url.is_none() && !config.data_dir.join("postgres").exists() {
        let state = format!(
            "a private one will be made in {}",
            config.data_dir.display()
        );
        return vec![Finding::good(WHAT, state)];
    }
    let opened = match Database::open(config).await {
        Ok(opened) => opened,
        Err(error) => {
            let fix = "Check DATABASE_URL; without it, Befriend runs a private one.";
            return vec![Finding::bad(WHAT, format!("{error:#}"), fix)];
        }
    };
    let findings = match opened.address().connect().await {
        Ok(mut conn) => {
            let mut findings = server(&mut conn, config).await;
            let (schema, is_current) = schema(&opened).await;
            findings.push(schema);
            if is_current {
                findings.push(members(&mut conn).await);
                let key = stored_key(config);
                findings.extend(providers::check(&mut conn, config, key).await);
            }
            findings
        }
        Err(error) => vec![Finding::bad(
            WHAT,
            with_cause(&error),
            "Check that the server runs, takes connections from here, and knows this user.",
        )],
    };
    opened.close().await;
    findings
}

async fn server(conn: &mut PgConnection, config: &Config) -> Vec<Finding> {
    const WHAT: &str = "database";
    let before = Clock::system().now();
    let described = check::describe(conn).await;
    let after = Clock::system().now();
    let server = match described {
        Ok(server) => server,
        Err(error) => return vec![Finding::bad(WHAT, with_cause(&error), "Ask again.")],
    };
    let state = format!("PostgreSQL {}", server.version);
    let version = if server.major < check::VERSION_MIN {
        let fix = format!("Upgrade to PostgreSQL {} or later.", check::VERSION_MIN);
        Finding::bad(WHAT, state, fix)
    } else if !server.is_durable {
        let fix = "Switch fsync and synchronous_commit on: without them a crash loses what was \
                   answered as stored.";
        Finding::bad(WHAT, format!("{state}, which may lose commits"), fix)
    } else if u32::try_from(server.connections_max).is_ok_and(|max| max <= config.pool_size) {
        let fix = "Lower pool_size, or raise max_connections of the server.";
        let state = format!(
            "{state} takes {} connections, and each process uses {}",
            server.connections_max, config.pool_size
        );
        Finding::bad(WHAT, state, fix)
    } else {
        Finding::good(WHAT, state)
    };
    vec![version, clock(server.now, before, after)]
}

/// Judges the database's clock, read some time between `before` and `after` on ours.
fn clock(theirs: DateTime<Utc>, before: DateTime<Utc>, after: DateTime<Utc>) -> Finding {
    const WHAT: &str = "clock";
    let skew = if theirs < before {
        before - theirs
    } else {
        (theirs - after).max(TimeDelta::zero())
    };
    if skew <= SKEW_MAX {
        return Finding::good(WHAT, "agrees with the database's");
    }
    Finding::bad(
        WHAT,
        format!(
            "differs from the database's by {} seconds",
            skew.num_seconds()
        ),
        "Let both machines keep time by NTP: providers' tokens are judged by it.",
    )
}

async fn schema(database: &Database) -> (Finding, bool) {
    const WHAT: &str = "schema";
    match migrate::pending(database.address()).await {
        Ok(0) => (Finding::good(WHAT, "up to date"), true),
        Ok(pending) => {
            let state = format!("{pending} migrations are pending");
            let fix = "Run `befriend migrate`, or start the service, which does it.";
            (Finding::bad(WHAT, state, fix), false)
        }
        Err(error) => (Finding::bad(WHAT, with_cause(&error), "Ask again."), false),
    }
}

async fn members(conn: &mut PgConnection) -> Finding {
    const WHAT: &str = "staff";
    match staff::store::has_members(conn).await {
        Ok(true) => Finding::good(WHAT, "somebody can use the dashboard"),
        Ok(false) => Finding::good(WHAT, "nobody can use the dashboard yet")
            .hint("Run `befriend staff setup-link` and open what it prints."),
        Err(error) => Finding::bad(WHAT, with_cause(&error), "Ask again."),
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a valid instant")
    }

    #[test]
    fn a_slow_answer_is_no_skew_and_a_wrong_clock_is() {
        for (theirs, good) in [
            (100, true),
            (109, true),
            (95, true),
            (94, false),
            (116, false),
        ] {
            assert_eq!(clock(at(theirs), at(100), at(110)).good, good, "{theirs}");
        }
    }

    #[test]
    fn what_is_wrong_says_what_mends_it() {
        let line = Finding::bad("schema", "2 migrations are pending", "Run x.").line();

        assert_eq!(line, "WRONG schema: 2 migrations are pending\n      Run x.");
    }
}
