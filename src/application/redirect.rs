//! Where an application may have people sent to. Compared as exact strings (RFC 9700 §2.1): every
//! parser that "understands" a URL is one more way to be talked into another one.

/// The loopback addresses whose port may vary (RFC 8252 §7.3). Not `localhost`, which is a name.
const LOOPBACKS: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// The longest address that can be registered, in bytes.
const LENGTH_MAX: usize = 2048;

/// Whether `requested` is what was `registered`; on a loopback address the port may be another, as
/// an app on somebody's machine takes whichever is free.
pub(super) fn is_same(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    LOOPBACKS.iter().any(|base| {
        let (Some(registered), Some(requested)) = (
            after_port(registered.strip_prefix(base)),
            after_port(requested.strip_prefix(base)),
        ) else {
            return false;
        };
        registered == requested
    })
}

/// What follows `:port`, or follows at once where there is no port.
fn after_port(rest: Option<&str>) -> Option<&str> {
    let rest = rest?;
    if rest.is_empty() || rest.starts_with('/') || rest.starts_with('?') {
        return Some(rest);
    }
    let rest = rest.strip_prefix(':')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (port, path) = rest.split_at(digits);
    let fits = !port.starts_with('0') && port.parse::<u16>().is_ok();
    let ends = path.is_empty() || path.starts_with('/') || path.starts_with('?');
    (fits && ends).then_some(path)
}

/// Why `text` cannot be registered as an address to send people to; `None` if it can.
pub fn redirect_uri_fault(text: &str) -> Option<&'static str> {
    if text.len() > LENGTH_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Some("write it in plain ASCII without spaces, in at most 2,048 characters");
    }
    let Ok(url) = url::Url::parse(text) else {
        return Some("write a whole address, such as https://shop.example/signed-in");
    };
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        "http" => return Some("http is only for this machine itself; use https"),
        _ => return Some("use https"),
    }
    if url.fragment().is_some() {
        return Some("leave out the part from # on");
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Some("leave out the part before @");
    }
    if text.contains('*') {
        return Some("write each address in full; * stands for nothing here");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a112_only_the_exact_address_is_the_address() {
        let registered = "https://allowed.example/cb";

        assert!(is_same(registered, registered));
        for trick in [
            "https://allowed.example.evil/cb",
            "https://allowed.example@evil/cb",
            "https://allowed.example@a@evil/cb",
            "https://evil@allowed.example/cb",
            "https://allowed.example/cb/",
            "https://allowed.example/cb/..;/",
            "https://allowed.example/cb%252f",
            "https://allowed.example/x/../cb",
            "https://allowed.example/cb?x=1",
            "https://allowed.example/cb#x",
            "https://allowed.example/CB",
            "HTTPS://allowed.example/cb",
            "https://ALLOWED.example/cb",
            "https://allowed.example:443/cb",
            "https://allowed.example./cb",
            "http://allowed.example/cb",
            "https://allowed.example\\@evil/cb",
            "https://[::1]/cb",
            "JAVASCRIPT:alert(1)",
            " https://allowed.example/cb",
            "https://allowed.example/cb\n",
            "",
        ] {
            assert!(!is_same(registered, trick), "{trick:?} was accepted");
        }
    }

    #[test]
    fn s1_only_the_port_of_a_loopback_address_may_vary() {
        for (registered, requested, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:7701/", "http://127.0.0.1:9/", true),
            ("http://127.0.0.1:7701", "http://127.0.0.1:9", true),
            ("http://[::1]:1/cb?x=1", "http://[::1]:2/cb?x=1", true),
            ("http://127.0.0.1/cb", "http://localhost/cb", false),
            ("http://localhost:1/cb", "http://localhost:2/cb", false),
            ("http://127.0.0.1/cb", "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80:80/cb", false),
            ("http://127.0.0.1", "http://127.0.0.1.evil.example", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80/other", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:80/cb", false),
        ] {
            assert_eq!(is_same(registered, requested), same, "{requested}");
        }
    }

    #[test]
    fn s1_addresses_are_checked_when_they_are_registered() {
        for good in [
            "https://shop.example/cb",
            "https://shop.example/cb?brand=1",
            "http://127.0.0.1:7701/",
            "http://[::1]/cb",
            "http://localhost:3000/cb",
        ] {
            assert_eq!(redirect_uri_fault(good), None, "{good}");
        }
        for bad in [
            "http://shop.example/cb",
            "http://127.0.0.1.evil.example/",
            "https://shop.example/cb#x",
            "https://user@shop.example/",
            "https://*.shop.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "app://cb",
            "/cb",
            "https://shop.example/a b",
            "",
        ] {
            assert!(redirect_uri_fault(bad).is_some(), "{bad} was accepted");
        }
    }
}
