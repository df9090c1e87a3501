//! Judging one event: everything that could make a statement fail, or a person's history wrong, is
//! found here, without the database.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Event, Form, Judged, Kind, Rejection, Traits, instant, json};
use crate::kernel::id::EventId;
use crate::kernel::secret::sha256;
use crate::kernel::{Entropy, Secret};

/// The longest message id, in characters (as Segment documents it).
pub const MESSAGE_ID_CHARS_MAX: usize = 100;
/// The longest user, anonymous, previous or group id, in characters.
pub const ALIAS_CHARS_MAX: usize = 255;
/// The longest event name, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// An event beyond this size is stored, with a warning: SDKs refuse to send it.
pub const EVENT_LENGTH_WARNED: usize = 32 * 1024;
/// An event with more properties is stored, with a warning: no list of properties has room for them.
pub const PROPERTIES_WARNED: usize = 255;
/// How much of a refused event is kept, in bytes.
pub const REJECT_PAYLOAD_LENGTH_MAX: usize = 32 * 1024;
/// The longest text that is kept of where somebody was met, in bytes.
const ENCOUNTER_TEXT_LENGTH_MAX: usize = 500;
/// The most campaign fields that are kept.
const CAMPAIGN_FIELDS_MAX: usize = 10;

/// Ids that name nobody: what a program writes when it has none.
const RESERVED_IDS: [&str; 15] = [
    "null",
    "nil",
    "none",
    "undefined",
    "nan",
    "0",
    "-1",
    "true",
    "false",
    "anonymous",
    "guest",
    "unknown",
    "not_authenticated",
    "[object object]",
    "00000000-0000-0000-0000-000000000000",
];

/// What is known of the request that an event came in.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When its envelope says it was sent.
    pub sent_at: Option<&'a Value>,
    /// The kind that the route tells.
    pub kind: Option<Kind>,
    /// For the message ids of events that bring none.
    pub entropy: &'a Entropy,
}

/// Judges one event as it was sent.
pub fn judge(text: &str, receipt: &Receipt<'_>) -> Judged {
    match json::read(text) {
        Ok(value) => judge_checked(value, text.len(), receipt),
        Err(fault) => {
            let fault = Fault::new(fault.code(), "", fault.detail());
            rejected(fault, redacted(text), Labels::default(), receipt)
        }
    }
}

/// Judges one event that this process built.
pub fn judge_value(value: Value, receipt: &Receipt<'_>) -> Judged {
    match json::check(&value) {
        Ok(()) => judge_checked(value, 0, receipt),
        Err(fault) => {
            let fault = Fault::new(fault.code(), "", fault.detail());
            rejected(
                fault,
                redacted(&value.to_string()),
                Labels::default(),
                receipt,
            )
        }
    }
}

/// Judges one event out of a file, as it was once sent. Its times are taken as they are: when it was
/// sent says nothing of today's clock. `message_id` becomes its id if it has none.
pub fn judge_imported(text: &str, message_id: &str, receipt: &Receipt<'_>) -> Judged {
    match json::read(text) {
        Ok(Value::Object(mut map)) => {
            map.remove("sentAt");
            let id = map.entry("messageId").or_insert(Value::Null);
            if id.is_null() || id.as_str().is_some_and(|id| id.trim().is_empty()) {
                *id = json!(message_id);
            }
            judge_checked(Value::Object(map), text.len(), receipt)
        }
        Ok(other) => judge_checked(other, text.len(), receipt),
        Err(fault) => {
            let fault = Fault::new(fault.code(), "", fault.detail());
            rejected(fault, redacted(text), Labels::default(), receipt)
        }
    }
}

/// Why an event is not taken.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) pointer: &'static str,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(
        code: &'static str,
        pointer: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            code,
            pointer,
            detail: detail.into(),
        }
    }
}

/// What could be read of an event that is refused.
#[derive(Default)]
pub(super) struct Labels {
    message_id: Option<String>,
    name: Option<String>,
    sent_at: Option<Value>,
}

pub(super) fn rejected(
    fault: Fault,
    payload: String,
    labels: Labels,
    receipt: &Receipt<'_>,
) -> Judged {
    let sent_at = labels.sent_at.as_ref().or(receipt.sent_at);
    Judged::Rejected(Box::new(Rejection {
        code: fault.code,
        detail: fault.detail,
        pointer: fault.pointer,
        message_id: labels.message_id,
        name: labels.name,
        payload,
        form: Form::Tracking,
        is_noted: true,
        routed_kind: receipt.kind,
        sent_at: instant::parse(sent_at).ok().flatten().map(|given| given.at),
        received_at: receipt.received_at,
    }))
}

