//! Everything that needs a database or a router, in one binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop loudly"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a table of cases is as long as what it lists"
)]
#![expect(
    unreachable_pub,
    reason = "one binary: what its modules share is public among them"
)]

mod abuse;
mod architecture;
mod attacks;
mod cli;
mod crash;
mod dashboard;
mod doors;
mod embedded;
mod foundation;
mod harness;
mod import;
mod intake;
mod login;
mod mail;
mod oidc;
mod projection;
mod real_data;
