//! Phrases about acts: those that are behind a figure, and those that would be needed.

use super::evidence::Evidence;
use super::examples::Example;
use super::ways::Way;
use super::words;
use crate::stage::day::Day;
use crate::stage::ruleset::Role;

/// "Order Completed on 3 March 2026: 10 points, 8.9 of them left".
pub(super) fn evidence(evidence: &Evidence, by_clock: bool) -> String {
    let on = words::date(Day::of(evidence.at).date());
    let event = match evidence.event.as_str() {
        "" => "Made known",
        event => event,
    };
    let what = format!("{event} on {on}");
    if let Some(taken_back) = evidence.taken_back_at {
        let back = words::date(Day::of(taken_back).date());
        return format!("{what}: taken back on {back}, counts for nothing");
    }
    let (Some(points), Some(left)) = (evidence.points, evidence.left) else {
        return what;
    };
    let points_text = words::counted_points(points);
    let capped = match evidence.uncapped {
        Some(whole) if !by_clock => {
            format!(" of {}, the most that its day allows", words::points(whole))
        }
        _ => String::new(),
    };
    let left = if words::points(left) == words::points(points) {
        String::new()
    } else {
        format!(", {} left", words::points(left))
    };
    format!("{what}: {points_text}{capped}{left}")
}

/// "2 more reviews", "1 more order".
pub(super) fn needed(example: &Example, times: u16) -> String {
    let noun = match (example.role, &example.advocacy_kind) {
        (Some(Role::Order), _) => String::from("order"),
        (Some(Role::ReferralConverted), _) => String::from("converted referral"),
        (Some(Role::DisputeResolved), _) => {
            return String::from("the dispute settled to their satisfaction");
        }
        (Some(Role::RemedyProposed), _) => return String::from("a remedy proposed"),
        (_, Some(kind)) => kind.replace('_', " "),
        (_, None) if example.identifies => return String::from("a sign-in"),
        (_, None) => return format!("{times} × {}", example.event),
    };
    let many = match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    };
    let noun = if times == 1 { noun } else { many };
    format!("{times} more {noun}")
}

/// The subject of a sentence: "1 more order by 1 March 2027", "3 more orders, one a day,".
pub(super) fn way(way: &Way) -> String {
    let acts: Vec<&str> = way.acts.iter().map(|one| one.text.as_str()).collect();
    let times: u32 = way.acts.iter().map(|one| u32::from(one.times)).sum();
    let joined = match acts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => acts.concat(),
    };
    let by = way.by.map(words::date);
    match (times > 1, by) {
        (true, Some(by)) => format!("{joined}, one a day, by {by},"),
        (true, None) => format!("{joined}, one a day,"),
        (false, Some(by)) => format!("{joined} by {by}"),
        (false, None) => joined,
    }
}
