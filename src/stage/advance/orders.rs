//! Orders and their refunds.
//!
//! An order counts once, however many messages name it. A refund takes the order's own entry out of
//! the day on which it stands; one that comes before its order waits for it.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::event::Act;
use crate::stage::referral::FirstOrder;
use crate::stage::ruleset::Role;
use crate::stage::state::OrderRecord;
use crate::stage::tier::Stage;

/// An order this old cannot be taken back any more; most of its weight has gone by itself.
const REFUND_DAYS_MAX: i32 = 400;
/// Orders kept for the refunds that may come; the oldest are forgotten first.
const ORDERS_MAX: usize = 512;

impl Fold<'_> {
    /// Whether the order counts: it is neither counted already nor taken back.
    pub(super) fn take_order(&mut self, act: &Act<'_>) -> bool {
        if self.order_named(act.thing).is_some() {
            return false;
        }
        self.keep_order(act, Some(act.case));
        self.state.first_order.get_or_insert_with(|| FirstOrder {
            at: act.at,
            message_id: act.message_id.to_owned(),
            taken_back_at: None,
        });
        true
    }

    /// Takes an order's entry back. A refund adds nothing of its own.
    pub(super) fn take_refund(&mut self, act: &Act<'_>) -> bool {
        if act.thing == 0 {
            return false;
        }
        match self.order_named(act.thing) {
            None => self.keep_order(act, None),
            Some(place) => self.void_order(place, act.at),
        }
        false
    }

    pub(super) fn forget_orders(&mut self, day: Day) {
        let is_old = |order: &&OrderRecord| day.since(Day::of(order.at)) > REFUND_DAYS_MAX;
        let gone = self.state.orders.iter().take_while(is_old).count();
        self.state.orders.drain(..gone);
    }

    fn order_named(&self, order: u64) -> Option<usize> {
        if order == 0 {
            return None;
        }
        self.state
            .orders
            .iter()
            .position(|kept| kept.order == order)
    }

    fn keep_order(&mut self, act: &Act<'_>, case: Option<u16>) {
        if self.state.orders.len() == ORDERS_MAX {
            self.state.orders.remove(0);
        }
        self.state.orders.push(OrderRecord {
            order: act.thing,
            at: act.at,
            case,
            message_id: act.message_id.to_owned(),
            void: case.is_none(),
        });
    }

    fn void_order(&mut self, place: usize, at: DateTime<Utc>) {
        let record = &self.state.orders[place];
        let (Some(number), false) = (record.case, record.void) else {
            return;
        };
        let (order, day) = (record.order, Day::of(record.at));
        // It counted under the rules of its own time, and that is what is taken back.
        let (_, rules) = self.rules_at(record.at);
        let case = rules.case(number);
        let event = &rules.signal(case.signal).event;
        let before = self.counted_on(day, event);
        self.state.orders[place].void = true;
        let after = self.counted_on(day, event);
        self.lower_today(day, (event, Role::Order), case.weights);
        let record = &self.state.orders[place];
        if let Some(first) = &mut self.state.first_order
            && first.message_id == record.message_id
        {
            first.taken_back_at.get_or_insert(at);
        }
        for dimension in Dimension::ALL {
            let index = dimension.index();
            self.add(dimension, day, after[index] - before[index]);
        }
        self.note_void((self.state.orders[place].at, order), at);
        self.uncount_qualifying(day, case.discounted);
        self.void_in_layers(order);
        if let Some(promoting) = self.state.promoting
            && promoting.order == order
        {
            self.state.promoting = None;
            if !self.would_still_be_promoted(at) {
                self.signs.undone_after = Some(Day::of(at).since(promoting.day));
            }
        }
    }

    /// What the orders of a day that were not taken back have added, each under the caps of its
    /// time: where the rules changed in the course of the day, the later cap goes on from where the
    /// sum stood.
    fn counted_on(&self, day: Day, event: &str) -> [f64; DIMENSIONS] {
        let mut counted = [0.0; DIMENSIONS];
        let mut sums = [0.0; DIMENSIONS];
        let mut from = sums;
        let mut term = None;
        for order in &self.state.orders {
            let (Some(number), false, true) = (order.case, order.void, Day::of(order.at) == day)
            else {
                continue;
            };
            let (lineage, rules) = self.rules_at(order.at);
            let case = rules.case(number);
            let signal = rules.signal(case.signal);
            if signal.event != event {
                continue;
            }
            let caps = &signal.caps;
            if let Some((last, caps)) = term.replace((lineage, caps))
                && last != lineage
            {
                count_run(&mut counted, &from, &sums, caps);
                from = sums;
            }
            for (sum, weight) in sums.iter_mut().zip(case.weights) {
                *sum += weight;
            }
        }
        if let Some((_, caps)) = term {
            count_run(&mut counted, &from, &sums, caps);
        }
        counted
    }

    /// Takes weights out of what an event has added today, if it still plays the same part.
    pub(super) fn lower_today(
        &mut self,
        day: Day,
        (event, role): (&str, Role),
        weights: [f64; DIMENSIONS],
    ) {
        let mut signal = self.rules.number_of_signal(event);
        signal = signal.filter(|number| self.rules.signal(*number).role == Some(role));
        let today = &mut self.state.today;
        if today.day == day
            && let Some(signal) = signal
            && let Some(sum) = today.sums.iter_mut().find(|sum| sum.signal == signal)
        {
            for (sum, weight) in sum.uncapped.iter_mut().zip(weights) {
                *sum -= weight;
            }
        }
    }

    fn uncount_qualifying(&mut self, day: Day, discounted: bool) {
        let days = &mut self.state.qualifying;
        let Ok(place) = days.binary_search_by_key(&day, |kept| kept.day) else {
            return;
        };
        days[place].acts = days[place].acts.saturating_sub(1);
        days[place].discounted = days[place].discounted.saturating_sub(u32::from(discounted));
        if days[place].acts == 0 {
            days.remove(place);
        }
    }

    /// Whether what is left would lead into the present stage all the same.
    fn would_still_be_promoted(&self, at: DateTime<Utc>) -> bool {
        let stage = self.state.stage;
        let Some(below) = stage.rank().checked_sub(1).and_then(Stage::from_rank) else {
            return true;
        };
        let moment = self.moment(at);
        self.rules
            .up(below)
            .any(|(_, rule)| rule.to == stage && moment.holds(&rule.when, Day::of(at)))
    }
}

/// Adds what sums that grew from `from` to `to` have counted under `caps`.
fn count_run(
    counted: &mut [f64; DIMENSIONS],
    from: &[f64; DIMENSIONS],
    to: &[f64; DIMENSIONS],
    caps: &[f64; DIMENSIONS],
) {
    for (index, counted) in counted.iter_mut().enumerate() {
        *counted += to[index].min(caps[index]) - from[index].min(caps[index]);
    }
}
