//! Whether the customer may be written to.

use crate::http::contacting::Desk;
use crate::stage::ContactDecision;
use crate::view::dashboard::{ContactCard, ContactChannel};
use crate::view::format;

/// The purpose the card asks about: whatever is not service.
const PROMOTION: &str = "promotion";

pub(super) fn card(desk: &Desk<'_>, channels: &[String]) -> ContactCard {
    let usual = desk.decide(None, PROMOTION);
    ContactCard {
        allowed: usual.allowed,
        channel: usual.channel.clone().unwrap_or_default(),
        again: again(&usual),
        reasons: texts(&usual),
        used: usual.used,
        cap: usual.cap.unwrap_or_default(),
        zone: desk.zone().to_owned(),
        channels: channels
            .iter()
            .map(|channel| {
                let decision = desk.decide(Some(channel), PROMOTION);
                ContactChannel {
                    name: channel.clone(),
                    allowed: decision.allowed,
                    reason: texts(&decision).into_iter().next().unwrap_or_default(),
                }
            })
            .collect(),
    }
}

fn texts(decision: &ContactDecision) -> Vec<String> {
    let reasons = decision.reasons.iter();
    reasons.map(|reason| reason.text.clone()).collect()
}

/// From when again, where that is known and not now.
fn again(decision: &ContactDecision) -> String {
    match decision.next_allowed_at {
        Some(at) if !decision.allowed => format::date_time(at),
        _ => String::new(),
    }
}
