//! `befriend healthcheck`: asks the running service whether it is ready, for container runtimes
//! whose image has no other program to ask with.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::output::Output;
use crate::config::Config;

/// How long each step may take.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// The status line is all that is read.
const STATUS_BYTES_MAX: u64 = 64;

#[derive(clap::Args)]
pub(super) struct Healthcheck {}

impl Healthcheck {
    /// Exits with 0 when ready, 3 when it answers otherwise, 1 when it does not answer.
    #[expect(
        clippy::unused_self,
        reason = "every command is run by a method of its arguments"
    )]
    pub(super) fn run(self, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
        let address = reachable(config.listen);
        let status = ask(address).with_context(|| format!("nothing answers on {address}"))?;
        let ready = status == "200";
        let text = if ready {
            "ready".to_owned()
        } else {
            format!("not ready: the service answers {status}")
        };
        output.result(&json!({ "ready": ready, "status": status }), &text);
        Ok(ExitCode::from(if ready { 0 } else { 3 }))
    }
}

/// Where a service that listens on `listen` is reached from its own machine.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status code that `/readyz` answers with.
pub(super) fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, WAIT_MAX)?;
    stream.set_read_timeout(Some(WAIT_MAX))?;
    stream.set_write_timeout(Some(WAIT_MAX))?;
    stream.write_all(
        format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut line = Vec::new();
    stream.take(STATUS_BYTES_MAX).read_to_end(&mut line)?;
    let line = String::from_utf8_lossy(&line);
    let status = line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status
        .map(str::to_owned)
        .ok_or_else(|| std::io::Error::other("what answers there does not speak HTTP"))
}
