//! What events are worth.

use super::{Sentence, SignalSentence, SlotKind};
use crate::stage::dimension::Dimension;
use crate::stage::ruleset::{Amounts, DISCOUNT_SHARE, Guard, Mark, Role, RuleSet, Scalar, Signal};

pub(super) fn signals(set: &RuleSet) -> Vec<SignalSentence> {
    set.signals
        .iter()
        .enumerate()
        .map(|(index, signal)| SignalSentence {
            event: signal.event.clone(),
            aliases: signal.aliases.clone(),
            sentences: sentences(&format!("signals[{index}]"), signal),
            part: part(signal),
        })
        .collect()
}

fn sentences(path: &str, signal: &Signal) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for (index, case) in signal.cases.iter().enumerate() {
        let path = format!("{path}.cases[{index}]");
        let mut sentence = Sentence::default().words("with ");
        for (index, guard) in case.when.iter().enumerate() {
            if index > 0 {
                sentence = sentence.words(" and ");
            }
            sentence = with_guard(sentence, &format!("{path}.when[{index}]"), guard);
        }
        sentence = with_amounts(sentence.words(": "), &format!("{path}.add"), &case.add);
        if case.marks.contains(&Mark::Detractor) {
            sentence = sentence.words(", and counts as advising against you");
        }
        if case.marks.contains(&Mark::Discounted) {
            sentence = sentence.words(", and counts as bought at a discount");
        }
        sentences.push(sentence);
    }
    if let Some(add) = &signal.add {
        let lead = if signal.cases.is_empty() {
            ""
        } else {
            "otherwise: "
        };
        let path = format!("{path}.add");
        sentences.push(with_amounts(Sentence::default().words(lead), &path, add));
    }
    if !signal.cap.is_empty() {
        let mut sentence = Sentence::default().words("at most ");
        let mut is_first = true;
        for (dimension, points) in given(&signal.cap) {
            if !is_first {
                sentence = sentence.words(" and ");
            }
            is_first = false;
            let label = format!("points of {} a day at most", dimension.name());
            let path = format!("{path}.cap.{}", dimension.name());
            sentence = sentence
                .slot(&path, points, SlotKind::Points, &label)
                .words(&format!(" {}", dimension.name()));
        }
        sentences.push(sentence.words(" a day"));
    }
    sentences
}

fn given(amounts: &Amounts) -> impl Iterator<Item = (Dimension, f64)> {
    Dimension::ALL
        .into_iter()
        .filter_map(|dimension| amounts.of(dimension).map(|points| (dimension, points)))
}

fn with_amounts(mut sentence: Sentence, path: &str, amounts: &Amounts) -> Sentence {
    let mut is_first = true;
    for (dimension, points) in given(amounts) {
        let name = dimension.name();
        if !is_first {
            sentence = sentence.words(" and ");
        }
        is_first = false;
        sentence = sentence
            .slot(
                &format!("{path}.{name}"),
                points,
                SlotKind::Points,
                &format!("points of {name}"),
            )
            .words(&format!(" {name}"));
    }
    if is_first {
        sentence = sentence.words("worth nothing");
    }
    sentence
}

fn with_guard(sentence: Sentence, path: &str, guard: &Guard) -> Sentence {
    let is_share = guard.property == DISCOUNT_SHARE;
    let name = if is_share {
        "a discount"
    } else {
        &guard.property
    };
    let (kind, unit, of) = if is_share {
        (SlotKind::Percent, " %", " of ")
    } else {
        (SlotKind::Points, "", " ")
    };
    if let Some(least) = guard.at_least {
        return sentence
            .words(&format!("{name}{of}"))
            .slot(&format!("{path}.at_least"), least, kind, name)
            .words(&format!("{unit} or more"));
    }
    if let Some(most) = guard.at_most {
        return sentence
            .words(&format!("{name}{of}"))
            .slot(&format!("{path}.at_most"), most, kind, name)
            .words(&format!("{unit} or less"));
    }
    match (&guard.equals, guard.present) {
        (Some(Scalar::Bool(value)), _) => {
            let answer = if *value { "yes" } else { "no" };
            sentence.words(&format!("{name}: {answer}"))
        }
        (Some(Scalar::Number(number)), _) => sentence.words(&format!("{name} ")).slot(
            &format!("{path}.equals"),
            *number,
            SlotKind::Points,
            name,
        ),
        (Some(Scalar::Text(text)), _) => sentence.words(&format!("{name}: {text}")),
        (None, Some(false)) => sentence.words(&format!("no {name}")),
        (None, _) => sentence.words(name),
    }
}

fn part(signal: &Signal) -> &'static str {
    match signal.role {
        Some(Role::Order) => "an order",
        Some(Role::Refund) => "takes an order back",
        Some(Role::DisputeOpened) => "opens a complaint",
        Some(Role::DisputeAcknowledged) => "says that a complaint was seen",
        Some(Role::RemedyProposed) => "offers a remedy and stops the complaint's clock",
        Some(Role::DisputeResolved) => "ends a complaint",
        Some(Role::DisputeReopened) => "takes a complaint up again",
        Some(Role::DisputeWithdrawn) => "takes a complaint back",
        Some(Role::DisputeHandedOff) => "passes a complaint to somebody else",
        Some(Role::DisputesReviewed) => "says that somebody looked at many complaints",
        Some(Role::ReferralConverted) => "somebody they brought became a customer",
        Some(Role::ReferralClawedBack) => "takes a referral back",
        Some(Role::LayerInvited) => "invites to a layer",
        Some(Role::InvitationAccepted) => "accepts an invitation to a layer",
        Some(Role::InvitationDeclined) => "declines an invitation to a layer",
        Some(Role::LayerLeft) => "leaves a layer",
        Some(Role::MilestoneReached) => "reaches a milestone",
        Some(Role::RelationshipPaused) => "pauses the relationship",
        Some(Role::RelationshipResumed) => "ends a pause",
        Some(Role::ContactSent) => "a message of yours to them",
        Some(Role::ChannelClosed) => "closes a channel",
        Some(Role::RelationshipEnded) => "ends the relationship",
        None if signal.qualifying => "an act that shows commitment",
        None if signal.brand_initiated => "done by you, not by the customer",
        None => "",
    }
}
