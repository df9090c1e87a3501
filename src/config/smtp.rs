//! Where mail is handed over.

use std::net::IpAddr;

use url::Url;

use crate::kernel::{EmailAddress, Secret};

/// What would be right.
pub(super) const MEND: &str = "smtps://user:password@host (TLS from the start, port 465), \
     starttls://user:password@host (TLS before anything is said, port 587) or smtp://host (no TLS, \
     port 25; with a password only on this machine)";

/// A mail server that takes mail from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its name or address; a certificate must be for it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// The name and password it asks for.
    pub login: Option<(String, Secret)>,
    /// The address that mail comes from. The name beside it is the brand's.
    pub from: EmailAddress,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314 §3.3).
    Tls,
    /// TLS before anything is said; a server that does not offer it is not used.
    StartTls,
    /// None.
    Plain,
}

/// Reads a URL. The sender's address stands elsewhere and is a placeholder here.
pub(super) fn parse(text: &str) -> Option<Smtp> {
    let url = Url::parse(text).ok()?;
    let (security, port) = match url.scheme() {
        "smtps" => (SmtpSecurity::Tls, 465),
        "starttls" => (SmtpSecurity::StartTls, 587),
        "smtp" => (SmtpSecurity::Plain, 25),
        _ => return None,
    };
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (_, None) => return None,
        (name, Some(password)) => Some((decoded(name)?, Secret::new(decoded(password)?))),
    };
    let is_exposed = security == SmtpSecurity::Plain && login.is_some() && !is_local(host);
    if !bare || is_exposed {
        return None;
    }
    Some(Smtp {
        host: host.to_owned(),
        port: url.port().unwrap_or(port),
        security,
        login,
        from: EmailAddress::parse("nobody@invalid.invalid").expect("an address"),
    })
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_how_it_is_spoken_to() {
        for (text, host, port, security) in [
            (
                "smtps://mail.brand.example",
                "mail.brand.example",
                465,
                SmtpSecurity::Tls,
            ),
            (
                "starttls://u:p@mail.brand.example",
                "mail.brand.example",
                587,
                SmtpSecurity::StartTls,
            ),
            (
                "starttls://mail.brand.example:2525/",
                "mail.brand.example",
                2525,
                SmtpSecurity::StartTls,
            ),
            (
                "smtp://10.0.0.5:1025",
                "10.0.0.5",
                1025,
                SmtpSecurity::Plain,
            ),
            ("smtp://u:p@[::1]:25", "::1", 25, SmtpSecurity::Plain),
        ] {
            let server = parse(text).expect(text);
            assert_eq!(
                (server.host.as_str(), server.port, server.security),
                (host, port, security)
            );
        }
    }

    #[test]
    fn names_and_passwords_are_percent_decoded() {
        let server = parse("smtps://mara%40x.example:p%3Aä%2F@h.example").expect("a server");

        let (name, password) = server.login.expect("both");
        assert_eq!(
            (name.as_str(), password.expose()),
            ("mara@x.example", "p:ä/")
        );
    }

    #[test]
    fn passwords_do_not_cross_a_network_in_the_clear() {
        for text in [
            "smtp://u:p@mail.brand.example",
            "smtps://u@mail.brand.example",
            "smtps://",
            "smtps://h.example/path",
            "smtps://h.example?tls=no",
            "http://h.example",
            "h.example:25",
            "smtps://u:%zz@h.example",
        ] {
            assert!(parse(text).is_none(), "{text} was accepted");
        }
    }
}