fn judge_checked(value: Value, length: usize, receipt: &Receipt<'_>) -> Judged {
    let Value::Object(mut map) = value else {
        let fault = Fault::new("not_an_object", "", "an event is a JSON object");
        let payload = redacted(&value.to_string());
        return rejected(fault, payload, Labels::default(), receipt);
    };
    let sent_at = map.remove("sentAt");
    let id_token = strip(&mut map);
    match read(&map, sent_at.as_ref(), receipt) {
        Ok(mut event) => {
            event.id_token = id_token;
            event.payload = Value::Object(map).to_string();
            event.payload_hash = sha256(event.payload.as_bytes());
            if length.max(event.payload.len()) > EVENT_LENGTH_WARNED {
                event.flags.push("oversize");
            }
            Judged::Accepted(Box::new(event))
        }
        Err(fault) => {
            let short = |key, chars_max: usize| {
                let text = map.get(key)?.as_str()?;
                Some(text.chars().take(chars_max).collect::<String>())
            };
            let labels = Labels {
                message_id: short("messageId", MESSAGE_ID_CHARS_MAX),
                name: short("event", NAME_CHARS_MAX).or_else(|| short("name", NAME_CHARS_MAX)),
                sent_at,
            };
            let payload = redacted(&Value::Object(map).to_string());
            rejected(fault, payload, labels, receipt)
        }
    }
}

/// Takes out what is not part of the event: the key, the token, and what an SDK stamps anew on every
/// attempt, so that a retry is the same event to the byte.
fn strip(map: &mut Map<String, Value>) -> Option<Secret> {
    for key in ["writeKey", "_metadata"] {
        map.remove(key);
    }
    let context = map.get_mut("context")?.as_object_mut()?;
    match context.remove("idToken")? {
        Value::String(token) => Some(Secret::new(token)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn read(
    map: &Map<String, Value>,
    sent_at: Option<&Value>,
    receipt: &Receipt<'_>,
) -> Result<Event, Fault> {
    let mut flags = Vec::new();
    for (key, pointer) in [
        ("properties", "/properties"),
        ("traits", "/traits"),
        ("context", "/context"),
    ] {
        if !matches!(map.get(key), None | Some(Value::Null | Value::Object(_))) {
            let detail = format!("{key} must be an object");
            return Err(Fault::new("not_an_object", pointer, detail));
        }
    }
    let properties = map.get("properties").and_then(Value::as_object);
    if properties.is_some_and(|properties| properties.len() > PROPERTIES_WARNED) {
        flags.push("many_properties");
    }
    let message_id = message_id(map, receipt)?;
    let kind = kind(map, receipt)?;
    let name = name(map, kind)?;
    let ids = Ids::read(map, kind, &mut flags)?;
    let (timing, original_time, sent_at) = timing(map, sent_at, receipt, &mut flags)?;
    Ok(Event {
        message_id,
        kind,
        name,
        user_id: ids.user,
        anonymous_id: ids.anonymous,
        previous_id: ids.previous,
        proven: None,
        id_token: None,
        event_time: timing.event_time,
        original_time,
        sent_at,
        received_at: receipt.received_at,
        payload: String::new(),
        payload_hash: [0; 32],
        flags,
        traits: (kind == Kind::Identify)
            .then(|| Traits::read(map))
            .flatten(),
        encounter: encounter(map),
    })
}

fn message_id(map: &Map<String, Value>, receipt: &Receipt<'_>) -> Result<String, Fault> {
    let fault = |code, detail: String| Err(Fault::new(code, "/messageId", detail));
    match map.get("messageId") {
        None | Some(Value::Null) => Ok(made_message_id(receipt)),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(made_message_id(receipt)),
        Some(Value::String(text)) if text.chars().count() > MESSAGE_ID_CHARS_MAX => fault(
            "message_id_too_long",
            format!("messageId has more than {MESSAGE_ID_CHARS_MAX} characters"),
        ),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            fault("message_id_not_text", "messageId must be a text".to_owned())
        }
    }
}

fn made_message_id(receipt: &Receipt<'_>) -> String {
    EventId::new(receipt.received_at, receipt.entropy).to_string()
}

fn kind(map: &Map<String, Value>, receipt: &Receipt<'_>) -> Result<Kind, Fault> {
    let fault = |code, detail: String| Err(Fault::new(code, "/type", detail));
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    match (map.get("type"), receipt.kind) {
        (None | Some(Value::Null), Some(kind)) => Ok(kind),
        (None | Some(Value::Null), None) => {
            fault("type_missing", format!("type must be one of {}", known()))
        }
        (Some(Value::String(text)), routed) => match (Kind::parse(text), routed) {
            (None, _) => fault("type_unknown", format!("type must be one of {}", known())),
            (Some(kind), Some(routed)) if kind != routed => fault(
                "type_mismatch",
                format!("type is {text}, and this route takes {}", routed.as_str()),
            ),
            (Some(kind), _) => Ok(kind),
        },
        (Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)), _) => {
            fault("type_unknown", format!("type must be one of {}", known()))
        }
    }
}

