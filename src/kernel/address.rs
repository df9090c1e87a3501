//! Addresses of the network: ranges of them, and the part that one subscriber commonly has.

use std::net::IpAddr;
use std::str::FromStr;

/// The part of an IP address that one subscriber commonly has: 24 bits, or 64 for version 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(Option<[u8; 8]>);

impl Network {
    /// The network of `address`; all callers whose address is unknown are one.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                [0, 0, 0, 0, 4, a, b, c]
            }
            IpAddr::V6(ip) => {
                let mut prefix = [0; 8];
                prefix.copy_from_slice(&ip.octets()[..8]);
                prefix
            }
        }))
    }

    /// The network, with version 6 cut to the 48 bits that one site commonly has.
    #[must_use]
    pub const fn wide(self) -> Self {
        match self.0 {
            // Version 4 stands behind a mark that no address of version 6 in use begins with.
            Some(bytes @ [0, 0, 0, 0, 4, ..]) => Self(Some(bytes)),
            Some(mut bytes) => {
                bytes[6] = 0;
                bytes[7] = 0;
                Self(Some(bytes))
            }
            None => Self(None),
        }
    }

    /// Bytes that tell it from every other.
    pub const fn bytes(self) -> [u8; 9] {
        match self.0 {
            Some(network) => {
                let mut bytes = [1; 9];
                let (_, rest) = bytes.split_at_mut(1);
                rest.copy_from_slice(&network);
                bytes
            }
            None => [0; 9],
        }
    }

    /// Whether it is the network of an address, and not of those whose address is unknown.
    pub const fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// Whether it is the one by which a machine calls itself.
    pub const fn is_loopback(self) -> bool {
        matches!(
            self.0,
            Some([0, 0, 0, 0, 4, 127, _, _] | [0, 0, 0, 0, 0, 0, 0, 0])
        )
    }
}

/// A range of addresses, as in `10.0.0.0/8` or `2001:db8::/32`; a bare address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    bits: u32,
}

impl Range {
    /// Whether `address` lies in it. A version 4 address written as version 6 is version 4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32 - self.bits;
                let differ = first.to_bits() ^ address.to_bits();
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let shift = 128 - self.bits;
                let differ = first.to_bits() ^ address.to_bits();
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// A text is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no range of addresses such as 10.0.0.0/8")]
pub struct NotARange;

impl FromStr for Range {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NotARange)?;
        let bits_max = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => {
                bits.parse().map_err(|_| NotARange)?
            }
            Some(_) => return Err(NotARange),
            None => bits_max,
        };
        if bits > bits_max {
            return Err(NotARange);
        }
        Ok(Self { first, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3/8", "10.9.9.9", "9.255.255.255"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
        ] {
            let read: Range = range.parse().expect(range);
            assert!(
                read.contains(inside.parse().expect(inside)),
                "{range} {inside}"
            );
            assert!(
                !read.contains(outside.parse().expect(outside)),
                "{range} {outside}"
            );
        }
        let everything: Range = "0.0.0.0/0".parse().expect("all of version 4");
        assert!(everything.contains(IpAddr::from([255, 1, 2, 3])));
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/+8",
            "x/8",
        ] {
            assert_eq!(wrong.parse::<Range>(), Err(NotARange), "{wrong}");
        }
    }

    #[test]
    fn neighbours_are_one_network_and_strangers_are_not() {
        let network = |text: &str| Network::of(Some(text.parse().expect(text)));

        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.200"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert!(!Network::of(None).is_known());
        for (address, is_own) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("128.0.0.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(network(address).is_loopback(), is_own, "{address}");
        }
        assert!(!Network::of(None).is_loopback());
    }
}
