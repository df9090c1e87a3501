use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn received() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn judge_json(value: &Value) -> Judged {
    judge_with(value, None, None)
}

fn judge_with(value: &Value, kind: Option<Kind>, sent_at: Option<&Value>) -> Judged {
    let entropy = Entropy::seeded(1);
    let receipt = Receipt {
        received_at: received(),
        sent_at,
        kind,
        entropy: &entropy,
    };
    judge(&value.to_string(), &receipt)
}

fn accepted(value: &Value) -> Event {
    match judge_json(value) {
        Judged::Accepted(event) => *event,
        Judged::Rejected(rejection) => panic!("{value} was refused: {rejection:?}"),
    }
}

fn code(value: &Value) -> &'static str {
    match judge_json(value) {
        Judged::Accepted(_) => "accepted",
        Judged::Rejected(rejection) => rejection.code,
    }
}

fn track(more: &Value) -> Value {
    let mut event = json!({"type": "track", "event": "E", "userId": "u", "messageId": "m"});
    for (key, value) in more.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

#[test]
fn each_fault_has_its_code() {
    let long = "x".repeat(256);
    for (event, expected) in [
        (track(&json!({})), "accepted"),
        (track(&json!({"messageId": "m".repeat(100)})), "accepted"),
        (track(&json!({"messageId": "é".repeat(100)})), "accepted"),
        (
            track(&json!({"messageId": "m".repeat(101)})),
            "message_id_too_long",
        ),
        (
            track(&json!({"messageId": "m".repeat(10_240)})),
            "message_id_too_long",
        ),
        (track(&json!({"messageId": 7})), "message_id_not_text"),
        (track(&json!({"messageId": null})), "accepted"),
        (track(&json!({"type": null})), "type_missing"),
        (track(&json!({"type": "purchase"})), "type_unknown"),
        (track(&json!({"type": 1})), "type_unknown"),
        (track(&json!({"event": " "})), "name_missing"),
        (track(&json!({"event": 7})), "name_missing"),
        (track(&json!({"event": long})), "name_too_long"),
        (track(&json!({"userId": long})), "id_too_long"),
        (track(&json!({"userId": {}})), "id_not_text"),
        (track(&json!({"userId": 1.5})), "id_not_text"),
        (track(&json!({"userId": null})), "no_ids"),
        (track(&json!({"userId": "  "})), "no_ids"),
        (track(&json!({"properties": []})), "not_an_object"),
        (track(&json!({"properties": null})), "accepted"),
        (track(&json!({"context": "x"})), "not_an_object"),
        (track(&json!({"timestamp": "soon"})), "time_invalid"),
        (track(&json!({"timestamp": ""})), "accepted"),
        (
            track(&json!({"timestamp": "2036-11-22T12:00:00Z"})),
            "time_in_future",
        ),
        (track(&json!({"timestamp": 0})), "time_too_old"),
        (json!({"type": "group", "userId": "u"}), "group_id_missing"),
        (
            json!({"type": "alias", "userId": "u"}),
            "previous_id_missing",
        ),
        (
            json!({"type": "alias", "anonymousId": "a", "previousId": "p"}),
            "user_id_missing",
        ),
        (json!([]), "not_an_object"),
        (json!("x"), "not_an_object"),
    ] {
        let shown: String = event.to_string().chars().take(90).collect();
        assert_eq!(code(&event), expected, "{shown}");
    }
}

#[test]
fn a89_words_for_nobody_name_nobody() {
    for word in [
        "null",
        "undefined",
        "0",
        "anonymous",
        "None",
        "[object Object]",
        " NULL ",
    ] {
        assert_eq!(
            code(&track(&json!({"userId": word}))),
            "reserved_id",
            "{word}"
        );
        let kept = accepted(&track(&json!({"userId": word, "anonymousId": "a"})));
        assert_eq!(
            (kept.user_id, kept.flags),
            (None, vec!["reserved_user_id"]),
            "{word}"
        );
        let kept = accepted(&track(&json!({"anonymousId": word})));
        assert_eq!(
            (kept.anonymous_id, kept.flags),
            (None, vec!["reserved_anonymous_id"])
        );
        for (user, previous) in [(word, "p"), ("u", word)] {
            let alias = json!({
                "type": "alias", "userId": user, "previousId": previous, "anonymousId": "a"
            });
            assert_eq!(code(&alias), "reserved_id", "{user} {previous}");
        }
    }
    assert_eq!(code(&track(&json!({"userId": 0}))), "reserved_id");
    assert_eq!(
        accepted(&track(&json!({"userId": 42}))).user_id.as_deref(),
        Some("42")
    );
}

#[test]
fn a_self_alias_is_flagged() {
    let alias = accepted(&json!({"type": "alias", "userId": "u1", "previousId": "u1"}));

    assert_eq!(alias.flags, ["self_alias"]);
}

#[test]
fn a_retry_is_the_same_event_to_the_byte_and_a_change_is_not() {
    let first = accepted(&track(&json!({
        "sentAt": "2026-11-22T11:59:00Z", "_metadata": {"retryCount": 0}, "writeKey": "k",
        "context": {"idToken": "one", "ip": "x"}, "properties": {"b": 1, "a": 2}
    })));
    let retry = accepted(&track(&json!({
        "sentAt": "2026-11-22T11:59:09Z", "_metadata": {"retryCount": 1},
        "properties": {"a": 2, "b": 1}, "context": {"ip": "x", "idToken": "two"}
    })));
    let changed = accepted(&track(
        &json!({"context": {"ip": "x"}, "properties": {"a": 3, "b": 1}}),
    ));

    assert_eq!(first.payload_hash, retry.payload_hash);
    assert_ne!(first.payload_hash, changed.payload_hash);
    assert_eq!(first.id_token, Some(Secret::new("one")));
    for secret in ["one", "\"k\"", "writeKey", "idToken", "_metadata", "sentAt"] {
        assert!(
            !first.payload.contains(secret),
            "{secret} in {}",
            first.payload
        );
    }
}

#[test]
fn an_event_without_an_id_is_given_one() {
    let made = accepted(&json!({"type": "page", "anonymousId": "a"}));

    assert!(made.message_id.starts_with("evt_"));
    assert_eq!(made.name, "");
}

#[test]
fn its_own_sent_at_goes_before_the_envelopes() {
    let envelope = json!("2026-11-22T11:00:00Z");
    let own = track(&json!({
        "timestamp": "2026-11-22T12:59:00Z", "sentAt": "2026-11-22T13:00:00Z"
    }));
    let without = track(&json!({"timestamp": "2026-11-22T10:59:00Z"}));
    let broken = track(&json!({"timestamp": "2026-11-22T10:59:00Z", "sentAt": "?"}));
    let expected = received() - TimeDelta::minutes(1);

    for event in [own, without, broken] {
        let Judged::Accepted(judged) = judge_with(&event, None, Some(&envelope)) else {
            panic!("{event} was refused");
        };
        assert_eq!(judged.event_time, expected, "{event}");
    }
}

#[test]
fn the_route_tells_the_kind_unless_the_event_says_otherwise() {
    let bare = json!({"event": "E", "userId": "u"});
    let Judged::Accepted(event) = judge_with(&bare, Some(Kind::Track), None) else {
        panic!("it was refused");
    };
    assert_eq!(event.kind, Kind::Track);
    let page = json!({"type": "page", "userId": "u"});
    let Judged::Rejected(rejection) = judge_with(&page, Some(Kind::Track), None) else {
        panic!("it was taken");
    };
    assert_eq!(rejection.code, "type_mismatch");
    let merge = json!({"type": "merge", "userId": "u", "previousId": "p"});
    assert!(matches!(
        judge_with(&merge, Some(Kind::Alias), None),
        Judged::Accepted(_)
    ));
}

#[test]
fn a_large_event_is_stored_with_a_warning() {
    let large = accepted(&track(&json!({"properties": {"x": "y".repeat(40_000)}})));

    assert_eq!(large.flags, ["oversize"]);
}

#[test]
fn what_is_kept_of_a_refused_event_holds_no_key_and_no_token() {
    let key = format!("bf_sec_{}_{}", "a".repeat(32), "B".repeat(43));
    let event = json!({
        "type": "track", "userId": "u", "properties": {"key": key, "token": "eyJhbGc.eyJzdWI.sig-_x"},
        "context": {"idToken": "t0ken"}, "writeKey": "k3y"
    });

    let Judged::Rejected(rejection) = judge_json(&event) else {
        panic!("it was taken");
    };

    assert_eq!(rejection.code, "name_missing");
    for secret in ["BBBB", "eyJzdWI", "sig-", "t0ken", "k3y"] {
        assert!(
            !rejection.payload.contains(secret),
            "{secret} in {}",
            rejection.payload
        );
    }
    let broken = redacted(&format!(
        "{{\"writeKey\":\"{key}\",\u{0}{}",
        "é".repeat(40_000)
    ));
    assert!(!broken.contains("BBBB") && !broken.contains('\0'));
    assert!(broken.len() <= REJECT_PAYLOAD_LENGTH_MAX);
}

#[test]
fn where_they_met_is_read_from_the_context() {
    let event = accepted(&track(&json!({"context": {
        "page": {"referrer": "https://news.example/", "url": "https://shop.example/?q"},
        "campaign": {"source": "mail", "n": 1, "name": "x".repeat(501)}
    }})));

    assert_eq!(
        event.encounter,
        json!({
            "channel": "events", "referrer": "https://news.example/",
            "page": "https://shop.example/?q", "campaign": {"source": "mail"}
        })
    );
    assert_eq!(accepted(&track(&json!({}))).encounter, json!({}));
}

/// JSON of every shape, with the keys that are looked at among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\u{0}é]{0,8}".prop_map(Value::from),
        Just(json!("track")),
        Just(json!("alias")),
        Just(json!("2026-11-22T03:18:13Z")),
    ];
    let key = prop_oneof![
        Just("type"),
        Just("event"),
        Just("userId"),
        Just("anonymousId"),
        Just("previousId"),
        Just("messageId"),
        Just("timestamp"),
        Just("sentAt"),
        Just("context"),
        Just("traits"),
        Just("properties"),
        Just("page"),
        Just("campaign"),
        Just("email"),
        Just("name"),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key.clone(), inner, 0..10).prop_map(|map| {
                Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a76_whatever_is_taken_can_be_stored(value in any_json()) {
        if let Judged::Accepted(event) = judge_json(&value) {
            prop_assert!((1..=MESSAGE_ID_CHARS_MAX).contains(&event.message_id.chars().count()));
            prop_assert!(event.user_id.is_some() || event.anonymous_id.is_some());
            prop_assert!(!event.payload.contains("\\u0000"));
            prop_assert!(serde_json::from_str::<Value>(&event.payload).is_ok());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let entropy = Entropy::seeded(1);
        let receipt = Receipt {
            received_at: received(), sent_at: None, kind: None, entropy: &entropy,
        };
        drop(judge(&text, &receipt));
    }
}