fn name(map: &Map<String, Value>, kind: Kind) -> Result<String, Fault> {
    let text = |key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let (found, pointer) = match kind {
        Kind::Track => {
            let Some(name) = text("event") else {
                let detail = "a track needs the name of what happened in event";
                return Err(Fault::new("name_missing", "/event", detail));
            };
            (Some(name), "/event")
        }
        Kind::Page | Kind::Screen => match text("name") {
            Some(name) => (Some(name), "/name"),
            None => (text("category"), "/category"),
        },
        Kind::Identify | Kind::Group | Kind::Alias => (None, ""),
    };
    let name = found.unwrap_or_default();
    if name.chars().count() > NAME_CHARS_MAX {
        let detail = format!("the name has more than {NAME_CHARS_MAX} characters");
        return Err(Fault::new("name_too_long", pointer, detail));
    }
    Ok(name.to_owned())
}

/// Whom an event names.
struct Ids {
    user: Option<String>,
    anonymous: Option<String>,
    previous: Option<String>,
}

impl Ids {
    fn read(
        map: &Map<String, Value>,
        kind: Kind,
        flags: &mut Vec<&'static str>,
    ) -> Result<Self, Fault> {
        let mut user = id(map, "userId", "/userId")?;
        let mut anonymous = id(map, "anonymousId", "/anonymousId")?;
        let mut previous = None;
        if kind == Kind::Group && id(map, "groupId", "/groupId")?.is_none() {
            let detail = "a group needs a groupId";
            return Err(Fault::new("group_id_missing", "/groupId", detail));
        }
        if drop_reserved(&mut anonymous) {
            flags.push("reserved_anonymous_id");
        }
        let user_was_reserved = drop_reserved(&mut user);
        if kind == Kind::Alias {
            previous = id(map, "previousId", "/previousId")?;
            if drop_reserved(&mut previous) {
                let detail = "previousId is a word that programs write when they have no id";
                return Err(Fault::new("reserved_id", "/previousId", detail));
            }
            if previous.is_none() {
                let detail = "an alias needs a previousId";
                return Err(Fault::new("previous_id_missing", "/previousId", detail));
            }
        }
        if user_was_reserved && (anonymous.is_none() || kind == Kind::Alias) {
            let detail = "userId is a word that programs write when they have no id";
            return Err(Fault::new("reserved_id", "/userId", detail));
        }
        if user_was_reserved {
            flags.push("reserved_user_id");
        }
        if user.is_none() && anonymous.is_none() {
            let detail = "an event needs a userId or an anonymousId";
            return Err(Fault::new("no_ids", "", detail));
        }
        if user.is_none() && kind == Kind::Alias {
            let detail = "an alias needs a userId";
            return Err(Fault::new("user_id_missing", "/userId", detail));
        }
        if previous.is_some() && previous == user {
            flags.push("self_alias");
        }
        Ok(Self {
            user,
            anonymous,
            previous,
        })
    }
}

/// An id as it is stored: trimmed; whole numbers as text, since some senders count their users.
fn id(map: &Map<String, Value>, key: &str, pointer: &'static str) -> Result<Option<String>, Fault> {
    let text = match map.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            let detail = format!("{key} must be a text or a whole number");
            return Err(Fault::new("id_not_text", pointer, detail));
        }
    };
    if text.chars().count() > ALIAS_CHARS_MAX {
        let detail = format!("{key} has more than {ALIAS_CHARS_MAX} characters");
        return Err(Fault::new("id_too_long", pointer, detail));
    }
    Ok((!text.is_empty()).then_some(text))
}

