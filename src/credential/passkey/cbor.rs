//! CBOR as authenticators write it (CTAP2 canonical form): definite lengths, no tags, no fractions,
//! nothing twice in a map. A number written longer than it need be is taken, as it means one thing.

/// How deep values may lie within one another.
const DEPTH_MAX: usize = 8;

/// A value; texts and bytes are of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true`, `null`.
    Simple(u8),
}

impl<'a> Value<'a> {
    /// What a map has under a text.
    pub(super) fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.under(&Value::Text(name))
    }

    /// What a map has under a number.
    pub(super) fn numbered(&self, number: i64) -> Option<&Value<'a>> {
        self.under(&Value::Integer(number))
    }

    fn under(&self, wanted: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(pairs) = self else { return None };
        let mut pairs = pairs.iter();
        pairs.find_map(|(key, value)| (key == wanted).then_some(value))
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Integer(_) | Self::Text(_) | Self::Array(_) | Self::Map(_) | Self::Simple(_) => {
                None
            }
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bytes(_) | Self::Text(_) | Self::Array(_) | Self::Map(_) | Self::Simple(_) => {
                None
            }
        }
    }
}

/// The first value of `input`, and what comes after it.
pub(super) fn read(input: &[u8]) -> Option<(Value<'_>, &[u8])> {
    read_within(input, DEPTH_MAX)
}

/// The one value that `input` is.
pub(super) fn read_whole(input: &[u8]) -> Option<Value<'_>> {
    let (value, rest) = read(input)?;
    rest.is_empty().then_some(value)
}

fn read_within(input: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (major, number, rest) = read_head(input)?;
    match major {
        0 => Some((Value::Integer(i64::try_from(number).ok()?), rest)),
        1 => Some((Value::Integer(-1 - i64::try_from(number).ok()?), rest)),
        2 => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            Some((Value::Bytes(bytes), rest))
        }
        3 => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            Some((Value::Text(std::str::from_utf8(bytes).ok()?), rest))
        }
        4 => {
            let (mut values, mut rest) = (Vec::new(), rest);
            for _ in 0..number {
                let (value, after) = read_within(rest, depth)?;
                values.push(value);
                rest = after;
            }
            Some((Value::Array(values), rest))
        }
        5 => read_map(number, rest, depth),
        7 if (20..=22).contains(&number) => Some((Value::Simple(u8::try_from(number).ok()?), rest)),
        _ => None,
    }
}

fn read_map(count: u64, input: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let (mut pairs, mut rest) = (Vec::<(Value<'_>, Value<'_>)>::new(), input);
    for _ in 0..count {
        let (key, after) = read_within(rest, depth)?;
        let (value, after) = read_within(after, depth)?;
        let is_there = pairs.iter().any(|(known, _)| *known == key);
        if is_there || pairs.len() >= 64 {
            return None;
        }
        pairs.push((key, value));
        rest = after;
    }
    Some((Value::Map(pairs), rest))
}

/// The major type, the number that comes with it, and what is after both.
fn read_head(input: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (major, short) = (first >> 5, first & 31);
    let bytes = match short {
        0..=23 => return Some((major, u64::from(short), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(bytes)?;
    let number = digits
        .iter()
        .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    Some((major, number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 8949, appendix A, that authenticators may write.
    #[test]
    fn values_read_as_the_rfc_says() {
        let int = Value::Integer;
        for (bytes, value) in [
            (&b"\x00"[..], int(0)),
            (b"\x17", int(23)),
            (b"\x18\x18", int(24)),
            (b"\x19\x03\xe8", int(1000)),
            (b"\x1a\x00\x0f\x42\x40", int(1_000_000)),
            (b"\x20", int(-1)),
            (b"\x39\x03\xe7", int(-1000)),
            (b"\x44\x01\x02\x03\x04", Value::Bytes(&[1, 2, 3, 4])),
            (b"\x64IETF", Value::Text("IETF")),
            (
                b"\x83\x01\x02\x03",
                Value::Array(vec![int(1), int(2), int(3)]),
            ),
            (b"\xa0", Value::Map(vec![])),
            (
                b"\xa2\x01\x02\x03\x04",
                Value::Map(vec![(int(1), int(2)), (int(3), int(4))]),
            ),
            (b"\xf5", Value::Simple(21)),
        ] {
            assert_eq!(read_whole(bytes), Some(value), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_no_authenticator_writes_is_refused() {
        for bytes in [
            &b""[..],
            b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", // beyond an i64
            b"\x44\x01",                             // cut off
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", // bytes without end
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", // values without end
            b"\x5f\x41\x00\xff",                     // indefinite
            b"\xa2\x01\x02\x01\x03",                 // a key twice
            b"\xc0\x00",                             // a tag
            b"\xf9\x3c\x00",                         // a fraction
            b"\x61\xff",                             // no UTF-8
            b"\x81\x81\x81\x81\x81\x81\x81\x81\x00", // too deep
            b"\x00\x00",                             // something after it
        ] {
            assert_eq!(read_whole(bytes), None, "{bytes:02x?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0_u8.., 0..200)) {
            let _ = read(&bytes);
        }
    }
}
