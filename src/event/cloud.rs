//! Events as `CloudEvents` 1.0: their attributes and data become an event as the rest of intake
//! knows it.
//!
//! `id` and `source` together are the message id, `type` is the name of a track as it stands, `subject`
//! says whom it is about, `time` when it happened, and `data` is its properties. What else came along
//! is kept under `context.cloudevent`.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::validate::{self, Fault, Labels, MESSAGE_ID_CHARS_MAX, Receipt};
use super::{Form, Judged, json};
use crate::kernel::secret::sha256;

/// What stands before a subject that is the id of an anonymous visitor.
pub const ANONYMOUS: &str = "anonymous:";
/// The attribute that carries an ID token of the signed-in customer.
const ID_TOKEN: &str = "idtoken";

/// Judges one event in the JSON format: `text` is an object with its attributes and its data.
pub fn judge(text: &str, receipt: &Receipt<'_>) -> Judged {
    let judged = match json::read(text) {
        Ok(Value::Object(attributes)) => judge_attributes(attributes, receipt),
        Ok(_) => Err(Fault::new("not_an_object", "", "an event is a JSON object")),
        Err(fault) => Err(Fault::new(fault.code(), "", fault.detail())),
    };
    kept_as_sent(judged, || text.to_owned(), receipt)
}

/// Judges one event in binary mode: `attributes` by their names without `ce-`, in the form of header
/// values, and the body, whose media type is the attribute `datacontenttype`. One that is refused is
/// kept as it would be in the JSON format.
pub fn judge_binary<'a>(
    attributes: impl Iterator<Item = (&'a str, &'a [u8])>,
    data: &str,
    receipt: &Receipt<'_>,
) -> Judged {
    let mut map = Map::new();
    let mut fault = None;
    for (name, value) in attributes {
        let text = unescape(value).unwrap_or_else(|| {
            fault = Some(Fault::new("ce_header_invalid", "", not_text(name)));
            String::from_utf8_lossy(value).into_owned()
        });
        map.insert(name.to_owned(), Value::String(text));
    }
    let sent = map.clone();
    if let (None, false) = (&fault, data.trim().is_empty()) {
        match json::read(data) {
            Ok(value) => {
                map.insert("data".to_owned(), value);
            }
            // Something else than JSON is refused by its media type, with that as the reason.
            Err(_) if !is_json(&map) => {
                map.insert("data".to_owned(), Value::Null);
            }
            Err(found) => fault = Some(Fault::new(found.code(), "/data", found.detail())),
        }
    }
    let judged = match fault {
        Some(fault) => Err(fault),
        None => judge_attributes(map, receipt),
    };
    kept_as_sent(judged, || in_json(&sent, data), receipt)
}

/// An event in binary mode as the JSON format has it. What should be JSON and is not stands as it
/// came, so that it can be mended in its place; what is something else stands as a text.
fn in_json(attributes: &Map<String, Value>, data: &str) -> String {
    let mut text = Value::Object(attributes.clone()).to_string();
    if data.trim().is_empty() {
        return text;
    }
    text.pop();
    if !attributes.is_empty() {
        text.push(',');
    }
    text.push_str("\"data\":");
    if is_json(attributes) {
        text.push_str(data);
    } else {
        text.push_str(&json!(data).to_string());
    }
    text.push('}');
    text
}

fn judge_attributes(
    attributes: Map<String, Value>,
    receipt: &Receipt<'_>,
) -> Result<Judged, Fault> {
    Ok(validate::judge_value(event(attributes)?, receipt))
}

/// What is refused is kept in the form in which it was sent, and told of in the words of that form.
fn kept_as_sent(
    judged: Result<Judged, Fault>,
    text: impl FnOnce() -> String,
    receipt: &Receipt<'_>,
) -> Judged {
    let judged = judged.unwrap_or_else(|fault| {
        validate::rejected(fault, String::new(), Labels::default(), receipt)
    });
    match judged {
        Judged::Rejected(mut rejection) => {
            rejection.form = Form::Cloud;
            rejection.payload = validate::redacted(&text());
            rejection.pointer = pointer_of(rejection.pointer);
            Judged::Rejected(rejection)
        }
        accepted @ Judged::Accepted(_) => accepted,
    }
}

