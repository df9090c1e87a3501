//! Whether mail can be handed over.

use super::Finding;
use crate::config::Config;
use crate::mail::transport::Transport;

const WHAT: &str = "mail";

/// Connects to the mail server and signs in; sends nothing.
pub(super) async fn look(config: &Config) -> Finding {
    let Some(server) = &config.smtp else {
        return Finding::good(WHAT, "kept, and shown on the dashboard's page Mail").hint(
            "To have it sent, set BEFRIEND_SMTP_URL=smtps://user:password@host and \
             BEFRIEND_MAIL_FROM=no-reply@your.domain.",
        );
    };
    let shown = format!("{}:{}", server.host, server.port);
    let probed = match Transport::new(server) {
        Ok(transport) => transport.probe().await,
        Err(error) => Err(error.to_string()),
    };
    match probed {
        Ok(()) => Finding::good(WHAT, format!("{shown} takes mail from {}", server.from)),
        Err(reason) => Finding::bad(
            WHAT,
            format!("{shown}: {reason}"),
            "Check BEFRIEND_SMTP_URL: the host, the port, smtps or starttls, the name and the \
             password. Until it works, mail waits and is tried again until it expires.",
        ),
    }
}
