//! Which act is behind which points: kept only where somebody asks why.
//!
//! A fold that is not traced pays nothing for this. What is traced adds up, act by act, to exactly
//! what the ledger has.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::DIMENSIONS;
use crate::stage::event::Act;
use crate::stage::ruleset::Role;

/// What a fold noted of each act that counted, in the order of the acts.
#[derive(Debug, Clone, Default)]
pub(in crate::stage) struct Trace(pub(in crate::stage) Vec<Traced>);

/// An act that counted, or a dispute's clock that ran out.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::stage) struct Traced {
    pub(in crate::stage) at: DateTime<Utc>,
    pub(in crate::stage) message_id: String,
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

    /// Notes the act just recorded; `counted` tells whether it was more than a repetition.
    pub(super) fn note_act(&mut self, act: &Act<'_>, counted: bool, identifies: bool) {
        let Some(trace) = &mut self.trace else { return };
        let ready = act.counts().then(|| self.rules.case(act.case));
        let signal = ready.map(|case| self.rules.signal(case.signal));
        let role = signal.and_then(|signal| signal.role);
        // What a refund takes out stands on the order's own day, and is noted there.
        let amounts = match role {
            Some(Role::Refund) => [0.0; DIMENSIONS],
            _ => self.added,
        };
        trace.0.push(Traced {
            at: act.at,
            message_id: act.message_id.to_owned(),
            event: signal
                .map(|signal| signal.event.clone())
                .unwrap_or_default(),
            weights: ready.map_or([0.0; DIMENSIONS], |case| case.weights),
            amounts,
            taken_back: None,
            repeated: role == Some(Role::Order) && !counted,
            qualifying: counted && signal.is_some_and(|signal| signal.qualifying),
            advocacy_kind: signal
                .and_then(|signal| signal.advocacy_kind.clone())
                .filter(|_| counted),
            role,
            identifies,
            by_clock: false,
        });
    }

    /// Notes what a dispute that ran out cost.
    pub(super) fn note_breach(&mut self, opened_by: &str, at: DateTime<Utc>) {
        let amounts = self.added;
        let Some(trace) = &mut self.trace else { return };
        trace.0.push(Traced {
            at,
            message_id: opened_by.to_owned(),
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

    /// Notes that an order was taken back, which has just changed its day by [`Fold::added`].
    pub(super) fn note_void(&mut self, order: (DateTime<Utc>, &str), at: DateTime<Utc>) {
        let change = self.added;
        if let Some(trace) = &mut self.trace {
            trace.take_back(order, at, change);
        }
    }
}

impl Trace {
    /// Takes an order's points away. What its day keeps all the same, because others of that day
    /// had been cut by the cap, is theirs from now on.
    fn take_back(
        &mut self,
        (placed_at, message_id): (DateTime<Utc>, &str),
        at: DateTime<Utc>,
        change: [f64; DIMENSIONS],
    ) {
        let is_it = |one: &Traced| one.at == placed_at && one.message_id == message_id;
        let Some(place) = self.0.iter().position(is_it) else {
            return;
        };
        let order = &mut self.0[place];
        order.taken_back = Some(at);
        let event = order.event.clone();
        let day = order.day();
        for (dimension, change) in change.into_iter().enumerate() {
            let mut freed = self.0[place].amounts[dimension] + change;
            self.0[place].amounts[dimension] = 0.0;
            let same_day = |one: &&mut Traced| {
                one.day() == day && one.event == event && one.taken_back.is_none() && !one.repeated
            };
            for other in self.0.iter_mut().filter(same_day) {
                let room = other.weights[dimension] - other.amounts[dimension];
                let taken = freed.min(room).max(0.0);
                other.amounts[dimension] += taken;
                freed -= taken;
            }
        }
    }
}
