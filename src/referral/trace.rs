//! What a single event says of referrals. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::kernel::id::ProfileId;

/// Events by which somebody passes a code on.
const LINKS: [(&str, &str); 3] = [
    ("Invite Sent", "invite"),
    ("Product Shared", "product"),
    ("Cart Shared", "cart"),
];
/// Events of somebody who came by a code.
const CLAIMS: [(&str, &str); 2] = [("Referral Clicked", "click"), ("Signed Up", "sign_up")];
/// Properties that carry the code; the first that is there counts.
const CODES: [&str; 4] = ["code", "referral_code", "invite_id", "share_id"];
/// Properties that say by what way.
const CHANNELS: [&str; 2] = ["channel", "share_via"];
/// Properties that two people share only if they are one, or one household.
const MARKS: [(&str, &str); 3] = [
    ("payment_hash", "payment"),
    ("device_hash", "device"),
    ("household_hash", "household"),
];
/// Longest code, id, channel or hash that is read, in bytes; longer ones are ignored.
const TEXT_BYTES_MAX: usize = 200;

/// The names of the events whose properties referrals look at; of others, only at [`marks`].
pub fn events_read_closely() -> impl Iterator<Item = &'static str> {
    LINKS.iter().chain(&CLAIMS).map(|(name, _)| *name)
}

/// The properties that referrals look at whatever the event.
pub fn marks() -> Vec<String> {
    let marks = MARKS.iter().map(|(property, _)| *property);
    marks.map(str::to_owned).collect()
}

/// An event, as far as referrals need it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'e> {
    /// The subject it came with.
    pub profile_id: ProfileId,
    /// Its id.
    pub message_id: &'e str,
    /// Its name.
    pub name: &'e str,
    /// Its properties.
    pub properties: &'e Value,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whether a holder of a secret key said it.
    pub trusted: bool,
}

/// What events say of referrals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    pub(super) links: Vec<Link>,
    pub(super) claims: Vec<Claim>,
    pub(super) marks: BTreeSet<Mark>,
}

/// A code that was passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) message_id: String,
    pub(super) profile_id: ProfileId,
    pub(super) code: String,
    pub(super) kind: &'static str,
    pub(super) channel: String,
    pub(super) trusted: bool,
    pub(super) at: DateTime<Utc>,
}

/// A word of who brought somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) message_id: String,
    pub(super) profile_id: ProfileId,
    pub(super) kind: &'static str,
    pub(super) channel: String,
    pub(super) code: Option<String>,
    pub(super) referrer_user_id: Option<String>,
    pub(super) at: DateTime<Utc>,
}

/// A hash that came with somebody's event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) kind: &'static str,
    pub(super) hash: String,
    pub(super) profile_id: ProfileId,
}

impl Traces {
    /// Whether the events say nothing of referrals.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.claims.is_empty() && self.marks.is_empty()
    }

    /// Takes in what other events say.
    pub fn extend(&mut self, other: &Self) {
        self.links.extend_from_slice(&other.links);
        self.claims.extend_from_slice(&other.claims);
        self.marks.extend(other.marks.iter().cloned());
    }

    /// Takes in what one more event says.
    pub fn add(&mut self, event: &Seen<'_>) {
        for (property, kind) in MARKS {
            if let Some(hash) = text(event.properties, property) {
                self.marks.insert(Mark {
                    kind,
                    hash,
                    profile_id: event.profile_id,
                });
            }
        }
        let named = |kinds: &[(&str, &'static str)]| {
            let found = kinds.iter().find(|(name, _)| *name == event.name);
            found.map(|(_, kind)| *kind)
        };
        let code = || first(event.properties, &CODES);
        let channel = || first(event.properties, &CHANNELS).unwrap_or_default();
        if let Some(kind) = named(&LINKS)
            && let Some(code) = code()
        {
            self.links.push(Link {
                message_id: event.message_id.to_owned(),
                profile_id: event.profile_id,
                code,
                kind,
                channel: channel(),
                trusted: event.trusted,
                at: event.at,
            });
        }
        if let Some(kind) = named(&CLAIMS) {
            let (code, referrer_user_id) = (code(), text(event.properties, "referrer_id"));
            if code.is_some() || referrer_user_id.is_some() {
                self.claims.push(Claim {
                    message_id: event.message_id.to_owned(),
                    profile_id: event.profile_id,
                    kind,
                    channel: channel(),
                    code,
                    referrer_user_id,
                    at: event.at,
                });
            }
        }
    }
}

