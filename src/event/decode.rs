//! From the bytes of a request to the texts of its events, whatever label they came under.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The largest body, before and after inflating, in bytes.
pub const BODY_LENGTH_MAX: usize = 4 * 1024 * 1024;
/// The most events in one body.
pub const EVENTS_MAX: usize = 10_000;
/// The most keys in an envelope.
const ENVELOPE_KEYS_MAX: usize = 1_000;

/// Why a body cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More bytes than are read.
    #[error("the body is larger than {BODY_LENGTH_MAX} bytes once unpacked")]
    TooLarge,
    /// More events than are read.
    #[error("a batch holds at most {EVENTS_MAX} events")]
    TooManyEvents,
    /// The body is packed in a way that is not understood.
    #[error("Content-Encoding must be gzip or absent")]
    UnknownEncoding,
    /// The gzip stream is broken.
    #[error("the body is not valid gzip")]
    BrokenGzip,
    /// The body is not JSON, or not an object.
    #[error("the body is not a JSON object: {0}")]
    NotAnObject(String),
    /// The body is not JSON, or not an array.
    #[error("the body is not a JSON array: {0}")]
    NotAnArray(String),
    /// The envelope holds a key twice.
    #[error("the body holds the same key twice")]
    DuplicateKey,
    /// The body needs a batch and has none.
    #[error("batch, or events, must be an array of events")]
    NoBatch,
}

/// Whether `bytes` must be unpacked. The label counts; a gzip stream without one is told by its
/// first two bytes, which no JSON begins with.
pub fn is_packed(encoding: Option<&str>, bytes: &[u8]) -> Result<bool, Malformed> {
    let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
    match encoding.as_str() {
        "gzip" | "x-gzip" => Ok(true),
        "" | "identity" => Ok(bytes.starts_with(&[0x1f, 0x8b])),
        _ => Err(Malformed::UnknownEncoding),
    }
}

/// Unpacks a gzip stream, at most [`BODY_LENGTH_MAX`] bytes of it.
pub fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let limit = u64::try_from(BODY_LENGTH_MAX).unwrap_or(u64::MAX) + 1;
    let mut inflated = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| Malformed::BrokenGzip)?;
    if inflated.len() > BODY_LENGTH_MAX {
        return Err(Malformed::TooLarge);
    }
    Ok(inflated)
}

/// The bytes as text. What is not UTF-8, and control characters where JSON does not allow them, become
/// an escaped half of a surrogate pair: the event that holds it is then refused, and its neighbours
/// are not.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    // SDKs send no line breaks, so nearly every body ends here.
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.bytes().all(|b| b >= 0x20)
    {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(bytes.len() + 16);
    let mut place = Place::Between;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let is_space = matches!(c, '\t' | '\n' | '\r') && place == Place::Between;
            if u32::from(c) < 0x20 && !is_space {
                place = mark(&mut mended, place);
            } else {
                mended.push(c);
                place = place.after(c);
            }
        }
        if !chunk.invalid().is_empty() {
            place = mark(&mut mended, place);
        }
    }
    Cow::Owned(mended)
}

/// Where in a JSON text a character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between texts.
    Between,
    /// In a text.
    Text,
    /// In a text, after a backslash.
    Escape,
}

impl Place {
    const fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Between, '"') | (Self::Escape, _) => Self::Text,
            (Self::Text, '"') => Self::Between,
            (Self::Text, '\\') => Self::Escape,
            (place, _) => place,
        }
    }
}

/// Writes half of a surrogate pair; an escape that is open is continued by it.
fn mark(mended: &mut String, place: Place) -> Place {
    mended.push_str(if place == Place::Escape {
        "ud800"
    } else {
        "\\ud800"
    });
    match place {
        Place::Between => Place::Between,
        Place::Text | Place::Escape => Place::Text,
    }
}

/// A body, taken apart; the events themselves are not read yet.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The key it brings.
    pub write_key: Option<String>,
    /// When it says it was sent.
    pub sent_at: Option<Value>,
    /// The events in its `batch`; `None` when it has none and is an event itself.
    pub batch: Option<Vec<&'a RawValue>>,
}

