//! The reasons in words.

use super::decision::{ContactReason, Count, Ground};
use crate::stage::explain::{date_in_words, stage_in_words};
use crate::stage::rules::Rules;

pub(super) fn reason(rules: &Rules, ground: &Ground<'_>) -> ContactReason {
    let (code, until) = match ground {
        Ground::Service => ("service", None),
        Ground::Strained => ("complaint_open", None),
        Ground::Estranged => ("estranged", None),
        Ground::Withdrawn => ("permission_withdrawn", None),
        Ground::NoPermission => ("no_permission", None),
        Ground::UnknownChannel(_) => ("unknown_channel", None),
        Ground::NoChannel => ("no_open_channel", None),
        Ground::Closed(..) => ("channel_closed", None),
        Ground::Unwanted(_) => ("channel_unwanted", None),
        Ground::Paused(_, until) => ("paused", Some(*until)),
        Ground::Hibernating(until) => ("hibernating", Some(*until)),
        Ground::CapReached(_, until) => ("cap_reached", *until),
        Ground::Room(_) => ("within_cap", None),
        Ground::Halved(_) => ("unanswered", None),
    };
    ContactReason {
        code: code.to_owned(),
        until,
        text: text(rules, ground),
    }
}

fn text(rules: &Rules, ground: &Ground<'_>) -> String {
    let day = |at: &chrono::DateTime<chrono::Utc>| date_in_words(*at);
    match ground {
        Ground::Service => "Service goes out always: it answers something of their own.".to_owned(),
        Ground::Strained => {
            "A complaint is open; nothing but service until it is settled.".to_owned()
        }
        Ground::Estranged => "The relationship was ended.".to_owned(),
        Ground::Withdrawn => "They took back their permission.".to_owned(),
        Ground::NoPermission => {
            format!(
                "{} is written to only with their permission, and they gave none.",
                capitalised(&stage_in_words(rules, crate::stage::Stage::Stranger))
            )
        }
        Ground::UnknownChannel(channel) => {
            format!("The rules know no channel \"{channel}\".")
        }
        Ground::NoChannel => "No channel is open.".to_owned(),
        Ground::Closed(channel, at) => {
            format!("They closed {channel} on {}.", day(at))
        }
        Ground::Unwanted(channel) => format!("They do not want {channel}."),
        Ground::Paused(channel, until) => {
            format!("They asked for a pause by {channel} until {}.", day(until))
        }
        Ground::Hibernating(until) => {
            format!("The relationship rests until {}.", day(until))
        }
        Ground::CapReached(count, _) if count.cap == 0 => {
            format!("{} allows no contact.", whose(rules, count))
        }
        Ground::CapReached(count, until) => {
            let again = until.map_or_else(String::new, |at| format!("; again from {}", day(&at)));
            format!("{}{again}.", counted(rules, count))
        }
        Ground::Room(count) => format!("{}.", counted(rules, count)),
        Ground::Halved(after) => {
            format!("The last {after} contacts drew no act, so the cap is lower than it would be.")
        }
    }
}

/// "2 of 3 contacts in 7 days, as for a friend".
fn counted(rules: &Rules, count: &Count<'_>) -> String {
    let contacts = if count.cap == 1 {
        "contact"
    } else {
        "contacts"
    };
    let why = match count.wished {
        Some(channel) => format!("as they wish for {channel}"),
        None => format!("as for {}", stage_in_words(rules, count.stage)),
    };
    format!(
        "{} of {} {contacts} in {} days, {why}",
        count.used, count.cap, count.days
    )
}

fn whose(rules: &Rules, count: &Count<'_>) -> String {
    match count.wished {
        Some(channel) => format!("Their wish for {channel}"),
        None => format!("The cap for {}", stage_in_words(rules, count.stage)),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