/// Forgets an id that names nobody. Returns whether it was one.
fn drop_reserved(id: &mut Option<String>) -> bool {
    let reserved = id.as_ref().is_some_and(|text| {
        let text = text.to_lowercase();
        RESERVED_IDS.contains(&text.as_str())
    });
    if reserved {
        *id = None;
    }
    reserved
}

type Times = (
    instant::Timing,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

fn timing(
    map: &Map<String, Value>,
    sent_at: Option<&Value>,
    receipt: &Receipt<'_>,
    flags: &mut Vec<&'static str>,
) -> Result<Times, Fault> {
    let (stated, pointer) = match map.get("timestamp") {
        None | Some(Value::Null) => (map.get("originalTimestamp"), "/originalTimestamp"),
        given => (given, "/timestamp"),
    };
    let original = instant::parse(stated).map_err(|()| {
        let detail = "the time is not an RFC 3339 time such as 2026-11-22T03:18:13.288Z";
        Fault::new("time_invalid", pointer, detail)
    })?;
    // A bad sentAt spoils the correction, not the event.
    let sent = instant::parse(sent_at)
        .or_else(|()| {
            flags.push("sent_at_invalid");
            Ok::<_, ()>(None)
        })
        .unwrap_or(None)
        .or_else(|| instant::parse(receipt.sent_at).ok().flatten());
    if original.is_some_and(|given| given.zone_guessed) {
        flags.push("zone_missing");
    }
    let (original, sent) = (original.map(|given| given.at), sent.map(|given| given.at));
    let timing = instant::correct(original, sent, receipt.received_at).map_err(|fault| {
        let (code, detail) = match fault {
            instant::Fault::TooOld => ("time_too_old", "the time lies before 1980"),
            instant::Fault::Future => ("time_in_future", "the time lies over a day in the future"),
        };
        Fault::new(code, pointer, detail)
    })?;
    if timing.clamped {
        flags.push("future_clamped");
    }
    Ok((timing, original, sent))
}

/// Where somebody was met, if this is the first that is heard of them.
fn encounter(map: &Map<String, Value>) -> Value {
    let mut met = Map::new();
    let Some(context) = map.get("context").and_then(Value::as_object) else {
        return Value::Object(met);
    };
    let short = |value: &Value| {
        value
            .as_str()
            .filter(|text| !text.is_empty() && text.len() <= ENCOUNTER_TEXT_LENGTH_MAX)
            .map(|text| json!(text))
    };
    let page = context.get("page").and_then(Value::as_object);
    for (key, from) in [("referrer", "referrer"), ("page", "url")] {
        if let Some(text) = page.and_then(|page| page.get(from)).and_then(short) {
            met.insert(key.to_owned(), text);
        }
    }
    if let Some(campaign) = context.get("campaign").and_then(Value::as_object) {
        let fields: Map<String, Value> = campaign
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), short(value)?)))
            .take(CAMPAIGN_FIELDS_MAX)
            .collect();
        if !fields.is_empty() {
            met.insert("campaign".to_owned(), Value::Object(fields));
        }
    }
    if !met.is_empty() {
        met.insert("channel".to_owned(), json!("events"));
    }
    Value::Object(met)
}

/// A text as it may be kept and shown: without keys and tokens, cut at a character.
pub fn redacted(text: &str) -> String {
    let mut kept = text.to_owned();
    for marker in ["bf_sec_", "bf_pub_", "eyJ"] {
        kept = cut_words(&kept, marker);
    }
    // Raw NUL is the one character that a Postgres text cannot hold.
    kept.retain(|c| c != '\0');
    if kept.len() > REJECT_PAYLOAD_LENGTH_MAX {
        kept.truncate(kept.floor_char_boundary(REJECT_PAYLOAD_LENGTH_MAX));
    }
    kept
}

/// Cuts what follows each `marker` up to the next character that no key or token holds.
fn cut_words(text: &str, marker: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(marker) {
        let after = start + marker.len();
        kept.push_str(&rest[..after]);
        kept.push('…');
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let length = rest[after..].bytes().take_while(|b| word(*b)).count();
        rest = &rest[after + length..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests;
