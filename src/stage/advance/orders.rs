//! Orders and their refunds.
//!
//! An order counts once, however many messages name it. A refund takes the order's own entry out of
//! the day on which it stands; one that comes before its order waits for it.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::event::Act;
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
        let case = self.rules.case(number);
        let before = self.uncapped_on(day, case.signal);
        self.state.orders[place].void = true;
        self.lower_today(day, case.signal, case.weights);
        let caps = self.rules.signal(case.signal).caps;
        for dimension in Dimension::ALL {
            let index = dimension.index();
            let after = before[index] - case.weights[index];
            self.add(
                dimension,
                day,
                after.min(caps[index]) - before[index].min(caps[index]),
            );
        }
        let placed = (
            self.state.orders[place].at,
            self.state.orders[place].message_id.clone(),
        );
        self.note_void((placed.0, &placed.1), at);
        self.uncount_qualifying(day, case.discounted);
        if let Some(promoting) = self.state.promoting
            && promoting.order == order
        {
            self.state.promoting = None;
            if !self.would_still_be_promoted(at) {
                self.signs.undone_after = Some(Day::of(at).since(promoting.day));
            }
        }
    }

    /// What a signal's acts of a day weigh together, before caps and without what was taken back.
    fn uncapped_on(&self, day: Day, signal: u16) -> [f64; DIMENSIONS] {
        let today = &self.state.today;
        if today.day == day
            && let Some(sum) = today.sums.iter().find(|sum| sum.signal == signal)
        {
            return sum.uncapped;
        }
        let mut sums = [0.0; DIMENSIONS];
        let orders = self
            .state
            .orders
            .iter()
            .filter(|kept| !kept.void && Day::of(kept.at) == day);
        for case in orders
            .filter_map(|kept| kept.case)
            .map(|case| self.rules.case(case))
        {
            if case.signal == signal {
                for (sum, weight) in sums.iter_mut().zip(case.weights) {
                    *sum += weight;
                }
            }
        }
        sums
    }

    fn lower_today(&mut self, day: Day, signal: u16, weights: [f64; DIMENSIONS]) {
        let today = &mut self.state.today;
        if today.day == day
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
