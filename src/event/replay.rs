//! Judging an event once more that was not stored: after Befriend was mended, or after somebody
//! edited the event.

use serde_json::{Map, Value};

use super::reject_store::Kept;
use super::validate::{self, Receipt};
use super::{Form, Judged, Outcome, Sender, cloud};
use crate::kernel::Entropy;
use crate::kernel::id::BrandId;

/// Judges `text` in the place of the event that was kept: as if it had come in then, by the same
/// route and in the same form. Without a message id of its own it is given one that is the same every time, so that
/// replaying twice stores it once.
pub fn judge_again(kept: &Kept, text: &str, entropy: &Entropy) -> Judged {
    let sent_at = kept.sent_at.map(|at| Value::from(at.to_rfc3339()));
    let receipt = Receipt {
        received_at: kept.received_at,
        sent_at: sent_at.as_ref(),
        kind: kept.routed_kind,
        entropy,
    };
    let mut judged = match kept.form {
        Form::Tracking => validate::judge(text, &receipt),
        Form::Cloud => cloud::judge(text, &receipt),
    };
    if let Judged::Accepted(event) = &mut judged
        && !brings_message_id(&event.payload)
    {
        event.message_id = kept.reject_id.to_string();
    }
    judged
}

fn brings_message_id(payload: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(payload).is_ok_and(|map| {
        map.get("messageId")
            .and_then(Value::as_str)
            .is_some_and(|id| !id.trim().is_empty())
    })
}

/// Who sends it: whoever sent it the first time, believed as much as then. That staff asked for it
/// makes no browser's word trusted.
pub const fn sender(kept: &Kept, brand_id: BrandId) -> Sender {
    Sender {
        brand_id,
        key_id: kept.key_id,
        trust: kept.trust,
    }
}

/// What came of it, as a word and as a sentence that is empty where nothing is left to say.
pub fn told(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Accepted { .. } => ("accepted", String::new()),
        Outcome::Duplicate => ("duplicate", "the same event is stored already".to_owned()),
        Outcome::Conflict => (
            "conflict",
            "another event is stored under this messageId; the first is kept".to_owned(),
        ),
        Outcome::Rejected { detail, .. } => ("rejected", detail.clone()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::event::{Kind, Trust};
    use crate::kernel::id::RejectId;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn kept() -> Kept {
        Kept {
            reject_id: RejectId::new(DateTime::UNIX_EPOCH, &Entropy::seeded(1)),
            status: "rejected".to_owned(),
            code: "no_ids".to_owned(),
            detail: String::new(),
            message_id: None,
            name: None,
            payload: None,
            form: Form::Tracking,
            routed_kind: Some(Kind::Track),
            sent_at: Some(at("2026-11-22T11:00:00Z")),
            received_at: at("2026-11-22T12:00:00Z"),
            key_id: None,
            key_name: None,
            trust: Trust::Browser,
            replayed: None,
        }
    }

    #[test]
    fn it_is_judged_as_if_it_had_come_in_then() {
        let text = r#"{"event":"E","userId":"u","timestamp":"2026-11-22T10:59:00Z"}"#;

        let (one, other) = (
            judge_again(&kept(), text, &Entropy::seeded(2)),
            judge_again(&kept(), text, &Entropy::seeded(3)),
        );

        let (Judged::Accepted(one), Judged::Accepted(other)) = (one, other) else {
            panic!("the route tells the kind");
        };
        assert_eq!(one.event_time, at("2026-11-22T11:59:00Z"));
        assert_eq!(one.received_at, at("2026-11-22T12:00:00Z"));
        assert_eq!(one.message_id, kept().reject_id.to_string());
        assert_eq!(other.message_id, one.message_id);
        assert_eq!(
            sender(&kept(), BrandId::from_uuid(uuid::Uuid::nil())).trust,
            Trust::Browser
        );
    }

    #[test]
    fn what_came_as_a_cloudevent_is_judged_as_one() {
        let text = r#"{"specversion":"1.0","id":"A-1","source":"/shop","type":"E","subject":"u"}"#;
        let cloud = Kept {
            form: Form::Cloud,
            routed_kind: None,
            ..kept()
        };

        let judged = judge_again(&cloud, text, &Entropy::seeded(2));

        let Judged::Accepted(event) = judged else {
            panic!("it is a CloudEvent: {judged:?}");
        };
        assert_eq!(
            (event.message_id.as_str(), event.name.as_str()),
            ("/shop A-1", "E")
        );
        let plain = r#"{"type":"track","event":"E","userId":"u"}"#;
        let Judged::Rejected(refused) = judge_again(&cloud, plain, &Entropy::seeded(2)) else {
            panic!("it is none");
        };
        assert_eq!(
            (refused.code, refused.form),
            ("ce_specversion_missing", Form::Cloud)
        );
    }

    #[test]
    fn a_message_id_that_it_brings_is_kept() {
        let text = r#"{"event":"E","userId":"u","messageId":"mine"}"#;

        let judged = judge_again(&kept(), text, &Entropy::seeded(2));

        let Judged::Accepted(event) = judged else {
            panic!("it is right now");
        };
        assert_eq!(event.message_id, "mine");
        assert!(matches!(
            judge_again(&kept(), "{}", &Entropy::seeded(2)),
            Judged::Rejected(_)
        ));
    }
}
