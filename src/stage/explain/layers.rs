//! Layers in words: how near an invitation is, what it takes to stay, what happens next.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::reading::{self, ConditionReading};
use super::words;
use crate::stage::advance::Fold;
use crate::stage::day::Day;
use crate::stage::evaluate::{Moment, Signs};
use crate::stage::layer::{LayerMove, LayerStanding, LayerState, LayerStatus};
use crate::stage::ready_layer::ReadyLayer;
use crate::stage::rules::Rules;
use crate::stage::ruleset::{Condition, Role};
use crate::stage::state::State;
use crate::stage::transition::LayerTransition;

/// A layer, and how somebody stands to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerReading {
    /// The layer's id.
    pub layer: String,
    /// What people call it.
    pub name: String,
    /// How they stand to it; none for somebody never invited.
    pub standing: Option<LayerStanding>,
    /// How near an invitation is; none for somebody who is invited or in, and where only an event
    /// invites.
    pub invitation: Option<InvitationReading>,
    /// What it takes to stay; none for somebody who is not in, and where nothing is asked.
    pub keep: Option<KeepReading>,
    /// All of it in plain words.
    pub sentences: Vec<String>,
}

/// How near an invitation is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvitationReading {
    /// Its conditions, those of nested lists included.
    pub conditions: Vec<ConditionReading>,
    /// What is missing, in words: "2 more orders".
    pub missing: Vec<String>,
    /// The last day on which what is there still counts in full; none where nothing there runs out.
    pub by: Option<NaiveDate>,
    /// The first day on which an invitation is possible again; none where it is.
    pub not_before: Option<NaiveDate>,
}

/// What it takes to stay in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepReading {
    /// Acts of the layer asked for.
    pub at_least: u16,
    /// In this many days.
    pub within_days: u16,
    /// Acts there are in the window that ends today.
    pub acts: u32,
    /// Acts that are missing for the layer to last beyond the day below.
    pub missing: u32,
    /// The day on which notice is given if nothing happens; none once it has been.
    pub notice_on: Option<NaiveDate>,
    /// The day on which it lapses if nothing happens.
    pub lapses_on: NaiveDate,
}

/// How somebody stands at `at` to every layer of the rules, in the order of the rules. The state
/// must have been brought forward to `at`.
pub fn read_layers(rules: &Rules, state: &State, at: DateTime<Utc>) -> Vec<LayerReading> {
    let day = Day::of(at);
    let moment = Moment {
        rules,
        state,
        known: state.is_known_at(at),
        signs: Signs::default(),
    };
    let layers = rules.layers().iter();
    layers
        .map(|layer| {
            let kept = state.layer(&layer.id);
            let invitation = invitation(&moment, layer, kept, day);
            let keep = kept.and_then(|kept| keep(layer, kept, day));
            LayerReading {
                layer: layer.id.clone(),
                name: layer.name.clone(),
                sentences: sentences(rules, layer, kept, invitation.as_ref(), keep),
                standing: kept.map(|kept| layer.standing(kept, day)),
                invitation,
                keep,
            }
        })
        .collect()
}

fn invitation(
    moment: &Moment<'_>,
    layer: &ReadyLayer,
    kept: Option<&LayerState>,
    day: Day,
) -> Option<InvitationReading> {
    let when = layer.invitation.when.as_ref()?;
    let is_open =
        |kept: &LayerState| kept.status.is_member() || kept.status == LayerStatus::Invited;
    if kept.is_some_and(is_open) {
        return None;
    }
    let mut conditions = Vec::new();
    reading::read(moment, when, day, false, &mut conditions);
    let mut missing = words::lacking(&conditions);
    if !moment.known {
        missing.push(String::from("a sign-in, or an id that names them"));
    }
    if let Some(below) = layer.below {
        let below = &moment.rules.layers()[below];
        let is_in = moment.state.layer(&below.id);
        if !is_in.is_some_and(|kept| kept.status.is_member()) {
            missing.push(format!("their place in {}", below.name));
        }
    }
    let shut_until = kept.and_then(|kept| kept.shut_until);
    Some(InvitationReading {
        missing,
        by: counted_until(moment, when, day).map(Day::date),
        not_before: shut_until.filter(|until| *until > day).map(Day::date),
        conditions,
    })
}

/// The last day on which all orders counted so far still count.
fn counted_until(moment: &Moment<'_>, when: &Condition, day: Day) -> Option<Day> {
    let mut until = None;
    when.visit(&mut |condition| {
        if let Condition::Orders(test) = condition
            && let Some(first) = moment.orders(*test, day).last()
        {
            let last = first.plus(i32::from(test.within_days) - 1);
            until = Some(until.map_or(last, |until: Day| until.min(last)));
        }
    });
    until
}

fn keep(layer: &ReadyLayer, kept: &LayerState, day: Day) -> Option<KeepReading> {
    let keep = layer.keep?;
    let notice_on = layer.asked_from(kept).map(|asked_from| {
        let too_few = kept.too_few_from(keep.at_least, keep.within_days);
        too_few.map_or(asked_from, |day| day.max(asked_from))
    })?;
    let notice_days = i32::from(keep.notice_days);
    let (judged_on, lapses_on) = match kept.status {
        LayerStatus::Active => (notice_on, notice_on.plus(notice_days)),
        LayerStatus::Notice => {
            let lapses_on = Day::of(kept.since).plus(notice_days);
            (lapses_on.plus(-1).max(day), lapses_on)
        }
        _ => return None,
    };
    let acts = kept.acts(keep.within_days, judged_on);
    Some(KeepReading {
        at_least: keep.at_least,
        within_days: keep.within_days,
        acts: kept.acts(keep.within_days, day),
        missing: u32::from(keep.at_least).saturating_sub(acts),
        notice_on: (kept.status == LayerStatus::Active).then(|| notice_on.date()),
        lapses_on: lapses_on.date(),
    })
}