fn first(properties: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(properties, name))
}

/// A property that is text, or a number, and neither empty nor too long.
fn text(properties: &Value, name: &str) -> Option<String> {
    let text = match properties.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // PostgreSQL has no place for a NUL in text.
    let usable = !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.contains('\0');
    usable.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::Entropy;

    fn traces(name: &str, properties: &Value) -> Traces {
        let at = DateTime::UNIX_EPOCH;
        let mut traces = Traces::default();
        traces.add(&Seen {
            profile_id: ProfileId::new(at, &Entropy::seeded(1)),
            message_id: "m1",
            name,
            properties,
            at,
            trusted: true,
        });
        traces
    }

    #[test]
    fn of_other_events_only_marks_are_read() {
        let names = LINKS.iter().chain(&CLAIMS).map(|(name, _)| *name);
        let keys = CODES.iter().chain(&CHANNELS).chain(&["referrer_id"]);
        let keys: Vec<&str> = keys
            .copied()
            .chain(MARKS.iter().map(|(property, _)| *property))
            .collect();
        let closely: Vec<&str> = events_read_closely().collect();
        let mut found = 0;
        for name in names.chain(["Order Completed", "Product Viewed", ""]) {
            // Every combination of properties that mean anything.
            for chosen in 0..1_u32 << keys.len() {
                let all = keys.iter().enumerate();
                let these = all.filter(|(place, _)| chosen & (1 << place) != 0);
                let whole: Value = these.map(|(_, key)| (*key, json!("x"))).collect();
                let is_marked = marks().iter().any(|mark| whole.get(mark).is_some());
                let is_read = is_marked || closely.contains(&name);
                let read = if is_read { &whole } else { &Value::Null };

                let traces = traces(name, &whole);

                assert_eq!(traces, self::traces(name, read), "{name} {whole}");
                found += usize::from(!traces.is_empty());
            }
        }
        assert!(found > 1_000, "most say something: {found}");
    }

    #[test]
    fn codes_are_passed_on_and_claimed_under_the_names_that_senders_use() {
        for (name, properties, kind) in [
            ("Invite Sent", json!({ "code": "ANNA" }), "invite"),
            ("Product Shared", json!({ "share_id": "ANNA" }), "product"),
            (
                "Cart Shared",
                json!({ "code": "", "invite_id": " ANNA " }),
                "cart",
            ),
        ] {
            let found = traces(name, &properties);
            assert_eq!((found.links.len(), found.claims.len()), (1, 0), "{name}");
            let link = &found.links[0];
            assert_eq!((link.code.as_str(), link.kind), ("ANNA", kind), "{name}");
        }
        let found = traces(
            "Referral Clicked",
            &json!({ "code": 7, "share_via": "email" }),
        );
        assert_eq!(found.claims[0].code.as_deref(), Some("7"));
        assert_eq!(found.claims[0].channel, "email");
        let found = traces("Signed Up", &json!({ "referrer_id": "u1" }));
        assert_eq!(found.claims[0].referrer_user_id.as_deref(), Some("u1"));
    }

    #[test]
    fn what_names_nobody_leaves_no_trace() {
        for (name, properties) in [
            ("Signed Up", json!({})),
            ("Signed Up", json!({ "code": null, "referrer_id": "" })),
            ("Referral Clicked", json!({ "code": "x".repeat(201) })),
            ("Invite Sent", json!({ "invitee": "a friend" })),
            ("Product Viewed", json!({ "code": "ANNA" })),
            ("Signed Up", json!(null)),
        ] {
            assert!(traces(name, &properties).is_empty(), "{name} {properties}");
        }
    }

    #[test]
    fn any_event_may_carry_marks() {
        let found = traces(
            "Order Completed",
            &json!({ "payment_hash": "p", "device_hash": "d", "household_hash": "h" }),
        );

        let kinds: Vec<_> = found.marks.iter().map(|mark| mark.kind).collect();
        assert_eq!(kinds, ["device", "household", "payment"]);
    }
}