/// The events in the `events` of a body of our own API; none where it has none and is an event itself.
pub fn events_in(text: &str) -> Result<Option<Vec<&RawValue>>, Malformed> {
    find(text)?.events.map(events).transpose()
}

fn find(text: &str) -> Result<Found<'_>, Malformed> {
    serde_json::from_str(text).map_err(|error| {
        if error.to_string().starts_with(DUPLICATE_KEY) {
            Malformed::DuplicateKey
        } else {
            Malformed::NotAnObject(error.to_string())
        }
    })
}

/// Takes a body apart.
pub fn envelope(text: &str) -> Result<Envelope<'_>, Malformed> {
    let found = find(text)?;
    let string = |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let value = |raw: Option<&RawValue>| raw.and_then(|raw| super::json::read(raw.get()).ok());
    let batch = found.batch.map(events).transpose()?;
    Ok(Envelope {
        write_key: string(found.write_key),
        sent_at: value(found.sent_at),
        batch,
    })
}

fn events(raw: &RawValue) -> Result<Vec<&RawValue>, Malformed> {
    let events: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| Malformed::NoBatch)?;
    if events.len() > EVENTS_MAX {
        return Err(Malformed::TooManyEvents);
    }
    Ok(events)
}

const DUPLICATE_KEY: &str = "duplicate key";

