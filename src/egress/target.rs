//! Whether a URL may be called, as far as the URL alone can tell. Pure.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{Reach, reach};

/// Longest URL that is called, in bytes.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Why a URL is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither HTTPS nor a permitted exception.
    #[error("only https is called")]
    Scheme,
    /// It carries a user name or password.
    #[error("a URL with a user name in it is not called")]
    UserInfo,
    /// No host, or a malformed one.
    #[error("the URL names no host")]
    Host,
    /// A port on which other services listen.
    #[error("only port 443 and ports from 1024 on are called")]
    Port,
    /// It leads to this machine, its network, or nowhere.
    #[error("the address is not on the public internet")]
    Address,
    /// Longer than any endpoint is.
    #[error("the URL is too long")]
    Length,
}

/// How a permitted URL is to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By TLS, to addresses that the policy permits.
    Tls,
    /// In plain text, to private addresses only.
    Plain,
}

/// Judges `url`. An address written out is judged here; a name is judged when it is resolved.
pub(super) fn judge(url: &Url, allows_private: bool) -> Result<Way, Refusal> {
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(Refusal::Length);
    }
    let way = match url.scheme() {
        "https" => Way::Tls,
        "http" if allows_private => Way::Plain,
        _ => return Err(Refusal::Scheme),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::UserInfo);
    }
    match (way, url.port_or_known_default()) {
        (_, Some(1024..)) | (Way::Tls, Some(443)) | (Way::Plain, Some(80)) => {}
        (Way::Tls | Way::Plain, Some(_) | None) => return Err(Refusal::Port),
    }
    let literal = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => return Ok(way),
        Some(Host::Domain(_)) | None => return Err(Refusal::Host),
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
    };
    if permits(way, literal, allows_private) {
        Ok(way)
    } else {
        Err(Refusal::Address)
    }
}

/// Whether a connection may go to `address`.
pub(super) fn permits(way: Way, address: IpAddr, allows_private: bool) -> bool {
    match (way, reach(address)) {
        (Way::Tls, Reach::Public) => true,
        (Way::Tls | Way::Plain, Reach::Private) => allows_private,
        (Way::Plain, Reach::Public) | (Way::Tls | Way::Plain, Reach::Never) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a124_a_url_is_judged_before_anything_is_sent() {
        let table = [
            ("https://accounts.example/token", Ok(Way::Tls)),
            ("https://accounts.example:8443/token", Ok(Way::Tls)),
            ("https://93.184.216.34/", Ok(Way::Tls)),
            ("http://accounts.example/token", Err(Refusal::Scheme)),
            ("gopher://accounts.example/", Err(Refusal::Scheme)),
            ("file:///etc/passwd", Err(Refusal::Scheme)),
            ("https://me@accounts.example/", Err(Refusal::UserInfo)),
            ("https://accounts.example@evil/", Err(Refusal::UserInfo)),
            ("https://accounts.example:22/", Err(Refusal::Port)),
            ("https://127.0.0.1/", Err(Refusal::Address)),
            ("https://2130706433/", Err(Refusal::Address)),
            ("https://0177.0.0.1/", Err(Refusal::Address)),
            ("https://0x7f.1/", Err(Refusal::Address)),
            ("https://0.0.0.0/", Err(Refusal::Address)),
            ("https://169.254.169.254/latest", Err(Refusal::Address)),
            ("https://100.64.0.1/", Err(Refusal::Address)),
            ("https://[::1]/", Err(Refusal::Address)),
            ("https://[::ffff:7f00:1]/", Err(Refusal::Address)),
            ("https://[::ffff:169.254.169.254]/", Err(Refusal::Address)),
        ];
        for (text, expected) in table {
            let url = Url::parse(text).expect(text);
            assert_eq!(judge(&url, false), expected, "{text}");
        }
        let long = format!("https://a.example/{}", "x".repeat(9000));
        let long = Url::parse(&long).expect("a URL");
        assert_eq!(judge(&long, false), Err(Refusal::Length));
    }

    #[test]
    fn where_private_addresses_are_allowed_metadata_still_is_not() {
        let table = [
            ("http://127.0.0.1:9000/token", Ok(Way::Plain)),
            ("http://provider.internal:9000/", Ok(Way::Plain)),
            ("https://10.0.0.5/", Ok(Way::Tls)),
            ("http://93.184.216.34/", Err(Refusal::Address)),
            ("http://169.254.169.254/", Err(Refusal::Address)),
            ("https://169.254.169.254/", Err(Refusal::Address)),
            ("http://127.0.0.1:22/", Err(Refusal::Port)),
        ];
        for (text, expected) in table {
            let url = Url::parse(text).expect(text);
            assert_eq!(judge(&url, true), expected, "{text}");
        }
    }
}
