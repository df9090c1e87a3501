//! Which act is behind which points: kept only where somebody asks why.
//!
//! A fold that is not traced pays nothing for this. What is traced adds up, act by act, to exactly
//! what the ledger has.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::DIMENSIONS;
use crate::stage::event::Act;
use crate::stage::rest::Rest;
use crate::stage::ruleset::Role;

/// What a fold noted of each act that counted, in the order of the acts.
#[derive(Debug, Clone, Default)]
pub(in crate::stage) struct Trace {
    pub(in crate::stage) acts: Vec<Traced>,
    /// Every hibernation, also those that the state has forgotten.
    rests: Vec<Rest>,
}

/// An act that counted, or a dispute's clock that ran out.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about one act; no two exclude each other"
)]
#[derive(Debug, Clone, PartialEq)]
pub(in crate::stage) struct Traced {
    pub(in crate::stage) at: DateTime<Utc>,
    pub(in crate::stage) message_id: String,
    /// The order, referee or dispute it is about, hashed; 0 when it names none.
    pub(in crate::stage) thing: u64,
    /// The event's name in the rule set; empty for an act that only made the person known.
    pub(in crate::stage) event: String,
    /// What it would add were there no caps.
    pub(in crate::stage) weights: [f64; DIMENSIONS],
    /// What it added, after caps and with what was taken back taken out.
    pub(in crate::stage) amounts: [f64; DIMENSIONS],
    /// When the order was taken back, if it was.
    pub(in crate::stage) taken_back: Option<DateTime<Utc>>,
    /// Whether it did not count because the same order was named already, or taken back already.
    pub(in crate::stage) repeated: bool,
    pub(in crate::stage) qualifying: bool,
    pub(in crate::stage) advocacy_kind: Option<String>,
    pub(in crate::stage) role: Option<Role>,
    pub(in crate::stage) identifies: bool,
    /// Whether time did it: a dispute ran out.
    pub(in crate::stage) by_clock: bool,
}

impl Traced {
    pub(in crate::stage) fn day(&self) -> Day {
        Day::of(self.at)
    }
}

impl Fold<'_> {
    /// The same fold, noting what each act adds.
    pub(super) fn traced(mut self) -> Self {
        self.trace = Some(Box::default());
        self
    }

    /// Notes the act just recorded, and how much of its weight it had; none if it did not count.
    pub(super) fn note_act(&mut self, act: &Act<'_>, share: Option<f64>, identifies: bool) {
        let Some(trace) = &mut self.trace else { return };
        let ready = act.counts().then(|| self.rules.case(act.case));
        let signal = ready.map(|case| self.rules.signal(case.signal));
        let role = signal.and_then(|signal| signal.role);
        let counted = share.is_some();
        let is_first_hand = act.hop <= 1;
        // What is taken back stands on its own day, and is noted there.
        let amounts = match role {
            Some(Role::Refund | Role::ReferralClawedBack) => [0.0; DIMENSIONS],
            _ => self.added,
        };
        let weights = ready.map_or([0.0; DIMENSIONS], |case| case.weights);
        let share = share.unwrap_or(1.0);
        trace.acts.push(Traced {
            at: act.at,
            message_id: act.message_id.to_owned(),
            thing: act.thing,
            event: signal
                .map(|signal| signal.event.clone())
                .unwrap_or_default(),
            weights: weights.map(|weight| weight * share),
            amounts,
            taken_back: None,
            repeated: matches!(role, Some(Role::Order | Role::ReferralConverted)) && !counted,
            qualifying: counted && signal.is_some_and(|signal| signal.qualifying),
            advocacy_kind: signal
                .and_then(|signal| signal.advocacy_kind.clone())
                .filter(|_| counted && is_first_hand),
            role: role.filter(|role| *role != Role::ReferralConverted || is_first_hand),
            identifies,
            by_clock: false,
        });
    }

    /// Notes hibernations before they are forgotten.
    pub(super) fn note_rests(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.keep_rests(&self.state.rests);
        }
    }

    /// Notes what a dispute that ran out cost.
    pub(super) fn note_breach(&mut self, opened_by: &str, at: DateTime<Utc>) {
        let amounts = self.added;
        let Some(trace) = &mut self.trace else { return };
        trace.acts.push(Traced {
            at,
            message_id: opened_by.to_owned(),
            thing: 0,
            event: String::from("Dispute ran out"),
            weights: amounts,
            amounts,
            taken_back: None,
            repeated: false,
            qualifying: false,
            advocacy_kind: None,
            role: None,
            identifies: false,
            by_clock: true,
        });
    }

    /// Notes that an order or a referral was taken back, which has just changed its day by what this
    /// act has added.
    pub(super) fn note_void(&mut self, thing: (DateTime<Utc>, u64), at: DateTime<Utc>) {
        let change = self.added;
        if let Some(trace) = &mut self.trace {
            trace.take_back(thing, at, change);
        }
    }
}

impl Trace {
    /// By how many days what is of `from` has aged on `to`.
    pub(in crate::stage) fn age(&self, from: Day, to: Day) -> i32 {
        let rested: i32 = self.rests.iter().map(|rest| rest.between(from, to)).sum();
        to.since(from) - rested
    }

    fn keep_rests(&mut self, rests: &[Rest]) {
        for rest in rests {
            match self.rests.iter_mut().find(|kept| kept.from == rest.from) {
                Some(kept) => *kept = *rest,
                None => self.rests.push(*rest),
            }
        }
    }

    /// Takes the points of an order or referral away. What its day keeps all the same, because others of that day
    /// had been cut by the cap, is theirs from now on.
    fn take_back(
        &mut self,
        (done_at, thing): (DateTime<Utc>, u64),
        at: DateTime<Utc>,
        change: [f64; DIMENSIONS],
    ) {
        let is_it = |one: &Traced| one.at == done_at && one.thing == thing && !one.repeated;
        let Some(place) = self.acts.iter().position(is_it) else {
            return;
        };
        let taken = &mut self.acts[place];
        taken.taken_back = Some(at);
        let event = taken.event.clone();
        let day = taken.day();
        for (dimension, change) in change.into_iter().enumerate() {
            let mut freed = self.acts[place].amounts[dimension] + change;
            self.acts[place].amounts[dimension] = 0.0;
            let same_day = |one: &&mut Traced| {
                one.day() == day && one.event == event && one.taken_back.is_none() && !one.repeated
            };
            for other in self.acts.iter_mut().filter(same_day) {
                let room = other.weights[dimension] - other.amounts[dimension];
                let taken = freed.min(room).max(0.0);
                other.amounts[dimension] += taken;
                freed -= taken;
            }
        }
    }
}