#[derive(Default)]
struct Found<'a> {
    write_key: Option<&'a RawValue>,
    sent_at: Option<&'a RawValue>,
    batch: Option<&'a RawValue>,
    events: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Found<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
                let mut found = Found::default();
                let mut seen = HashSet::new();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "writeKey" => found.write_key = Some(map.next_value()?),
                        "sentAt" => found.sent_at = Some(map.next_value()?),
                        "batch" => found.batch = Some(map.next_value()?),
                        "events" => found.events = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    if !seen.insert(key) {
                        return Err(A::Error::custom(DUPLICATE_KEY));
                    }
                    if seen.len() > ENVELOPE_KEYS_MAX {
                        return Err(A::Error::custom("too many keys"));
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::event::validate::{Receipt, judge};
    use crate::event::{Judged, Kind};
    use crate::kernel::Entropy;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn both_shapes_of_body_are_taken_apart() {
        let batch = r#" {"batch":[{"a":1}, {"b":2}],"writeKey":"k","sentAt":"2026-11-22"} "#;

        let found = envelope(batch).expect("a batch");

        assert_eq!(found.write_key.as_deref(), Some("k"));
        assert_eq!(found.sent_at, Some("2026-11-22".into()));
        let items = found.batch.expect("events");
        assert_eq!(
            items.iter().map(|raw| raw.get()).collect::<Vec<_>>(),
            [r#"{"a":1}"#, r#"{"b":2}"#]
        );
        assert!(
            envelope(r#"{"type":"track"}"#)
                .expect("one")
                .batch
                .is_none()
        );
    }

    #[test]
    fn a79_what_is_no_body_is_refused() {
        let many = format!("{{\"batch\":[{}{{}}]}}", "{},".repeat(EVENTS_MAX));
        let keys = (0..=ENVELOPE_KEYS_MAX)
            .map(|n| format!("\"k{n}\":1"))
            .collect::<Vec<_>>()
            .join(",");
        for (body, expected) in [
            ("", "not"),
            ("[]", "not"),
            ("NaN", "not"),
            ("\u{feff}{}", "not"),
            ("{\"batch\":[}", "not"),
            ("{\"batch\":{}}", "no batch"),
            ("{\"batch\":null}", "no batch"),
            ("{\"batch\":[],\"batch\":[]}", "twice"),
            ("{\"x\":1,\"x\":1}", "twice"),
            (many.as_str(), "many"),
            (&format!("{{{keys}}}"), "not"),
        ] {
            let found = match envelope(body) {
                Err(Malformed::NotAnObject(_) | Malformed::NotAnArray(_)) => "not",
                Err(Malformed::NoBatch) => "no batch",
                Err(Malformed::DuplicateKey) => "twice",
                Err(Malformed::TooManyEvents) => "many",
                Err(Malformed::TooLarge | Malformed::UnknownEncoding | Malformed::BrokenGzip) => {
                    "packed"
                }
                Ok(_) => "taken",
            };
            assert_eq!(found, expected, "{}", &body[..body.len().min(60)]);
        }
    }

    #[test]
    fn a79_nesting_of_any_depth_in_a_body_is_survived() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let body = format!("{{\"batch\":[{{\"a\":{deep}}},{{\"ok\":1}}]}}");

        assert!(envelope(&deep).is_err());
        assert_eq!(
            envelope(&body)
                .expect("a batch")
                .batch
                .expect("events")
                .len(),
            2
        );
    }

    #[test]
    fn a78_a_bomb_is_cut_at_the_limit() {
        let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
        assert!(bomb.len() < 100_000);

        assert_eq!(inflate(&bomb), Err(Malformed::TooLarge));
        assert_eq!(inflate(&gzip(b"{}")), Ok(b"{}".to_vec()));
        assert_eq!(inflate(&gzip(b"{}")[..10]), Err(Malformed::BrokenGzip));
        assert_eq!(inflate(b"{}"), Err(Malformed::BrokenGzip));
    }

    #[test]
    fn packing_is_told_by_its_label_or_its_first_bytes() {
        let packed = gzip(b"{}");
        for (label, bytes, expected) in [
            (Some("gzip"), &packed[..], Ok(true)),
            (Some("GZIP"), &packed[..], Ok(true)),
            (Some("gzip"), b"{}", Ok(true)),
            (None, &packed[..], Ok(true)),
            (None, b"{}", Ok(false)),
            (Some("identity"), b"{}", Ok(false)),
            (Some("br"), b"{}", Err(Malformed::UnknownEncoding)),
            (
                Some("gzip, gzip"),
                &packed[..],
                Err(Malformed::UnknownEncoding),
            ),
        ] {
            assert_eq!(is_packed(label, bytes), expected, "{label:?}");
        }
    }

    #[test]
    fn a76_bytes_that_are_no_text_spoil_only_their_own_event() {
        let entropy = Entropy::seeded(1);
        let receipt = Receipt {
            received_at: "2026-11-22T12:00:00Z".parse().expect("a time"),
            sent_at: None,
            kind: Some(Kind::Track),
            entropy: &entropy,
        };
        for bad in [
            &b"\xff\xfe"[..],
            b"\x00",
            b"\xc3",
            b"\\\\\xff",
            b"\\\xff",
            b"\\\x00",
            b"\n",
            b"a\tb\r",
            b"\\\n",
        ] {
            let good = br#"{"userId":"u","event":"Good"}"#;
            let body = [
                br#"{"batch":["#,
                &good[..],
                br#",{"userId":"u","event":""#,
                bad,
                br#""},"#,
                good,
                b"]}",
            ]
            .concat();

            let text = text(&body);
            let events = envelope(&text).expect("a batch").batch.expect("events");
            let judged = events
                .iter()
                .map(|raw| match judge(raw.get(), &receipt) {
                    Judged::Accepted(_) => "accepted",
                    Judged::Rejected(rejection) => rejection.code,
                })
                .collect::<Vec<_>>();

            assert_eq!(
                judged,
                ["accepted", "invalid_unicode", "accepted"],
                "{bad:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = text(&bytes);
            drop(envelope(&text));
            drop(inflate(&bytes));
        }

        #[test]
        fn nearly_right_bodies_do_not_either(
            body in r#"\{("batch":\[(\{"type":"(track|alias)","userId":("[a-z\\]{0,3}"|1)\},?){0,3}\]|"sentAt":"?[0-9T:-]{0,12}"?|"x":\[{0,5}),?\}?"#,
        ) {
            drop(envelope(&text(body.as_bytes())));
        }
    }
}
