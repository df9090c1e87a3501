//! From which address a request comes, as far as it can be known.
//!
//! A caller can write anything into `X-Forwarded-For` and `Forwarded`, so they are read only where the
//! peer is a proxy that the settings trust, and from the right: what the trusted proxies added.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use crate::app::SharedApp;
use crate::config::Config;
use crate::kernel::Network;
use crate::kernel::address::Range;

/// The header that most proxies write.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The network that a request comes from; the one of the unknown where that cannot be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller(pub(super) Network);

impl FromRequestParts<SharedApp> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &SharedApp,
    ) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|info| info.0.ip());
        Ok(Self(Network::of(address(
            &app.config,
            peer,
            &parts.headers,
        ))))
    }
}

/// The address of the caller. Where TLS ends before us and no proxy is trusted, the peer is that
/// proxy, which says nothing of the caller.
fn address(config: &Config, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer?;
    let trusted = &config.trusted_proxies;
    if is_trusted(trusted, peer) {
        return Some(forwarded(trusted, peer, headers));
    }
    (!trusted.is_empty() || !config.is_secure()).then_some(peer)
}

fn is_trusted(trusted: &[Range], address: IpAddr) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

/// The address that the trusted proxies saw. A proxy that writes one of the headers lets the other
/// pass as the caller wrote it: where both are there and differ, neither is believed.
fn forwarded(trusted: &[Range], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let commonly = texts(headers, &FORWARDED_FOR);
    let standard = texts(headers, &header::FORWARDED);
    let seen = |hops: &[Option<IpAddr>]| rightmost_stranger(trusted, peer, hops);
    let commonly: Vec<_> = commonly.iter().map(|hop| read_address(hop)).collect();
    let standard: Vec<_> = standard.iter().map(|hop| read_for(hop)).collect();
    match (commonly.as_slice(), standard.as_slice()) {
        ([], hops) | (hops, []) => seen(hops),
        (one, other) if seen(one) == seen(other) => seen(one),
        _ => peer,
    }
}

/// The comma-separated parts of every such header, in order.
fn texts(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        // What is no text is a hop that cannot be read, not one that is not there.
        .map(|value| value.to_str().unwrap_or("?"))
        .flat_map(|text| text.split(','))
        .map(|hop| hop.trim().to_owned())
        .collect()
}

/// From the right, the first hop that is no trusted proxy. One that cannot be read ends the search:
/// then it is the proxy that wrote it that is known.
fn rightmost_stranger(trusted: &[Range], peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
    let mut known = peer;
    for hop in hops.iter().rev() {
        let Some(address) = *hop else { break };
        known = address;
        if !is_trusted(trusted, address) {
            break;
        }
    }
    known
}

/// An address, with or without a port and the brackets of version 6.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

/// The address in the `for` of one element of `Forwarded` (RFC 7239).
fn read_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim();
        let plain = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| read_address(plain.unwrap_or(value)))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config;

    fn config(public_url: &str, proxies: &str) -> Config {
        let settings = [("public_url", public_url), ("trusted_proxies", proxies)];
        let settings: BTreeMap<String, String> = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        config::read(None, &settings).expect("settings")
    }

    fn seen(config: &Config, peer: &str, headers: &[(&'static str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header"));
        }
        let peer = peer.parse().expect("an address");
        address(config, Some(peer), &map).map(|address| address.to_string())
    }

    #[test]
    fn a44_only_trusted_proxies_are_believed_and_only_what_they_added() {
        let proxied = config("https://id.brand.example", "10.0.0.0/8, ::1");
        let common = "x-forwarded-for";
        for (peer, headers, expected) in [
            ("10.0.0.1", vec![(common, "198.51.100.7")], "198.51.100.7"),
            // What the caller wrote stands to the left of what the proxy saw.
            (
                "10.0.0.1",
                vec![(common, "1.1.1.1, 198.51.100.7")],
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                vec![(common, "1.1.1.1"), (common, "198.51.100.7")],
                "198.51.100.7",
            ),
            // Through two proxies of ours.
            (
                "::1",
                vec![(common, "198.51.100.7, 10.9.9.9")],
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                vec![(common, "[2001:db8::1]:443")],
                "2001:db8::1",
            ),
            (
                "10.0.0.1",
                vec![(common, "198.51.100.7:51000")],
                "198.51.100.7",
            ),
            // Nonsense leads no further than to the proxy that let it pass.
            ("10.0.0.1", vec![(common, "1.1.1.1, nonsense")], "10.0.0.1"),
            ("10.0.0.1", vec![(common, "nonsense, 10.9.9.9")], "10.9.9.9"),
            ("10.0.0.1", vec![(common, "")], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            (
                "10.0.0.1",
                vec![(
                    "forwarded",
                    "for=1.1.1.1, For=\"[2001:db8::1]:9\";proto=https",
                )],
                "2001:db8::1",
            ),
            ("10.0.0.1", vec![("forwarded", "for=unknown")], "10.0.0.1"),
            // A caller adds the header that the proxy does not write.
            (
                "10.0.0.1",
                vec![(common, "198.51.100.7"), ("forwarded", "for=1.1.1.1")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                vec![(common, "198.51.100.7"), ("forwarded", "for=198.51.100.7")],
                "198.51.100.7",
            ),
            // Somebody who is no proxy says they were one.
            ("203.0.113.5", vec![(common, "1.1.1.1")], "203.0.113.5"),
        ] {
            let found = seen(&proxied, peer, &headers);
            assert_eq!(found.as_deref(), Some(expected), "{peer} {headers:?}");
        }
    }

    #[test]
    fn behind_a_proxy_that_nobody_named_the_caller_is_unknown() {
        let headers = [("x-forwarded-for", "198.51.100.7")];
        let tls = config("https://id.brand.example", "");
        let local = config("http://127.0.0.1:7700", "");

        assert_eq!(seen(&tls, "10.0.0.1", &headers), None);
        assert_eq!(
            seen(&local, "127.0.0.1", &headers).as_deref(),
            Some("127.0.0.1")
        );
        assert_eq!(address(&local, None, &HeaderMap::new()), None);
    }
}