/// Where in a `CloudEvent` that stands which the tracking API has at `pointer`.
fn pointer_of(pointer: &'static str) -> &'static str {
    match pointer {
        "/messageId" => "/id",
        "/event" => "/type",
        "/timestamp" | "/originalTimestamp" => "/time",
        "/userId" | "/anonymousId" => "/subject",
        "/properties" => "/data",
        other => other,
    }
}

fn not_text(name: &str) -> String {
    format!("the header ce-{name} is not percent-encoded UTF-8")
}

/// An event of the tracking API from attributes and data.
fn event(mut attributes: Map<String, Value>) -> Result<Value, Fault> {
    match attributes.remove("specversion") {
        Some(Value::String(version)) if version == "1.0" => {}
        Some(_) => {
            let detail = "specversion must be 1.0";
            return Err(Fault::new("ce_specversion_unknown", "/specversion", detail));
        }
        None => {
            let detail = "a CloudEvent needs specversion, which is 1.0";
            return Err(Fault::new("ce_specversion_missing", "/specversion", detail));
        }
    }
    let id = required(&mut attributes, "id", "ce_id_missing", "/id")?;
    let source = required(&mut attributes, "source", "ce_source_missing", "/source")?;
    let name = required(&mut attributes, "type", "ce_type_missing", "/type")?;
    let subject = required(&mut attributes, "subject", "ce_subject_missing", "/subject")?;
    let time = attributes.remove("time").unwrap_or(Value::Null);
    let is_json = is_json(&attributes);
    let properties = properties(&mut attributes, is_json)?;
    let token = attributes.remove(ID_TOKEN);
    let mut context = json!({ "source": source, "cloudevent": attributes });
    if let Some(token) = token {
        context["idToken"] = token;
    }
    let mut event = json!({
        "type": "track",
        "messageId": message_id(&source, &id),
        "event": name,
        "context": context,
    });
    match subject.strip_prefix(ANONYMOUS) {
        Some(visitor) => event["anonymousId"] = json!(visitor),
        None => event["userId"] = json!(subject),
    }
    if !time.is_null() {
        event["timestamp"] = time;
    }
    if !properties.is_null() {
        event["properties"] = properties;
    }
    Ok(event)
}

fn required(
    attributes: &mut Map<String, Value>,
    name: &str,
    code: &'static str,
    pointer: &'static str,
) -> Result<String, Fault> {
    match attributes.remove(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        _ => {
            let detail = format!("a CloudEvent needs {name}, a text that is not empty");
            Err(Fault::new(code, pointer, detail))
        }
    }
}

/// Whether the data is JSON; it is where nothing else is said.
fn is_json(attributes: &Map<String, Value>) -> bool {
    let Some(Value::String(kind)) = attributes.get("datacontenttype") else {
        return true;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.ends_with("/json") || kind.ends_with("+json")
}

fn properties(attributes: &mut Map<String, Value>, is_json: bool) -> Result<Value, Fault> {
    let (data, packed) = (attributes.remove("data"), attributes.remove("data_base64"));
    let (data, pointer) = match (data, packed) {
        (data, None | Some(Value::Null)) => (data.unwrap_or(Value::Null), "/data"),
        (Some(_), Some(_)) => {
            let detail = "a CloudEvent has data or data_base64, not both";
            return Err(Fault::new("ce_data_twice", "/data_base64", detail));
        }
        (None, Some(packed)) => (unpacked(&packed, is_json)?, "/data_base64"),
    };
    if !is_json {
        let detail = "the data of an event must be JSON: datacontenttype says otherwise";
        return Err(Fault::new("ce_data_not_json", "/datacontenttype", detail));
    }
    match data {
        Value::Null | Value::Object(_) => Ok(data),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let detail = "the data of an event must be a JSON object: it becomes its properties";
            Err(Fault::new("ce_data_not_an_object", pointer, detail))
        }
    }
}

/// The JSON in `data_base64`.
fn unpacked(packed: &Value, is_json: bool) -> Result<Value, Fault> {
    let refused = || {
        let detail = "data_base64 is taken only if it holds a JSON object";
        Fault::new("ce_data_base64_not_json", "/data_base64", detail)
    };
    let bytes = packed
        .as_str()
        .filter(|_| is_json)
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(refused)?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    json::read(&text).map_err(|_| refused())
}

/// Source and id in one, so that two events have one message id only if both are the same: parted by
/// a space, which no source holds. What is too long, or could be read in two ways, is hashed.
fn message_id(source: &str, id: &str) -> String {
    let plain = format!("{source} {id}");
    if plain.chars().count() <= MESSAGE_ID_CHARS_MAX && !source.contains(char::is_whitespace) {
        return plain;
    }
    let mut hashed = "ce-".to_owned();
    for byte in sha256(format!("{}:{source}{id}", source.len()).as_bytes()) {
        write!(hashed, "{byte:02x}").expect("a text takes whatever is written to it");
    }
    hashed
}

/// The text of a header value: quotes and their escapes taken off, then percent-decoded once.
fn unescape(value: &[u8]) -> Option<String> {
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let plain: Cow<'_, [u8]> = match inner {
        None => Cow::Borrowed(value),
        Some(quoted) => {
            let mut plain = Vec::with_capacity(quoted.len());
            let mut bytes = quoted.iter();
            while let Some(byte) = bytes.next() {
                plain.push(if *byte == b'\\' {
                    *bytes.next()?
                } else {
                    *byte
                });
            }
            Cow::Owned(plain)
        }
    };
    let mut decoded = Vec::with_capacity(plain.len());
    let mut rest = &plain[..];
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            decoded.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::event::Event;
    use crate::kernel::Entropy;

    fn judged(judge: impl FnOnce(&Receipt<'_>) -> Judged) -> Result<Event, &'static str> {
        let entropy = Entropy::seeded(1);
        let receipt = Receipt {
            received_at: DateTime::parse_from_rfc3339("2026-01-15T12:00:00Z")
                .expect("a time")
                .to_utc(),
            sent_at: None,
            kind: None,
            entropy: &entropy,
        };
        match judge(&receipt) {
            Judged::Accepted(event) => Ok(*event),
            Judged::Rejected(rejection) => Err(rejection.code),
        }
    }

    fn structured(change: impl FnOnce(&mut Value)) -> Result<Event, &'static str> {
        let mut event = json!({
            "specversion": "1.0", "id": "A-1", "source": "/shop", "type": "Order Completed",
            "subject": "42", "time": "2026-01-15T11:00:00Z", "datacontenttype": "application/json",
            "data": { "order_id": "A-1" }, "traceparent": "00-1",
        });
        change(&mut event);
        judged(|receipt| judge(&event.to_string(), receipt))
    }

    fn binary(headers: &[(&str, &str)], data: &str) -> Result<Event, &'static str> {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        judged(|receipt| judge_binary(headers, data, receipt))
    }

    #[test]
    fn every_attribute_finds_its_place() {
        let event = structured(|_| ()).expect("a whole event");

        assert_eq!(event.message_id, "/shop A-1");
        assert_eq!(event.name, "Order Completed");
        assert_eq!(
            (event.user_id.as_deref(), event.anonymous_id),
            (Some("42"), None)
        );
        assert_eq!(event.event_time.to_rfc3339(), "2026-01-15T11:00:00+00:00");
        let payload: Value = serde_json::from_str(&event.payload).expect("JSON");
        assert_eq!(payload["properties"]["order_id"], "A-1");
        assert_eq!(payload["context"]["source"], "/shop");
        assert_eq!(payload["context"]["cloudevent"]["traceparent"], "00-1");

        let visitor = structured(|event| {
            event["subject"] = json!("anonymous:v1");
            event["idtoken"] = json!("eyJ");
        })
        .expect("a visitor's");
        assert_eq!(
            (visitor.user_id, visitor.anonymous_id.as_deref()),
            (None, Some("v1"))
        );
        assert!(visitor.id_token.is_some() && !visitor.payload.contains("eyJ"));
        let packed = structured(|event| {
            event.as_object_mut().expect("an object").remove("data");
            event["data_base64"] = json!(STANDARD.encode(r#"{"order_id":"A-1"}"#));
        })
        .expect("JSON all the same");
        assert!(packed.payload.contains(r#""order_id":"A-1""#));
    }

    #[test]
    fn each_fault_has_its_code() {
        for (name, code) in [
            ("specversion", "ce_specversion_missing"),
            ("id", "ce_id_missing"),
            ("source", "ce_source_missing"),
            ("type", "ce_type_missing"),
            ("subject", "ce_subject_missing"),
        ] {
            let without = structured(|event| {
                event.as_object_mut().expect("an object").remove(name);
            });
            assert_eq!(without.err(), Some(code));
        }
        for (name, value, code) in [
            ("specversion", json!("0.3"), "ce_specversion_unknown"),
            ("specversion", json!(1.0), "ce_specversion_unknown"),
            ("id", json!(""), "ce_id_missing"),
            ("source", json!(7), "ce_source_missing"),
            ("data", json!([1]), "ce_data_not_an_object"),
            ("data", json!("text"), "ce_data_not_an_object"),
            ("data_base64", json!("e30="), "ce_data_twice"),
            ("datacontenttype", json!("text/xml"), "ce_data_not_json"),
            ("time", json!("yesterday"), "time_invalid"),
            ("subject", json!("anonymous:"), "no_ids"),
        ] {
            let wrong = structured(|event| event[name] = value.clone());
            assert_eq!(wrong.err(), Some(code), "{name}: {value}");
        }
        let picture = structured(|event| {
            event.as_object_mut().expect("an object").remove("data");
            event["data_base64"] = json!("/9j/");
        });
        assert_eq!(picture.err(), Some("ce_data_base64_not_json"));
        for text in ["[]", "7", "{", r#"{"id":"1","id":"2"}"#] {
            assert!(judged(|receipt| judge(text, receipt)).is_err(), "{text}");
        }
    }

    #[test]
    fn headers_are_read_as_the_binding_says() {
        let headers = [
            ("specversion", "1.0"),
            ("id", "A-1"),
            ("source", "/shop"),
            ("type", "Caf%C3%A9%20Visited"),
            ("subject", r#""4\"2""#),
            ("datacontenttype", "application/json; charset=utf-8"),
        ];

        let event = binary(&headers, r#"{"a":1}"#).expect("a whole event");

        assert_eq!(
            (event.name.as_str(), event.user_id.as_deref()),
            ("Café Visited", Some("4\"2"))
        );
        assert!(binary(&headers, "").is_ok(), "no data is no fault");
        assert_eq!(binary(&headers, "{").err(), Some("invalid_json"));
        for (value, code) in [
            ("%4", "ce_header_invalid"),
            ("%+4", "ce_header_invalid"),
            ("%FF", "ce_header_invalid"),
        ] {
            let mut headers = headers;
            headers[3].1 = value;
            assert_eq!(binary(&headers, "").err(), Some(code), "{value}");
        }
        let mut xml = headers;
        xml[5].1 = "text/xml";
        assert_eq!(binary(&xml, "<a/>").err(), Some("ce_data_not_json"));
    }

    #[test]
    fn what_is_refused_is_kept_as_a_cloudevent_and_can_be_mended() {
        let entropy = Entropy::seeded(1);
        let receipt = Receipt {
            received_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000),
            sent_at: None,
            kind: None,
            entropy: &entropy,
        };
        let refused = |judged| match judged {
            Judged::Rejected(rejection) => rejection,
            Judged::Accepted(event) => panic!("{event:?} was taken"),
        };
        let headers = [
            ("specversion", "1.0"),
            ("id", "A-1"),
            ("source", "/shop"),
            ("type", "Order%20Completed"),
            ("subject", "42"),
        ];
        let binary = |headers: &[(&str, &str)], data: &str| {
            let headers = headers.iter().map(|(name, text)| (*name, text.as_bytes()));
            refused(judge_binary(headers, data, &receipt))
        };
        let late = r#"{"specversion":"1.0","id":"A-1","source":"/shop","type":"E","subject":"42","time":"soon"}"#;

        let late = refused(judge(late, &receipt));
        let torn = binary(&headers, r#"{"total":31.5"#);
        let wrong = binary(&[&headers[..4], &[("subject", "%FF")]].concat(), "{}");
        let picture = [&headers[..], &[("datacontenttype", "image/png")]].concat();
        let picture = binary(&picture, "\u{1}");

        assert_eq!(
            (late.code, late.pointer, late.form),
            ("time_invalid", "/time", Form::Cloud)
        );
        assert!(
            late.payload.contains(r#""time":"soon""#),
            "{}",
            late.payload
        );
        for (rejection, code, passage, by) in [
            (late, "time_invalid", "soon", "2024-10-04T00:00:00Z"),
            (torn, "invalid_json", "31.5}", "31.5}}"),
            (wrong, "ce_header_invalid", "\u{fffd}", "42"),
            (picture, "ce_data_not_json", r#""\u0001""#, "{}"),
        ] {
            assert_eq!(rejection.code, code);
            let mended = rejection
                .payload
                .replace(passage, by)
                .replace("image/png", "application/json");
            let judged = judge(&mended, &receipt);
            assert!(
                matches!(judged, Judged::Accepted(_)),
                "{mended}: {judged:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn one_message_id_is_one_source_and_id(
            one in (".{0,60}", ".{0,60}"), other in (".{0,60}", ".{0,60}"),
        ) {
            let ids = [&one, &other].map(|(source, id)| message_id(source, id));

            prop_assert_eq!(ids[0] == ids[1], one == other);
            prop_assert!(ids[0].chars().count() <= MESSAGE_ID_CHARS_MAX);
        }

        #[test]
        fn any_header_is_read_or_refused(value in prop::collection::vec(any::<u8>(), 0..40)) {
            drop(unescape(&value));
        }

        #[test]
        fn what_is_percent_encoded_reads_back(text in ".{0,40}") {
            let mut encoded = String::new();
            for byte in text.bytes() {
                write!(encoded, "%{byte:02X}").expect("a text takes whatever is written to it");
            }

            prop_assert_eq!(unescape(encoded.as_bytes()), Some(text));
        }
    }
}
