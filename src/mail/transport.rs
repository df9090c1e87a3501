//! Handing a letter over to a mail server, by SMTP.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::Letter;
use crate::config::{Smtp, SmtpSecurity};
use crate::kernel::EmailAddress;
use crate::kernel::id::MailId;
use crate::view::mail::{NAME_CHARS_MAX, one_line};

/// The longest that one mail may take, from name to last answer.
const TIME_MAX: Duration = Duration::from_secs(30);
/// The longest that one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Connections kept open, and for how long while nothing is sent.
const CONNECTIONS_MAX: u32 = 4;
const IDLE_MAX: Duration = Duration::from_secs(20);
/// The longest answer of a server that is stored, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Codes that refuse us, not the mail: sent again, it may be taken once the settings are mended.
const REFUSES_US: [u16; 7] = [500, 502, 503, 530, 534, 535, 538];

/// A mail server, spoken to over few connections.
#[derive(Clone, Debug)]
pub struct Transport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    patience: Duration,
}

/// The settings name no server that can be spoken to.
#[derive(Debug, thiserror::Error)]
#[error("mail cannot be sent by {host}: {reason}")]
pub struct Unusable {
    host: String,
    reason: String,
}

/// A mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may be, later.
    Later(String),
    /// It never will be.
    Never(String),
}

/// RFC 3834: nobody's vacation notice answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Transport {
    /// Speaks to `server`. Opens no connection yet. Must be called within a Tokio runtime.
    pub fn new(server: &Smtp) -> Result<Self, Unusable> {
        Self::with_patience(server, TIME_MAX)
    }

    /// [`Self::new`] for a server that is given up after `patience`.
    pub fn with_patience(server: &Smtp, patience: Duration) -> Result<Self, Unusable> {
        let unusable = |reason: String| Unusable {
            host: server.host.clone(),
            reason,
        };
        let tls = match server.security {
            SmtpSecurity::Plain => Tls::None,
            SmtpSecurity::StartTls | SmtpSecurity::Tls => {
                let parameters = TlsParameters::new(server.host.clone());
                let parameters = parameters.map_err(|error| unusable(reason(&error)))?;
                if server.security == SmtpSecurity::Tls {
                    Tls::Wrapper(parameters)
                } else {
                    Tls::Required(parameters)
                }
            }
        };
        let from = server.from.as_str().parse();
        let from: Address = from.map_err(|_| unusable("mail_from is no address".to_owned()))?;
        let pool = PoolConfig::new()
            .max_size(CONNECTIONS_MAX)
            .idle_timeout(IDLE_MAX);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(ANSWER_MAX))
            .pool_config(pool);
        if let Some((name, password)) = &server.login {
            let password = password.expose().to_owned();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        Ok(Self {
            smtp: builder.build(),
            from,
            patience,
        })
    }

    /// Connects and signs in, and sends nothing.
    pub async fn probe(&self) -> Result<(), String> {
        match tokio::time::timeout(self.patience, self.smtp.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the server hung up".to_owned()),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err("the server does not answer".to_owned()),
        }
    }

    /// Hands over `letter`, whose id makes its `Message-ID`: a mail that is sent twice, because the
    /// first answer was lost, is one mail to whoever reads it.
    pub async fn send(
        &self,
        to: &EmailAddress,
        mail_id: MailId,
        made_at: DateTime<Utc>,
        letter: &Letter,
    ) -> Result<(), Failure> {
        let message = compose(&self.from, to, mail_id, made_at, letter)
            .map_err(|error| Failure::Never(one_line(&error, REASON_CHARS_MAX)))?;
        match tokio::time::timeout(self.patience, self.smtp.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judge(&error)),
            Err(_) => Err(Failure::Later("the server took too long".to_owned())),
        }
    }
}

fn judge(error: &lettre::transport::smtp::Error) -> Failure {
    let told = reason(error);
    let refuses_us = error.status().map(u16::from).is_some_and(|code| {
        // Names and passwords are asked for before any mail is.
        REFUSES_US.contains(&code)
    });
    if error.is_permanent() && !refuses_us {
        Failure::Never(told)
    } else {
        Failure::Later(told)
    }
}

/// An error with what caused it, on one line.
fn reason(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told.push_str(": ");
            told.push_str(&text);
        }
        cause = error.source();
    }
    one_line(&told, REASON_CHARS_MAX)
}

fn compose(
    from: &Address,
    to: &EmailAddress,
    mail_id: MailId,
    made_at: DateTime<Utc>,
    letter: &Letter,
) -> Result<Message, String> {
    let to: Address = to
        .as_str()
        .parse()
        .map_err(|_| "the address cannot be written in a mail".to_owned())?;
    let name = one_line(&letter.from, NAME_CHARS_MAX);
    let message_id = format!("<{mail_id}@{}>", from.domain());
    Message::builder()
        .from(Mailbox::new(Some(name), from.clone()))
        .to(Mailbox::new(None, to))
        .subject(one_line(&letter.subject, usize::MAX))
        .message_id(Some(message_id))
        .date(SystemTime::from(made_at))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(
            letter.text.clone(),
            letter.html.clone(),
        ))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;

    fn composed(name: &str, subject: &str) -> String {
        let entropy = Entropy::seeded(1);
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant");
        let from: Address = "no-reply@brand.example".parse().expect("an address");
        let to = EmailAddress::parse("mara@x.example").expect("an address");
        let letter = Letter {
            from: name.to_owned(),
            subject: subject.to_owned(),
            text: "Hello\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        let mail_id = MailId::new(at, &entropy);
        let message = compose(&from, &to, mail_id, at, &letter).expect("a mail");
        String::from_utf8(message.formatted()).expect("a mail is text")
    }

    #[test]
    fn a131_no_name_and_no_subject_adds_a_header() {
        for evil in [
            "Evil\r\nBcc: all@x.example",
            "Evil\nBcc: all@x.example\n\nbody",
            "Evil\u{2028}Bcc: all@x.example\r",
            "=?utf-8?q?Evil=0D=0ABcc:_all@x.example?=",
            "\"Evil\" <evil@x.example>, x",
            "ä\r\n Bcc: all@x.example",
        ] {
            let mail = composed(evil, evil);

            let (head, _) = mail.split_once("\r\n\r\n").expect("a head and a body");
            let names: Vec<&str> = head
                .split("\r\n")
                .filter(|line| !line.starts_with([' ', '\t']))
                .filter_map(|line| line.split(':').next())
                .collect();
            let expected = [
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Date",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type",
            ];
            assert_eq!(names, expected, "{head}");
            assert!(!head.contains('\n') || head.replace("\r\n", "").find('\n').is_none());
            let from = head.split("\r\n").next().expect("a first line");
            assert_eq!(
                from.matches("<no-reply@brand.example>").count(),
                1,
                "{head}"
            );
        }
    }

    #[test]
    fn a_mail_sent_again_is_the_same_mail() {
        let id = |mail: &str| {
            let line = mail.lines().find(|line| line.starts_with("Message-ID"));
            line.expect("an id").to_owned()
        };
        let (one, again) = (composed("Bellmoor", "Hi"), composed("Bellmoor", "Hi"));

        assert_eq!(id(&one), id(&again));
        assert!(id(&one).ends_with("@brand.example>"));
    }
}
