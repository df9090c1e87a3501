//! `befriend mail`: whether mail gets through.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::output::Output;
use crate::config::Config;
use crate::kernel::id::MailId;
use crate::kernel::{Clock, EmailAddress, Entropy};
use crate::mail::Letter;
use crate::mail::transport::{Failure, Transport};

#[derive(clap::Args)]
pub(super) struct Mail {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Hand a mail to the mail server of the settings, to see whether it arrives.
    Test(Test),
}

#[derive(clap::Args)]
struct Test {
    /// The address to send it to.
    #[arg(long, value_name = "ADDRESS")]
    to: String,
}

impl Mail {
    /// Exits with 3 when the mail server does not take it.
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let What::Test(test) = self.what;
        let to = EmailAddress::parse(&test.to)?;
        let server = config
            .smtp
            .as_ref()
            .context("no mail server is set: set BEFRIEND_SMTP_URL and BEFRIEND_MAIL_FROM")?;
        let transport = Transport::new(server)?;
        let (now, entropy) = (Clock::system().now(), Entropy::system());
        let mail_id = MailId::new(now, &entropy);
        let sent = transport.send(&to, mail_id, now, &letter(&config)).await;
        let (reason, text) = match sent {
            Ok(()) => (None, format!("{} took a mail to {to}", server.host)),
            Err(Failure::Later(reason) | Failure::Never(reason)) => {
                let text = format!("{} did not take it: {reason}", server.host);
                (Some(reason), text)
            }
        };
        let taken = reason.is_none();
        output.result(&json!({ "taken": taken, "reason": reason }), &text);
        Ok(ExitCode::from(if taken { 0 } else { 3 }))
    }
}

fn letter(config: &Config) -> Letter {
    let issuer = config.issuer();
    Letter {
        from: "Befriend".to_owned(),
        subject: "Befriend can send mail".to_owned(),
        text: format!("This mail was asked for by `befriend mail test` at {issuer}.\n"),
        html: "<!doctype html><title>Befriend can send mail</title>\
               <p>This mail was asked for by <code>befriend mail test</code>.</p>"
            .to_owned(),
    }
}