fn sentences(
    rules: &Rules,
    layer: &ReadyLayer,
    kept: Option<&LayerState>,
    invitation: Option<&InvitationReading>,
    keep: Option<KeepReading>,
) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(kept.map(|kept| how_they_stand(layer, kept)));
    if let Some(keep) = keep {
        sentences.push(what_keeps(rules, layer, keep));
    }
    if let Some(invitation) = invitation {
        sentences.push(what_invites(layer, invitation));
    }
    sentences
}

fn how_they_stand(layer: &ReadyLayer, kept: &LayerState) -> String {
    let name = &layer.name;
    let on = |at| words::date(Day::of(at).date());
    let since = on(kept.since);
    match kept.status {
        LayerStatus::Invited => {
            let last = Day::of(kept.since).plus(i32::from(layer.invitation.open_days));
            format!(
                "Invited to {name} on {since}; the invitation is open until {}.",
                words::date(last.date())
            )
        }
        LayerStatus::Active | LayerStatus::Notice => {
            format!(
                "In {name} since {}.",
                on(kept.joined_at.unwrap_or(kept.since))
            )
        }
        LayerStatus::Hibernating => match kept.rest {
            Some(rest) => format!(
                "{name} hibernates until {}.",
                words::date(rest.until.date())
            ),
            None => format!("{name} hibernates."),
        },
        LayerStatus::Lapsed => format!("{name} lapsed on {since}."),
        LayerStatus::Declined => format!("Did not want to join {name} on {since}."),
        LayerStatus::Expired => format!("The invitation to {name} ran out on {since}."),
        LayerStatus::Left => format!("Left {name} on {since}."),
    }
}

fn what_keeps(rules: &Rules, layer: &ReadyLayer, keep: KeepReading) -> String {
    let (one, many) = acts_in_words(rules, layer);
    let more = words::counted(
        keep.missing,
        &format!("more {one}"),
        &format!("more {many}"),
    );
    match keep.notice_on {
        Some(notice_on) => format!(
            "Safe until {}; to stay longer they need {more} by then.",
            words::date(notice_on)
        ),
        None => format!(
            "{} lapses on {} unless {more} comes before.",
            layer.name,
            words::date(keep.lapses_on)
        ),
    }
}

/// What the layer's acts are called: orders, where they are all orders.
fn acts_in_words(rules: &Rules, layer: &ReadyLayer) -> (&'static str, &'static str) {
    let is_order = |case: u16| rules.signal(rules.case(case).signal).role == Some(Role::Order);
    if layer.cases().all(is_order) {
        ("order", "orders")
    } else {
        ("act", "acts")
    }
}

fn what_invites(layer: &ReadyLayer, invitation: &InvitationReading) -> String {
    let name = &layer.name;
    if let Some(from) = invitation.not_before {
        return format!("{name} is not offered again before {}.", words::date(from));
    }
    let missing = words::capitalised(&invitation.missing.join("; "));
    match invitation.by {
        _ if missing.is_empty() => format!("Nothing is missing for {name} to be offered."),
        Some(by) => format!("{missing} by {} and {name} is offered.", words::date(by)),
        None => format!("{missing} and {name} is offered."),
    }
}

/// What time alone next does to a layer, in words; none where nothing happens to one on that day.
pub(super) fn forecast(rules: &Rules, moves: &[LayerTransition], on: NaiveDate) -> Option<String> {
    let step = moves.first()?;
    let layer = rules.layers().iter().find(|layer| layer.id == step.layer)?;
    let (name, on) = (&layer.name, words::date(on));
    let told = match step.kind {
        LayerMove::Invited => format!("{name} is offered on {on}"),
        LayerMove::Expired => format!("the invitation to {name} runs out on {on}"),
        LayerMove::Notice => format!("notice of {name} is given on {on}"),
        LayerMove::Lapsed => format!("{name} lapses on {on}"),
        LayerMove::Woke => format!("{name} wakes on {on}"),
        LayerMove::Cooled => format!("they cool within {name} on {on}"),
        LayerMove::Warmed => format!("they warm within {name} on {on}"),
        LayerMove::Left => format!("they leave {name} on {on}"),
        LayerMove::Joined | LayerMove::Declined | LayerMove::Kept | LayerMove::Hibernated => {
            return None;
        }
    };
    Some(format!("If nothing happens {told}."))
}

/// What is said of layers and rest beside the stage.
pub(super) fn beside(rules: &Rules, state: &State, at: DateTime<Utc>) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(until) = state.wakes_on() {
        sentences.push(format!(
            "The relationship hibernates until {}: nothing fades.",
            words::date(until.date())
        ));
    }
    if state.standing(rules, at).dormant {
        sentences.push(String::from("Dormant: they have been silent for long."));
    }
    for layer in read_layers(rules, state, at) {
        let status = layer.standing.as_ref().map(|standing| standing.status);
        if status.is_some_and(|status| status.is_member() || status == LayerStatus::Invited) {
            sentences.extend(layer.sentences);
        }
    }
    sentences
}

/// The fold's next change, if it is one of a layer or of rest, in words.
pub(super) fn next_in_words(fold: Fold<'_>, state: &State, then: DateTime<Utc>) -> Option<String> {
    let day = Day::of(then);
    if state.wakes_on() == Some(day) {
        let on = words::date(day.date());
        return Some(format!(
            "If nothing happens the relationship wakes on {on}."
        ));
    }
    let (rules, moves) = fold.forecast_layers(then);
    forecast(rules, &moves, day.date())
}
